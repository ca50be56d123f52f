package fetch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"depfetch/fetch/osfile"
)

// A directory of a lower layer of overlayfs, as every directory of a base image is
// in a build, cannot be renamed, and nothing can be renamed over it unless it is
// empty. So replacing one takes more than a step: the old tree is kept beside it,
// as links to what is in it, which also finds out whether it can be removed and
// whether there is room; then it is emptied; then the new one is renamed over it.
// An error up to there puts back what has been kept. After a kill, Sweep does, if
// the new tree is not in place.

// isLower reports whether dir cannot be renamed because of the layer it is in. probe
// is a name for a directory of the caller's own. It asks for a rename over a
// directory that is not empty, which no file system carries out.
func isLower(dir, probe string) (bool, error) {
	if err := os.MkdirAll(filepath.Join(probe, "full"), 0o700); err != nil {
		return false, err
	}
	defer os.RemoveAll(probe)
	return unix.Rename(dir, probe) == unix.EXDEV, nil
}

// keepTree makes kept a copy of the directory dir by hard links, except for files of
// other users that may not be linked. It does not change dir, and fails if dir could not
// be emptied.
func keepTree(dir, kept string) error {
	mount, err := lookMount(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return keepDir(dir, kept, mount)
}

func keepDir(dir, kept string, mount uint64) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fail(dir, err)
	}
	if err := unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return fmt.Errorf("nothing can be removed from %s: %w", dir, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fail(dir, err)
	}
	if err := os.Mkdir(kept, 0o700); err != nil {
		return fail(dir, err)
	}
	for _, e := range entries {
		name, copied := filepath.Join(dir, e.Name()), filepath.Join(kept, e.Name())
		at, err := lookMount(name)
		switch {
		case err != nil:
			return fail(name, err)
		case at != mount:
			return fmt.Errorf("something is mounted at %s", name)
		case e.IsDir():
			err = keepDir(name, copied, mount)
		default:
			if err = os.Link(name, copied); errors.Is(err, fs.ErrPermission) {
				err = nil // fs.protected_hardlinks: the file of another user is moved instead
			} else if err != nil {
				err = fail(name, err)
			}
		}
		if err != nil {
			return err
		}
	}
	return sameAttributes(kept, info)
}

// fail returns an error that names a file once.
func fail(name string, err error) error { return fmt.Errorf("%s: %w", name, osfile.Cause(err)) }

// lookMount returns the ID of the mount that name is on, or 0 where the kernel does not
// report it. A file that cannot be removed (immutable or append-only) is an error.
func lookMount(name string) (uint64, error) {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT, unix.STATX_MNT_ID, &st)
	switch {
	case err == unix.ENOSYS:
		return 0, nil
	case err != nil:
		return 0, err
	case st.Attributes&(unix.STATX_ATTR_IMMUTABLE|unix.STATX_ATTR_APPEND) != 0:
		return 0, errors.New("it is immutable or append-only")
	case st.Mask&unix.STATX_MNT_ID == 0:
		return 0, nil
	}
	return st.Mnt_id, nil
}

// sameAttributes gives a directory the owner, mode and time of another.
func sameAttributes(dir string, info fs.FileInfo) error {
	o := osfile.OwnerOf(info)
	if err := os.Lchown(dir, int(o.UID), int(o.GID)); err != nil && os.Geteuid() == 0 {
		return err
	}
	if err := os.Chmod(dir, info.Mode()); err != nil {
		return err
	}
	return os.Chtimes(dir, info.ModTime(), info.ModTime())
}

// replaceLower lets the tree temp take the place of dir, whose tree is in kept.
func replaceLower(temp, dir, kept string) error {
	err := emptyDir(dir, kept)
	if err == nil {
		err = unix.Rename(temp, dir)
	}
	if err == nil {
		return nil
	}
	if failed := restoreTree(kept, dir); failed != nil {
		beside := dir + ".kept"
		os.Rename(kept, beside)
		return fmt.Errorf("%w; and it could not be put back (%w): what was there is in %s", osfile.Cause(err), failed, beside)
	}
	return osfile.Cause(err)
}

// emptyDir removes the content of dir, files first.
func emptyDir(dir, kept string) error {
	var dirs []string
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		if e.IsDir() {
			dirs = append(dirs, name)
			return nil
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if copied := filepath.Join(kept, rel); !exists(copied) {
			return os.Rename(name, copied)
		}
		return os.Remove(name)
	})
	for i := len(dirs) - 1; i >= 0 && err == nil; i-- {
		err = os.Remove(dirs[i])
	}
	return err
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// restoreTree moves back into dir what is missing of kept.
func restoreTree(kept, dir string) error {
	info, err := os.Lstat(kept)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(kept)
	if err != nil {
		return err
	}
	for _, e := range entries {
		from, to := filepath.Join(kept, e.Name()), filepath.Join(dir, e.Name())
		if !exists(to) {
			err = os.Rename(from, to)
		} else if e.IsDir() {
			err = restoreTree(from, to)
		}
		if err != nil {
			return err
		}
	}
	os.Chtimes(dir, info.ModTime(), info.ModTime())
	return nil
}
