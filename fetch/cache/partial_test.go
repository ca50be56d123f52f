//go:build unix

package cache_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"depfetch/fetch/cache"
	"depfetch/fetch/digest"
)

// TestClaim holds that a partial has one owner, and what the next one finds.
func TestClaim(t *testing.T) {
	s := &cache.Store{Root: filepath.Join(t.TempDir(), "cache")}
	p, _, err := s.Claim(blob)
	if err != nil {
		t.Fatal(err)
	}
	p.Record(digest.Of(nil), `"one"`)
	p.Write([]byte("hel"), 0)
	if _, size, err := s.Claim(blob); !errors.Is(err, cache.ErrBusy) || size != 3 {
		t.Errorf("a second owner: %d, %v", size, err)
	}
	p.Close(true)
	p, _, err = s.Claim(blob)
	if err != nil {
		t.Fatal(err)
	}
	if key, validator := p.Recorded(); key != digest.Of(nil) || validator != `"one"` {
		t.Errorf("recorded: %s, %s", key, validator)
	}
	p.Write([]byte("lo"), 3)
	if err := p.Commit(5); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(s.File(blob)); string(text) != "hello" {
		t.Errorf("the blob is %q, %v", text, err)
	}
	if entries, err := os.ReadDir(s.Root); err != nil || len(entries) != 1 {
		t.Errorf("left in the store: %v, %v", entries, err)
	}
}

// TestSweepPartials holds that what nobody has is removed when it is old, or by Prune.
func TestSweepPartials(t *testing.T) {
	s := &cache.Store{Root: t.TempDir()}
	leave := func(d digest.SHA256, keep bool) *cache.Partial {
		p, _, err := s.Claim(d)
		if err != nil {
			t.Fatal(err)
		}
		p.Record(digest.Of(nil), `"one"`)
		if keep {
			p.Close(true)
		}
		return p
	}
	count := func(want int) {
		t.Helper()
		if entries, err := os.ReadDir(s.Root); err != nil || len(entries) != want {
			t.Errorf("%d of %d files are there: %v", len(entries), want, err)
		}
	}
	leave(blob, true)
	held := leave(digest.Of([]byte("held")), false)
	entries, _ := os.ReadDir(s.Root)
	old := time.Now().Add(-48 * time.Hour)
	s.Sweep()
	count(4)
	for _, e := range entries {
		if err := os.Chtimes(filepath.Join(s.Root, e.Name()), old, old); err != nil {
			t.Fatal(err)
		}
	}
	s.Sweep()
	count(2)
	leave(blob, true)
	if _, err := s.Prune(func(digest.SHA256) bool { return true }, true); err != nil {
		t.Error(err)
	}
	count(4)
	if _, err := s.Prune(func(digest.SHA256) bool { return true }, false); err != nil {
		t.Error(err)
	}
	count(2)
	held.Close(false)
	count(0)

	// Nobody goes on with what others have downloaded meanwhile, or with a record alone.
	leave(blob, true)
	held = leave(digest.Of([]byte("held")), false)
	for d, text := range map[digest.SHA256]string{blob: "hello", digest.Of([]byte("held")): "held"} {
		if err := s.Put(d, temp(t, text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.Root, ".partial-"+digest.Of([]byte("gone")).String()+".from"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	count(6)
	s.Sweep()
	count(3)
	held.Close(false)
}

// temp returns an open file.
func temp(t *testing.T, text string) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestCommitChanged holds that what another has put in the place of a partial, or has
// changed, as on a file system whose locks do not reach its machine, is not made the blob.
func TestCommitChanged(t *testing.T) {
	for name, change := range map[string]func(part string) error{
		"replaced": func(part string) error {
			return errors.Join(os.Remove(part), os.WriteFile(part, []byte("hxllo"), 0o644))
		},
		"removed":   os.Remove,
		"truncated": func(part string) error { return os.Truncate(part, 3) },
		"longer":    func(part string) error { return os.Truncate(part, 9) },
	} {
		t.Run(name, func(t *testing.T) {
			s := &cache.Store{Root: t.TempDir()}
			p, _, err := s.Claim(blob)
			if err != nil {
				t.Fatal(err)
			}
			p.Write([]byte("hello"), 0)
			if err := change(filepath.Join(s.Root, ".partial-"+blob.String())); err != nil {
				t.Fatal(err)
			}
			if err := p.Commit(5); err == nil {
				t.Error("no error")
			}
			if f, err := s.Open(blob); err == nil {
				f.Close()
				t.Error("there is a blob")
			}
		})
	}
}

// TestClaimUnusable holds that a partial which another could change, or which another
// user has left, is removed with its record, and that one takes its place.
func TestClaimUnusable(t *testing.T) {
	s := &cache.Store{Root: t.TempDir()}
	name := filepath.Join(s.Root, ".partial-"+blob.String())
	elsewhere := filepath.Join(t.TempDir(), "keep")
	for path, text := range map[string]string{elsewhere: "keep", name + ".from": "x"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(elsewhere, name); err != nil {
		t.Fatal(err)
	}
	p, _, err := s.Claim(blob)
	if err != nil {
		t.Fatal(err)
	}
	p.Write([]byte("hello"), 0)
	if entries, err := os.ReadDir(s.Root); err != nil || len(entries) != 1 {
		t.Errorf("in the store: %v, %v", entries, err)
	}
	p.Close(false)
	if text, err := os.ReadFile(elsewhere); string(text) != "keep" {
		t.Errorf("the other file holds %q, %v", text, err)
	}
}

// TestPartialGap holds that what lies behind a gap does not count, where the file system
// tells.
func TestPartialGap(t *testing.T) {
	s := &cache.Store{Root: t.TempDir()}
	p, _, err := s.Claim(blob)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(false)
	p.Write(make([]byte, 1<<20), 0)
	if n := p.Whole(); n != 1<<20 {
		t.Errorf("%d bytes without a gap", n)
	}
	if _, err := p.File().WriteAt([]byte("x"), 8<<20); err != nil {
		t.Fatal(err)
	}
	if n := p.Whole(); runtime.GOOS == "linux" && (n < 1<<19 || n > 1<<20) {
		t.Errorf("%d bytes before the gap", n)
	}
}
