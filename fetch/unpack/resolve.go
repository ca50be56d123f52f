package unpack

import (
	"errors"
	"path"
	"strings"
)

// resolver follows symbolic links within an archive, by names alone.
type resolver struct {
	lookup func(name string) (kind kind, link string) // of a clean name
	known  map[string]resolved
}

// resolved is where a name leads.
type resolved struct {
	name string // clean; "." is the root
	dead bool   // it leads in a circle
	deep bool   // it leads through more links than any system follows
}

// maxLinks is more than Linux (40), macOS (32) and Windows (63) follow.
const maxLinks = 64

var errLeaves = errors.New("it leads out of the tree")

// contained returns an error if the symbolic link name leads out of the tree.
func (r *resolver) contained(name string) error {
	_, err := r.follow(name, maxLinks)
	return err
}

// resolve returns where the clean name leads.
func (r *resolver) resolve(name string) (resolved, error) { return r.walk(".", name, maxLinks) }

// walk follows the elements of target from the directory dir. What the archive
// does not hold is taken for a directory: it may be one where the tree will lie.
func (r *resolver) walk(dir, target string, links int) (resolved, error) {
	at := resolved{name: dir}
	for elem := range strings.SplitSeq(target, "/") {
		switch elem {
		case "", ".":
			continue
		case "..":
			if at.name == "." {
				return resolved{}, errLeaves
			}
			at.name = path.Dir(at.name)
			continue
		}
		at.name = path.Join(at.name, elem)
		if kind, _ := r.lookup(at.name); kind == kindSymlink {
			to, err := r.follow(at.name, links)
			if err != nil || to.dead || to.deep {
				return to, err
			}
			at = to
		}
	}
	return at, nil
}

// follow returns where the symbolic link name leads, with at most links more
// links on the way.
func (r *resolver) follow(name string, links int) (resolved, error) {
	if to, ok := r.known[name]; ok {
		return to, nil
	}
	if links == 0 {
		return resolved{deep: true}, nil
	}
	if r.known == nil {
		r.known = make(map[string]resolved)
	}
	r.known[name] = resolved{dead: true} // while it is followed
	_, target := r.lookup(name)
	dir := path.Dir(name)
	if strings.HasPrefix(target, "/") {
		dir = "." // as where the tree is the root
	}
	to, err := r.walk(dir, target, links-1)
	if err != nil || to.deep { // of which another beginning may know more
		delete(r.known, name)
	} else {
		r.known[name] = to
	}
	return to, err
}
