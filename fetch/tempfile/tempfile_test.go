//go:build unix

package tempfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"depfetch/fetch/tempfile"
)

func exists(name string) bool {
	_, err := os.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	f, err := tempfile.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	d, err := tempfile.NewDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(d.Path, "staged")
	if err := os.WriteFile(inside, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if tempfile.Sweep(dir) || !exists(f.Name()) || !exists(inside) {
		t.Error("what is in use has been swept")
	}
	// The death of a process closes its files, and no more.
	f.Close()
	if !tempfile.Sweep(dir) || exists(f.Name()) || !exists(inside) {
		t.Error("the file of the dead has not been swept, or too much")
	}
	if err := d.Remove(); err != nil || exists(d.Path) {
		t.Errorf("a removed directory is still there: %v", err)
	}
	if tempfile.Sweep(dir) || tempfile.Sweep(filepath.Join(dir, "missing")) {
		t.Error("swept where there is nothing")
	}
}

// chance is what names of this package end in.
const chance = "0123456789abcdef0123456789abcdef"

// abandon makes a directory as a killed program leaves it.
func abandon(t *testing.T, parent string) string {
	t.Helper()
	d, err := tempfile.NewDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(parent, ".depfetch-"+chance)
	if err := os.CopyFS(left, os.DirFS(d.Path)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Remove(), os.MkdirAll(filepath.Join(left, "tree/closed"), 0o700), os.WriteFile(filepath.Join(left, "staged"), nil, 0o400)); err != nil {
		t.Fatal(err)
	}
	return left
}

// TestSweepDead: the directory of a dead program goes, whatever it has come to.
func TestSweepDead(t *testing.T) {
	dir := t.TempDir()
	left := abandon(t, dir)
	if err := os.Chmod(filepath.Join(left, "tree"), 0o500); err != nil {
		t.Fatal(err)
	}
	if !tempfile.Sweep(dir) || exists(left) {
		t.Error("the directory of the dead has not been swept")
	}
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if !tempfile.Sweep(dir) || exists(left) {
		t.Error("one that came to nothing has not been swept")
	}
	if err := errors.Join(os.Mkdir(left, 0o700), os.WriteFile(filepath.Join(left, "in-use.new"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if !tempfile.Sweep(dir) || exists(left) {
		t.Error("one whose mark was not made yet has not been swept")
	}
}

// TestReserved holds which names nobody else may use.
func TestReserved(t *testing.T) {
	for name, want := range map[string]bool{
		".depfetch-" + chance: true, ".DEPFETCH-" + strings.ToUpper(chance): true,
		".depfetch-": false, ".depfetch-notes": false, ".depfetch-1234567890": false, ".depfetch-" + chance + "0": false,
		".depfetch-" + chance[:31]: false, ".depfetch-" + chance[:31] + "g": false, "x.depfetch-" + chance: false,
	} {
		if tempfile.Reserved(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	dir := t.TempDir()
	f, err := tempfile.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !tempfile.Reserved(filepath.Base(f.Name())) {
		t.Errorf("%s is not reserved", f.Name())
	}
}

// TestSweepLeaves: what this package cannot have made is not its business.
func TestSweepLeaves(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "keep")
	if err := os.WriteFile(elsewhere, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, ".depfetch-"+strings.Repeat("f", 32))
	var keep []string
	kept := func(name string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		keep = append(keep, name)
	}
	for _, name := range []string{".depfetch-notes", ".depfetch-1234567890", ".depfetch-" + chance + ".d"} {
		name = filepath.Join(dir, name)
		kept(name+"/file", errors.Join(os.Mkdir(name, 0o700), os.WriteFile(name+"/file", nil, 0o600)))
		kept(name+"1", os.WriteFile(name+"1", nil, 0o600))
		kept(name+"2", os.Mkdir(name+"2", 0o700))
	}
	// Not even under its own names: a directory without its mark, links, FIFOs.
	kept(own+"/in-use", errors.Join(os.Mkdir(own, 0o700), os.WriteFile(own+"/in-use", []byte("mine"), 0o600)))
	link, fifo, closed := filepath.Join(dir, ".depfetch-"+chance), own[:len(own)-1]+"e", own[:len(own)-1]+"d"
	kept(link, os.Symlink(elsewhere, link))
	kept(fifo, syscall.Mkfifo(fifo, 0o600))
	kept(closed+"/in-use", errors.Join(os.Mkdir(closed, 0o700), syscall.Mkfifo(closed+"/in-use", 0o600)))
	if tempfile.Sweep(dir) {
		t.Error("swept what is not its own")
	}
	for _, name := range append(keep, elsewhere) {
		if !exists(name) {
			t.Errorf("%s has been swept", name)
		}
	}
}

func TestPlace(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "placed")
	for _, text := range []string{"old", "new"} {
		f, err := tempfile.New(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := tempfile.Rename(f, name); err != nil {
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
					tempfile.Sweep(dir)
				}
			}
		})
	}
	for range 4 {
		makers.Go(func() {
			for range 100 {
				f, err := tempfile.New(dir)
				if err != nil {
					t.Error(err)
					return
				}
				if !exists(f.Name()) {
					t.Errorf("%s was swept while it was in use", f.Name())
				}
				f.Close()
				d, err := tempfile.NewDir(dir)
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(filepath.Join(d.Path, "staged"), nil, 0o600); err != nil {
					t.Errorf("swept while it was in use: %v", err)
				}
				if err := d.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	makers.Wait()
	close(stop)
	sweepers.Wait()
}
