package frontend

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/solver/errdefs"

	"depfetch/lock"
)

// syncMounts is what package sync writes into a RUN.
const syncMounts = "--mount=type=bind,from=depfetch,source=depfetch,target=/usr/local/bin/curl --mount=type=bind,source=deps.lock.toml,target=/deps.lock.toml"

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
		name:       "a warning is shown once for all platforms",
		dockerfile: "FROM scratch\nMAINTAINER me\nCOPY x /\n",
		opts:       map[string]string{"platform": "linux/amd64,linux/arm64"},
		want:       "\n",
		warns:      "2: MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 2)",
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
		name:       "so is a RUN that may run curl in a way that is not known",
		dockerfile: "FROM debian\nRUN my-retry curl -fO https://e.example/a\n",
		lockfile:   locking("https://e.example/a"),
		want:       "run /bin/sh -c my-retry curl -fO https://e.example/a",
		warns:      "2: depfetch: Dockerfile:2:5: my-retry may run curl, in a way that is not known",
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
		name:       "a RUN whose address is in the base, pinned",
		dockerfile: "FROM debian\nRUN curl -fO $FROM_BASE/a\n",
		lockfile:   locking("https://e.example/a"),
		want: `http https://e.example/a HASH
run /bin/sh -c curl -fO $FROM_BASE/a
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(1) HASH1(0)
  /.depfetch/blobs/sha256/HASH1 <- https://e.example/a
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_CACHE=/.depfetch`,
	}, {
		name:       "and not: sync does not know it either",
		dockerfile: "FROM debian\nRUN curl -fO $FROM_BASE/a\n",
		lockfile:   locking(),
		want:       "run /bin/sh -c curl -fO $FROM_BASE/a",
		warns:      "2: depfetch: Dockerfile:2:5: an address is not known: FROM_BASE is not set in this Dockerfile",
	}, {
		name:       "an ADD of what moves",
		dockerfile: "FROM scratch\nADD https://e.example/latest/a /x\n",
		lockfile:   locking(),
		want:       "http https://e.example/latest/a ",
		warns:      "2: depfetch: Dockerfile:2:5: https://e.example/latest/a moves: its address says latest",
	}, {
		name:       "what sync has written finds depfetch in the frontend, and gets its files",
		dockerfile: "FROM debian\nRUN MOUNTS curl -fO https://e.example/a\n",
		lockfile:   locking("https://e.example/a", "https://e.example/b"),
		want: `http https://e.example/a HASH
run /bin/sh -c curl -fO https://e.example/a
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(1) HASH1(0)
  /.depfetch/blobs/sha256/HASH1 <- https://e.example/a
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_CACHE=/.depfetch`,
	}, {
		name:       "and keeps the whole lockfile where it starts depfetch too",
		dockerfile: "FROM debian\nRUN MOUNTS curl -fO https://e.example/a && depfetch fetch t\n",
		lockfile:   locking("https://e.example/a", "https://e.example/b"),
		want: `http https://e.example/a HASH
run /bin/sh -c curl -fO https://e.example/a && depfetch fetch t
  /deps.lock.toml <- local://context
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(2) HASH1(0)
  /.depfetch/blobs/sha256/HASH1 <- https://e.example/a
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_MIRRORS=file:///.depfetch
  DEPFETCH_MIRROR_FIRST=1`,
	}, {
		name:       "but has another lockfile",
		dockerfile: "FROM debian\nRUN MOUNTS curl -fO https://e.example/a\n",
		opts:       map[string]string{"build-arg:DEPFETCH_LOCK": "get.sh.lock"},
		lockfile:   locking("https://e.example/b"),
		want: `run /bin/sh -c curl -fO https://e.example/a
  /deps.lock.toml <- local://context
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH`,
	}, {
		name:       "what sync has written asks for what is not pinned",
		dockerfile: "FROM debian\nRUN MOUNTS curl -fO https://e.example/a\n",
		lockfile:   locking(),
		refuses:    "Dockerfile:2:DIGITS: https://e.example/a is not pinned (deplock sync)",
	}, {
		name:       "an address that only the RUN knows",
		dockerfile: "FROM debian\nRUN curl -fO https://e.example/$(cat /v)\n",
		lockfile:   locking("https://e.example/a"),
		want:       "run /bin/sh -c curl -fO https://e.example/$(cat /v)",
		warns:      "2: depfetch: Dockerfile:2:5: an address is not known: only the build has the file /v",
	}, {
		name:       "is one of the lockfile without a network",
		dockerfile: "FROM debian\nRUN --network=none curl -fO https://e.example/$(cat /v)\n",
		lockfile:   locking("https://e.example/a", "https://e.example/b"),
		fails:      map[string]int{"https://e.example/b": 1},
		want: `http https://e.example/a HASH
run /bin/sh -c curl -fO https://e.example/$(cat /v)
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(2) HASH1(0)
  /.depfetch/blobs/sha256/HASH1 <- https://e.example/a
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_MIRRORS=file:///.depfetch
  DEPFETCH_MIRROR_FIRST=1`,
		warns: "2: depfetch: https://e.example/b: BuildKit cannot download it, so that the RUN does without it: busy",
	}, {
		name:       "and in a strict build",
		dockerfile: "FROM debian\nRUN wget -q https://e.example/$(cat /v)\n",
		lockfile:   locking("https://e.example/a"),
		opts:       map[string]string{"build-arg:DEPFETCH_STRICT": "1"},
		want: `http https://e.example/a HASH
run /bin/sh -c wget -q https://e.example/$(cat /v)
  /usr/local/bin/wget <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(1) HASH1(0)
  /.depfetch/blobs/sha256/HASH1 <- https://e.example/a
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_CACHE=/.depfetch`,
	}, {
		name:       "a proxy of upstreams",
		dockerfile: "FROM debian\nRUN curl -fO https://e.example/a\nADD https://e.example/b https://o.example/c /x/\n",
		lockfile:   locking("https://e.example/a", "https://e.example/b", "https://o.example/c"),
		opts:       map[string]string{"build-arg:DEPFETCH_REWRITE": "https://e.example=https://p.example/e"},
		want: `http https://p.example/e/a HASH
run /bin/sh -c curl -fO https://e.example/a
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(1) HASH1(0)
  /.depfetch/blobs/sha256/HASH1 <- https://p.example/e/a
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_CACHE=/.depfetch
http https://p.example/e/b HASH
http https://o.example/c HASH`,
	}, {
		name:       "that does not answer, where depfetch asks it then",
		dockerfile: "FROM debian\nRUN curl -fO https://e.example/a\n",
		lockfile:   locking("https://e.example/a"),
		opts:       map[string]string{"build-arg:DEPFETCH_REWRITE": "https://e.example=https://p.example/e"},
		fails:      map[string]int{"https://p.example/e/a": 1},
		want: `run /bin/sh -c curl -fO https://e.example/a
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(1)
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_REWRITE=https://e.example=https://p.example/e`,
		warns: "2: depfetch: https://e.example/a: BuildKit cannot download it, so that depfetch asks for it in the RUN: busy",
	}, {
		name:       "a proxy that only a RUN has",
		dockerfile: "FROM debian\nENV DEPFETCH_REWRITE=https://e.example=https://p.example/e\nRUN curl -fO https://e.example/a\n",
		lockfile:   locking("https://e.example/a"),
		want: `run /bin/sh -c curl -fO https://e.example/a
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(1)
  DEPFETCH_REWRITE=https://e.example=https://p.example/e
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml`,
	}, {
		name:       "a proxy that is none",
		dockerfile: "FROM debian\n",
		opts:       map[string]string{"build-arg:DEPFETCH_REWRITE": "e.example"},
		refuses:    "DEPFETCH_REWRITE: e.example: want FROM=TO (write the beginning of addresses and what takes its place, as https://github.com=https://proxy.example/github)",
	}, {
		name:       "a mirror, also for a RUN without a network",
		dockerfile: "FROM debian\nRUN --network=none curl -fO https://e.example/a\n",
		lockfile:   strings.Replace(locking("https://e.example/a"), " }", ", mirrors = [\"https://m.example/a\"] }", 1),
		fails:      map[string]int{"https://e.example/a": 1},
		want: `http https://m.example/a HASH
run /bin/sh -c curl -fO https://e.example/a
  /usr/local/bin/curl <- docker-image://registry.example/frontend:latest@HASH
  /.depfetch <- deps.lock.toml(1) HASH1(0)
  /.depfetch/blobs/sha256/HASH1 <- https://m.example/a
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_CACHE=/.depfetch`,
		warns: "2: depfetch: https://e.example/a: BuildKit cannot download it, so that it asks for https://m.example/a: busy",
	}, {
		name:       "ONBUILDs of the base: a RUN is left, and an ADD gets what is pinned",
		dockerfile: "FROM onbuild\nRUN true\n",
		lockfile:   locking("https://e.example/a", "https://e.example/b"),
		want:       "run /bin/sh -c curl -fO https://e.example/a\nhttp https://e.example/b HASH\nrun /bin/sh -c true",
		warns:      "1: depfetch: Dockerfile:1:1: an ONBUILD of its base runs curl or wget",
	}, {
		name:       "ONBUILDs of the base, without a lockfile",
		dockerfile: "FROM onbuild\nRUN true\n",
		want:       "run /bin/sh -c curl -fO https://e.example/a\nhttp https://e.example/b \nrun /bin/sh -c true",
		warns: "1: depfetch: Dockerfile:1:1: an ONBUILD of its base runs curl or wget\n" +
			"1: depfetch: Dockerfile:1:1: an ONBUILD of its base takes https://e.example/b, which is not pinned",
	}, {
		name:       "ONBUILDs of the base, in a strict build",
		dockerfile: "FROM onbuild\nRUN true\n",
		lockfile:   locking("https://e.example/b"),
		opts:       map[string]string{"build-arg:DEPFETCH_STRICT": "1"},
		refuses:    "Dockerfile:1:1: an ONBUILD of its base runs curl or wget (have the base bring the file, or download it in this Dockerfile)",
	}, {
		name:       "ONBUILDs of a stage of the Dockerfile: the same, and they may take what is in deps",
		dockerfile: "FROM debian AS base\nONBUILD RUN curl -fO https://e.example/a\nONBUILD COPY --from=deps /t /\nFROM base\nRUN true\n",
		lockfile:   "version = 1\nplatforms = [\"linux/amd64\"]\n[deps.t]\nurl = \"https://e.example/t\"\npath = \"/t\"\n[deps.t.locked]\n\"linux/amd64\" = { url = \"https://e.example/t\", sha256 = \"" + fmt.Sprintf("%064d", 1) + "\" }\n",
		want: `run /bin/sh -c curl -fO https://e.example/a
http https://e.example/t HASH
run /depfetch fetch --root /out --platform linux/amd64
  /.depfetch <- deps.lock.toml(1) HASH1(0)
  /.depfetch/blobs/sha256/HASH1 <- https://e.example/t
  DEPFETCH_STAGE=deps
  DEPFETCH_LOCK=/.depfetch/deps.lock.toml
  DEPFETCH_CACHE=/.depfetch
run /bin/sh -c true`,
		warns: "4: depfetch: Dockerfile:4:1: an ONBUILD of its base runs curl or wget",
	}, {
		name:       "an ONBUILD that sets what an address is made of",
		dockerfile: "FROM debian AS base\nONBUILD ENV V=b\nFROM base\nARG V=a\nRUN curl -fO https://e.example/$V\n",
		lockfile:   locking("https://e.example/a"),
		refuses:    "Dockerfile:5:5: https://e.example/b is not pinned (deplock sync)",
	}, {
		name:       "an ADD of a repository",
		dockerfile: "FROM scratch\nADD https://e.example/r.git#v1 /r\nADD https://e.example/r.git#0123456789012345678901234567890123456789 /c\n",
		want:       "",
		warns:      "2: depfetch: Dockerfile:2:1: it takes a repository",
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
			test.dockerfile = strings.ReplaceAll(test.dockerfile, "MOUNTS", syncMounts)
			test.refuses = strings.ReplaceAll(test.refuses, "DIGITS", fmt.Sprint(len("RUN  ")+len(syncMounts)+1))
			f := &fake{files: map[string]string{"Dockerfile": test.dockerfile, "get.sh.lock": "version = 1\n", "get.sh": "#!/bin/sh\ncurl -fO https://e.example/of-script\n"}, opts: test.opts, fails: test.fails}
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

// TestBuilderRequests holds that questions about a Dockerfile are answered with the stage
// deps and the digests of the lockfile, and build nothing.
func TestBuilderRequests(t *testing.T) {
	for _, request := range []string{"frontend.lint", "frontend.outline", "frontend.targets", "frontend.subrequests.describe"} {
		f := &fake{opts: map[string]string{"requestid": request}, files: map[string]string{
			"Dockerfile": "FROM debian:12 AS a\nCOPY --from=deps / /\n",
			lockName:     "version = 1\n[images]\n\"docker.io/library/debian:12\" = { digest = \"sha256:" + fmt.Sprintf("%064d", 1) + "\" }\n",
		}}
		res, err := Build(t.Context(), f)
		if err != nil {
			t.Errorf("%s: %v", request, err)
			continue
		}
		if len(res.Metadata["result.json"]) == 0 {
			t.Errorf("%s is not answered", request)
		}
		if len(f.built) > 0 || slices.ContainsFunc(f.resolved, func(ref string) bool { return strings.Contains(ref, "deps") || strings.HasSuffix(ref, "debian:12") }) {
			t.Errorf("%s asks for %q and builds %d", request, f.resolved, len(f.built))
		}
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
