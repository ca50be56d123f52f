package unpack

import (
	"path"
	"strings"
	"time"
)

// tree is what an archive would give: each name once, and no name below what
// is no directory. It decides from names alone, so nothing on a disk, and no
// link in the archive, can lead it astray.
type tree struct {
	o       Options
	include globs
	budget  budget
	bytes   int64 // of all files

	nodes    map[string]node       // everything but directories, by its name
	dirs     map[string]*directory // "." among them
	symlinks []*placed             // in the order of the archive
	hard     []*placed
	skipped  []string // names not included, for suggestions

	lastDir string // whose ancestors are known
}

// node is a file or a symbolic link.
type node struct {
	kind kind
	link string // of a symbolic link
}

// directory is what is known of a directory.
type directory struct {
	mode    uint32
	modTime time.Time
}

// placed is a member that is to be unpacked.
type placed struct {
	*member
	path string // its clean name
}

func newTree(o Options, archive int64) (*tree, error) {
	include, err := parseGlobs(o.Include)
	if err != nil {
		return nil, err
	}
	t := &tree{
		o:       o,
		include: include,
		budget:  o.Limits.budget(archive),
		nodes:   make(map[string]node),
		dirs:    make(map[string]*directory),
	}
	t.dirs["."] = t.implied()
	t.lastDir = "."
	return t, nil
}

func (t *tree) implied() *directory {
	return &directory{0o755, t.o.clamp(t.o.ImpliedTime)}
}

// add takes a member into the tree. It returns nil for what is left out. made
// are the directories that are new with it, parents first.
func (t *tree) add(m *member) (p *placed, made []string, err error) {
	elems, stripped, err := splitName(m.name, t.o.Strip)
	switch {
	case err != nil:
		return nil, nil, err
	case stripped:
		return nil, nil, nil
	case len(elems) > t.o.Limits.Depth:
		return nil, nil, &LimitError{Limit: "depth", Max: int64(t.o.Limits.Depth), Name: m.name}
	case len(elems) == 0:
		return nil, nil, t.addRoot(m)
	}
	name := strings.Join(elems, "/")
	if !t.included(m, elems) {
		if m.kind == kindDir {
			name += "/"
		}
		t.skipped = append(t.skipped, name)
		return nil, nil, nil
	}
	if err := checkKind(m); err != nil {
		return nil, nil, err
	}
	if made, err = t.addParents(m.name, path.Dir(name)); err != nil {
		return nil, nil, err
	}
	m.modTime = t.modTime(m)
	p = &placed{m, name}
	if m.kind == kindDir {
		isNew, err := t.addDir(p)
		if isNew {
			made = append(made, name)
		}
		return p, made, err
	}
	if _, ok := t.dirs[name]; ok {
		return nil, nil, refuse(m.name, "%s in the place of a directory", m.kind)
	}
	if _, ok := t.nodes[name]; ok {
		return nil, nil, refuse(m.name, "a second entry for %q", name)
	}
	switch m.kind {
	case kindFile:
		err = t.budget.take(m.name, m.size)
		t.bytes += m.size
	case kindSymlink:
		err = t.addSymlink(p)
	case kindHardLink:
		err = t.addHardLink(p)
	}
	if err != nil {
		return nil, nil, err
	}
	t.nodes[name] = node{m.kind, m.link}
	return p, made, nil
}

// included tells whether Include asks for a member, by its name after Strip or by
// the whole of it.
func (t *tree) included(m *member, stripped []string) bool {
	if t.include.match(stripped) {
		return true
	}
	whole, _, err := splitName(m.name, 0)
	return t.o.Strip > 0 && err == nil && t.include.match(whole)
}

// checkKind refuses what is no file, directory or link, and special bits.
func checkKind(m *member) error {
	switch m.kind {
	case kindFile, kindDir:
		for i, what := range [...]string{"sticky", "setgid", "setuid"} {
			if m.mode&(0o1000<<i) != 0 {
				return refuse(m.name, "a %s that is %s (mode %04o)", m.kind, what, m.mode)
			}
		}
	case kindSymlink, kindHardLink:
	default:
		return refuse(m.name, "%s", m.kind)
	}
	return nil
}

func (t *tree) modTime(m *member) time.Time {
	if m.modTime.IsZero() {
		return t.o.clamp(t.o.ImpliedTime)
	}
	return t.o.clamp(m.modTime)
}

// addRoot takes the entry of the archive's own root, "./".
func (t *tree) addRoot(m *member) error {
	if m.kind != kindDir {
		return refuse(m.name, "%s in the place of the root", m.kind)
	}
	if len(t.o.Include) > 0 {
		return nil
	}
	if err := checkKind(m); err != nil {
		return err
	}
	*t.dirs["."] = directory{m.mode, t.modTime(m)}
	return nil
}

// addParents makes dir a directory of the tree, and those above it.
func (t *tree) addParents(member, dir string) (made []string, err error) {
	if dir == t.lastDir {
		return nil, nil
	}
	if _, ok := t.dirs[dir]; !ok {
		if made, err = t.addParents(member, path.Dir(dir)); err != nil {
			return nil, err
		}
		if n, ok := t.nodes[dir]; ok {
			return nil, refuse(member, "a name through %q, which is a %s", dir, n.kind)
		}
		t.dirs[dir] = t.implied()
		made = append(made, dir)
	}
	t.lastDir = dir
	return made, nil
}

func (t *tree) addDir(p *placed) (isNew bool, err error) {
	if n, ok := t.nodes[p.path]; ok {
		return false, refuse(p.name, "a directory in the place of a %s", n.kind)
	}
	d, ok := t.dirs[p.path]
	if !ok {
		d = new(directory)
		t.dirs[p.path] = d
	}
	*d = directory{p.mode, p.modTime}
	return !ok, nil
}

func (t *tree) addSymlink(p *placed) error {
	if err := checkTarget(p.name, p.link); err != nil {
		return err
	}
	if p.link[0] == '/' && !t.o.AbsoluteLinks {
		return refuse(p.name, "an absolute link, to %q", p.link)
	}
	t.symlinks = append(t.symlinks, p)
	return nil
}

// addHardLink finds what p leads to. p.link becomes the clean name of that.
func (t *tree) addHardLink(p *placed) error {
	elems, _, err := splitName(p.link, t.o.Strip)
	if err != nil {
		return refuse(p.name, "a hard link to %q, which is %s", p.link, err.(*RefusedError).Reason)
	}
	target := strings.Join(elems, "/")
	switch n, ok := t.nodes[target]; {
	case !ok:
		return refuse(p.name, "a hard link to %q, which is no file that is unpacked before it", p.link)
	case n.kind == kindHardLink:
		p.link = n.link // which leads to no hard link
	default:
		p.link = target
	}
	t.hard = append(t.hard, p)
	return nil
}

// finish checks what can only be known when all members have been added.
func (t *tree) finish() error {
	if g := t.include.unused(); g != nil {
		return &NoMatchError{Pattern: g.pattern, Near: near(g.pattern, t.names())}
	}
	r := resolver{lookup: t.lookup}
	for _, p := range t.symlinks {
		if err := r.contained(p.path); err != nil {
			return refuse(p.name, "a link that leads out of the tree, to %q", p.link)
		}
	}
	for _, p := range t.hard { // to symbolic links that would lead elsewhere from here
		if n := t.nodes[p.link]; n.kind == kindSymlink {
			if err := r.contained(p.path); err != nil {
				return refuse(p.name, "a link that leads out of the tree, to %q", n.link)
			}
		}
	}
	return nil
}

// lookup says what bears a clean name. A hard link is what it leads to.
func (t *tree) lookup(name string) (kind, string) {
	n, ok := t.nodes[name]
	switch {
	case ok && n.kind == kindHardLink:
		n = t.nodes[n.link]
		fallthrough
	case ok:
		return n.kind, n.link
	}
	if _, ok := t.dirs[name]; ok {
		return kindDir, ""
	}
	return "", ""
}

// names returns all that the archive holds, as far as it is known.
func (t *tree) names() []string {
	names := t.skipped
	for name := range t.nodes {
		names = append(names, name)
	}
	for name := range t.dirs {
		if name != "." {
			names = append(names, name+"/")
		}
	}
	return names
}
