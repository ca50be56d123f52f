package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"depfetch/lock/pin"
)

// configured puts an image with a configuration behind a tag.
func (r images) configured(t *testing.T, tag string, c v1.Config) {
	t.Helper()
	ref, err := name.ParseReference(r.host + "/" + tag)
	if err != nil {
		t.Fatal(err)
	}
	img, err := random.Image(64, 1)
	if err == nil {
		img, err = mutate.Config(img, c)
	}
	if err == nil {
		err = remote.Write(ref, img, remote.WithAuth(r.auth))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// testBases adopts RUNs on bases with configurations of their own.
func testBases(t *testing.T, r images) {
	r.configured(t, "go:1", v1.Config{Env: []string{"A=b", "PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/bin:/bin"}})
	r.configured(t, "conda:1", v1.Config{Env: []string{"PATH=/opt/conda/bin:/usr/local/bin:/usr/bin:/bin"}})
	r.configured(t, "bare:1", v1.Config{Env: []string{"PATH=/usr/bin:/bin"}})
	r.configured(t, "shell:1", v1.Config{Shell: []string{"/usr/bin/pwsh", "-c"}, User: "app"})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != "/a" {
			http.NotFound(w, q)
			return
		}
		fmt.Fprint(w, "the tool")
	}))
	t.Cleanup(upstream.Close)
	dir := t.TempDir()
	file := filepath.Join(dir, "Dockerfile")
	text := "ARG TAG=1\n"
	for _, base := range []string{"go:$TAG", "conda:1", "bare:1", "shell:1", "none:1"} {
		text += fmt.Sprintf("FROM %s/%s\nRUN curl -fsSLO %s/a\n", r.host, base, upstream.URL)
	}
	text += fmt.Sprintf("FROM %s/shell:1\nSHELL [\"/bin/sh\", \"-c\"]\nRUN curl -fsSLO %s/a\n", r.host, upstream.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := deplock(t, "sync", "--allow-http", "--retries", "0", dir)
	if code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	edited, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range strings.Split(string(edited), "\n") {
		if _, target, ok := strings.Cut(line, "source=depfetch,target="); ok {
			got = append(got, strings.TrimSuffix(target, `/curl \`))
		}
	}
	// What cannot be had has what is usual.
	if want := "/usr/local/bin /opt/conda/bin /usr/local/bin /usr/local/bin"; strings.Join(got, " ") != want {
		t.Errorf("mounted into %q; want %q\n%s", got, want, edited)
	}
	for _, want := range []string{
		"Dockerfile:7: left: its PATH has no folder before that of the image's own curl and wget",
		"Dockerfile:9: left: the SHELL of its base is /usr/bin/pwsh, which is not read",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
}

func TestSyncBases(t *testing.T) {
	config(t, "{}")
	testBases(t, memory(t, ""))
}

// TestSyncBasesAsksOnlyWhatIsNew holds that no registry is asked about what is adopted,
// in a check, or if nobody wants that.
func TestSyncBasesAsksOnlyWhatIsNew(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v2/") {
			asked.Add(1)
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, "the tool")
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	host := strings.TrimPrefix(server.URL, "http://")
	text := fmt.Sprintf("FROM %s/a:1\nRUN curl -fsSLO %s/a\n", host, server.URL)
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) int32 {
		asked.Store(0)
		code, stdout, stderr := deplock(t, append([]string{"sync", "--allow-http"}, append(args, dir)...)...)
		if code > 1 {
			t.Fatalf("%v: exit code %d\n%s%s", args, code, stdout, stderr)
		}
		return asked.Load()
	}
	for _, args := range [][]string{{"--check"}, {"--no-edit"}, {"--bases=usual", "--dry-run"}, {"--undo"}} {
		if n := run(args...); n != 0 {
			t.Errorf("%v: the registry was asked %d times", args, n)
		}
	}
	if n := run(); n == 0 {
		t.Error("the registry was not asked")
	}
	if n := run(); n != 0 {
		t.Errorf("what is adopted was asked about %d times", n)
	}
	if code, _, stderr := deplock(t, "sync", "--bases=no", dir); code != 2 || !strings.Contains(stderr, "write ask or usual") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// TestConfigsEnd holds that a registry which does not answer is waited for until the
// context ends, and not asked twice.
func TestConfigsEnd(t *testing.T) {
	asked := make(chan struct{}, 16)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	registry := &pin.Registry{Transport: remote.DefaultTransport}
	if got := registry.Configs(ctx, []string{strings.TrimPrefix(server.URL, "http://") + "/a:1"}, "linux/amd64"); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if len(asked) != 0 {
		t.Error("asked again")
	}
}
