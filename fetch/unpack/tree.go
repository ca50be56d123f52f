package unpack

import (
	"fmt"
	"path"
	"strings"
	"time"
)

// tree is what an archive would give: each name once, and no name below what
// is no directory. It decides from names alone, so nothing on a disk, and no
// link in the archive, can lead it astray.
type tree struct {
	o       *Options
	include globs
	modes   globs // of o.Modes
	budget  budget
	entries int // members, and directories that they only imply

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
	mode uint32 // of a file
}

// directory is what is known of a directory.
type directory struct {
	mode    uint32
	modTime time.Time
	implied bool // the archive has had no entry for it
}

// placed is a member that is to be unpacked.
type placed struct {
	*member
	path string // its clean name
}

func newTree(o *Options, archive int64) (*tree, error) {
	include, err := parseGlobs(o.Include)
	if err != nil {
		return nil, err
	}
	var modes globs
	for _, m := range o.Modes {
		g, err := parseGlob(m.Glob)
		if err != nil {
			return nil, err
		}
		g.mode = uint32(m.Mode)
		modes = append(modes, g)
	}
	t := &tree{
		o:       o,
		include: include,
		modes:   modes,
		budget:  o.Limits.budget(archive),
		nodes:   make(map[string]node),
		dirs:    make(map[string]*directory),
	}
	t.dirs["."] = t.implied()
	t.lastDir = "."
	return t, nil
}

func (t *tree) implied() *directory {
	return &directory{0o755, t.o.clamp(t.o.ImpliedTime), true}
}

// add takes a member into the tree. It returns nil for what is left out. made
// are the directories that are new with it, parents first.
func (t *tree) add(m *member) (p *placed, made []string, err error) {
	t.entries++
	elems, stripped, err := t.o.splitName(m.name)
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
	if err := t.checkKind(m); err != nil {
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
		if err == nil {
			err = t.countable(m.name)
		}
		return p, made, err
	}
	if err := t.countable(m.name); err != nil {
		return nil, nil, err
	}
	if _, ok := t.dirs[name]; ok {
		return nil, nil, refuse(m.name, "%s in the place of a directory", m.kind)
	}
	if n, ok := t.nodes[name]; ok {
		if m.kind == kindHardLink && t.same(m, name, n) {
			return nil, made, nil
		}
		return nil, nil, refuse(m.name, "a second entry for %q", name)
	}
	switch m.kind {
	case kindFile:
		if m.mode, err = t.mode(m, elems, m.mode, false); err == nil {
			err = t.budget.take(m.name, m.size)
		}
	case kindSymlink:
		err = t.addSymlink(p)
	case kindHardLink:
		if err = t.addHardLink(p); err == nil {
			if n := t.nodes[p.link]; n.kind == kindFile {
				_, err = t.mode(m, elems, n.mode, true)
			}
		}
	}
	if err != nil {
		return nil, nil, err
	}
	t.nodes[name] = node{m.kind, m.link, m.mode}
	return p, made, nil
}

// mode returns the mode of a file that the archive says has the given one. One that is
// set cannot become another.
func (t *tree) mode(m *member, elems []string, mode uint32, set bool) (uint32, error) {
	by := ""
	for _, g := range t.modes {
		if !g.match(elems) {
			continue
		}
		if set && g.mode != mode {
			reason := fmt.Sprintf("modes gives it %04o by %q, and %04o by %q", mode, by, g.mode, g.pattern)
			if by == "" {
				reason = fmt.Sprintf("modes gives it %04o by %q, and the file that it is a hard link to has %04o", g.mode, g.pattern, mode)
			}
			return 0, &RefusedError{Name: m.name, Reason: reason, Allow: "modes"}
		}
		mode, set, g.used, by = g.mode, true, true, g.pattern
	}
	return mode, nil
}

// countable returns an error if there are too many entries with a member and the
// directories that it implies.
func (t *tree) countable(member string) error {
	if t.entries > t.o.Limits.Entries {
		return &LimitError{Limit: "entries", Max: int64(t.o.Limits.Entries), Name: member}
	}
	return nil
}

// included tells whether Include asks for a member, by its name after Strip or by
// the whole of it.
func (t *tree) included(m *member, stripped []string) bool {
	if t.include.match(stripped) {
		return true
	}
	unstripped := *t.o
	unstripped.Strip = 0
	whole, _, err := unstripped.splitName(m.name)
	return t.o.Strip > 0 && err == nil && t.include.match(whole)
}

// checkKind refuses what is no file, directory or link, and special bits, unless
// they are to be dropped.
func (t *tree) checkKind(m *member) error {
	if m.refusal != "" {
		return refuse(m.name, "%s", m.refusal)
	}
	switch m.kind {
	case kindFile, kindDir:
		if t.o.DropSpecialBits {
			m.mode &= 0o777
		}
		for i, what := range [...]string{"sticky", "setgid", "setuid"} {
			if m.mode&(0o1000<<i) != 0 {
				reason := fmt.Sprintf("a %s that is %s (mode %04o)", m.kind, what, m.mode)
				return &RefusedError{Name: m.name, Reason: reason, Allow: "drop_special_bits"}
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
	if err := t.checkKind(m); err != nil {
		return err
	}
	*t.dirs["."] = directory{mode: m.mode, modTime: t.modTime(m)}
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
		t.entries++
		if err := t.countable(member); err != nil {
			return nil, err
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
	if d.implied {
		t.entries--
	}
	*d = directory{mode: p.mode, modTime: p.modTime}
	return !ok, nil
}

func (t *tree) addSymlink(p *placed) error {
	if err := checkTarget(p.name, p.link); err != nil {
		return err
	}
	if p.link[0] == '/' && !t.o.AbsoluteLinks {
		return &RefusedError{Name: p.name, Reason: fmt.Sprintf("an absolute link, to %q", p.link), Allow: "absolute_links"}
	}
	t.symlinks = append(t.symlinks, p)
	return nil
}

// same reports whether the hard link m leads to what name, which is n, is already,
// as some archives have it for each further name of a file.
func (t *tree) same(m *member, name string, n node) bool {
	target, err := t.o.cleanName(m.link)
	if err != nil {
		return false
	}
	first := func(name string, n node) string {
		if n.kind == kindHardLink {
			return n.link
		}
		return name
	}
	to, ok := t.nodes[target]
	return ok && first(target, to) == first(name, n)
}

// addHardLink finds what p leads to. p.link becomes the clean name of that.
func (t *tree) addHardLink(p *placed) error {
	elems, _, err := t.o.splitName(p.link)
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

// check checks what can only be known when all members have been added.
func (t *tree) check() error {
	g, detail := t.include.unused(), ""
	if g == nil {
		g, detail = t.modes.unused(), "modes is for files that are unpacked, and none matches"
	}
	if g != nil {
		return &NoMatchError{g.pattern, near(g.pattern, t.names()), detail}
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
