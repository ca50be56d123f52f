//go:build unix

package osfile

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Nonblock is the flag of open(2) that prevents it from blocking on a FIFO.
const Nonblock = syscall.O_NONBLOCK

// OwnerOf returns who owns a file.
func OwnerOf(info fs.FileInfo) Owner {
	s := info.Sys().(*syscall.Stat_t)
	return Owner{UID: s.Uid, GID: s.Gid}
}

// Links returns how many names (hard links) a file has.
func Links(info fs.FileInfo) uint64 { return uint64(info.Sys().(*syscall.Stat_t).Nlink) }

// Identity returns the same text for all names of a file, and different texts for
// different files. It is empty where that is not known.
func Identity(info fs.FileInfo) string {
	s := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%x:%x", s.Dev, s.Ino)
}

// Writable returns why the user may not make files in a directory, or nil.
func Writable(dir string) error { return syscall.Access(dir, 0o3) } // W_OK|X_OK

// Rename is os.Rename for what is no directory, and does not look first whether to is
// one: rename(2) refuses that itself.
func Rename(from, to string) error {
	for {
		err := syscall.Rename(from, to)
		if err == nil {
			return nil
		}
		if err != syscall.EINTR {
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
		}
	}
}
