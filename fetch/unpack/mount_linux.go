package unpack

import (
	"os"

	"golang.org/x/sys/unix"
)

// mountOf returns a number of the mount that what has this name in dir is on, so
// that a bind mount of the same file system is told apart; the root of a mount
// is on it. It is 0 for all on kernels before 5.8.
func mountOf(dir *os.File, name string) (uint64, error) {
	var st unix.Statx_t
	flags := unix.AT_SYMLINK_NOFOLLOW | unix.AT_NO_AUTOMOUNT
	if name == "." { // which may be asked for where it may not be searched
		name, flags = "", flags|unix.AT_EMPTY_PATH
	}
	err := unix.Statx(int(dir.Fd()), name, flags, unix.STATX_MNT_ID, &st)
	switch {
	case err == unix.ENOSYS:
		return 0, nil
	case err != nil:
		return 0, err
	case st.Mask&unix.STATX_MNT_ID == 0:
		return 0, nil
	}
	return st.Mnt_id, nil
}
