package fetch_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/fetchtest"
)

// TestInto holds that a file has the pinned bytes when Into returns nil, wherever
// they come from.
func TestInto(t *testing.T) {
	s := fetchtest.New(t)
	empty := func() *os.File {
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	holds := func(f *os.File) {
		t.Helper()
		f.Seek(0, io.SeekStart)
		if got, err := io.ReadAll(f); err != nil || string(got) != body {
			t.Errorf("the file holds %q, %v", got, err)
		}
	}
	c := client(t)
	c.Cache = &cache.Store{Root: filepath.Join(t.TempDir(), "cache")}

	// Wrong bytes first, then a broken transfer, then the right ones.
	a := pin("a", s.Script("/a", fetchtest.Status(503), fetchtest.Truncated(body, 3), fetchtest.Body(body)), body)
	f := empty()
	got, err := c.Into(context.Background(), &a, f)
	if err != nil || got.Source != fetch.SourceOrigin || got.Bytes != int64(len(body)) || got.Response.Status != 200 {
		t.Fatalf("got %+v, %v", got, err)
	}
	holds(f)

	// They are in the cache now.
	c.Offline = true
	f = empty()
	if got, err := c.Into(context.Background(), &a, f); err != nil || got.Source != fetch.SourceCache {
		t.Errorf("offline: got %+v, %v", got, err)
	}
	holds(f)
	c.Offline = false

	// Without a file, nothing is kept.
	b := pin("b", s.Script("/b", fetchtest.Body(body+"b")), body+"b")
	if got, err := c.Into(context.Background(), &b, nil); err != nil || got.Bytes != b.Size {
		t.Errorf("without a file: got %+v, %v", got, err)
	}
	if _, err := c.Cache.Open(b.Digest); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file, the cache holds it: %v", err)
	}

	wrong := pin("wrong", s.Script("/wrong", fetchtest.Body(other)), body+"c")
	var mismatch *fetch.MismatchError
	if _, err := c.Into(context.Background(), &wrong, empty()); !errors.As(err, &mismatch) {
		t.Errorf("wrong bytes: %v", err)
	}
	closed := empty()
	closed.Close()
	var destination *fetch.DestinationError
	if _, err := c.Into(context.Background(), &a, closed); !errors.As(err, &destination) {
		t.Errorf("a file that cannot be written: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Into(ctx, &b, empty()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
