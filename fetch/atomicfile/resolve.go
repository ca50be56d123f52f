package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxLinks is how many symbolic links a name may lead through, as in Linux.
const maxLinks = 40

// Resolve returns the path that a program writes to when it opens name: all symbolic
// links are followed, as the kernel follows them, including the last one if its target
// does not exist yet. The directory must exist.
func Resolve(name string) (string, error) {
	for range maxLinks {
		dir, base := filepath.Split(name)
		switch base {
		case "", ".", "..":
			return filepath.EvalSymlinks(name)
		}
		if dir == "" {
			dir = "."
		}
		dir, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return "", err
		}
		path := filepath.Join(dir, base)
		link, err := os.Readlink(path)
		if err != nil {
			// It is no link, or does not exist.
			return path, nil
		}
		if name = link; !filepath.IsAbs(link) {
			// Not filepath.Join, which would take a link and the .. behind it away.
			name = dir + string(filepath.Separator) + link
		}
	}
	return "", &fs.PathError{Op: "open", Path: name, Err: errLoop}
}

// errLoop is the kernel's error for too many links.
var errLoop = errors.New("too many levels of symbolic links")

// readOnly reports whether err is that of a file system that may not be written.
func readOnly(err error) bool { return errors.Is(err, syscall.EROFS) }
