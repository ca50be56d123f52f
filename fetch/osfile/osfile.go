// Package osfile returns what package os leaves out of its portable view of files: the
// owner, the number of names, the identity, and the cause of an error without its path.
package osfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Owner is a numeric user and group: names would need an /etc/passwd, and an
// image built from scratch has none.
type Owner struct{ UID, GID uint32 }

// String returns o in the lockfile's form, "uid:gid".
func (o Owner) String() string { return fmt.Sprintf("%d:%d", o.UID, o.GID) }

// GiveOwner gives f the owner and the group of another file, unless it has them.
func GiveOwner(f *os.File, like fs.FileInfo) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	want := OwnerOf(like)
	if OwnerOf(info) == want {
		return nil
	}
	return f.Chown(int(want.UID), int(want.GID))
}

// Cause strips the operation and path from an error of package os, for messages
// that name the path already.
func Cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}
