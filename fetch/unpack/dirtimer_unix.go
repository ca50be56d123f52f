//go:build unix

package unpack

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// dirTimer sets times of what lies in one directory, without following links,
// which os.Root does not do.
type dirTimer struct{ dir *os.File }

func newDirTimer(root *os.Root) (dirTimer, error) {
	dir, err := root.Open(".")
	return dirTimer{dir}, err
}

func (t dirTimer) close() { t.dir.Close() }

func (t dirTimer) chtimes(_ *os.Root, base string, modTime time.Time) error {
	mtime, err := unix.TimeToTimespec(modTime)
	if err != nil {
		return err
	}
	ts := []unix.Timespec{mtime, mtime}
	for {
		err := unix.UtimesNanoAt(int(t.dir.Fd()), base, ts, unix.AT_SYMLINK_NOFOLLOW)
		if err != unix.EINTR {
			return err
		}
	}
}
