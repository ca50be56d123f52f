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

// umask returns the bits that files are made without. It must not be called while
// files are made.
func umask() fs.FileMode {
	old := syscall.Umask(0)
	syscall.Umask(old)
	return fs.FileMode(old)
}
