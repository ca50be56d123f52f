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
	err := unix.Statx(int(dir.Fd()), name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT, unix.STATX_MNT_ID, &st)
	if err == unix.ENOSYS || st.Mask&unix.STATX_MNT_ID == 0 {
		return 0, nil
	}
	return st.Mnt_id, err
}
