//go:build unix

package scratch_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"depfetch/fetch/scratch"
)

func exists(name string) bool {
	_, err := os.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	f, err := scratch.File(dir)
	if err != nil {
		t.Fatal(err)
	}
	d, err := scratch.NewDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(d.Path, "staged")
	if err := os.WriteFile(inside, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if scratch.Sweep(dir) || !exists(f.Name()) || !exists(inside) {
		t.Error("what is in use has been swept")
	}
	// The death of a process closes its files, and no more.
	f.Close()
	if !scratch.Sweep(dir) || exists(f.Name()) || !exists(inside) {
		t.Error("the file of the dead has not been swept, or too much")
	}
	if err := d.Remove(); err != nil || exists(d.Path) {
		t.Errorf("a removed directory is still there: %v", err)
	}
	old := filepath.Join(dir, ".depfetch-old")
	if err := errors.Join(os.Mkdir(old, 0o700), os.WriteFile(filepath.Join(old, "staged"), nil, 0o400)); err != nil {
		t.Fatal(err)
	}
	if !scratch.Sweep(dir) || exists(old) {
		t.Error("the directory of the dead has not been swept")
	}
	if scratch.Sweep(dir) || scratch.Sweep(filepath.Join(dir, "missing")) {
		t.Error("swept where there is nothing")
	}
}

// TestSweepLeaves: what this package cannot have made is not its business.
func TestSweepLeaves(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "keep")
	if err := os.WriteFile(elsewhere, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	link, fifo, other := filepath.Join(dir, ".depfetch-link"), filepath.Join(dir, ".depfetch-fifo"), filepath.Join(dir, "depfetch-")
	if err := errors.Join(os.Symlink(elsewhere, link), syscall.Mkfifo(fifo, 0o600), os.WriteFile(other, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if scratch.Sweep(dir) || !exists(link) || !exists(fifo) || !exists(other) || !exists(elsewhere) {
		t.Error("swept what is not its own")
	}
}

func TestPlace(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "placed")
	for _, text := range []string{"old", "new"} {
		f, err := scratch.File(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := scratch.Place(f, name); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); string(got) != text || exists(f.Name()) {
			t.Errorf("placed is %q (%v), want %q", got, err, text)
		}
	}
}

// TestSweepRace: what is being made while others sweep is there when it is made.
func TestSweepRace(t *testing.T) {
	dir := t.TempDir()
	stop := make(chan struct{})
	var sweepers, makers sync.WaitGroup
	for range 2 {
		sweepers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					scratch.Sweep(dir)
				}
			}
		})
	}
	for range 4 {
		makers.Go(func() {
			for range 300 {
				f, err := scratch.File(dir)
				if err != nil {
					t.Error(err)
					return
				}
				if !exists(f.Name()) {
					t.Errorf("%s was swept while it was in use", f.Name())
				}
				f.Close()
			}
		})
	}
	makers.Wait()
	close(stop)
	sweepers.Wait()
}
