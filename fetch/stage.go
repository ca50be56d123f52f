package fetch

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"depfetch/fetch/osfile"
	"depfetch/fetch/tempfile"
)

// stage records what a run has changed on disk before its files are placed, so that it
// can be undone.
type stage struct {
	mu    sync.Mutex
	temps map[string]*tempfile.Dir // with the temporary files, by the directory of the destination
	made  []string                 // directories made for destinations, parents first
	folds map[string]bool          // whether the disk ignores case, by directory
	mtime map[string]time.Time     // what directories that were there had before
	files atomic.Int64             // how many temporary files have been made
	locks []io.Closer              // of the directories of documents
}

// staged is something verified that only has to be renamed.
type staged interface {
	// dest returns where it belongs.
	dest() *destination
	// claim adds what it takes up.
	claim(*claims) error
	// check refuses what cannot be placed, before anything is.
	check() error
	// place renames it to where it belongs. The error may be a
	// *unpack.MergeError, if some of it is in place.
	place() error
}

// stagedFile is a file.
type stagedFile struct {
	*destination
	temp string
}

func (t stagedFile) dest() *destination    { return t.destination }
func (t stagedFile) claim(c *claims) error { c.add(t.destination, t.temp); return nil }
func (t stagedFile) check() error          { return nil }
func (t stagedFile) place() error          { return osfile.Cause(osfile.Rename(t.temp, t.file)) }

// mkdir makes the directory of d and notes what it changes.
func (s *stage) mkdir(d *destination) error {
	missing, err := s.missing(d.dir)
	if err != nil {
		return d.fail(err)
	}
	for _, dir := range missing {
		err := os.Mkdir(dir, 0o755)
		if errors.Is(err, fs.ErrExist) {
			continue // another process has made it meanwhile
		}
		if err != nil {
			return d.fail(fmt.Errorf("cannot make the directory %s: %w", dir, osfile.Cause(err)))
		}
		s.made = append(s.made, dir)
		if err := unmask(dir); err != nil {
			return d.fail(fmt.Errorf("cannot set the mode of %s: %w", dir, osfile.Cause(err)))
		}
	}
	if len(missing) > 0 && d.merges() && d.Owner != nil {
		return d.giveTo(d.dir)
	}
	return nil
}

// unmask gives a directory that has just been made the mode 0755, whatever the
// umask has left of it. What it inherits, such as setgid, it keeps.
func unmask(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm() == 0o755 || runtime.GOOS == "windows" {
		return err
	}
	return os.Chmod(dir, info.Mode()&^fs.ModePerm|0o755)
}

// giveTo gives a directory to the owner of d.
func (d *destination) giveTo(dir string) error {
	if err := os.Chown(dir, int(d.Owner.UID), int(d.Owner.GID)); err != nil {
		return d.fail(fmt.Errorf("cannot give it to %s: %w", d.Owner, osfile.Cause(err)))
	}
	return nil
}

// missing returns the directories above and including dir that do not exist,
// parents first. It notes the modification time of the first one that does. No
// link is below the root, but the root may be one.
func (s *stage) missing(dir string) (missing []string, err error) {
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			return nil, fmt.Errorf("%s is not a directory", dir)
		case err == nil:
			s.noteMtime(dir, info.ModTime())
			return missing, nil
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
			return nil, err
		case dir == filepath.Dir(dir):
			return nil, err
		}
		missing = append([]string{dir}, missing...)
	}
}

func (s *stage) noteMtime(dir string, t time.Time) {
	if s.mtime == nil {
		s.mtime = make(map[string]time.Time)
	}
	if _, ok := s.mtime[dir]; !ok {
		s.mtime[dir] = t
	}
}

// sweep removes what killed runs have left beside the destinations.
func (s *stage) sweep(dests []*destination) {
	seen := make(map[string]bool)
	for _, d := range dests {
		if seen[d.dir] {
			continue
		}
		seen[d.dir] = true
		if info, err := os.Stat(d.dir); err == nil && tempfile.SweepAfter(d.dir, salvage) {
			s.noteMtime(d.dir, info.ModTime())
		}
	}
}

// temp makes an empty private file beside d, so that the rename at the end stays
// within one file system, and because an image need not have a /tmp.
func (s *stage) temp(d *destination) (*os.File, error) {
	dir, err := s.tempDir(d.dir)
	if err == nil {
		name := filepath.Join(dir, "f"+strconv.FormatInt(s.files.Add(1), 10))
		var f *os.File
		// Nonblock spares package os from trying whether the file can be polled.
		if f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|osfile.Nonblock, 0o600); err == nil {
			return f, nil
		}
	}
	return nil, d.unwritable(err)
}

// unwritable returns the error for a temporary file beside d that cannot be made or written.
func (d *destination) unwritable(err error) error {
	return cannotWrite(d.Artifact, d.file, d.dir, err)
}

// cannotWrite returns the error of a temporary file in dir that cannot be made or
// written; a was to be placed at path.
func cannotWrite(a *Artifact, path, dir string, err error) error {
	return &DestinationError{Artifact: a, Path: path, Err: fmt.Errorf("cannot write in %s: %w", dir, osfile.Cause(err))}
}

// tempDir returns the directory of the temporary files within dir.
func (s *stage) tempDir(dir string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.temps[dir] == nil {
		made, err := tempfile.NewDir(dir)
		if err != nil {
			return "", err
		}
		if s.temps == nil {
			s.temps = make(map[string]*tempfile.Dir)
		}
		s.temps[dir] = made
	}
	return s.temps[dir].Path, nil
}

// copy makes a private file beside d with the bytes of src.
func (s *stage) copy(d *destination, src *os.File) (*os.File, error) {
	f, err := s.temp(d)
	if err != nil {
		return nil, err
	}
	if _, err = src.Seek(0, io.SeekStart); err == nil {
		_, err = io.Copy(f, src)
	}
	if err != nil {
		f.Close()
		return nil, d.unwritable(err)
	}
	return f, nil
}

// file gives f the owner, mode and time that d is to have, and closes it.
func (s *stage) file(d *destination, f *os.File, mtime time.Time) (staged, error) {
	fail := func(err error) (staged, error) {
		f.Close()
		return nil, d.fail(err)
	}
	if d.Owner != nil {
		if err := f.Chown(int(d.Owner.UID), int(d.Owner.GID)); err != nil {
			return fail(fmt.Errorf("cannot give it to %s: %w", d.Owner, osfile.Cause(err)))
		}
	}
	if err := f.Chmod(d.Mode); err != nil {
		return fail(fmt.Errorf("cannot set mode %04o: %w", d.Mode, osfile.Cause(err)))
	}
	if err := f.Close(); err != nil {
		return fail(osfile.Cause(err))
	}
	if err := os.Chtimes(f.Name(), mtime, mtime); err != nil {
		return fail(fmt.Errorf("cannot set its time: %w", osfile.Cause(err)))
	}
	return stagedFile{d, f.Name()}, nil
}

// keep ends the stage of a run whose files are placed. The directories that it
// made get mtime; those that were there keep the one that they had, so that a
// layer made of the changes depends on nothing but the lockfile and the base.
func (s *stage) keep(mtime time.Time) {
	for _, dir := range s.made {
		s.mtime[dir] = mtime
	}
}

// foldsCase reports whether the disk takes two names below d for one that differ in
// case only.
func (s *stage) foldsCase(d *destination) bool {
	folds, ok := s.folds[d.dir]
	if ok {
		return folds
	}
	if dir, err := s.tempDir(d.dir); err == nil {
		probe := filepath.Join(dir, "case")
		if os.WriteFile(probe, nil, 0o600) == nil {
			_, err := os.Lstat(filepath.Join(dir, "CASE"))
			folds = err == nil
			os.Remove(probe)
		}
	}
	if s.folds == nil {
		s.folds = make(map[string]bool)
	}
	s.folds[d.dir] = folds
	return folds
}

// removeTemps removes the temporary files.
func (s *stage) removeTemps() {
	for _, dir := range s.temps {
		dir.Remove()
	}
	s.temps = nil
}

// cleanUp removes the temporary files and the directories that nothing was placed in,
// and restores the times of the others.
func (s *stage) cleanUp() {
	s.removeTemps()
	for _, lock := range s.locks {
		lock.Close()
	}
	for i := len(s.made) - 1; i >= 0; i-- {
		os.Remove(s.made[i]) // fails, as it should, if something has been placed there
	}
	for dir, t := range s.mtime {
		os.Chtimes(dir, time.Time{}, t) // fails for a directory of another user
	}
}
