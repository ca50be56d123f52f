// Package atomicfile replaces files so that a reader finds either the old text or the
// new one.
//
// It guarantees that only the text of an existing file changes: it keeps its mode, its
// owner, its other names (hard links), and the symbolic links that lead to it. It refuses
// what is not a regular file, and a file that the caller may not write, even if its
// directory would allow it to be replaced.
//
// A file is replaced by a rename where that keeps all of this. Where it cannot (a
// file with several names, a mount point, a directory that may not be written in, an
// owner who cannot be given the new file) the text is written into the file itself,
// and on an error the old text is put back; only there can a program that is killed
// leave a file that is neither.
//
// Concurrent calls for one file are safe, by several processes too: the last one to
// replace it wins, and Update fails if the file no longer has the text that its caller
// has read.
package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"depfetch/fetch/osfile"
	"depfetch/fetch/regular"
	"depfetch/fetch/tempfile"
)

// ErrChanged says that a file no longer holds what its reader has read. Nothing has
// been written.
var ErrChanged = errors.New("another program has changed it meanwhile, and that is kept; run the command again")

// Update replaces the text of a file that was read as old. If the file holds
// something else by now, or is gone, the error is ErrChanged. The new text is on
// the disk when Update returns.
func Update(name string, old, text []byte) error {
	return write(name, text, 0, func(path string) error { return holds(path, old) })
}

// Write makes a file with a text, or replaces the text of the one that is there. The
// mode is that of a new file. The text is on the disk when Write returns.
func Write(name string, text []byte, mode fs.FileMode) error {
	return write(name, text, mode, nil)
}

// Create makes a file with a text. If the name exists, even as a dangling link, the
// error is fs.ErrExist.
func Create(name string, text []byte, mode fs.FileMode) error {
	f, err := stage(name, text)
	if err != nil {
		return err
	}
	defer discard(f)
	if err := f.Chmod(mode); err != nil {
		return err
	}
	// A link is never made over another file.
	if err := os.Link(f.Name(), name); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(name); err == nil {
		return &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	return tempfile.Rename(f, name)
}

// stage makes a private file beside name with its text, which is on the disk. Errors are
// about name, since nobody knows what the private file is called.
func stage(name string, text []byte) (*os.File, error) {
	dir := filepath.Dir(name)
	tempfile.Sweep(dir)
	f, err := tempfile.New(dir)
	if err != nil {
		return nil, about(name, err)
	}
	if _, err = f.Write(text); err == nil {
		err = f.Sync()
	}
	if err != nil {
		discard(f)
		return nil, about(name, err)
	}
	return f, nil
}

// about returns an error of a private file as one of the file that it is to be.
func about(name string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: "write", Path: name, Err: e.Err}
	}
	return err
}

func discard(f *os.File) {
	f.Close()
	os.Remove(f.Name())
}

// write makes or replaces a file, if the last look at it, which may be nil, allows
// that.
func write(name string, text []byte, mode fs.FileMode, last func(path string) error) error {
	t, err := look(name)
	if err == nil && t.info == nil && last != nil {
		err = last(t.path)
	}
	if err != nil {
		return err
	}
	f, err := stage(t.path, text)
	switch {
	case err == nil:
		defer discard(f)
		if err = t.replace(f, mode, last); err == nil {
			syncDir(filepath.Dir(t.path))
		}
		return err
	case t.info != nil && errors.Is(err, fs.ErrPermission):
		return t.overwrite(bytes.NewReader(text), last)
	}
	return err
}

// holds returns ErrChanged if the file at path does not hold old.
func holds(path string, old []byte) error {
	f, err := regular.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrChanged
	}
	if err != nil {
		return err
	}
	defer f.Close()
	now, err := io.ReadAll(io.LimitReader(f, int64(len(old))+1))
	if err == nil && !bytes.Equal(now, old) {
		err = ErrChanged
	}
	return err
}

// target is a file to write.
type target struct {
	path string
	info fs.FileInfo // nil if it does not exist
}

// look finds out which file a name leads to.
func look(name string) (target, error) {
	path, err := Resolve(name)
	if err != nil {
		return target{}, err
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return target{path: path}, nil
	case err != nil:
		return target{}, err
	case !info.Mode().IsRegular():
		return target{}, &fs.PathError{Op: "write", Path: path, Err: regular.ErrOther}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|osfile.Nonblock, 0)
	if errors.Is(err, fs.ErrPermission) || readOnly(err) {
		return target{}, err
	}
	if err == nil { // a program that is running cannot be opened, but replaced
		f.Close()
	}
	return target{path, info}, nil
}

// replace renames f to t or, where it cannot, writes the text of f into t.
func (t target) replace(f *os.File, mode fs.FileMode, last func(path string) error) error {
	keeps := true
	if t.info != nil {
		mode = t.info.Mode()
		keeps = osfile.Links(t.info) < 2 && osfile.GiveOwner(f, t.info) == nil
	}
	if keeps {
		// After the owner, since chown(2) clears setuid and setgid.
		err := f.Chmod(mode & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky))
		if err == nil && last != nil {
			if err := last(t.path); err != nil {
				return err
			}
		}
		if err == nil {
			err = tempfile.Rename(f, t.path)
		}
		if err == nil || t.info == nil {
			return err
		}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return t.overwrite(f, last)
}

// overwrite writes a text into the existing file.
func (t target) overwrite(text io.Reader, last func(path string) error) (err error) {
	f, err := os.OpenFile(t.path, os.O_RDWR|osfile.Nonblock, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	old, err := backup(f, filepath.Dir(t.path))
	if err != nil {
		return fmt.Errorf("cannot keep the old text of %s: %w", t.path, err)
	}
	defer discard(old)
	if last != nil {
		if err := last(t.path); err != nil {
			return err
		}
	}
	if err = fill(f, text); err == nil {
		return nil
	}
	if _, failed := old.Seek(0, io.SeekStart); failed != nil {
		return errors.Join(err, failed)
	}
	if failed := fill(f, old); failed != nil {
		return errors.Join(err, fmt.Errorf("%s is damaged: its old text could not be put back: %w", t.path, failed))
	}
	return err
}

// fill replaces the content of f.
func fill(f *os.File, text io.Reader) error {
	_, err := f.Seek(0, io.SeekStart)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, text)
	if err == nil {
		err = f.Truncate(n)
	}
	if err == nil {
		err = f.Sync()
	}
	return err
}

// backup returns a private file with the content of f.
func backup(f *os.File, dir string) (*os.File, error) {
	var errs []error
	for _, make := range []func() (*os.File, error){
		func() (*os.File, error) { return tempfile.New(dir) },
		func() (*os.File, error) { return tempfile.New(os.TempDir()) },
		tempfile.NewInMemory,
	} {
		to, err := make()
		if err == nil {
			if _, err = f.Seek(0, io.SeekStart); err == nil {
				_, err = io.Copy(to, f)
			}
			if err == nil {
				return to, nil
			}
			discard(to)
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}
