//go:build unix

package unpack

import (
	"os"

	"golang.org/x/sys/unix"
)

// writable returns an error if the running user may not write in dir.
func writable(dir *os.File) error {
	return unix.Faccessat(int(dir.Fd()), ".", unix.W_OK|unix.X_OK, unix.AT_EACCESS)
}
