package tempfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// NewInMemory makes an empty private file in memory (memfd_create(2)), which is in no
// directory.
func NewInMemory() (*os.File, error) {
	fd, err := unix.MemfdCreate("depfetch", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), "memory"), nil
}
