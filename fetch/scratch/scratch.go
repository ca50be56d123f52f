// Package scratch makes private temporary files and directories that a later run
// can tell from those in use, so that what a killed program left is removed by the
// next one.
//
// It guarantees that Sweep removes nothing that a living process, in whatever
// container of this machine, still has. What is in use is locked with flock(2),
// and the kernel takes the lock away from the dead. Where a file system has no
// such locks, and on Windows, nothing is swept.
package scratch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// prefix begins the names of all that this package makes.
const (
	prefix  = ".depfetch-"
	pattern = prefix + "*"
)

// errSwept says that a sweep came between the making of a file and its locking.
var errSwept = errors.New("removed as soon as it was made")

// tries is how often making something is tried while others sweep.
const tries = 10

// File makes an empty private file in dir, open for reading and writing. The
// caller closes and removes it, or hands it to Place.
func File(dir string) (f *os.File, err error) {
	for range tries {
		if f, err = os.CreateTemp(dir, pattern); err != nil {
			return nil, err
		}
		if hold(f) {
			return f, nil
		}
		f.Close()
		os.Remove(f.Name())
	}
	return nil, fmt.Errorf("%s: %w", f.Name(), errSwept)
}

// Place closes f, a file of File, and renames it to name, replacing what is there.
func Place(f *os.File, name string) error {
	if closesFirst {
		if err := f.Close(); err != nil {
			return err
		}
		return os.Rename(f.Name(), name)
	}
	// The other way round somebody could sweep it in between.
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return f.Close()
}

// Dir is a private directory, for as long as it is open.
type Dir struct {
	Path string
	lock *os.File
}

// NewDir makes an empty private directory in parent.
func NewDir(parent string) (*Dir, error) {
	for range tries {
		path, err := os.MkdirTemp(parent, pattern)
		if err != nil {
			return nil, err
		}
		lock, err := os.Open(path)
		if err != nil {
			os.Remove(path)
			return nil, err
		}
		if hold(lock) {
			return &Dir{path, lock}, nil
		}
		lock.Close()
		os.Remove(path)
	}
	return nil, fmt.Errorf("%s: %w", filepath.Join(parent, pattern), errSwept)
}

// Remove removes d and all that is in it.
func (d *Dir) Remove() error {
	return errors.Join(removeAll(d.Path), d.lock.Close())
}

// removeAll removes path and all below it, directories that may not be written in
// as well: an archive can hold such.
func removeAll(path string) error {
	if os.RemoveAll(path) == nil {
		return nil
	}
	filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		if e != nil && e.IsDir() {
			os.Chmod(name, 0o700)
		}
		return nil
	})
	return os.RemoveAll(path)
}

// hold locks what the caller has just made, and reports whether it is still there.
func hold(f *os.File) bool {
	if !lock(f) {
		return false
	}
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(opened, named)
}

// Sweep removes what dead programs have left in dir, and reports whether there was
// anything. What cannot be removed stays.
func Sweep(dir string) (swept bool) {
	d, err := os.Open(dir)
	if err != nil {
		return false
	}
	names, _ := d.Readdirnames(-1)
	d.Close()
	for _, name := range names {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		name = filepath.Join(dir, name)
		if info, err := os.Lstat(name); err != nil || !info.IsDir() && !info.Mode().IsRegular() {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		if abandoned(f) {
			swept = removeAll(name) == nil || swept
		}
		f.Close()
	}
	return swept
}
