//go:build e2e

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"depfetch/fetch/cache"
	"depfetch/fetch/digest"
)

// TestMirrorNginx reads what deplock mirror push has written into a directory, and nginx
// serves slowly, once upstream is gone: whole, in segments, and the rest of what a killed
// run has left.
func TestMirrorNginx(t *testing.T) {
	blob := make([]byte, 24<<20) // enough to come in segments
	rand.NewChaCha8([32]byte{}).Read(blob)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(blob) }))
	dir := t.TempDir()
	lockfile := filepath.Join(dir, "deps.lock.toml")
	sum := digest.Of(blob)
	writeText(t, lockfile, fmt.Sprintf("version = 1\n[deps.big]\nurl = %q\npath = \"/big\"\nlocked.any = { url = %[1]q, sha256 = \"%s\", size = %d }\n", upstream.URL+"/big", sum, len(blob)))
	deplock := filepath.Join(dir, "deplock")
	if out, err := exec.Command("go", "build", "-o", deplock, "../deplock").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	push := exec.Command(deplock, "-f", lockfile, "mirror", "push", filepath.Join(dir, "mirror"))
	push.Env = []string{}
	if out, err := push.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	upstream.Close()

	port := freePort(t)
	writeText(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf(`daemon off;
master_process off;
pid %[1]s/pid;
error_log stderr;
events {}
http {
	log_format asked "$status $http_range";
	access_log %[1]s/log asked;
	client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
	server {
		listen 127.0.0.1:%[2]s;
		root %[1]s/mirror;
		location /slow/ { alias %[1]s/mirror/; limit_rate 6m; }
	}
}
`, dir, port))
	serve(t, port, "nginx", "-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "nginx.conf"))
	mirror := "http://127.0.0.1:" + port
	placed := func(t *testing.T, o outcome, root string) {
		t.Helper()
		o.want(t, 0, "done     1 placed")
		if got, err := os.ReadFile(filepath.Join(dir, root, "big")); err != nil || !bytes.Equal(got, blob) {
			t.Errorf("%d bytes with the sha256 %x, %v", len(got), sha256.Sum256(got), err)
		}
	}
	// logged waits for what nginx has been asked, which it says at the end of each request.
	seen := 0
	logged := func(t *testing.T, enough func([]string) bool) {
		t.Helper()
		for range 500 {
			text, err := os.ReadFile(filepath.Join(dir, "log"))
			if err != nil {
				t.Fatal(err)
			}
			if lines := strings.Split(strings.TrimSpace(string(text)), "\n"); enough(lines[seen:]) {
				seen = len(lines)
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		text, _ := os.ReadFile(filepath.Join(dir, "log"))
		t.Fatalf("nginx says\n%s", text)
	}

	t.Run("whole", func(t *testing.T) {
		placed(t, depfetch(t, lockfile, nil, "--root", "whole", "--retries", "0", "--mirror", mirror), "whole")
		logged(t, func(l []string) bool { return slices.Equal(l, []string{"200 -"}) })
	})
	t.Run("killed", func(t *testing.T) {
		args := []string{"--root", "killed", "--retries", "0", "--connections", "1", "--cache", "cache", "--mirror", mirror + "/slow/"}
		ctx, kill := context.WithCancel(t.Context())
		first := exec.CommandContext(ctx, "depfetch", append([]string{"-f", lockfile}, args...)...)
		first.Dir, first.Env = dir, []string{}
		if err := first.Start(); err != nil {
			t.Fatal(err)
		}
		store := &cache.Store{Root: filepath.Join(dir, "cache")}
		for n := 0; ; n++ {
			if far, _ := store.Busy(sum); far > 4<<20 {
				break
			}
			if n == 1000 {
				kill()
				first.Wait()
				t.Fatal("nothing has been downloaded")
			}
			time.Sleep(10 * time.Millisecond)
		}
		kill()
		first.Wait()
		placed(t, depfetch(t, lockfile, nil, args...), "killed")
		logged(t, func(l []string) bool {
			slices.Sort(l) // the killed run's request may end after the other
			return len(l) == 2 && l[0] == "200 -" && strings.HasPrefix(l[1], "206 bytes=")
		})
	})
	t.Run("segments", func(t *testing.T) {
		placed(t, depfetch(t, lockfile, nil, "--root", "segments", "--retries", "0", "--mirror", mirror+"/slow/"), "segments")
		logged(t, func(l []string) bool {
			return slices.ContainsFunc(l, func(s string) bool { return strings.HasPrefix(s, "206 bytes=") })
		})
	})
}
