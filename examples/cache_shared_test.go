//go:build e2e

package examples_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestCacheShared builds two stages at the same time, with one lockfile and one cache
// mount: where BuildKit lets both have it, or one after the other, the server is asked for
// each file once, and where each gets its own, once for each.
func TestCacheShared(t *testing.T) {
	for sharing, want := range map[string]int{"shared": 1, "locked": 1, "private": 2} {
		t.Run(sharing, func(t *testing.T) {
			u := newUpstream(t)
			u.pause = time.Second // so that the other stage comes meanwhile
			m := newMeeting(t, 2)
			greet := "wget -qO- " + m.URL
			if sharing == "locked" {
				greet = ":" // they cannot meet
			}
			lockfile := u.lockfile(t, "cache-mount")
			dir := t.TempDir()
			write(t, filepath.Join(dir, "deps.lock.toml"), lockfile)
			dockerfile, id := "", strings.ReplaceAll(u.URL, "/", "-")
			for _, stage := range []string{"a", "b"} {
				dockerfile += fmt.Sprintf(`FROM debian:bookworm-slim AS %[1]s
RUN --mount=type=bind,from=depfetch,source=depfetch,target=/depfetch \
    --mount=type=bind,source=deps.lock.toml,target=/deps.lock.toml \
    --mount=type=cache,id=%[2]s,target=/cache,sharing=%[3]s \
    %[4]s && DEPFETCH_CACHE=/cache /depfetch fetch --root /%[1]s
`, stage, id, sharing, greet)
			}
			write(t, filepath.Join(dir, "Dockerfile"), dockerfile+fmt.Sprintf(`FROM debian:bookworm-slim
COPY --from=a /a /a
COPY --from=b /b /b
RUN --mount=type=cache,id=%s,target=/cache,sharing=%s echo "the cache: $(ls -A /cache)"
`, id, sharing))

			r := build{dir: dir}.run(t)
			im := r.image(t)
			artifacts := pinned(t, lockfile, native)
			for _, stage := range []string{"a", "b"} {
				placed := pinned(t, lockfile, native)
				for i := range placed {
					placed[i].Path = "/" + stage + placed[i].Path
				}
				im.filled(t, placed)
			}
			served := u.served()
			for _, a := range artifacts {
				if n := served[strings.TrimPrefix(a.URL, u.URL)]; n != want {
					t.Errorf("%s was downloaded %d times, want %d", a.Name, n, want)
				}
			}
			if !strings.Contains(r.log, "the cache: blobs\n") {
				t.Error("the cache does not hold blobs alone")
			}
			if t.Failed() {
				t.Log(r.log)
			}
		})
	}
}

// meeting is a server that answers when so many have asked.
type meeting struct {
	*httptest.Server
	mu      sync.Mutex
	missing int
	all     chan struct{}
}

func newMeeting(t *testing.T, n int) *meeting {
	m := &meeting{missing: n, all: make(chan struct{})}
	m.Server = httptest.NewServer(m)
	t.Cleanup(m.Close)
	return m
}

func (m *meeting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	if m.missing--; m.missing == 0 {
		close(m.all)
	}
	m.mu.Unlock()
	select {
	case <-m.all:
	case <-r.Context().Done():
	}
}
