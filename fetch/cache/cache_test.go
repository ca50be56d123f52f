package cache_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"depfetch/fetch/cache"
	"depfetch/fetch/digest"
)

// blob is the digest of "hello".
var blob = digest.Of([]byte("hello"))

func source(t *testing.T, body string) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.WriteString(body); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestStore(t *testing.T) {
	s := &cache.Store{Root: filepath.Join(t.TempDir(), "not", "yet")}
	if _, err := s.Open(blob); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty store: %v", err)
	}
	for _, body := range []string{"hello", "replaced"} {
		if err := s.Put(blob, source(t, body)); err != nil {
			t.Fatal(err)
		}
		f, err := s.Open(blob)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(f)
		f.Close()
		if string(got) != body {
			t.Errorf("got %q, want %q", got, body)
		}
	}
	info, err := os.Stat(filepath.Join(s.Root, "blobs", "sha256", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"))
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the blob is not where an OCI layout has it, for all to read: %v, %v", info, err)
	}
	keep := func(digest.SHA256) bool { return false }
	if blobs, bytes, err := s.Prune(keep, false); blobs != 1 || bytes != int64(len("replaced")) || err != nil {
		t.Errorf("pruned %d blobs of %d bytes, %v", blobs, bytes, err)
	}
	if _, err := s.Open(blob); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a pruned blob: %v", err)
	}
}

// TestStoreNotTorn: whoever reads while others write sees one blob or another,
// whole.
func TestStoreNotTorn(t *testing.T) {
	s := &cache.Store{Root: t.TempDir()}
	bodies := []string{strings.Repeat("a", 1<<20), strings.Repeat("b", 1<<20)}
	if err := s.Put(blob, source(t, bodies[0])); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, body := range bodies {
		f := source(t, body)
		wg.Go(func() {
			for range 20 {
				if err := s.Put(blob, f); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 100 {
		f, err := s.Open(blob)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(f)
		f.Close()
		if string(got) != bodies[0] && string(got) != bodies[1] {
			t.Fatalf("a torn blob of %d bytes", len(got))
		}
	}
	wg.Wait()
	left, err := os.ReadDir(s.Root)
	if err != nil || fmt.Sprint(left) != "[d blobs/]" {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
