//go:build unix

package shim

import (
	"io/fs"
	"syscall"
)

// umask returns the bits that files are made without. It must not be called while
// files are made.
func umask() fs.FileMode {
	old := syscall.Umask(0)
	syscall.Umask(old)
	return fs.FileMode(old)
}
