package frontend

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	fstypes "github.com/tonistiigi/fsutil/types"
	"google.golang.org/protobuf/proto"

	"depfetch/lock"
)

// fake stands in for BuildKit: it has the files of the build and all images, and keeps
// what it is to build.
type fake struct {
	client.Client
	files map[string]string // of the context, with the Dockerfile
	opts  map[string]string
	fails map[string]int // how often the download of an address fails

	mu       sync.Mutex
	built    []*pb.Definition
	warnings []string
	resolved []string
}

func (f *fake) BuildOpts() client.BuildOpts {
	opts := maps.Clone(f.opts)
	if opts == nil {
		opts = make(map[string]string)
	}
	opts["cmdline"], opts["source"] = "registry.example/frontend", "registry.example/frontend"
	return client.BuildOpts{
		Opts: opts, Caps: gwpb.Caps.CapSet(gwpb.Caps.All()), LLBCaps: pb.Caps.CapSet(pb.Caps.All()),
		Workers: []client.WorkerInfo{{Platforms: []ocispecs.Platform{{OS: "linux", Architecture: "amd64"}}}},
	}
}

func (f *fake) Inputs(context.Context) (map[string]llb.State, error) { return nil, nil }

func (f *fake) Warn(_ context.Context, _ digest.Digest, msg string, o client.WarnOpts) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.warnings = append(f.warnings, fmt.Sprintf("%d: %s", o.Range[0].Start.Line, msg))
	return nil
}

func (f *fake) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.resolved = append(f.resolved, ref)
	return ref, digest.FromString(ref), []byte(`{"os": "linux", "architecture": "amd64", "config": {"Env": ["PATH=/usr/local/bin:/usr/bin", "FROM_BASE=https://e.example"]}}`), nil
}

func (f *fake) Solve(_ context.Context, req client.SolveRequest) (*client.Result, error) {
	res := client.NewResult()
	res.SetRef(f)
	f.mu.Lock()
	defer f.mu.Unlock()
	sources := true
	for _, data := range req.Definition.Def {
		var op pb.Op
		if err := proto.Unmarshal(data, &op); err != nil {
			return nil, err
		}
		src := op.GetSource()
		if op.Op != nil && (src == nil || !strings.HasPrefix(src.Identifier, "local:")) {
			sources = false
		}
		if src != nil && f.fails[src.Identifier] > 0 && req.Evaluate {
			f.fails[src.Identifier]--
			return nil, errdefs.WrapVertex(errors.New("busy"), digest.FromBytes(data))
		}
	}
	if !sources {
		f.built = append(f.built, req.Definition)
	}
	return res, nil
}

func (f *fake) Evaluate(context.Context) error { return nil }
func (f *fake) ToState() (llb.State, error)    { return llb.Scratch(), nil }
func (f *fake) ReadDir(context.Context, client.ReadDirRequest) ([]*fstypes.Stat, error) {
	return nil, errors.New("not asked for")
}

func (f *fake) ReadFile(_ context.Context, req client.ReadRequest) ([]byte, error) {
	if text, ok := f.files[req.Filename]; ok {
		return []byte(text), nil
	}
	return nil, fs.ErrNotExist
}

func (f *fake) StatFile(_ context.Context, req client.StatRequest) (*fstypes.Stat, error) {
	text, ok := f.files[path.Clean(req.Path)]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return &fstypes.Stat{Path: req.Path, Mode: 0o644, Size: int64(len(text))}, nil
}

// shown returns a definition as lines: for a command its mounts and variables of ours,
// for a download its checksum.
func shown(t *testing.T, def *pb.Definition) string {
	t.Helper()
	ops := make(map[string]*pb.Op)
	var lines []string
	for _, data := range def.Def {
		op := new(pb.Op)
		if err := proto.Unmarshal(data, op); err != nil {
			t.Fatal(err)
		}
		ops[digest.FromBytes(data).String()] = op
		for _, in := range op.Inputs {
			if ops[in.Digest] == nil {
				t.Errorf("a step depends on one that does not come before it")
			}
		}
		if src := op.GetSource(); src != nil && strings.HasPrefix(src.Identifier, "http") {
			lines = append(lines, fmt.Sprintf("http %s %s", src.Identifier, src.Attrs[pb.AttrHTTPChecksum]))
		}
		exec := op.GetExec()
		if exec == nil {
			continue
		}
		lines = append(lines, "run "+strings.Join(exec.Meta.Args, " "))
		for _, m := range exec.Mounts {
			if m.Dest == "/" || m.Dest == "/out" {
				continue
			}
			from := ops[op.Inputs[m.Input].Digest]
			what := from.GetSource().GetIdentifier()
			for _, action := range from.GetFile().GetActions() {
				if file := action.GetMkfile(); file != nil {
					what += fmt.Sprintf(" %s(%d)", path.Base(file.Path), strings.Count(string(file.Data), "sha256"))
				}
			}
			lines = append(lines, fmt.Sprintf("  %s <- %s", m.Dest, strings.TrimSpace(what)))
		}
		for _, kv := range exec.Meta.Env {
			if strings.HasPrefix(kv, "DEPFETCH") {
				lines = append(lines, "  "+kv)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// locking is a lockfile of addresses.
func locking(urls ...string) string {
	text := "version = 1\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n[urls]\n"
	for i, u := range slices.Sorted(slices.Values(urls)) {
		text += fmt.Sprintf("%q = { sha256 = \"%064d\" }\n", u, i+1)
	}
	return text
}

// sums are the digests of these tests: of a line of locking, or of an image.
var sums = regexp.MustCompile(`sha256:[0-9a-f]{64}|0{63}(\d)`)

func TestBuilderDefinitions(t *testing.T) {
	for _, test := range []struct {
		name, dockerfile, lockfile string
		opts                       map[string]string
		fails                      map[string]int
		want                       string // of all definitions, sorted
		warns, refuses             string
	}{{
		name:       "a RUN gets what it asks for",
		dockerfile: "FROM debian\nRUN curl -fO https://e.example/a\nRUN wget https://e.example/b\nRUN true\n",
		lockfile:   locking("https://e.example/a", "https://e.example/b", "https://e.example/c"),
		want: `http https://e.example/a HASH
run /bin/sh -c curl -fO https://e.example/a
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(1) HASH1(0)
  /.depfetch/blobs/sha256/HASH1 <- https://e.example/a
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_CACHE=/.depfetch
http https://e.example/b HASH
run /bin/sh -c wget https://e.example/b
  /usr/local/bin/wget <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(1) HASH2(0)
  /.depfetch/blobs/sha256/HASH2 <- https://e.example/b
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_CACHE=/.depfetch
run /bin/sh -c true`,
	}, {
		name:       "an ADD gets its checksum, by platform",
		dockerfile: "FROM scratch\nARG TARGETARCH\nADD https://e.example/$TARGETARCH /x\n",
		lockfile:   locking("https://e.example/amd64", "https://e.example/arm64"),
		opts:       map[string]string{"platform": "linux/amd64,linux/arm64"},
		want:       "http https://e.example/amd64 HASH\nhttp https://e.example/arm64 HASH",
	}, {
		name:       "build arguments count",
		dockerfile: "FROM debian\nARG V=1\nRUN curl -fO https://e.example/$V\n",
		lockfile:   locking("https://e.example/2"),
		opts:       map[string]string{"build-arg:V": "2"},
		want: `http https://e.example/2 HASH
run /bin/sh -c curl -fO https://e.example/$V
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(1) HASH1(0)
  /.depfetch/blobs/sha256/HASH1 <- https://e.example/2
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_CACHE=/.depfetch`,
	}, {
		name:       "what BuildKit cannot download is left to depfetch",
		dockerfile: "FROM debian\nRUN curl -fO https://e.example/a\n",
		lockfile:   locking("https://e.example/a"),
		fails:      map[string]int{"https://e.example/a": 1},
		want: `run /bin/sh -c curl -fO https://e.example/a
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(1)
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml`,
		warns: "2: depfetch: https://e.example/a: BuildKit cannot download it, so that depfetch asks for it in the RUN: busy",
	}, {
		name:       "and what it can is a mirror then, since no more can be put into a cache",
		dockerfile: "FROM debian\nENV DEPFETCH_MIRRORS=https://m.example DEPFETCH_LOCK=/x\nRUN curl -fO https://e.example/a -O https://e.example/b\n",
		lockfile:   locking("https://e.example/a", "https://e.example/b"),
		fails:      map[string]int{"https://e.example/a": 1},
		want: `http https://e.example/b HASH
run /bin/sh -c curl -fO https://e.example/a -O https://e.example/b
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(2) HASH2(0)
  /.depfetch/blobs/sha256/HASH2 <- https://e.example/b
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_MIRRORS=file:///.depfetch https://m.example
  DEPFETCH_MIRROR_FIRST=1`,
		warns: "3: depfetch: https://e.example/a: BuildKit cannot download it, so that depfetch asks for it in the RUN: busy",
	}, {
		name:       "a RUN without a network cannot do without",
		dockerfile: "FROM debian\nRUN --network=none curl -fO https://e.example/a\n",
		lockfile:   locking("https://e.example/a"),
		fails:      map[string]int{"https://e.example/a": 9},
		refuses:    "https://e.example/a: busy",
	}, {
		name:       "a script of the context is read",
		dockerfile: "FROM debian\nCOPY get.sh /\nRUN sh /get.sh\n",
		lockfile:   locking(),
		refuses:    "get.sh:2:1: https://e.example/of-script is not pinned (deplock sync)",
	}, {
		name:       "a header that BuildKit does not send",
		dockerfile: "FROM debian\nRUN curl -H 'Authorization: token x' -fO https://e.example/a\n",
		lockfile:   locking("https://e.example/a"),
		want: `run /bin/sh -c curl -H 'Authorization: token x' -fO https://e.example/a
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(1)
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml`,
	}, {
		name:       "an obstacle is left with a warning",
		dockerfile: "FROM debian\nRUN /usr/bin/curl -fO https://e.example/a\n",
		lockfile:   locking("https://e.example/a"),
		want:       "run /bin/sh -c /usr/bin/curl -fO https://e.example/a",
		warns:      "2: depfetch: Dockerfile:2:5: /usr/bin/curl is called by its path, past depfetch",
	}, {
		name:       "and is an error in a strict build",
		dockerfile: "FROM debian\nRUN /usr/bin/curl -fO https://e.example/a\n",
		lockfile:   locking("https://e.example/a"),
		opts:       map[string]string{"build-arg:DEPFETCH_STRICT": "1"},
		refuses:    "Dockerfile:2:5: /usr/bin/curl is called by its path, past depfetch (call it as curl)",
	}, {
		name:       "an ADD that is not pinned",
		dockerfile: "FROM scratch\nADD https://e.example/a /x\n",
		lockfile:   locking(),
		refuses:    "https://e.example/a is not pinned (deplock sync, or deplock add NAME URL where sync leaves the ADD)",
	}, {
		name:       "an ADD whose address is in the base",
		dockerfile: "FROM debian\nADD $FROM_BASE/a $FROM_BASE/b /x/\n",
		lockfile:   locking("https://e.example/a"),
		refuses:    "https://e.example/b is not pinned (deplock sync, or deplock add NAME URL where sync leaves the ADD)",
	}, {
		name:       "an ADD of what moves",
		dockerfile: "FROM scratch\nADD https://e.example/latest/a /x\n",
		lockfile:   locking(),
		want:       "http https://e.example/latest/a ",
		warns:      "2: depfetch: Dockerfile:2:5: https://e.example/latest/a moves: its address says latest",
	}, {
		name:       "what sync has written finds depfetch in the frontend",
		dockerfile: "FROM debian\nRUN --mount=type=bind,from=depfetch,source=depfetch,target=/usr/local/bin/curl --mount=type=bind,source=deps.lock.toml,target=/deps.lock.toml curl -fO https://e.example/a\n",
		lockfile:   locking("https://e.example/a"),
		want: `run /bin/sh -c curl -fO https://e.example/a
  /deps.lock.toml <- local://context
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH`,
	}, {
		name:       "deps",
		dockerfile: "FROM scratch\nCOPY --from=deps / /\n",
		lockfile:   "version = 1\nplatforms = [\"linux/amd64\"]\n[deps.t]\nurl = \"https://e.example/t\"\npath = \"/t\"\n[deps.t.locked]\n\"linux/amd64\" = { url = \"https://e.example/t\", sha256 = \"" + fmt.Sprintf("%064d", 1) + "\" }\n",
		want: `http https://e.example/t HASH
run /depfetch fetch --root /out --platform linux/amd64
  /.depfetch <- deps.lock.toml(1) HASH1(0)
  /.depfetch/blobs/sha256/HASH1 <- https://e.example/t
  DEPFETCH_STAGE=deps
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_CACHE=/.depfetch`,
	}, {
		name:       "deps without a lockfile",
		dockerfile: "FROM scratch\nCOPY --from=deps / /\n",
		refuses:    "the stage deps holds what the lockfile places, and the build context has no deps.lock.toml (deplock init)",
	}} {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{files: map[string]string{"Dockerfile": test.dockerfile, "get.sh": "#!/bin/sh\ncurl -fO https://e.example/of-script\n"}, opts: test.opts, fails: test.fails}
			if test.lockfile != "" {
				f.files[lockName] = test.lockfile
			}
			_, err := Build(t.Context(), f)
			if test.refuses != "" {
				if err == nil || err.Error() != test.refuses || len(errdefs.Sources(err)) == 0 && test.lockfile != "" && test.fails == nil {
					t.Errorf("the error is %v, at %v; want %s", err, errdefs.Sources(err), test.refuses)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, def := range f.built {
				got = append(got, shown(t, def))
			}
			slices.Sort(got)
			all := strings.Join(got, "\n")
			all = sums.ReplaceAllString(all, "HASH$1")
			if all != test.want {
				t.Errorf("it builds\n%s\nwant\n%s", all, test.want)
			}
			if warns := strings.Join(f.warnings, "\n"); warns != test.warns {
				t.Errorf("it warns\n%s\nwant\n%s", warns, test.warns)
			}
		})
	}
}

// TestBuilderImages holds that a build starts from the digest in the lockfile.
func TestBuilderImages(t *testing.T) {
	want := "docker.io/library/debian:12@sha256:" + fmt.Sprintf("%064d", 1)
	f := &fake{files: map[string]string{
		"Dockerfile": "FROM debian:12\nRUN true\nFROM alpine\nCOPY --from=0 / /\n",
		lockName:     "version = 1\n[images]\n\"docker.io/library/debian:12\" = { digest = \"sha256:" + fmt.Sprintf("%064d", 1) + "\" }\n",
	}}
	if _, err := Build(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(f.resolved, want) || !slices.Contains(f.resolved, "docker.io/library/alpine:latest") {
		t.Errorf("it asks for %q; want %s and alpine", f.resolved, want)
	}
}

// TestExcerpt holds that the lockfile of a step is one, with its lines, the hosts that
// are allowed, and the mirrors.
func TestExcerpt(t *testing.T) {
	file, err := lock.Parse("deps.lock.toml", []byte("version = 1\n[policy]\nhosts = [\"e.example\", \"*.cdn.example\"]\n[urls]\n\"https://e.example/a\" = { sha256 = \""+fmt.Sprintf("%064d", 1)+"\", mirrors = [\"https://m.cdn.example/a\"] }\n\"https://e.example/latest\" = { unpinned = \"it moves\" }\n"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := excerpt(file, append(file.URLs, file.URLs[0]))
	if err != nil {
		t.Fatal(err)
	}
	got, err := lock.Parse("excerpt", text)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.URLs) != 2 || len(got.URLs[0].Mirrors) != 1 || !got.Unpinned("https://e.example/latest") || len(got.Policy.Hosts) != 2 {
		t.Errorf("the excerpt is\n%s", text)
	}
}
