package shim

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"depfetch/fetch"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/scratch"
)

// failed returns an error of an output that could not be written, or nil.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return &cmdline.Error{Err: err, Fault: cmdline.Output}
}

// smallBody is how large a body may be that waits in memory, in bytes.
const smallBody = 1 << 20

// private makes an empty private file: in memory if it is to be small, or where
// one can be made.
func private(size int64) (f *os.File, err error) {
	if size >= 0 && size <= smallBody {
		if f, err = scratch.Memory(); err == nil {
			return f, nil
		}
	}
	for _, dir := range []string{os.TempDir(), ".", "/dev/shm"} {
		if f, err = scratch.File(dir); err == nil {
			scratch.Sweep(dir)
			os.Remove(f.Name()) // nothing stays, whatever ends the program; Windows keeps what is open
			return f, nil
		}
	}
	return nil, failed(err)
}

// discard closes a private file and removes it, if it has not been placed.
func discard(f *os.File) {
	f.Close()
	os.Remove(f.Name())
}

// target is a file to write.
type target struct {
	name   string      // after links
	mode   fs.FileMode // to give it
	device bool        // it is written into and not replaced: a device, a pipe
	made   []string    // directories
}

// newTarget looks at what a name leads to.
func newTarget(name string, mode fs.FileMode, dirs bool) (*target, error) {
	t := &target{name: name, mode: mode}
	if mode == 0 {
		t.mode = 0o666 &^ umask()
	}
	info, err := os.Stat(name)
	for range 40 {
		link, failed := os.Readlink(t.name)
		if failed != nil || err == nil && !info.Mode().IsRegular() {
			break // a link of /proc to a pipe leads nowhere by name
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(t.name), link)
		}
		t.name = link
	}
	switch {
	case err == nil && info.IsDir():
		return nil, failed(cmdline.Bad(name, " is a directory"))
	case err == nil && info.Mode().IsRegular():
		t.mode = info.Mode().Perm()
		// A file that may not be written is not replaced either.
		f, err := os.OpenFile(t.name, os.O_WRONLY, 0)
		if err != nil {
			return nil, failed(err)
		}
		f.Close()
	case err == nil:
		t.device = true
	case dirs:
		dir := filepath.Dir(t.name)
		for d := dir; !exists(d) && d != filepath.Dir(d); d = filepath.Dir(d) {
			t.made = append(t.made, d)
		}
		err = os.MkdirAll(dir, 0o777)
		return t, failed(err)
	}
	return t, nil
}

// staged is the private file that is to become a target.
type staged struct {
	*os.File
	*target
	beside bool // it lies in the target's directory
	placed bool
}

// stage makes the private file of a target. Where that cannot be beside it, it is
// elsewhere; a device is opened itself.
func stage(t *target) (*staged, error) {
	s := &staged{target: t}
	var err error
	switch dir := filepath.Dir(t.name); {
	case t.device:
		s.File, err = os.OpenFile(t.name, os.O_WRONLY, 0)
	default:
		scratch.Sweep(dir)
		if s.File, err = scratch.File(dir); err == nil {
			s.beside = true
		} else if exists(t.name) {
			s.File, err = private(fetch.SizeUnknown)
		}
	}
	if err != nil {
		s.undo()
		return nil, failed(err)
	}
	return s, nil
}

// place makes the private file, whose bytes are all there, the target.
func (s *staged) place() (err error) {
	s.placed = true
	if s.device {
		return nil
	}
	if s.beside {
		if err = s.Chmod(s.mode); err == nil {
			err = scratch.Place(s.File, s.name)
		}
		if err == nil {
			return nil
		}
		// A file that is a mount point cannot be replaced, but written.
	}
	to, err := os.OpenFile(s.name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, s.mode)
	if err != nil {
		return failed(err)
	}
	if _, err = s.Seek(0, io.SeekStart); err == nil {
		_, err = io.Copy(to, s.File)
	}
	return failed(errors.Join(err, to.Close()))
}

// close ends the private file, and undoes what was made for it if it has not been
// placed.
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

func (t *target) undo() {
	for _, dir := range t.made {
		os.Remove(dir)
	}
}

// same reports whether a file holds the pinned bytes already.
func same(name string, a *fetch.Artifact) bool {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || a.Size != fetch.SizeUnknown && info.Size() != a.Size {
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return err == nil && fetch.Digest(h.Sum(nil)) == a.Digest
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
