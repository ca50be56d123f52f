//go:build unix

package fetch_test

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/fetchtest"
)

// TestFetchBadBlob: whatever lies in the cache, the next source is asked, and a
// blob is not read beyond the size that is pinned.
func TestFetchBadBlob(t *testing.T) {
	s := fetchtest.New(t)
	huge := func(name string) error { return errors.Join(os.WriteFile(name, nil, 0o644), os.Truncate(name, 1<<40)) }
	tests := []struct {
		name string
		size int64
		make func(name string) error
		says string
	}{
		{"too large", int64(len(body)), huge, "wrong bytes"},
		{"too large for a size that is not pinned", fetch.SizeUnknown, huge, "more than 1024 bytes"},
		{"wrong", int64(len(body)), func(name string) error { return os.WriteFile(name, []byte(other), 0o644) }, "wrong bytes"},
		{"a FIFO", int64(len(body)), func(name string) error { return syscall.Mkfifo(name, 0o644) }, "not a regular file"},
		{"a link to a device", int64(len(body)), func(name string) error { return os.Symlink("/dev/zero", name) }, "not a regular file"},
		{"a directory", int64(len(body)), func(name string) error { return os.Mkdir(name, 0o755) }, "not a regular file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := pin("tool", s.Script("/tool", fetchtest.Body(body)), body)
			a.Size = tt.size
			setup := func() (*fetch.Client, *string) {
				c, said := client(t), new(string)
				c.Cache, c.Unpinned = &cache.Store{Root: t.TempDir()}, 1024
				blob := c.Cache.File(a.Digest)
				if err := errors.Join(os.MkdirAll(filepath.Dir(blob), 0o755), tt.make(blob)); err != nil {
					t.Fatal(err)
				}
				c.Events = func(e fetch.Event) {
					if e.Kind == fetch.EventFailed && e.Source == fetch.SourceCache {
						*said = e.Err.Error()
					}
				}
				return c, said
			}
			c, said := setup()
			if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
				t.Fatal(err)
			}
			wantFile(t, filepath.Join(c.Root, a.Path), body)
			if !strings.Contains(*said, tt.says) {
				t.Errorf("the cache's error is %q, want one with %q", *said, tt.says)
			}
			if tt.name == "a directory" {
				return // in whose place no blob can be put
			}
			c, _ = setup()
			if sum, err := c.Fill(t.Context(), []fetch.Artifact{a}); err != nil || sum.Placed != 1 {
				t.Errorf("Fill: %+v, %v", sum, err)
			}
		})
	}
}

// TestUnpinned: an answer without a pinned size has an end.
func TestUnpinned(t *testing.T) {
	s := fetchtest.New(t)
	endless := func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write([]byte(body)); err != nil {
				return
			}
		}
	}
	for name, step := range map[string]fetchtest.Step{"declared": fetchtest.Body(strings.Repeat(body, 1000)), "endless": endless} {
		c := client(t)
		c.Unpinned = 1000
		a := pin("tool", s.Script("/"+name, step), body)
		a.Size = fetch.SizeUnknown
		_, err := c.Fetch(t.Context(), []fetch.Artifact{a})
		var failed *fetch.TransferError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), "more than 1000 bytes") {
			t.Errorf("%s: %v", name, err)
		}
		wantTree(t, c.Root)
		if m, err := c.Measure(t.Context(), []fetch.Artifact{a}); err != nil || m[0].Err == nil || !strings.Contains(m[0].Err.Error(), "more than 1000 bytes") {
			t.Errorf("%s: measured %+v, %v", name, m, err)
		}
	}
	// As many as are allowed are no error, whatever marks the end.
	c := client(t)
	c.Unpinned = int64(len(body))
	for name, step := range map[string]fetchtest.Step{"/exact": fetchtest.Body(body), "/short": fetchtest.Raw("HTTP/1.0 200 OK\r\n\r\nx")} {
		a := pin("tool", s.Script(name, step), body)
		a.Size = fetch.SizeUnknown
		if name == "/short" {
			a.Digest = sha256.Sum256([]byte("x"))
		}
		if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
