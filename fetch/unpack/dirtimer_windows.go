package unpack

import (
	"io/fs"
	"os"
	"time"
)

// dirTimer sets times of what lies in one directory.
type dirTimer struct{}

func newDirTimer(*os.Root) (dirTimer, error) { return dirTimer{}, nil }

func (dirTimer) close() {}

func (dirTimer) chtimes(root *os.Root, base string, modTime time.Time) error {
	if info, err := root.Lstat(base); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return nil // os.Root would set that of what it leads to
	}
	return root.Chtimes(base, modTime, modTime)
}
