package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/digest"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// files returns what a lockfile with n files pins that a server has, and one more without
// a size.
func files(t *testing.T, n int) []Blob {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) }))
	t.Cleanup(server.Close)
	var blobs []Blob
	for i := range n + 1 {
		path := fmt.Sprintf("/%d", i)
		a := fetch.Artifact{Name: path[1:], Platform: "any", URL: server.URL + path, Digest: digest.Of([]byte(path)), Size: int64(len(path))}
		if i == n {
			a.Size = fetch.SizeUnknown
		}
		blobs = append(blobs, Blob{a, []fetch.Artifact{a}})
	}
	return blobs
}

// checked wants the statuses of a check, and returns its results.
func checked(t *testing.T, c *Client, blobs []Blob, deep, kept bool, want ...Status) []Result {
	t.Helper()
	got, k, err := c.Check(t.Context(), blobs, deep)
	if err != nil || k != kept {
		t.Errorf("kept %v, %v", k, err)
	}
	var statuses []Status
	for _, r := range got {
		statuses = append(statuses, r.Status)
	}
	if fmt.Sprint(statuses) != fmt.Sprint(want) {
		t.Errorf("deep %v: got %v, want %v", deep, statuses, want)
	}
	return got
}

// TestPush copies to both kinds of targets what they lack, and from them.
func TestPush(t *testing.T) {
	blobs := files(t, 2)
	for _, target := range []string{"oci://" + newServer(t).host + "/team/deps:v1", filepath.Join(t.TempDir(), "mirror")} {
		c := newClient(t, target)
		c.Fetch.Source = source.New(source.Config{})
		var told []string
		c.Copied = func(b Blob, _ time.Duration) { told = append(told, b.Artifact.Name) }
		checked(t, c, blobs, false, true, Missing, Missing, Missing)
		got, err := c.Push(t.Context(), blobs)
		if err != nil || len(told) != 3 || got.Results[2].Artifact.Size != 2 {
			t.Fatalf("%+v, %v, told of %v", got, err, told)
		}
		if want := c.Target.IsRegistry(); want != (len(got.Tagged) == 2) || want && (got.Tagged[1] != "v1" || got.Tagged[0] != got.Manifest.Tag()) {
			t.Errorf("tags %v", got.Tagged)
		}
		checked(t, c, blobs, false, true, Present, Present, Present)
		checked(t, c, blobs, true, true, Present, Present, Present)
		again, err := c.Push(t.Context(), blobs)
		if err != nil || len(told) != 3 || again.Manifest.Digest != got.Manifest.Digest || len(again.Tagged) != 0 {
			t.Errorf("again: %+v, %v, told of %v", again, err, told)
		}
		dir := &cache.Store{Root: t.TempDir()}
		if pulled, err := c.Pull(t.Context(), blobs, dir); err != nil || pulled[0].Status != Copied {
			t.Errorf("%+v, %v", pulled, err)
		}
		if pulled, err := c.Pull(t.Context(), blobs, dir); err != nil || pulled[0].Status != Present {
			t.Errorf("%+v, %v", pulled, err)
		}
		// A part of what is pinned is there, and no manifest holds just that.
		checked(t, c, blobs[:1], false, !c.Target.IsRegistry(), Present)
	}
}

// TestPushWrong: what upstream serves in the place of a file keeps the manifest from being
// sent, and other files not from being copied.
func TestPushWrong(t *testing.T) {
	blobs := files(t, 1)
	blobs[0].Artifact.Digest[0]++
	s := newServer(t)
	c := newClient(t, "oci://"+s.host+"/team/deps")
	c.Fetch.Source = source.New(source.Config{})
	_, err := c.Push(t.Context(), blobs)
	var transfer *fetch.TransferError
	if !errors.As(err, &transfer) {
		t.Error(err)
	}
	checked(t, c, blobs, true, true, Missing, Present)
	for _, r := range s.requests {
		if strings.HasPrefix(r, "PUT ") && strings.Contains(r, "/manifests/") {
			t.Error(r)
		}
	}
	blobs = files(t, 1)
	blobs[0].Artifact.Size = fetch.SizeUnknown
	if _, err := c.Push(t.Context(), blobs[:1]); err != nil {
		t.Fatal(err)
	}
	blobs[0].Artifact.Size = 3
	got := checked(t, c, blobs, false, true, Wrong, Present)
	if want := "it has 2 bytes, and 3 are pinned"; got[0].Err == nil || got[0].Err.Error() != want {
		t.Errorf("got %v, want %s", got[0].Err, want)
	}
	if _, err := c.Push(t.Context(), blobs); err == nil || !IsWrong(err) || !strings.Contains(err.Error(), "does not let them be replaced") {
		t.Error(err)
	}
}

// TestPullMissing: what a target lacks is an error that says so, and a directory that
// cannot be written is none of the target.
func TestPullMissing(t *testing.T) {
	blobs := files(t, 0)
	c := newClient(t, "oci://"+newServer(t).host+"/team/deps")
	_, err := c.Pull(t.Context(), blobs, &cache.Store{Root: t.TempDir()})
	if !errors.Is(err, ErrMissing) {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = c.Pull(t.Context(), blobs, &cache.Store{Root: filepath.Join(file, "dir")})
	var failed *Error
	var path *fs.PathError
	if errors.As(err, &failed) || !errors.As(err, &path) {
		t.Error(err)
	}
}

// TestCheckUnreachable: a registry that refuses is not one that lacks something, and its
// error names the request and the status.
func TestCheckUnreachable(t *testing.T) {
	s := newServer(t)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v2/" {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	c := newClient(t, "oci://"+s.host+"/team/deps")
	got := checked(t, c, files(t, 0), false, true, Unreachable)
	if got[0].Err == nil || !strings.HasSuffix(got[0].Err.Error(), ": HTTP 403 Forbidden") {
		t.Error(got[0].Err)
	}
	s.count()
	images, err := c.CheckImages(t.Context(), []Image{mustImage(t, "x@sha256:"+strings.Repeat("ab", 32))}, false)
	if err != nil || images[0].Status != Unreachable || s.count("GET", "HEAD") > 3 {
		t.Errorf("%+v, %v", images, err)
	}
}

// TestRetry: what may pass is tried again as often as is allowed, and what does not is not.
func TestRetry(t *testing.T) {
	for status, want := range map[int]int{http.StatusServiceUnavailable: 3, http.StatusTooManyRequests: 3, http.StatusNotFound: 1, http.StatusForbidden: 1} {
		s := newServer(t)
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/v2/" {
				return false
			}
			w.WriteHeader(status)
			return true
		}
		c := newClient(t, "oci://"+s.host+"/team/deps")
		if _, _, err := c.Check(t.Context(), files(t, 0), false); err != nil {
			t.Error(err)
		}
		if n := s.count("HEAD"); n != want {
			t.Errorf("status %d: asked %d times, want %d", status, n, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	c := &Client{Retries: 5}
	n := 0
	err := c.retry(ctx, func() error {
		n++
		cancel()
		return io.ErrUnexpectedEOF
	})
	if n != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d tries after the end, %v", n, err)
	}
}

// TestPushSweeps: what a killed push has left in a directory goes with the next one.
func TestPushSweeps(t *testing.T) {
	c := newClient(t, t.TempDir())
	c.Fetch.Source = source.New(source.Config{})
	left := filepath.Join(c.Target.String(), ".depfetch-"+strings.Repeat("0123", 8))
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Push(t.Context(), files(t, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestBlobs: lines that share bytes are one blob, with one size.
func TestBlobs(t *testing.T) {
	const (
		one = `sha256 = "abababababababababababababababababababababababababababababababab"`
		two = `sha256 = "0101010101010101010101010101010101010101010101010101010101010101"`
	)
	parse := func(text string) *lock.File {
		t.Helper()
		f, err := lock.Parse("deps.lock.toml", []byte("version = 1\n[urls]\n"+text))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	blobs, err := Blobs(parse(`"https://a.example/x" = { ` + one + ` }
"https://b.example/x" = { ` + one + `, size = 5, mirrors = ["https://m.example/x"] }
"https://c.example/x" = { ` + two + `, size = 5 }
"https://d.example/x" = { unpinned = "it moves" }
`))
	if err != nil || len(blobs) != 2 || blobs[1].Artifact.Size != 5 || len(blobs[1].Lines) != 2 ||
		fmt.Sprint(blobs[1].Artifact.Mirrors) != "[https://b.example/x https://m.example/x]" {
		t.Errorf("%+v, %v", blobs, err)
	}
	_, err = Blobs(parse(`"https://a.example/x?key=secret" = { ` + one + `, size = 4 }
"https://b.example/x" = { ` + one + ` }
"https://c.example/x" = { ` + one + `, size = 5 }
`))
	var sizes *SizeError
	if !errors.As(err, &sizes) || !strings.HasSuffix(err.Error(), "two sizes in the lockfile: 4 for https://a.example/x?key=REDACTED, and 5 for https://c.example/x") {
		t.Error(err)
	}
}

// TestManifestSize: a manifest that registries would refuse is not sent.
func TestManifestSize(t *testing.T) {
	a := fetch.Artifact{Name: strings.Repeat("n", 1000), Platform: "any", URL: "https://example.com/x", Size: 1}
	results := make([]Result, maxManifest/1000)
	for i := range results {
		results[i].Blob = Blob{a, []fetch.Artifact{a}}
	}
	if _, err := newManifest(results); err == nil || !strings.Contains(err.Error(), "push to a directory, or split the lockfile") {
		t.Error(err)
	}
}
