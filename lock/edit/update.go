package edit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Update edits the lockfile at name in place: it reads it, calls f, and if the
// text has changed, replaces the file by one with the new text and the same
// mode and, where the system allows it, owner. A symbolic link stays, and what
// it points to is replaced. It reports whether the file was replaced; if f or
// anything else fails, it was not.
//
// A lock makes other calls for the same file wait, in this process and in
// others. It is held on the file itself, so no other file is left behind; a
// process that is killed may leave a temporary file beside the lockfile, which
// the next Update takes away. Update waits for the lock until ctx is done. It
// is safe for concurrent use; f must not call Update for the same file.
func Update(ctx context.Context, name string, f func(*Document) error) (changed bool, err error) {
	path, unlock, err := acquire(ctx, name)
	if err != nil {
		return false, fmt.Errorf("locking %s: %w", name, err)
	}
	defer unlock()
	data, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	doc, err := Parse(name, data)
	if err != nil {
		return false, err
	}
	if err := f(doc); err != nil {
		return false, err
	}
	text := doc.Bytes()
	if bytes.Equal(text, data) {
		return false, nil
	}
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("writing %s: %w", name, err)
	}
	if err := replace(path, data, text); err != nil {
		return false, fmt.Errorf("writing %s: %w", name, err)
	}
	return true, nil
}

// replace puts a file with text in the place of the one at path, whose lock the
// caller holds, if that still is old.
func replace(path string, old, text []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	temp := tempName(path)
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err = write(temp, text, info)
	if err == nil {
		err = unchanged(path, old)
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		_ = os.Remove(temp) // may not be there; the first error counts
		return err
	}
	syncDir(filepath.Dir(path))
	return nil
}

// tempName returns the name of the file that will replace the one at path. It
// is always the same: only who holds the lock uses it, and takes away what a
// killed process has left.
func tempName(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".deplock")
}

// write makes a new file that is on the disk when write returns.
func write(name string, text []byte, like fs.FileInfo) (err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}()
	if _, err := file.Write(text); err != nil {
		return err
	}
	giveOwner(file, like)
	if err := file.Chmod(like.Mode().Perm()); err != nil {
		return err
	}
	return file.Sync()
}

// unchanged returns an error if the file at path does not hold old any more.
func unchanged(path string, old []byte) error {
	now, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, old) {
		return errors.New("another program has changed it meanwhile; run the command again")
	}
	return nil
}
