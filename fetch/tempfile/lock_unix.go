//go:build unix

package tempfile

import (
	"errors"
	"os"
	"syscall"
)

// closesFirst says that an open file cannot be renamed.
const closesFirst = false

// lock takes the lock of a file that has just been made. It reports false if
// somebody else has it. Where there are no locks nobody can take it for
// abandoned.
func lock(f *os.File) bool {
	return !errors.Is(flock(f), syscall.EWOULDBLOCK)
}

// abandoned reports whether nobody has the lock of f, and takes it.
func abandoned(f *os.File) bool { return flock(f) == nil }

func flock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// open opens a regular file for reading, follows no link, and waits for nobody: a
// FIFO would have it wait for a writer.
func open(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, errors.New("not a regular file")
	}
	return f, nil
}
