//go:build unix

package atomicfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"depfetch/fetch/atomicfile"
	"depfetch/fetch/regular"
)

// put makes a file with exactly this mode.
func put(t *testing.T, name, text string, mode fs.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(name, []byte(text), 0o600), os.Chmod(name, mode)); err != nil {
		t.Fatal(err)
	}
}

// holds fails the test unless the file has this text and mode, and its directory so
// many entries.
func holds(t *testing.T, name, text string, mode fs.FileMode, entries int) {
	t.Helper()
	got, err := os.ReadFile(name)
	info, failed := os.Stat(name)
	if err := errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	if string(got) != text || info.Mode() != mode {
		t.Errorf("%s: %q, mode %v; want %q, mode %v", name, got, info.Mode(), text, mode)
	}
	if all, err := os.ReadDir(filepath.Dir(name)); err != nil || len(all) != entries {
		t.Errorf("beside %s: %v, %v; want %d entries", name, all, err, entries)
	}
}

func TestUpdate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	put(t, name, "old", 0o640|fs.ModeSetgid)
	before, _ := os.Stat(name)
	if err := atomicfile.Update(name, []byte("old"), []byte("new text")); err != nil {
		t.Fatal(err)
	}
	holds(t, name, "new text", 0o640|fs.ModeSetgid, 1)
	if after, _ := os.Stat(name); os.SameFile(before, after) {
		t.Error("it was written into, and not replaced")
	}
	for _, old := range []string{"old", "", "new tex", "new text\n"} {
		if err := atomicfile.Update(name, []byte(old), []byte("lost")); !errors.Is(err, atomicfile.ErrChanged) {
			t.Errorf("read as %q: %v", old, err)
		}
	}
	holds(t, name, "new text", 0o640|fs.ModeSetgid, 1)
	os.Remove(name)
	if err := atomicfile.Update(name, []byte("old"), []byte("new")); !errors.Is(err, atomicfile.ErrChanged) {
		t.Errorf("removed meanwhile: %v", err)
	}
	if all, _ := os.ReadDir(filepath.Dir(name)); len(all) != 0 {
		t.Errorf("left: %v", all)
	}
}

func TestHardLink(t *testing.T) {
	dir := t.TempDir()
	name, other := filepath.Join(dir, "f"), filepath.Join(dir, "g")
	put(t, name, "a longer old text", 0o604)
	if err := os.Link(name, other); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Update(name, []byte("a longer old text"), []byte("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, other, "new", 0o604, 2)
	if err := atomicfile.Update(name, []byte("other"), []byte("lost")); !errors.Is(err, atomicfile.ErrChanged) {
		t.Errorf("changed meanwhile: %v", err)
	}
	holds(t, other, "new", 0o604, 2)
}

func TestSymbolicLinks(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "a/b"), 0o755), os.Symlink("a/b", filepath.Join(dir, "to")),
		os.Symlink("../f", filepath.Join(dir, "a/b/link")), os.Symlink("to/link", filepath.Join(dir, "links")),
		os.Symlink("to/../new", filepath.Join(dir, "dangling")), os.Symlink("loop", filepath.Join(dir, "loop"))); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "a/f"), "old", 0o600)
	if err := atomicfile.Update(filepath.Join(dir, "links"), []byte("old"), []byte("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, filepath.Join(dir, "a/f"), "new", 0o600, 2)
	if err := atomicfile.Write(filepath.Join(dir, "dangling"), []byte("made"), 0o640); err != nil {
		t.Fatal(err)
	}
	holds(t, filepath.Join(dir, "a/new"), "made", 0o640, 3)
	for _, name := range []string{"links", "dangling", "a/b/link", "to"} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is a link no more: %v, %v", name, info, err)
		}
	}
	if err := atomicfile.Write(filepath.Join(dir, "loop"), nil, 0o600); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("loop: %v", err)
	}
	if err := atomicfile.Create(filepath.Join(dir, "loop"), nil, 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("create over a link: %v", err)
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{fifo, dir, "/dev/null"} {
		if err := atomicfile.Write(name, []byte("x"), 0o600); !errors.Is(err, regular.ErrOther) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all, _ := os.ReadDir(dir); len(all) != 1 {
		t.Errorf("left: %v", all)
	}
}

func TestCreate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	if err := atomicfile.Create(name, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	holds(t, name, "text", 0o644, 1)
	if err := atomicfile.Create(name, []byte("other"), 0o644); !errors.Is(err, fs.ErrExist) {
		t.Errorf("again: %v", err)
	}
	holds(t, name, "text", 0o644, 1)
}

// TestNamed: what cannot be written is named, not the private file that it was to be.
func TestNamed(t *testing.T) {
	name := filepath.Join(t.TempDir(), "none", "file")
	for _, err := range []error{
		atomicfile.Create(name, []byte("text"), 0o644),
		atomicfile.Write(name, []byte("text"), 0o644),
	} {
		e, ok := errors.AsType[*fs.PathError](err)
		if !ok || !errors.Is(err, fs.ErrNotExist) || e.Path != name && e.Path != filepath.Dir(name) {
			t.Errorf("got %v", err)
		}
	}
}
