// Package tempfile makes private temporary files and directories that a later run
// can tell from those in use, so that what a killed program left is removed by the
// next one.
//
// It guarantees that Sweep removes nothing that a running process still uses, in any
// container of this machine. Files in use are locked with flock(2), and the kernel
// releases the lock when their process ends. Where a file system has no such locks, and
// on Windows, nothing is swept.
//
// It also guarantees that Sweep removes nothing that others have made. Names end in 128
// random bits, Reserved recognises them, and callers must not place anything else under
// such a name. A directory that is not empty is only removed if it holds the mark that
// NewDir leaves there.
//
// Its functions are safe for concurrent use, by several processes too.
package tempfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// prefix begins every name that this package makes. The hexadecimal digits of
// randomBytes random bytes follow.
const (
	prefix      = ".depfetch-"
	randomBytes = 16
)

// mark is the file that identifies a directory of NewDir. It is locked before it gets
// this name, so that no sweep can find it unlocked.
const (
	mark     = "in-use"
	unlocked = mark + ".new"
	markText = "A temporary directory of depfetch, which the next run removes.\n"
)

// newName returns a new random name in dir.
func newName(dir string) string {
	var b [randomBytes]byte
	rand.Read(b[:])
	return filepath.Join(dir, prefix+hex.EncodeToString(b[:]))
}

// Reserved reports whether a name, without its directory, is reserved for this package.
// Case does not count, since some disks ignore it.
func Reserved(name string) bool {
	digits, ok := strings.CutPrefix(strings.ToLower(name), prefix)
	return ok && len(digits) == 2*randomBytes && strings.Trim(digits, "0123456789abcdef") == ""
}

// errSwept says that a sweep removed a file after it was made and before it was locked.
var errSwept = errors.New("removed as soon as it was made")

// tries is how often a file or directory is made again while others sweep.
const tries = 100

// New makes an empty private file in dir, open for reading and writing. The
// caller closes and removes it, or hands it to Rename.
func New(dir string) (*os.File, error) {
	for range tries {
		f, err := os.OpenFile(newName(dir), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, err
		}
		if hold(f) {
			return f, nil
		}
		f.Close()
		os.Remove(f.Name())
	}
	return nil, fmt.Errorf("%s: %w", filepath.Join(dir, prefix), errSwept)
}

// Rename closes f, a file of New, and renames it to name, replacing what is there.
func Rename(f *os.File, name string) error {
	if closesFirst {
		if err := f.Close(); err != nil {
			return err
		}
		return os.Rename(f.Name(), name)
	}
	// In the other order, a sweep could remove it in between.
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return f.Close()
}

// Dir is a private directory.
type Dir struct {
	Path string
	lock *os.File // of its mark
}

// NewDir makes a private directory in parent, which holds nothing but its mark.
func NewDir(parent string) (*Dir, error) {
	for range tries {
		path := newName(parent)
		if err := os.Mkdir(path, 0o700); err != nil {
			return nil, err
		}
		lock, err := markDir(path)
		if err == nil {
			return &Dir{path, lock}, nil
		}
		os.Remove(path)
		if !errors.Is(err, errSwept) && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: %w", filepath.Join(parent, prefix), errSwept)
}

// markDir makes the mark of a directory, and returns it open and locked. The error is
// errSwept or fs.ErrNotExist if a sweep has removed it.
func markDir(path string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(path, unlocked), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*os.File, error) {
		f.Close()
		os.Remove(f.Name())
		return nil, err
	}
	if !hold(f) {
		return fail(errSwept)
	}
	if _, err := f.WriteString(markText); err != nil {
		return fail(err)
	}
	if closesFirst {
		f.Close()
	}
	if err := os.Rename(f.Name(), filepath.Join(path, mark)); err != nil {
		return fail(err)
	}
	return f, nil
}

// Remove removes d and all that is in it.
func (d *Dir) Remove() error {
	err := removeDir(d.Path)
	d.lock.Close()
	return err
}

// removeDir removes a directory of NewDir, its mark last: if it is killed, the next
// sweep recognises the rest.
func removeDir(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != mark {
			err = errors.Join(err, removeAll(filepath.Join(path, e.Name())))
		}
	}
	if err != nil {
		return err
	}
	return removeAll(path)
}

// removeAll removes path and all below it, including directories without write
// permission, which an archive can contain.
func removeAll(path string) error {
	if os.RemoveAll(path) == nil {
		return nil
	}
	if root, err := os.OpenRoot(path); err == nil {
		// Through os.Root, which no link leads out of: in a shared directory,
		// another user may have put one there.
		fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
			if e != nil && e.IsDir() {
				root.Chmod(name, 0o700)
			}
			return nil
		})
		root.Close()
	}
	return os.RemoveAll(path)
}

// hold locks a file that the caller has just made, and reports whether it still exists.
func hold(f *os.File) bool { return lock(f) && named(f) }

// named reports whether an open file still has its name.
func named(f *os.File) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(opened, there)
}

// Sweep removes what killed programs have left in dir, and reports whether there was
// anything. What cannot be removed is left.
func Sweep(dir string) (swept bool) { return SweepAfter(dir, func(string) {}) }

// SweepAfter is Sweep, and calls before with each directory just before it is removed.
// No other sweep removes it meanwhile.
func SweepAfter(dir string, before func(path string)) (swept bool) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return false // opening a FIFO would wait for its writer
	}
	d, err := os.Open(dir)
	if err != nil {
		return false
	}
	names, _ := d.Readdirnames(-1)
	d.Close()
	for _, name := range names {
		if Reserved(name) && sweepOne(filepath.Join(dir, name), before) {
			swept = true
		}
	}
	return swept
}

// sweepOne removes name if a killed program has left it.
func sweepOne(name string, before func(path string)) bool {
	info, err := os.Lstat(name)
	switch {
	case err != nil:
		return false
	case info.Mode().IsRegular():
		return sweepFile(name)
	case !info.IsDir():
		return false
	}
	// Without a mark: the program was killed before it made one. Only an empty
	// directory is removed.
	if sweepFile(filepath.Join(name, unlocked)); os.Remove(name) == nil {
		return true
	}
	f, err := open(filepath.Join(name, mark))
	if err != nil {
		return false
	}
	defer f.Close()
	text := make([]byte, len(markText)+1)
	n, _ := f.ReadAt(text, 0)
	if string(text[:n]) != markText || !abandoned(f) || !named(f) {
		return false
	}
	before(name)
	return removeDir(name) == nil
}

// sweepFile removes a file if no process has its lock.
func sweepFile(name string) bool {
	f, err := open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	return abandoned(f) && named(f) && os.Remove(name) == nil
}
