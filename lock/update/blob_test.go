package update

import (
	"errors"
	"io"
	"os"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/cache"
)

// TestOpenBlob holds that a blob is hashed before it is read, that no more than its
// size is, and that it is a copy where others may write.
func TestOpenBlob(t *testing.T) {
	shared, private := &cache.Store{Root: t.TempDir()}, &cache.Store{Root: t.TempDir()}
	c := &Client{Fetch: &fetch.Client{Cache: shared}}
	for _, store := range []*cache.Store{shared, private} {
		digest := blob(t, store, func(f *os.File) { f.WriteString("good") })
		for _, size := range []int64{fetch.SizeUnknown, 4} {
			f, err := c.openBlob(t.Context(), store, digest, size)
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(f); err != nil || string(text) != "good" {
				t.Errorf("got %q, %v", text, err)
			}
			f.Close()
		}
		f, err := c.openBlob(t.Context(), store, digest, 4)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(store.File(digest), []byte("evil"), 0o644); err != nil {
			t.Fatal(err)
		}
		if text, _ := io.ReadAll(f); store == shared && string(text) != "good" {
			t.Errorf("what others have written meanwhile is read: %q", text)
		}
		f.Close()
		var wrong *BlobError
		if _, err := c.openBlob(t.Context(), store, digest, 4); !errors.As(err, &wrong) {
			t.Errorf("other bytes: %v", err)
		}
		if err := os.Truncate(store.File(digest), 1<<40); err != nil {
			t.Fatal(err)
		}
		if _, err := c.openBlob(t.Context(), store, digest, 4); !errors.As(err, &wrong) {
			t.Errorf("too much: %v", err)
		}
	}
}
