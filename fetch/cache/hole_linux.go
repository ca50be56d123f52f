package cache

import (
	"os"

	"golang.org/x/sys/unix"
)

// hole returns where the first hole of f begins (lseek(2)), which may be its end, or a
// negative number if that is not known. It moves the offset of f.
func hole(f *os.File) int64 {
	at, err := unix.Seek(int(f.Fd()), 0, unix.SEEK_HOLE)
	if err != nil {
		return -1
	}
	return at
}
