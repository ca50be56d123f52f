package shim

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/atomicfile"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/osfile"
	"depfetch/fetch/tempfile"
)

// target is a file to write.
type target struct {
	name     string      // with links resolved
	info     fs.FileInfo // of the existing file, or nil
	mode     fs.FileMode // to set
	device   bool        // it is written into and not replaced: a device, a pipe
	made     []string    // directories that were made for it, parents first
	backups  int64       // how many backups of the existing file are kept
	modified time.Time   // to set; zero leaves the current time
}

// newTarget finds out which file a name leads to. Links are followed exactly as open(2)
// follows them: where the kernel refuses to, so does newTarget.
func newTarget(name string, o *cmdline.Operation) (*target, error) {
	t := &target{name: name, mode: 0o666 &^ umask(), backups: o.Backups}
	info, err := os.Stat(name)
	if name == "" {
		return nil, failed(err)
	}
	switch {
	case err == nil && info.IsDir() || err != nil && os.IsPathSeparator(name[len(name)-1]):
		return nil, failed(cmdline.Bad(name, " is a directory"))
	case err == nil && !info.Mode().IsRegular():
		t.device = true
		return t, nil
	case err == nil && o.Unlink, err == nil && o.Backups > 0:
		return t, nil
	case err == nil:
		// A file that may not be written is not replaced either.
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0)
		if err != nil {
			return nil, failed(err)
		}
		defer f.Close()
		if t.info, err = f.Stat(); err != nil {
			return nil, failed(err)
		}
		t.mode = info.Mode().Perm()
		if os.Geteuid() == 0 { // others lose these bits when they write
			t.mode |= info.Mode() & (fs.ModeSetuid | fs.ModeSetgid)
		}
		return t, failed(t.resolve())
	case !errors.Is(err, fs.ErrNotExist):
		return nil, failed(err)
	}
	if o.Dirs {
		if err := t.mkdirs(fs.FileMode(o.DirMode)); err != nil {
			return nil, failed(err)
		}
	}
	// A link that leads nowhere yet, unless the kernel does not follow it.
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err == nil {
		f.Close()
	} else if !errors.Is(err, fs.ErrNotExist) {
		t.undo()
		return nil, failed(err)
	}
	if err := t.resolve(); err != nil {
		t.undo()
		return nil, failed(err)
	}
	return t, nil
}

// mkdirs makes the directories that t lacks.
func (t *target) mkdirs(mode fs.FileMode) error {
	dir := parent(t.name)
	for d := dir; !exists(d) && d != parent(d); d = parent(d) {
		t.made = append(t.made, d)
	}
	err := os.MkdirAll(dir, mode)
	if err != nil {
		t.undo()
	}
	return err
}

// parent returns the directory of a file. It does not clean the path: "a/.." is not "."
// if a is a link.
func parent(name string) string {
	name = strings.TrimRight(name, string(os.PathSeparator))
	i := len(name)
	for i > 0 && !os.IsPathSeparator(name[i-1]) {
		i--
	}
	if i == 0 {
		return "."
	}
	return strings.TrimRight(name[:i-1], string(os.PathSeparator)) + string(os.PathSeparator)
}

// resolve follows the links in t.name, the last element included, which need not exist.
func (t *target) resolve() error {
	name, err := atomicfile.Resolve(t.name)
	if err != nil {
		return err
	}
	t.name = name
	if now, err := os.Stat(name); t.info != nil && (err != nil || !os.SameFile(now, t.info)) {
		return fmt.Errorf("%s has changed while it was looked at", name)
	}
	return nil
}

func (t *target) undo() {
	for _, dir := range t.made {
		os.Remove(dir)
	}
}

// rotate renames a file and its backups, each to the next number, and removes the last.
func (t *target) rotate() error {
	if !exists(t.name) {
		return nil
	}
	for n := t.backups; n > 0; n-- {
		from := t.name
		if n > 1 {
			from += "." + strconv.FormatInt(n-1, 10)
		}
		if err := os.Rename(from, t.name+"."+strconv.FormatInt(n, 10)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// staged is the temporary file that will become a target.
type staged struct {
	*os.File
	*target
	beside bool // it is in the target's directory
	placed bool
}

// stage makes the temporary file of a target: in the target's directory if possible,
// otherwise elsewhere. A device is opened itself.
func stage(t *target) (*staged, error) {
	s := &staged{target: t}
	var err error
	switch dir := filepath.Dir(t.name); {
	case t.device:
		s.File, err = os.OpenFile(t.name, os.O_WRONLY, 0)
	case t.info != nil && osfile.Links(t.info) > 1:
		s.File, err = private(fetch.SizeUnknown)
	default:
		tempfile.Sweep(dir)
		if s.File, err = tempfile.New(dir); err == nil {
			s.beside = true
		} else if t.info != nil {
			s.File, err = private(fetch.SizeUnknown)
		}
	}
	if err != nil {
		s.undo()
		return nil, failed(err)
	}
	return s, nil
}

// place makes the temporary file, which is complete, the target.
func (s *staged) place() error {
	if s.device {
		return nil
	}
	if s.beside {
		err := s.replace()
		if err == nil || s.info == nil {
			s.placed = err == nil
			return failed(err)
		}
		// A mount point cannot be replaced, but can be written to.
	}
	if err := overwrite(s.name, s.File); err != nil {
		return failed(err)
	}
	s.placed = true
	if !s.modified.IsZero() {
		return failed(os.Chtimes(s.name, time.Time{}, s.modified))
	}
	return nil
}

// replace renames the temporary file to the target.
func (s *staged) replace() error {
	if s.info != nil {
		if err := osfile.GiveOwner(s.File, s.info); err != nil {
			return err
		}
	}
	if err := s.Chmod(s.mode); err != nil {
		return err
	}
	if !s.modified.IsZero() {
		if err := os.Chtimes(s.File.Name(), time.Time{}, s.modified); err != nil {
			return err
		}
	}
	if err := s.rotate(); err != nil {
		return err
	}
	return tempfile.Rename(s.File, s.name)
}

// close closes the temporary file and, unless it was placed, removes it and the
// directories that were made for it.
func (s *staged) close() {
	if s.device {
		s.File.Close()
		return
	}
	discard(s.File)
	if !s.placed {
		s.undo()
	}
}
