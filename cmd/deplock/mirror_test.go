package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// mirrorLock writes a lockfile of n files that a server has, of which two share their
// bytes, and returns its name and the counter of what the server is asked.
func mirrorLock(t *testing.T, n int) (string, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		fmt.Fprint(w, "bytes of "+r.URL.Path)
	}))
	t.Cleanup(server.Close)
	var b strings.Builder
	b.WriteString("version = 1\n[urls]\n")
	for i := range n {
		path := fmt.Sprintf("/tool-%d", i)
		fmt.Fprintf(&b, "%q = { sha256 = \"%x\", size = %d }\n", server.URL+path, sha256.Sum256([]byte("bytes of "+path)), len("bytes of "+path))
	}
	name := filepath.Join(t.TempDir(), "deps.lock.toml")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name, &asked
}

// testMirror pushes to a target twice, checks it, pulls from it, and pushes a second lockfile.
func testMirror(t *testing.T, target string) {
	t.Helper()
	name, asked := mirrorLock(t, 5)
	run := func(want int, args ...string) string {
		t.Helper()
		code, stdout, stderr := deplock(t, append([]string{"-f", name, "mirror"}, args...)...)
		if code != want {
			t.Fatalf("%v: exit %d, want %d\n%s%s", args, code, want, stdout, stderr)
		}
		return stdout
	}
	if got := run(1, "check", target); !strings.Contains(got, "0 present, 5 missing, 0 wrong, 0 unreachable") {
		t.Fatal(got)
	}
	first := run(0, "push", target)
	if !strings.HasPrefix(first, "pushed 5 files, 80 B; 0 there already\n") || asked.Load() != 5 {
		t.Fatal(first, asked.Load())
	}
	again := run(0, "push", target)
	if !strings.HasPrefix(again, "pushed 0 files, 0 B; 5 there already\n") || asked.Load() != 5 {
		t.Fatal(again, asked.Load())
	}
	if _, a, _ := strings.Cut(first, "\n"); !strings.HasSuffix(again, a) {
		t.Fatalf("the manifest has changed: %s%s", first, again)
	}
	run(0, "check", target)
	run(0, "check", "--deep", target)
	dir := t.TempDir()
	run(0, "pull", target, dir)
	blobs, err := filepath.Glob(filepath.Join(dir, "blobs/sha256/*"))
	if err != nil || len(blobs) != 5 || asked.Load() != 5 {
		t.Fatal(blobs, err, asked.Load())
	}
	// A blob of the copy that is damaged is found, and replaced.
	if err := os.WriteFile(blobs[0], []byte("other bytes: 16!"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(0, "check", dir)
	if got := run(1, "check", "--deep", "--json", dir); strings.Count(got, `"status":"wrong"`) != 1 || strings.Count(got, `"status":"present"`) != 4 {
		t.Fatal(got)
	}
	if got := run(0, "pull", target, dir); got != "pulled 1 file, 16 B; 4 there already\n" {
		t.Fatal(got)
	}
	run(0, "check", "--deep", dir)
	// Another lockfile is pushed to the same tag; the first one is still kept.
	old := name
	name, _ = mirrorLock(t, 3)
	run(0, "push", target)
	name = old
	run(0, "check", target)
}

func TestMirror(t *testing.T) {
	config(t, "{}")
	testMirror(t, "oci://"+memory(t, "").host+"/team/deps")
}

func TestMirrorLogin(t *testing.T) {
	r := memory(t, "right")
	config(t, r.login("right"))
	testMirror(t, "oci://"+r.host+"/team/deps:v1")
	config(t, r.login("wrong"))
	name, _ := mirrorLock(t, 1)
	code, _, stderr := deplock(t, "-f", name, "mirror", "push", "oci://"+r.host+"/team/deps")
	if code != 3 || !strings.Contains(stderr, "docker login "+r.host) || strings.Contains(stderr, "wrong") {
		t.Fatal(code, stderr)
	}
}

// TestMirrorLoginFile: --registry-auth stands in for the usual file of logins.
func TestMirrorLoginFile(t *testing.T) {
	r := memory(t, "right")
	config(t, r.login("wrong"))
	name, _ := mirrorLock(t, 1)
	file := filepath.Join(t.TempDir(), "logins.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	push := func(want int) string {
		t.Helper()
		code, _, stderr := deplock(t, "-f", name, "mirror", "push", "--registry-auth", file, "oci://"+r.host+"/team/deps")
		if code != want || strings.Contains(stderr, "right") {
			t.Errorf("exit %d, want %d\n%s", code, want, stderr)
		}
		return stderr
	}
	write(r.login("right"))
	push(0)
	config(t, r.login("right"))
	write("{}")
	push(3) // the usual file does not come into it
}

func TestMirrorDirectory(t *testing.T) {
	testMirror(t, filepath.Join(t.TempDir(), "mirror"))
}

// TestMirrorWrong: a registry that serves other bytes than those asked for is told from one
// that cannot be asked.
func TestMirrorWrong(t *testing.T) {
	config(t, "{}")
	name, _ := mirrorLock(t, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "other bytes: 16!")
	}))
	defer server.Close()
	target := "oci://" + strings.TrimPrefix(server.URL, "http://") + "/team/deps"
	code, stdout, stderr := deplock(t, "-f", name, "mirror", "check", "--deep", target)
	if code != 1 || !strings.Contains(stdout, "0 missing, 1 wrong, 0 unreachable") {
		t.Errorf("check --deep: exit %d\n%s%s", code, stdout, stderr)
	}
	dir := t.TempDir()
	code, _, stderr = deplock(t, "-f", name, "mirror", "pull", target, dir)
	if code != 4 || !strings.Contains(stderr, "its sha256 is ") {
		t.Errorf("pull: exit %d\n%s", code, stderr)
	}
	if blobs, err := filepath.Glob(filepath.Join(dir, "blobs/sha256/*")); err != nil || len(blobs) != 0 {
		t.Error(blobs, err)
	}
}

// TestMirrorRedirects: redirects in a circle end.
func TestMirrorRedirects(t *testing.T) {
	config(t, "{}")
	name, _ := mirrorLock(t, 1)
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blobs/") && asked.Add(1) < 1000 {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		}
	}))
	defer server.Close()
	target := "oci://" + strings.TrimPrefix(server.URL, "http://") + "/team/deps"
	code, stdout, stderr := deplock(t, "-f", name, "mirror", "check", target)
	if code != 3 || asked.Load() != 11 || !strings.Contains(stdout, "more than 10 redirects") {
		t.Errorf("exit %d, asked %d times\n%s%s", code, asked.Load(), stdout, stderr)
	}
}

// TestMirrorRefused: what is refused sends nothing.
func TestMirrorRefused(t *testing.T) {
	config(t, "{}")
	name, asked := mirrorLock(t, 1)
	for target, want := range map[string]string{
		"https://example.com/x":          "want oci://HOST/REPOSITORY or a directory",
		"registry.example.com/team/deps": "write oci://registry.example.com/team/deps for a registry, or ./registry.example.com/team/deps for a directory",
		"localhost:5000/deps":            "write oci://localhost:5000/deps for",
		"oci://example.com":              "want oci://HOST[:PORT]/REPOSITORY[:TAG]",
		"oci://team/deps":                "team is no host",
		"oci://me:secret@example.com/x":  "without a digest, login or query",
	} {
		code, _, stderr := deplock(t, "-f", name, "mirror", "push", target)
		if code != 2 || !strings.Contains(stderr, want) || strings.Contains(stderr, "secret") {
			t.Errorf("%s: exit %d\n%s", target, code, stderr)
		}
	}
	code, _, stderr := deplock(t, "-f", name, "mirror", "push", "--offline", t.TempDir())
	if code != 3 || asked.Load() != 0 {
		t.Errorf("offline: exit %d, asked %d times\n%s", code, asked.Load(), stderr)
	}
}

// TestMirrorSizes: a digest that a lockfile gives two sizes is refused before anything is asked.
func TestMirrorSizes(t *testing.T) {
	name, asked := mirrorLock(t, 1)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(text), "[urls]\n")
	other := strings.NewReplacer("/tool-0", "/tool-1", "size = 16", "size = 17").Replace(line)
	if err := os.WriteFile(name, append(text, other...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"mirror", "push", t.TempDir()}, {"mirror", "check", t.TempDir()}, {"check"}} {
		code, _, stderr := deplock(t, append([]string{"-f", name}, args...)...)
		if code != 2 || !strings.Contains(stderr, "has two sizes in the lockfile: 16 for http://") || asked.Load() != 0 {
			t.Errorf("%v: exit %d, asked %d times\n%s", args, code, asked.Load(), stderr)
		}
	}
}

// TestMirrorAnswer: of a registry that answers with a page, an error has the status alone.
func TestMirrorAnswer(t *testing.T) {
	config(t, "{}")
	name, _ := mirrorLock(t, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprint(w, "<html>a page</html>")
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	for _, args := range [][]string{{"check"}, {"push"}, {"pull", "--cache", t.TempDir()}} {
		code, stdout, stderr := deplock(t, append([]string{"-f", name, "mirror"}, append(args, "oci://"+host+"/x")...)...)
		if out := stdout + stderr; code != 3 || !strings.Contains(out, ": HTTP 418 I'm a teapot") || strings.Contains(out, "a page") {
			t.Errorf("%v: exit %d\n%s", args, code, out)
		}
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("Dockerfile", []byte("FROM "+host+"/debian:12\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := deplock(t, "pin"); code != 3 || !strings.Contains(stderr, ": HTTP 418 I'm a teapot\n") || strings.Contains(stderr, "a page") {
		t.Errorf("pin: exit %d\n%s", code, stderr)
	}
}

// TestMirrorInterrupted: what a push that is interrupted says is true, and the next one
// does not send again what is there.
func TestMirrorInterrupted(t *testing.T) {
	config(t, "{}")
	name, _ := mirrorLock(t, 3)
	r := memory(t, "")
	origin, err := url.Parse("http://" + r.host)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var sent atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodPatch && sent.Add(1) == 2 {
			cancel()
		}
		httputil.NewSingleHostReverseProxy(origin).ServeHTTP(w, q)
	}))
	defer proxy.Close()
	target := "oci://" + strings.TrimPrefix(proxy.URL, "http://") + "/team/deps"
	var stdout, stderr bytes.Buffer
	p := program{args: []string{"-f", name, "mirror", "push", "--jobs", "1", target}, getenv: func(string) string { return "" }, stdout: &stdout, stderr: &stderr}
	if code := p.run(ctx); code != 1 || !strings.Contains(stderr.String(), "interrupted; what has been copied to "+target+" stays there, and is not copied again\n") || strings.Contains(stderr.String(), "nothing has been") {
		t.Fatalf("exit %d\n%s%s", code, &stdout, &stderr)
	}
	code, out, errs := deplock(t, "-f", name, "mirror", "push", target)
	if code != 0 || !strings.HasPrefix(out, "pushed 2 files, ") && !strings.HasPrefix(out, "pushed 1 file, ") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}

// TestMirrorCheckRows: a file that several lines pin is counted once, and is one row.
func TestMirrorCheckRows(t *testing.T) {
	name := filepath.Join(t.TempDir(), "deps.lock.toml")
	text := "version = 1\n[urls]\n"
	for i, digit := range "aab" {
		text += fmt.Sprintf("\"https://example.com/%d\" = { sha256 = %q, size = 1 }\n", i, strings.Repeat(string(digit), 64))
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := deplock(t, "-f", name, "mirror", "check", t.TempDir())
	want := "missing      https://example.com/0 (any), https://example.com/1 (any)  sha256 " + strings.Repeat("a", 64) + "\n" +
		"missing      https://example.com/2 (any)  sha256 " + strings.Repeat("b", 64) + "\n" +
		"0 present, 2 missing, 0 wrong, 0 unreachable; sizes compared, not the bytes: --deep does\n"
	if code != 1 || stdout != want {
		t.Fatalf("exit %d\n%s\nwant\n%s%s", code, stdout, want, stderr)
	}
}

// TestMirrorNoDirectory: what is no directory is no TARGET, nor the DIR of pull, which is said before anything is
// asked.
func TestMirrorNoDirectory(t *testing.T) {
	name, asked := mirrorLock(t, 1)
	for _, args := range [][]string{{"push", name}, {"check", name}, {"pull", name, t.TempDir()}, {"pull", t.TempDir(), name}} {
		code, _, stderr := deplock(t, append([]string{"-f", name, "mirror"}, args...)...)
		if code != 2 || !strings.HasPrefix(stderr, "deplock: error: "+name+" is no directory\n") || asked.Load() != 0 {
			t.Fatalf("%v: exit %d\n%s", args, code, stderr)
		}
	}
}
