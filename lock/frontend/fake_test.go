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
	onbuild := "[]"
	if strings.Contains(ref, "onbuild") {
		onbuild = `["RUN curl -fO https://e.example/a", "ADD https://e.example/b /b"]`
	}
	return ref, digest.FromString(ref), []byte(`{"os": "linux", "architecture": "amd64", "config": {"Env": ["PATH=/usr/local/bin:/usr/bin", "FROM_BASE=https://e.example"], "OnBuild": ` + onbuild + `}}`), nil
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
