//go:build unix

package fetch

import (
	"io/fs"
	"syscall"
)

// owner returns who owns a file.
func owner(info fs.FileInfo) Owner {
	s := info.Sys().(*syscall.Stat_t)
	return Owner{UID: s.Uid, GID: s.Gid}
}
