package fetch_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// entry is all that a run must leave as it is of a file or directory that is not
// its business.
type entry struct {
	mode   fs.FileMode
	mtime  time.Time
	digest [sha256.Size]byte // of a regular file
	link   string            // where a symbolic link leads
}

func (e entry) String() string {
	return fmt.Sprintf("{%v %s %.8x %s}", e.mode, e.mtime.UTC().Format(time.RFC3339Nano), e.digest, e.link)
}

// snapshot returns what lies below dir, which may be a file or nothing at all,
// by path relative to it, slash-separated. Itself is ".".
func snapshot(dir string) (map[string]entry, error) {
	all := make(map[string]entry)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) && path == dir {
			return fs.SkipAll
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		e := entry{mode: info.Mode(), mtime: info.ModTime()}
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			e.digest = sha256.Sum256(data)
		case info.Mode()&fs.ModeSymlink != 0:
			if e.link, err = os.Readlink(path); err != nil {
				return err
			}
		}
		rel, err := filepath.Rel(dir, path)
		all[filepath.ToSlash(rel)] = e
		return err
	})
	return all, err
}

// litter returns the temporary files in a snapshot, and what lies in temporary
// directories.
func litter(all map[string]entry) (names []string) {
	for name := range all {
		if strings.Contains("/"+name, "/.depfetch-") {
			names = append(names, name)
		}
	}
	return names
}

// unchanged returns e as it is when its bytes and mode are those that mustWrite
// gave it.
func unchanged(e entry, content string) entry {
	e.mode, e.digest = 0o644, sha256.Sum256([]byte(content))
	return e
}
