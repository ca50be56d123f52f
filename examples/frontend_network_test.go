//go:build e2e

package examples_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"path/filepath"
	"strings"
	gosync "sync"
	"testing"
)

// TestFrontendUnknown builds a RUN whose address only the RUN knows: without a network it
// finds what is pinned, and nothing else.
func TestFrontendUnknown(t *testing.T) {
	ref, deplock, layout, server := pushFrontend(t), buildProgram(t, "deplock"), makeBase(t), syncUpstream(t)
	text := strings.ReplaceAll(`FROM debian:12
RUN curl -fsSLo /known $U/t-2.0
RUN --network=none curl -fsSLo /tool $U/t-$(date +1.0)
`, "$U", server.URL)
	b := frontendBuild(t, deplock, ref, layout, text)
	lockfile := filepath.Join(b.dir, "deps.lock.toml")
	write(t, lockfile, read(t, lockfile)+fmt.Sprintf("%q = { sha256 = %q }\n%q = { sha256 = %q }\n",
		server.URL+"/t-1.0", bodySum(t, server.URL+"/t-1.0"), server.URL+"/gone", sumOf(nil)))
	r := b.run(t)
	if got, want := sumOf(r.image(t).files["tool"].body), bodySum(t, server.URL+"/t-1.0"); got != want {
		t.Errorf("/tool is %s; want %s\n%s", got, want, r.log)
	}
	write(t, filepath.Join(b.dir, "Dockerfile"), strings.Replace(read(t, filepath.Join(b.dir, "Dockerfile")), "+1.0", "+3.0", 1))
	b.run(t).refusedAt(t, "Dockerfile", 4, "/t-3.0 is not pinned")
}

// TestFrontendAdopted builds what sync has written with the frontend: BuildKit downloads
// for it too, and lines of the lockfile that a RUN does not use do not run it again.
func TestFrontendAdopted(t *testing.T) {
	ref, deplock, layout, server := pushFrontend(t), buildProgram(t, "deplock"), makeBase(t), syncUpstream(t)
	dir := t.TempDir()
	dockerfile, lockfile := filepath.Join(dir, "Dockerfile"), filepath.Join(dir, "deps.lock.toml")
	write(t, dockerfile, "FROM debian:12\nRUN curl -fsSLo /tool "+server.URL+"/t-1.0\n")
	synced(t, deplock, dir)
	write(t, dockerfile, "# syntax="+ref+"\n"+strings.Replace(read(t, dockerfile), "RUN --mount", "RUN --network=none --mount", 1))
	b := build{dir: dir, bare: true, flags: onBase(t, layout)}
	r := b.run(t)
	if got, want := sumOf(r.image(t).files["tool"].body), bodySum(t, server.URL+"/t-1.0"); got != want {
		t.Errorf("/tool is %s; want %s\n%s", got, want, r.log)
	}
	write(t, lockfile, read(t, lockfile)+fmt.Sprintf("\"https://downloads.example/x\" = { sha256 = %q }\n", sumOf(nil)))
	if steps := b.run(t).ran(); len(steps) > 0 {
		t.Errorf("without a change of what they use, ran %q", steps)
	}
}

// TestFrontendElsewhere has BuildKit ask a proxy of upstreams, and a mirror when the
// address itself has failed.
func TestFrontendElsewhere(t *testing.T) {
	ref, layout := pushFrontend(t), makeBase(t)
	var (
		mu    gosync.Mutex
		asked []string
	)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path)
		fmt.Fprint(w, path.Base(r.URL.Path))
	}))
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), "# syntax="+ref+`
FROM debian:12
RUN --network=none curl -fsSLo /a https://downloads.example/a
RUN --network=none curl -fsSLo /b http://127.0.0.1:1/b
ADD https://downloads.example/c /c
`)
	line := func(url, more string) string {
		return fmt.Sprintf("%q = { sha256 = %q%s }\n", url, sumOf([]byte(path.Base(url))), more)
	}
	write(t, filepath.Join(dir, "deps.lock.toml"), "version = 1\n[urls]\n"+line("http://127.0.0.1:1/b", fmt.Sprintf(", mirrors = [%q]", server.URL+"/mirror/b"))+
		line("https://downloads.example/a", "")+line("https://downloads.example/c", ""))
	b := build{dir: dir, bare: true, flags: onBase(t, layout), args: map[string]string{"DEPFETCH_REWRITE": "https://downloads.example=" + server.URL + "/proxy"}}
	r := b.run(t)
	for name, f := range r.image(t).files {
		if len(name) == 1 && string(f.body) != name {
			t.Errorf("/%s is %q", name, f.body)
		}
	}
	server.Close() // and waits for what it serves
	if got := strings.Join(asked, " "); !strings.Contains(got, "/proxy/a") || !strings.Contains(got, "/proxy/c") || !strings.Contains(got, "/mirror/b") {
		t.Errorf("asked for %s\n%s", got, r.log)
	}
}
