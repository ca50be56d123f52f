package fetch

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"depfetch/fetch/tempfile"
)

// claims holds the places that the destinations of a run occupy: where each of their
// files and links really is, and every place on the path there. No two destinations may
// have the same place, and no path may lead through a file or link of another one, so
// that no destination can replace, remove or redirect what another has placed.
type claims struct {
	ways
	taken   map[string]*claim // by place
	folded  map[string]string // the places of taken, by them in lower case
	passed  []passage
	links   []*claim // of trees that are merged
	refused map[string]bool
	errs    []error

	// foldsCase reports whether the disk below d ignores case in names. Nil means
	// that this is not known yet.
	foldsCase func(d *destination) bool
}

// claim is a file, a link or a whole directory of a destination.
type claim struct {
	d      *destination
	path   string // holds no links below the root but itself
	staged string // where it lies now; empty if it is in place
	link   string // its target, if it is a link
	info   fs.FileInfo
	lost   bool // something else lies there after the renames
}

// passage is a directory that something of a destination goes through or is.
type passage struct {
	d      *destination
	path   string
	places []string
}

func newClaims(root string) *claims {
	return &claims{
		ways:  ways{root: root, ids: make(map[string]string)},
		taken: make(map[string]*claim), folded: make(map[string]string), refused: make(map[string]bool),
	}
}

// refuse records why d cannot be placed. Only the first reason for each artifact counts.
func (c *claims) refuse(d *destination, path, format string, args ...any) {
	if !c.refused[d.Name] {
		c.refused[d.Name] = true
		c.errs = append(c.errs, &DestinationError{Artifact: d.Artifact, Path: path, Err: fmt.Errorf(format, args...)})
	}
}

// add claims the place of d itself: its file, or the whole directory if that is replaced.
// For a tree that is merged it claims only the path. staged is where it is now, if it is
// not in place.
func (c *claims) add(d *destination, staged string) {
	dir := relative(d.Path)
	if !d.merges() {
		dir = filepath.Dir(filepath.FromSlash(dir))
	}
	to, visited, err := c.walk(c.root, dir, onDisk)
	if err == nil && to != d.dir {
		err = errors.New("links on the way there have just changed")
	}
	if err != nil {
		c.refuse(d, d.file, "%w", err)
		return
	}
	c.pass(d, d.dir, visited)
	for elem := range strings.SplitSeq(d.Path, "/") {
		c.name(d, d.file, elem)
	}
	if !d.merges() {
		c.claim(&claim{d: d, path: d.file, staged: staged})
	}
}

// name refuses a name that is reserved for temporary files, which are swept.
func (c *claims) name(d *destination, path, elem string) {
	if tempfile.Reserved(elem) {
		c.refuse(d, path, "%q is a name of depfetch's own temporary files, which are swept", elem)
	}
}

// entry is what a tree holds, in which a directory comes before what is in it.
type entry struct {
	name   string // slash-separated
	isDir  bool
	link   string
	staged string // where it lies now; empty if it is in place
}

// addTree claims the places of the entries of d's tree, which is merged.
func (c *claims) addTree(d *destination, entries []entry) {
	dirs := map[string]string{".": d.dir}
	for _, e := range entries {
		parent, base := ".", e.name
		if i := strings.LastIndexByte(e.name, '/'); i >= 0 {
			parent, base = e.name[:i], e.name[i+1:]
		}
		path := filepath.Join(dirs[parent], base)
		c.name(d, path, base)
		if !e.isDir {
			c.claim(&claim{d: d, path: path, staged: e.staged, link: e.link})
			continue
		}
		to, visited, err := c.walk(dirs[parent], base, onDisk)
		if err != nil {
			c.refuse(d, path, "%w", err)
			return
		}
		dirs[e.name] = to
		c.pass(d, path, visited)
	}
}

// claim claims a place for n.
func (c *claims) claim(n *claim) {
	place := c.location(n.path)
	if other := c.at(n.d, place); other != nil {
		c.refuse(n.d, n.path, "%s lands there too", c.whose(n.d, other))
		return
	}
	c.taken[place] = n
	if c.foldsCase != nil {
		c.folded[strings.ToLower(place)] = place
	}
	if n.link != "" {
		c.links = append(c.links, n)
	}
}

func (c *claims) pass(d *destination, path string, visited []string) {
	places := make([]string, len(visited))
	for i, v := range visited {
		places[i] = c.location(v)
	}
	c.passed = append(c.passed, passage{d, path, places})
}

// at returns the claim to a place, on the disk of d, or nil.
func (c *claims) at(d *destination, place string) *claim {
	if n := c.taken[place]; n != nil || c.foldsCase == nil {
		return n
	}
	if other, ok := c.folded[strings.ToLower(place)]; ok && c.foldsCase(d) {
		return c.taken[other]
	}
	return nil
}

// whose names the owner of n to d.
func (c *claims) whose(d *destination, n *claim) string {
	if n.d.Name == d.Name {
		return "another member of it"
	}
	return n.d.Name
}

// check returns why not all can be placed, an error for each artifact that is in
// the way of another or of itself.
func (c *claims) check() error {
	for _, p := range c.passed {
		for _, place := range p.places {
			n := c.at(p.d, place)
			switch {
			case n == nil:
				continue
			case n.link != "":
				c.refuse(p.d, p.path, "%s lands on %s as a link, and the way there leads through it", c.whose(p.d, n), n.path)
			default:
				c.refuse(p.d, p.path, "%s lands on %s, which is a directory of it", c.whose(p.d, n), n.path)
			}
		}
	}
	for _, n := range c.links {
		// With absolute links allowed, links may lead anywhere.
		if !n.d.Unpack.AbsoluteLinks {
			c.checkLink(n)
		}
	}
	return errors.Join(c.errs...)
}

// checkLink refuses a link that would lead out of its tree's directory once all is
// in place. The archive has been judged by itself already; here it is judged by
// what else lies there.
func (c *claims) checkLink(n *claim) {
	to, _, err := c.walk(filepath.Dir(n.path), n.link, func(path string) string {
		if other := c.at(n.d, c.location(path)); other != nil {
			return other.link
		}
		return onDisk(path)
	})
	if err == nil && !within(to, n.d.dir) {
		c.refuse(n.d, n.path, "a link to %q, which leads out of the destination there, to %s", n.link, to)
	}
}
