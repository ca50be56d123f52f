//go:build unix

package tempfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// closesFirst says that an open file cannot be renamed.
const closesFirst = false

// lock takes the lock of a file that has just been made. It reports false if another
// process has it. Without support for locks it reports true: abandoned never does then.
func lock(f *os.File) bool {
	return !errors.Is(flock(f), syscall.EWOULDBLOCK)
}

// abandoned reports whether no process had the lock of f, which it has taken.
func abandoned(f *os.File) bool { return flock(f) == nil }

func flock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// open opens a regular file to lock it: for writing too if that can be, since NFS gives
// nobody else an exclusive lock. It follows no link and does not block, as it would on a
// FIFO without a writer.
func open(name string) (*os.File, error) {
	const flags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	f, err := os.OpenFile(name, os.O_RDWR|flags, 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f, err = os.OpenFile(name, os.O_RDONLY|flags, 0)
	}
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, errors.New("not a regular file")
	}
	return f, nil
}

// LockDir takes the lock of a directory until it is closed. The error is
// syscall.EWOULDBLOCK if another has it. Without support for locks there is none.
func LockDir(dir string) (io.Closer, error) {
	f, err := os.Open(dir)
	if err == nil && !lock(f) {
		f.Close()
		return nil, syscall.EWOULDBLOCK
	}
	return f, err
}
