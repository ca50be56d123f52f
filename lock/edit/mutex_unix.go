//go:build unix

package edit

import (
	"io/fs"
	"os"
	"syscall"

	"github.com/gofrs/flock"
)

// newMutex returns the lock of the file at path, which is on the file itself.
func newMutex(path string) (*flock.Flock, error) {
	return flock.New(path, flock.SetFlag(os.O_RDONLY)), nil
}

// giveOwner gives file the owner of another. It need not work: only root may give
// files away.
func giveOwner(file *os.File, like fs.FileInfo) {
	if stat, ok := like.Sys().(*syscall.Stat_t); ok {
		_ = file.Chown(int(stat.Uid), int(stat.Gid))
	}
}

// syncDir has a rename in dir survive a crash of the system, where the file
// system can promise that. The file is whole without it.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
