//go:build e2e

package examples_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	gosync "sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// refusedAt fails the test unless a build has failed at a line of a file, as BuildKit
// shows it, and said the words.
func (r result) refusedAt(t *testing.T, file string, line int, words ...string) {
	t.Helper()
	if r.err == nil {
		t.Fatalf("the build succeeded; it should have been refused\n%s", r.log)
	}
	marked := regexp.MustCompile(fmt.Sprintf(`(?s)\n%s:\d+\n-+\n.*? %d \| >>> `, regexp.QuoteMeta(file), line))
	if !marked.MatchString(r.log) {
		t.Errorf("the log does not show line %d of %s\n%s", line, file, r.log)
	}
	for _, want := range words {
		if !strings.Contains(r.log, want) {
			t.Errorf("the log does not say %q\n%s", want, r.log)
		}
	}
}

// ran returns the RUNs of a build that were run, and not taken from a cache.
func (r result) ran() (steps []string) {
	names := regexp.MustCompile(`(?m)^(#\d+) \[.*?\] RUN (.*)$`)
	for _, m := range names.FindAllStringSubmatch(r.log, -1) {
		if !strings.Contains(r.log, m[1]+" CACHED") {
			steps = append(steps, m[2])
		}
	}
	return steps
}

const frontendDockerfile = `FROM debian:12
RUN --network=none curl -fsSLo /one $U/t-1.0
RUN --network=none <<EOF
wget -qO /two $U/t-2.0
EOF
ADD $U/data.bin /three
`

// TestFrontend builds a Dockerfile whose RUNs have no network: BuildKit downloads what
// they ask for, and its provenance says so. A changed pin runs only the RUN again that
// uses it, nothing is downloaded twice, and wrong bytes fail with the line.
func TestFrontend(t *testing.T) {
	ref, deplock, layout, server := pushFrontend(t), buildProgram(t, "deplock"), makeBase(t), syncUpstream(t)
	b := frontendBuild(t, deplock, ref, layout, strings.ReplaceAll(frontendDockerfile, "$U", server.URL))
	b.opts = []string{"attest:provenance=mode=max"}
	r := b.run(t)
	im := r.image(t)
	for name, path := range map[string]string{"one": "/t-1.0", "two": "/t-2.0", "three": "/data.bin"} {
		sum := bodySum(t, server.URL+path)
		if sumOf(im.files[name].body) != sum {
			t.Errorf("/%s is not what was pinned", name)
		}
		if material := fmt.Sprintf(`{"uri":"%s","digest":{"sha256":"%s"}}`, server.URL+path, sum); len(readBlobs(t, r.tarball).find(material)) == 0 {
			t.Errorf("the provenance does not have %s", material)
		}
	}
	for name := range im.files {
		if strings.Contains(name, "depfetch") {
			t.Errorf("the image has %s", name)
		}
	}
	b.opts = nil

	// Comments of the lockfile, and lines of others, are in no step.
	lockfile := filepath.Join(b.dir, "deps.lock.toml")
	text := read(t, lockfile)
	write(t, lockfile, "# a comment\n"+text+fmt.Sprintf("\"https://downloads.example/x\" = { sha256 = %q, trust = \"tofu\" }\n", sumOf(nil)))
	if steps := b.run(t).ran(); len(steps) > 0 {
		t.Errorf("without a change of what they use, ran %q", steps)
	}
	other := strings.ReplaceAll(read(t, lockfile), bodySum(t, server.URL+"/t-2.0"), sumOf([]byte("something else")))
	write(t, lockfile, other)
	b.run(t).refusedAt(t, "Dockerfile", 4, server.URL+"/t-2.0: digest mismatch")
	write(t, lockfile, text)

	// The upstream is gone.
	server.Close()
	if steps := b.run(t).ran(); len(steps) > 0 {
		t.Errorf("without upstream, ran %q", steps)
	}
	dockerfile := filepath.Join(b.dir, "Dockerfile")
	write(t, dockerfile, strings.Replace(read(t, dockerfile), "curl -f", "true && curl -f", 1))
	r = b.run(t)
	r.image(t)
	if steps := r.ran(); len(steps) != 2 {
		t.Errorf("with a change of the first of two, ran %q", steps)
	}
}

// TestFrontendFallback has BuildKit fail at a download, which it does not try again: the
// shim does, and the layer has no trace of it.
func TestFrontendFallback(t *testing.T) {
	ref, deplock, layout := pushFrontend(t), buildProgram(t, "deplock"), makeBase(t)
	var mu gosync.Mutex
	failures := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.URL.Path != "/flaky" && r.URL.Path != "/steady":
			http.NotFound(w, r)
		case r.URL.Path == "/flaky" && failures > 0:
			failures--
			http.Error(w, "busy", http.StatusServiceUnavailable)
		default:
			fmt.Fprint(w, r.URL.Path, r.Host)
		}
	}))
	defer server.Close()
	b := frontendBuild(t, deplock, ref, layout, strings.ReplaceAll("FROM debian:12\nRUN curl -fsSLo /a $U/steady && curl -fsSLo /b $U/flaky\n", "$U", server.URL))
	mu.Lock()
	failures = 1
	mu.Unlock()
	r := b.run(t)
	im := r.image(t)
	if got := string(im.files["a"].body) + string(im.files["b"].body); !strings.HasPrefix(got, "/steady") || !strings.Contains(got, "/flaky") {
		t.Errorf("the image has %q", got)
	}
	for name := range im.files {
		if strings.Contains(name, "depfetch") {
			t.Errorf("the image has %s", name)
		}
	}
	if strings.Contains(r.log, "depfetch curl: warning") {
		t.Errorf("the log has warnings\n%s", r.log)
	}
}

// TestFrontendDeps builds what a lockfile places, as a stage of a Dockerfile and by
// itself, for two platforms without an emulator.
func TestFrontendDeps(t *testing.T) {
	ref, deplock, server := pushFrontend(t), buildProgram(t, "deplock"), syncUpstream(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), "# syntax="+ref+"\nFROM scratch\nCOPY --from=deps / /\n")
	lockfile := filepath.Join(dir, "deps.lock.toml")
	write(t, lockfile, fmt.Sprintf("# syntax=%s\nversion = 1\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n\n[deps.t]\nversion = \"1.0\"\nurl = \"%s/{arch}/t-{version}\"\npath = \"/usr/local/bin/t\"\n", ref, server.URL))
	if out, code := deplockIn(t, deplock, dir, "update", "--allow-http"); code != 0 {
		t.Fatal(out)
	}
	b := build{dir: dir, bare: true, platforms: []string{"linux/amd64", "linux/arm64"}}
	for _, opts := range [][]string{nil, {"filename=deps.lock.toml"}} {
		b.opts = opts
		for p, im := range b.run(t).images(t) {
			im.filled(t, pinned(t, read(t, lockfile), p))
			if got, want := string(im.files["usr/local/bin/t"].body), strings.TrimPrefix(p, "linux/"); got != want {
				t.Errorf("%q: %s has %q", opts, p, got)
			}
		}
	}
	b.opts, b.platforms = nil, []string{"linux/s390x"}
	b.run(t).refusedAt(t, "deps.lock.toml", 5, "t is not pinned for linux/s390x", "deplock update t --platform linux/s390x")

	// A stage of that name is the Dockerfile's own.
	b.platforms = nil
	write(t, filepath.Join(dir, "Dockerfile"), "# syntax="+ref+"\nFROM scratch AS deps\nCOPY Dockerfile /own\nFROM scratch\nCOPY --from=deps / /\n")
	if im := b.run(t).image(t); len(im.files) != 1 {
		t.Errorf("the image has\n%s", strings.Join(im.listing(), "\n"))
	}
}

// TestFrontendPlatforms builds for two platforms at once: each gets its own files, and
// each stage a shim for the platform that it runs on.
func TestFrontendPlatforms(t *testing.T) {
	ref, deplock, server := pushFrontend(t), buildProgram(t, "deplock"), syncUpstream(t)
	base := makeBase(t, "linux/amd64", "linux/arm64", "linux/386")
	text := strings.Replace(platformsDockerfile, "FROM scratch AS foreign\n", "FROM scratch AS foreign\nARG TARGETARCH\nADD $U/$TARGETARCH/t-1.0 /added\n", 1)
	b := frontendBuild(t, deplock, ref, base, strings.ReplaceAll(text, "$U", server.URL))
	write(t, filepath.Join(b.dir, "deps.lock.toml"), "version = 1\nplatforms = [\"linux/amd64\", \"linux/arm64\", \"linux/386\"]\n")
	synced(t, deplock, b.dir, "--no-edit")
	b.platforms, b.opts = []string{"linux/amd64", "linux/arm64"}, []string{"target=foreign"}
	images := b.run(t).images(t)
	for _, p := range b.platforms {
		if tool, want := string(images[p].files["tool"].body), strings.TrimPrefix(p, "linux/"); tool != want {
			t.Errorf("%s has downloaded %q; want %q", p, tool, want)
		}
		if tool, want := string(images[p].files["added"].body), strings.TrimPrefix(p, "linux/"); tool != want {
			t.Errorf("%s has added %q; want %q", p, tool, want)
		}
		if shim := images[p].files["shim"].body; len(shim) != 20 || shim[machineAt] != 62 {
			t.Errorf("%s: the stage of the build platform has run % x", p, shim)
		}
	}
	b.platforms, b.opts = []string{"linux/386"}, []string{"target=own"}
	if shim := b.run(t).images(t)["linux/386"].files["shim"].body; len(shim) != 20 || shim[machineAt] != 3 {
		t.Errorf("the stage of the target platform has run % x", shim)
	}
}

// TestFrontendRefuses shows where a build asks for what is not pinned, and where its
// lockfile is wrong.
func TestFrontendRefuses(t *testing.T) {
	ref, layout := pushFrontend(t), makeBase(t)
	dir := t.TempDir()
	b := build{dir: dir, bare: true, flags: onBase(t, layout)}
	dockerfile := func(text string) { write(t, filepath.Join(dir, "Dockerfile"), "# syntax="+ref+"\n"+text) }
	dockerfile("FROM debian:12 AS a\nARG V=1\nRUN true && \\\n  curl -fsSLO https://downloads.example/t-$V\nFROM debian:12 AS b\nRUN true\n")
	r := b.run(t)
	if r.err != nil {
		t.Errorf("a stage that is not built has made the build fail\n%s", r.log)
	}
	b.opts = []string{"target=a"}
	b.run(t).refusedAt(t, "Dockerfile", 5, "Dockerfile:5:3: https://downloads.example/t-1 is not pinned (deplock sync)")
	b.opts = []string{"target=a", "build-arg:V=2"}
	b.run(t).refusedAt(t, "Dockerfile", 5, "https://downloads.example/t-2 is not pinned")
	b.opts = nil
	dockerfile("FROM debian:12\nADD https://downloads.example/t /t\n")
	b.run(t).refusedAt(t, "Dockerfile", 3, "https://downloads.example/t is not pinned")
	dockerfile("FROM debian:12\nRUN curl -fsSL https://downloads.example/latest/t || true\n")
	if r := b.run(t); r.err != nil {
		t.Errorf("an address that moves has made the build fail\n%s", r.log)
	}
	b.opts = []string{"build-arg:DEPFETCH_STRICT=1"}
	b.run(t).refusedAt(t, "Dockerfile", 3, "https://downloads.example/latest/t moves")
	b.opts = nil
	dockerfile("FROM debian:12\nRUN false\n")
	b.run(t).refusedAt(t, "Dockerfile", 3, "exit code: 1")
	dockerfile("FROM debian:12\nRUNN false\n")
	b.run(t).refusedAt(t, "Dockerfile", 3, "unknown instruction: RUNN")
	write(t, filepath.Join(dir, "deps.lock.toml"), "version = 1\n\nnonsense = true\n")
	dockerfile("FROM debian:12\n")
	b.run(t).refusedAt(t, "deps.lock.toml", 3, "deps.lock.toml:3:1: nonsense: unknown key")
	b.opts = []string{"build-arg:DEPFETCH_LOCK=other.toml"}
	if r := b.run(t); r.err == nil || !strings.Contains(r.log, "DEPFETCH_LOCK=other.toml: the build context has no other.toml") {
		t.Errorf("the log does not say that the lockfile is missing\n%s", r.log)
	}
}

// TestFrontendImages starts from the digest that the lockfile has, whatever the tag
// stands for now.
func TestFrontendImages(t *testing.T) {
	ref := pushFrontend(t)
	base, err := name.ParseReference(startRegistry(t) + "/base:1")
	if err != nil {
		t.Fatal(err)
	}
	var digests []string
	for _, label := range []string{"first", "second"} {
		image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: runtime.GOARCH, Config: v1.Config{Labels: map[string]string{"is": label}}})
		if err == nil {
			err = remote.Write(base, image)
		}
		if err != nil {
			t.Fatal(err)
		}
		digest, err := image.Digest()
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, digest.String())
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), fmt.Sprintf("# syntax=%s\nFROM %s\nCOPY Dockerfile /\n", ref, base))
	write(t, filepath.Join(dir, "deps.lock.toml"), fmt.Sprintf("version = 1\n[images]\n%q = { digest = %q }\n", base, digests[0]))
	r := build{dir: dir, bare: true}.run(t)
	if r.err != nil {
		t.Fatal(r.log)
	}
	all := readBlobs(t, r.tarball)
	if len(all.find(`"first"`)) == 0 || len(all.find(`"second"`)) > 0 {
		t.Errorf("it was built from another image than %s\n%s", digests[0], r.log)
	}
}
