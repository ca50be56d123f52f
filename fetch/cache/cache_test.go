package cache_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
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
	if removed, err := s.Prune(keep, false); err != nil || !slices.Equal(removed, []cache.Blob{{Digest: blob, Size: int64(len("replaced"))}}) {
		t.Errorf("pruned %v, %v", removed, err)
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

// TestStoreShared: where all users may write in the root of a store, they may add blobs
// too, and where one alone may, nobody else may read them.
func TestStoreShared(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	for _, mode := range []fs.FileMode{0o777 | fs.ModeSticky, 0o700, 0o755} {
		s := &cache.Store{Root: t.TempDir()}
		if err := os.Chmod(s.Root, mode); err != nil {
			t.Fatal(err)
		}
		if err := s.Put(blob, source(t, "hello")); err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{"blobs", cache.Dir} {
			info, err := os.Stat(filepath.Join(s.Root, dir))
			if err != nil || info.Mode() != mode|fs.ModeDir {
				t.Errorf("%s below a root of mode %v: %v, %v", dir, mode, info.Mode(), err)
			}
		}
	}
}
