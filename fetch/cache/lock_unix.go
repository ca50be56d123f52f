//go:build unix

package cache

import (
	"errors"
	"os"
	"syscall"
)

// canLock says that there is flock(2).
const canLock = true

// openFlags lets open(2) follow no link, and not wait for the writer of a FIFO.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// lock takes the lock of f, which the end of the process releases. The error is ErrBusy
// if another has it.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrBusy
	}
	return err
}
