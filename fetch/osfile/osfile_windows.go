package osfile

import (
	"io/fs"
	"os"
)

// Nonblock is no flag: opening a file does not wait on Windows.
const Nonblock = 0

// OwnerOf returns the zero Owner: Windows has none of this kind.
func OwnerOf(fs.FileInfo) Owner { return Owner{} }

// Links returns 1: the names of a file are not counted on Windows.
func Links(fs.FileInfo) uint64 { return 1 }

// Identity is not known on Windows, where names have to do.
func Identity(fs.FileInfo) string { return "" }

// Writable returns nil: what a user may do is found out by doing it.
func Writable(string) error { return nil }

// Rename is os.Rename.
func Rename(from, to string) error { return os.Rename(from, to) }
