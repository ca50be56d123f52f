package fetch_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
)

const (
	body  = "the pinned bytes\n"
	other = "OTHER bytes, OK?\n" // as long as body
)

// client returns a client that places files below a new directory.
func client(t *testing.T) *fetch.Client {
	t.Helper()
	return &fetch.Client{
		Root:    t.TempDir(),
		Source:  source.New(source.Config{StallTimeout: 300 * time.Millisecond}),
		Retries: 3,
		Backoff: func(int) time.Duration { return time.Millisecond },
	}
}

// pin returns an artifact with the digest and size of content.
func pin(name, url, content string) fetch.Artifact {
	return fetch.Artifact{
		Name: name, Platform: "any", URL: url, Path: "/opt/" + name, Mode: 0o644,
		Digest: sha256.Sum256([]byte(content)), Size: int64(len(content)),
	}
}

// tree returns the paths below dir, directories with a slash at the end.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if e.IsDir() {
			rel += "/"
		}
		paths = append(paths, filepath.ToSlash(rel))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func wantTree(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("%s holds %q, want %q", dir, got, want)
	}
}

func wantFile(t *testing.T, name, content string) {
	t.Helper()
	got, err := os.ReadFile(name)
	if err != nil || string(got) != content {
		t.Errorf("%s holds %q (%v), want %q", name, got, err, content)
	}
}

func mustWrite(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFetchPlaces(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	mustWrite(t, filepath.Join(c.Root, "usr/keep"), "")
	if err := os.Chtimes(filepath.Join(c.Root, "usr"), old, old); err != nil {
		t.Fatal(err)
	}
	a := pin("tool", s.Script("/tool", fetchtest.Body(body)), body)
	a.Path, a.Mode = "/usr/local/bin/tool", 0o755
	chunked := pin("chunked", s.Script("/chunked", fetchtest.Chunked(other)), other)
	chunked.Size = fetch.SizeUnknown
	empty := pin("empty", s.Script("/empty", fetchtest.Body("")), "")

	sum, err := c.Fetch(t.Context(), []fetch.Artifact{a, chunked, empty})
	if err != nil {
		t.Fatal(err)
	}
	if sum != (fetch.Summary{Placed: 3, Bytes: int64(len(body) + len(other))}) {
		t.Errorf("summary %+v", sum)
	}
	wantTree(t, c.Root, "opt/", "opt/chunked", "opt/empty", "usr/", "usr/keep", "usr/local/", "usr/local/bin/", "usr/local/bin/tool")
	wantFile(t, filepath.Join(c.Root, a.Path), body)
	wantFile(t, filepath.Join(c.Root, chunked.Path), other)
	for path, want := range map[string]time.Time{
		"usr": old, "usr/local": fetch.DefaultMtime, "usr/local/bin": fetch.DefaultMtime, "usr/local/bin/tool": fetch.DefaultMtime,
	} {
		info, err := os.Stat(filepath.Join(c.Root, path))
		if err != nil || !info.ModTime().Equal(want) {
			t.Errorf("%s is of %v (%v), want %v", path, info.ModTime(), err, want)
		}
		if path == "usr/local/bin/tool" && runtime.GOOS != "windows" && info.Mode() != 0o755 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
	}
}

func TestFetchSkipsWhatIsThere(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	a := pin("tool", s.Script("/tool", fetchtest.Status(500)), body)
	mustWrite(t, filepath.Join(c.Root, a.Path), body)
	sum, err := c.Fetch(t.Context(), []fetch.Artifact{a})
	if err != nil || sum != (fetch.Summary{Present: 1}) {
		t.Errorf("got %+v, %v", sum, err)
	}
	// Another mode is put right without asking the server.
	a.Mode = 0o600
	sum, err = c.Fetch(t.Context(), []fetch.Artifact{a})
	if err != nil || sum != (fetch.Summary{Placed: 1}) {
		t.Errorf("got %+v, %v", sum, err)
	}
	if info, _ := os.Stat(filepath.Join(c.Root, a.Path)); info.Mode() != 0o600 {
		t.Errorf("mode is %v", info.Mode())
	}
	if n := len(s.Requests("/tool")); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestFetchSharesDigest(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	var artifacts []fetch.Artifact
	url := s.Script("/tool", fetchtest.Body(body))
	for _, name := range []string{"a", "b", "c"} {
		artifacts = append(artifacts, pin(name, url+"?for="+name, body))
		s.Script("/tool?for="+name, fetchtest.Body(body))
	}
	if _, err := c.Fetch(t.Context(), artifacts); err != nil {
		t.Fatal(err)
	}
	requests := 0
	for _, a := range artifacts {
		wantFile(t, filepath.Join(c.Root, a.Path), body)
		requests += len(s.Requests("/tool?for=" + a.Name))
	}
	if requests != 1 {
		t.Errorf("%d requests, want 1", requests)
	}
}

// TestFetchRetries holds what is tried again, and what is not.
func TestFetchRetries(t *testing.T) {
	long := strings.Repeat(body, 1000)
	s := fetchtest.New(t)
	tests := []struct {
		name     string
		steps    []fetchtest.Step
		requests int
		ok       bool
	}{
		{"500", []fetchtest.Step{fetchtest.Status(500), fetchtest.Body(long)}, 2, true},
		{"503 twice", []fetchtest.Step{fetchtest.Status(503), fetchtest.Status(503), fetchtest.Body(long)}, 3, true},
		{"429", []fetchtest.Step{fetchtest.Status(429), fetchtest.Body(long)}, 2, true},
		{"408", []fetchtest.Step{fetchtest.Status(408), fetchtest.Body(long)}, 2, true},
		{"425", []fetchtest.Step{fetchtest.Status(425), fetchtest.Body(long)}, 2, true},
		{"403 of a rate limiter", []fetchtest.Step{fetchtest.Status(403, "Retry-After", "1"), fetchtest.Body(long)}, 2, true},
		{"403", []fetchtest.Step{fetchtest.Status(403)}, 1, false},
		{"404", []fetchtest.Step{fetchtest.Status(404)}, 1, false},
		{"truncated", []fetchtest.Step{fetchtest.Truncated(long, 100), fetchtest.Body(long)}, 2, true},
		{"truncated before the first byte", []fetchtest.Step{fetchtest.Truncated(long, 0), fetchtest.Body(long)}, 2, true},
		{"cut off without a length", []fetchtest.Step{fetchtest.Undeclared(long, 100), fetchtest.Body(long)}, 2, true},
		{"whole without a length", []fetchtest.Step{fetchtest.Undeclared(long, len(long))}, 1, true},
		{"reset", []fetchtest.Step{fetchtest.Reset(long, 5000), fetchtest.Body(long)}, 2, true},
		{"stalled", []fetchtest.Step{s.Stalled(long, 5000), fetchtest.Body(long)}, 2, true},
		{"slow", []fetchtest.Step{fetchtest.Slow(long, 3000, 100*time.Millisecond)}, 1, true},
		{"always 503", []fetchtest.Step{fetchtest.Status(503)}, 4, false},
		{"other bytes", []fetchtest.Step{fetchtest.Body(strings.ToUpper(long)), fetchtest.Body(long)}, 1, false},
		{"another status", []fetchtest.Step{fetchtest.Status(204)}, 1, false},
		{"redirect without a target", []fetchtest.Step{fetchtest.Status(302)}, 1, false},
		{"labelled gzip", []fetchtest.Step{fetchtest.Labelled("gzip", long)}, 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := client(t)
			uri := "/" + strings.ReplaceAll(tt.name, " ", "-")
			a := pin("tool", s.Script(uri, tt.steps...), long)
			_, err := c.Fetch(t.Context(), []fetch.Artifact{a})
			if n := len(s.Requests(uri)); n != tt.requests {
				t.Errorf("%d requests, want %d", n, tt.requests)
			}
			var failed *fetch.TransferError
			switch {
			case tt.ok && err != nil:
				t.Errorf("failed: %v", err)
			case tt.ok:
				wantFile(t, filepath.Join(c.Root, a.Path), long)
				wantTree(t, c.Root, "opt/", "opt/tool")
			case !errors.As(err, &failed) || len(failed.Attempts) != tt.requests:
				t.Errorf("error is %v, want a TransferError of %d attempts", err, tt.requests)
			default:
				wantTree(t, c.Root)
			}
		})
	}
}

func TestFetchMismatch(t *testing.T) {
	s := fetchtest.New(t)
	page := "<!DOCTYPE html><title>Sign in</title>"
	tests := []struct {
		name string
		step fetchtest.Step
		want fetch.MismatchError
	}{
		{"one byte", fetchtest.Body(other), fetch.MismatchError{GotDigest: sha256.Sum256([]byte(other)), GotSize: int64(len(other))}},
		{"short", fetchtest.Body(body[:4]), fetch.MismatchError{GotDigest: sha256.Sum256([]byte(body[:4])), GotSize: 4}},
		{"empty", fetchtest.Body(""), fetch.MismatchError{GotDigest: sha256.Sum256(nil), GotSize: 0}},
		{"long", fetchtest.Body(body + "more"), fetch.MismatchError{GotSize: int64(len(body) + 4)}},
		{"long without a length", fetchtest.Chunked(body + "more"), fetch.MismatchError{GotSize: fetch.SizeUnknown}},
		{"a page", fetchtest.Page(page), fetch.MismatchError{GotSize: int64(len(page)), HTML: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := client(t)
			good := pin("good", s.Script("/good", fetchtest.Body("good")), "good")
			bad := pin("bad", s.Script("/bad", tt.step), body)
			mustWrite(t, filepath.Join(c.Root, bad.Path), "old")
			_, err := c.Fetch(t.Context(), []fetch.Artifact{good, bad})
			var got *fetch.MismatchError
			if !errors.As(err, &got) {
				t.Fatalf("error is %v, want a MismatchError", err)
			}
			if got.GotDigest != tt.want.GotDigest || got.GotSize != tt.want.GotSize || got.HTML != tt.want.HTML ||
				got.WantDigest != bad.Digest || got.WantSize != bad.Size || got.Response.Status != 200 {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			wantTree(t, c.Root, "opt/", "opt/bad")
			wantFile(t, filepath.Join(c.Root, bad.Path), "old")
		})
	}
}

// TestFetchReportsEveryMismatch: one run names all files that upstream changed.
func TestFetchReportsEveryMismatch(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	c.Jobs = 1
	var artifacts []fetch.Artifact
	for _, name := range []string{"a", "b", "c"} {
		artifacts = append(artifacts, pin(name, s.Script("/"+name, fetchtest.Body(other)), body+name))
	}
	_, err := c.Fetch(t.Context(), artifacts)
	for _, name := range []string{"a", "b", "c"} {
		if err == nil || !strings.Contains(err.Error(), name+": no source has the pinned bytes") {
			t.Errorf("error does not name %s: %v", name, err)
		}
	}
}

func TestFetchMirrors(t *testing.T) {
	s := fetchtest.New(t)
	a := pin("tool", s.URL+"/origin", body)
	a.Mirrors = []string{s.URL + "/mirror"}
	blob := "/tree/blobs/sha256/" + a.Digest.String()
	bad := []fetchtest.Step{fetchtest.Status(404), fetchtest.Body(other), fetchtest.Status(503), fetchtest.Page("<html>")}
	for _, origin := range bad {
		for i, uri := range []string{"/mirror", blob} {
			c := client(t)
			c.Mirrors = []string{s.URL + "/tree/"}
			s.Script("/origin", origin)
			s.Script("/mirror", bad[i])
			s.Script(uri, fetchtest.Body(body))
			if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
				t.Errorf("%s does not serve: %v", uri, err)
				continue
			}
			wantFile(t, filepath.Join(c.Root, a.Path), body)
		}
	}
}

func TestFetchCache(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	c.Cache = &cache.Store{Root: filepath.Join(t.TempDir(), "cache")}
	a := pin("tool", s.Script("/tool", fetchtest.Body(body)), body)
	blob := filepath.Join(c.Cache.Root, "blobs/sha256", a.Digest.String())
	again := func(requests int) {
		t.Helper()
		c.Root = t.TempDir()
		if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
			t.Fatal(err)
		}
		wantFile(t, filepath.Join(c.Root, a.Path), body)
		wantFile(t, blob, body)
		wantTree(t, c.Cache.Root, "blobs/", "blobs/sha256/", "blobs/sha256/"+a.Digest.String())
		if n := len(s.Requests("/tool")); n != requests {
			t.Errorf("%d requests, want %d", n, requests)
		}
	}
	again(1)
	again(1)
	// What happens to the placed file does not reach the cache.
	mustWrite(t, filepath.Join(c.Root, a.Path), other)
	again(1)
	// A corrupt blob is not used, and is replaced.
	mustWrite(t, blob, other)
	again(2)
	again(2)
}

func TestFetchOffline(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	c.Offline = true
	c.Mirrors = []string{s.URL}
	a := pin("tool", s.Script("/tool", fetchtest.Body(body)), body)
	_, err := c.Fetch(t.Context(), []fetch.Artifact{a})
	if err == nil || !strings.Contains(err.Error(), "offline") {
		t.Errorf("without a cache: %v", err)
	}
	c.Cache = &cache.Store{Root: t.TempDir()}
	_, err = c.Fetch(t.Context(), []fetch.Artifact{a})
	if err == nil || !strings.Contains(err.Error(), "offline") {
		t.Errorf("with an empty cache: %v", err)
	}
	wantTree(t, c.Root)
	mustWrite(t, filepath.Join(c.Cache.Root, "blobs/sha256", a.Digest.String()), body)
	if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
		t.Errorf("with the blob in the cache: %v", err)
	}
	if n := len(s.Requests("/tool")); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// TestFetchCacheOutOfOrder: what keeps the cache from being used does not keep
// the files from being placed.
func TestFetchCacheOutOfOrder(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	file := filepath.Join(t.TempDir(), "file")
	mustWrite(t, file, "")
	c.Cache = &cache.Store{Root: file}
	var warned error
	c.Events = func(e fetch.Event) {
		if e.Kind == fetch.EventCacheFailed {
			warned = e.Err
		}
	}
	a := pin("tool", s.Script("/tool", fetchtest.Body(body)), body)
	if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil || warned == nil {
		t.Errorf("err %v, warning %v", err, warned)
	}
	wantFile(t, filepath.Join(c.Root, a.Path), body)
}

func TestFetchFile(t *testing.T) {
	c := client(t)
	dir := t.TempDir()
	mustWrite(t, filepath.Join(dir, "a b#c"), body)
	a := pin("tool", "file://"+filepath.ToSlash(dir)+"/a%20b%23c", body)
	if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
		t.Error(err)
	}
	wantFile(t, filepath.Join(c.Root, a.Path), body)
	for _, url := range []string{"file://" + dir, "file://" + dir + "/none", "file:relative", "file://host/x", "ftp://host/x", "nonsense"} {
		c.Root = t.TempDir()
		var failed *fetch.TransferError
		if _, err := c.Fetch(t.Context(), []fetch.Artifact{pin("tool", url, body)}); !errors.As(err, &failed) || len(failed.Attempts) != 1 {
			t.Errorf("%s: %v", url, err)
		}
		wantTree(t, c.Root)
	}
}

func TestFetchInterrupted(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	reason := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	c.Events = func(e fetch.Event) {
		if e.Kind == fetch.EventProgress {
			cancel(reason)
		}
	}
	long := strings.Repeat(body, 100_000) // more than one buffer
	a := pin("a", s.Script("/a", s.Stalled(long, 1<<20)), long)
	b := pin("b", s.Script("/b", s.Stalled(long, 0)), long+"b")
	c.Source = source.New(source.Config{StallTimeout: time.Hour}) // longer than the test may take
	if _, err := c.Fetch(ctx, []fetch.Artifact{a, b}); !errors.Is(err, reason) {
		t.Errorf("error is %v", err)
	}
	wantTree(t, c.Root)
}

// TestFetchPlaceFails: when a rename fails in the middle, the error says what is
// in place.
func TestFetchPlaceFails(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	c.Jobs = 1
	a := pin("a", s.Script("/a", fetchtest.Body("a")), "a")
	b := pin("b", s.Script("/b", fetchtest.Body("b")), "b")
	c.Events = func(e fetch.Event) {
		if e.Kind == fetch.EventVerified && e.Artifact.Name == "b" {
			mustWrite(t, filepath.Join(c.Root, "opt/b/in the way"), "")
		}
	}
	_, err := c.Fetch(t.Context(), []fetch.Artifact{a, b})
	var got *fetch.PlaceError
	if !errors.As(err, &got) || len(got.Placed) != 1 || got.Placed[0].Name != "a" || len(got.Missing) != 1 {
		t.Errorf("error is %v", err)
	}
	wantTree(t, c.Root, "opt/", "opt/a", "opt/b/", "opt/b/in the way")
}

// TestReadSlowly: a server that sends a byte now and then never stalls, and no answer that is
// read as a whole is waited for without an end.
func TestReadSlowly(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	c.Retries, c.ReadTime = 5, 200*time.Millisecond
	endless := s.Trickle(nil, strings.Repeat("x", 1<<16))
	a := fetch.Artifact{Name: "list", URL: s.Script("/list", endless)}
	_, err := c.Read(t.Context(), a, 1<<20)
	if e, ok := errors.AsType[*fetch.TransferError](err); !ok || len(e.Attempts) != 1 || !strings.Contains(err.Error(), "the whole answer has not come within 200ms") {
		t.Errorf("got %v", err)
	}
}
