package fetch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"depfetch/fetch/osfile"
)

// ways resolves names below a root, and identifies places by the identity of their
// directory: two names of one directory (bind mounts, links, a disk that ignores case)
// are one place.
type ways struct {
	root string
	ids  map[string]string // of directories, by their path without links
}

// errLoop is the error of a path that does not end.
var errLoop = errors.New("too many levels of symbolic links")

// maxLinks limits the links that a path may go through, as in package securejoin.
const maxLinks = 255

// walk resolves name from the directory at, which holds no links below the root, as
// chroot would. It returns the result, whether that exists or not, and every place that
// it visited, including links and the last one. readlink returns the target of a link,
// and "" for anything else.
func (w *ways) walk(at, name string, readlink func(path string) string) (to string, visited []string, err error) {
	rest, links := filepath.ToSlash(name), 0
	for rest != "" {
		var elem string
		elem, rest, _ = strings.Cut(rest, "/")
		switch elem {
		case "", ".":
			continue
		case "..":
			if at != w.root {
				at = filepath.Dir(at)
			}
			continue
		}
		next := filepath.Join(at, elem)
		visited = append(visited, next)
		target := readlink(next)
		if target == "" {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", visited, errLoop
		}
		if target = filepath.ToSlash(target); target[0] == '/' {
			at = w.root
		}
		rest = target + "/" + rest
	}
	return at, visited, nil
}

// onDisk is the readlink of walk for the current state of the disk.
func onDisk(path string) string {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		return ""
	}
	target, _ := os.Readlink(path)
	return target
}

// location identifies the place of a path whose directory holds no links.
func (w *ways) location(path string) string {
	return w.id(filepath.Dir(path)) + "/" + filepath.Base(path)
}

// id identifies a directory, which need not exist yet.
func (w *ways) id(dir string) string {
	if id, ok := w.ids[dir]; ok {
		return id
	}
	id := ""
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		id = osfile.Identity(info)
	}
	if id == "" {
		id = dir
		if dir != w.root && dir != filepath.Dir(dir) {
			id = w.location(dir)
		}
	}
	w.ids[dir] = id
	return id
}

// within reports whether path is dir or lies below it. Both hold no links.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}
