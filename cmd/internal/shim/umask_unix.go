//go:build unix

package shim

import (
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// userHome returns the home of the user by the list of users, or "".
func userHome() string {
	text, _ := os.ReadFile("/etc/passwd")
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) == 7 && f[2] == strconv.Itoa(os.Geteuid()) {
			return f[5]
		}
	}
	return ""
}

// replaceable reports whether another file can take the place of one: not if it has
// further names.
func replaceable(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return !ok || st.Nlink < 2
}

// keepOwner gives a file the owner of the one that it replaces.
func keepOwner(f *os.File, info fs.FileInfo) error {
	now, err := f.Stat()
	if err != nil {
		return err
	}
	is, ok := now.Sys().(*syscall.Stat_t)
	was, ok2 := info.Sys().(*syscall.Stat_t)
	if !ok || !ok2 || is.Uid == was.Uid && is.Gid == was.Gid {
		return nil
	}
	return f.Chown(int(was.Uid), int(was.Gid))
}

// umask returns the bits that files are made without. It must not be called while
// files are made.
func umask() fs.FileMode {
	old := syscall.Umask(0)
	syscall.Umask(old)
	return fs.FileMode(old)
}
