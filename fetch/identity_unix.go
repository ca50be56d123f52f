//go:build unix

package fetch

import (
	"fmt"
	"io/fs"
	"syscall"
)

// identity tells a directory from all others, by whatever name it was looked at. It
// is empty if that is not known.
func identity(info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%x:%x", s.Dev, s.Ino)
}
