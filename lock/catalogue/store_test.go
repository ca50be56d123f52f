package catalogue

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"depfetch/fetch/cache"
	"depfetch/lock"
)

const oneTool = "packages:\n  - name: a/tool\n"

// TestStore holds that a registry is asked for once, and never taken with other bytes
// than those that are pinned.
func TestStore(t *testing.T) {
	dir := t.TempDir()
	asked := 0
	serves := oneTool
	read := func(context.Context, string) ([]byte, error) {
		asked++
		return []byte(serves), nil
	}
	s := Store{Folder: dir, Cache: &cache.Store{Root: filepath.Join(dir, "cache")}, Read: read}
	pin := lock.Registry{Name: "own", URL: "https://example.com/r.yaml", Digest: sha256.Sum256([]byte(oneTool))}
	load := func(s Store, pin lock.Registry) error {
		r, err := s.Load(t.Context(), pin)
		if err != nil {
			return err
		}
		if entries, err := r.Entries(); err != nil || names(entries) != "a/tool" || r.Name != "own" {
			t.Errorf("got %s, %v", names(entries), err)
		}
		return nil
	}
	offline := s
	offline.Read = nil
	if err := load(offline, pin); !errors.As(err, new(*NotKeptError)) {
		t.Errorf("nothing is kept yet: got %v", err)
	}
	for range 2 {
		if err := load(s, pin); err != nil || asked != 1 {
			t.Errorf("asked %d times, %v", asked, err)
		}
	}
	if err := load(offline, pin); err != nil {
		t.Errorf("offline: %v", err)
	}
	if err := os.WriteFile(s.Cache.File(pin.Digest), []byte("packages: []\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := load(offline, pin); !errors.As(err, new(*NotKeptError)) {
		t.Errorf("damaged, offline: %v", err)
	}
	if err := load(s, pin); err != nil || asked != 2 {
		t.Errorf("damaged: asked %d times, %v", asked, err)
	}
	serves = "packages: []\n"
	other := pin
	other.Digest[0]++
	if err := load(s, other); !errors.As(err, new(*DigestError)) {
		t.Errorf("other bytes: %v", err)
	}
	if _, err := os.Stat(s.Cache.File(sha256.Sum256([]byte(serves)))); err == nil {
		t.Error("what was refused has been kept")
	}

	// A file is read anew each time, and not kept.
	file := lock.Registry{Name: "own", Path: "r.yaml", Digest: pin.Digest}
	if err := load(offline, file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	for _, c := range []struct {
		text string
		ok   bool
	}{{oneTool, true}, {oneTool + "\n", false}} {
		if err := os.WriteFile(filepath.Join(dir, "r.yaml"), []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := load(offline, file); (err == nil) != c.ok {
			t.Errorf("%q: %v", c.text, err)
		}
	}

	// Without a cache, or one that cannot be written, it is asked for each time.
	serves = oneTool
	for _, store := range []*cache.Store{nil, {Root: filepath.Join(dir, "r.yaml")}} {
		if err := load(Store{Cache: store, Read: read}, pin); err != nil {
			t.Errorf("%v: %v", store, err)
		}
	}
	if asked != 5 {
		t.Errorf("asked %d times", asked)
	}
}

// TestStoreOld holds that what no lockfile has used for long is removed when another
// registry comes, and that a use is recorded.
func TestStoreOld(t *testing.T) {
	store := &cache.Store{Root: t.TempDir()}
	text := "packages: []\n"
	s := Store{Cache: store, Read: func(context.Context, string) ([]byte, error) { return []byte(text), nil }}
	load := func(content string) string {
		t.Helper()
		text = content
		digest := sha256.Sum256([]byte(content))
		if _, err := s.Load(t.Context(), lock.Registry{Name: "own", URL: "https://example.com/r.yaml", Digest: digest}); err != nil {
			t.Fatal(err)
		}
		return store.File(digest)
	}
	used, old, young := load(oneTool), load(oneTool+"# old\n"), load(oneTool+"# young\n")
	other := filepath.Join(filepath.Dir(old), "README")
	if err := os.WriteFile(other, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{used: 31, old: 31, young: 29, other: 31} {
		then := time.Now().Add(-age * 24 * time.Hour)
		if err := os.Chtimes(name, then, then); err != nil {
			t.Fatal(err)
		}
	}
	load(oneTool)
	kept := load(oneTool + "# new\n")
	for name, want := range map[string]bool{used: true, old: false, young: true, other: true, kept: true} {
		if _, err := os.Stat(name); (err == nil) != want {
			t.Errorf("%s is there: %t", name, err == nil)
		}
	}
}

// TestReleaseOf holds which addresses of registries name a release.
func TestReleaseOf(t *testing.T) {
	for address, want := range map[string]string{
		PublicAddress("v4.1.0"): PublicRepository + " v4.1.0",
		"https://github.com/own/registry/releases/download/v2/registry.yaml": "own/registry v2",
		"https://raw.githubusercontent.com/own/registry/main/registry.yaml":  "",
		"https://example.com/own/registry/v1/registry.yaml":                  "",
	} {
		repository, tag, ok := ReleaseOf(address)
		if got := repository + " " + tag; ok != (want != "") || ok && got != want {
			t.Errorf("%s: got %s, %v", address, got, ok)
		}
	}
}
