package edit

import (
	"slices"
	"strings"

	"depfetch/fetch"
	"depfetch/lock"
)

// SetLocked sets the locked line of a dependency for the line's platform. Of a
// line that is there, it replaces only what differs; a line without a trust
// means tofu, and is left so. A new line comes behind the last one, in the
// layout of that one; the first comes into a table of its own, behind the keys
// of the dependency, or beside them if they are in an inline table or dotted.
func (d *Document) SetLocked(dep string, line lock.Line) error {
	platform := line.Platform.String()
	have := d.table("deps", dep, "locked", platform)
	want := lineEntries(line)
	if have != nil && line.Trust == lock.TOFU && have["trust"] == nil {
		want = want[:len(want)-1]
	}
	return d.edit(dep, []string{"locked", platform}, want, func() {
		if have != nil {
			d.setLine([]string{"deps", dep, "locked", platform}, have, want, "size", "unpacked", "by")
		} else {
			d.addLine(dep, platform, want)
		}
	})
}

// RemoveLocked takes the locked line of a dependency for p away, if there is
// one, and nothing else: the table of locked lines may be empty then.
func (d *Document) RemoveLocked(dep string, p lock.Platform) error {
	keys := []string{"locked", p.String()}
	return d.edit(dep, keys, nil, func() { d.removeAll(append([]string{"deps", dep}, keys...), false) })
}

// lineEntries returns what a new locked line holds.
func lineEntries(l lock.Line) []Entry {
	entries := []Entry{{Key: "url", Value: l.URL}, {Key: "sha256", Value: l.Digest.String()}}
	if l.Size != fetch.SizeUnknown {
		entries = append(entries, Entry{Key: "size", Value: l.Size})
	}
	if !l.Unpacked.IsZero() {
		entries = append(entries, Entry{Key: "unpacked", Value: l.Unpacked.String()})
	}
	entries = append(entries, Entry{Key: "trust", Value: l.Trust.String()})
	if l.By != "" {
		entries = append(entries, Entry{Key: "by", Value: l.By})
	}
	return entries
}

// setLine makes the line at path, with the values have, hold want. Of its other
// keys, those that are optional go.
func (d *Document) setLine(path []string, have map[string]any, want []Entry, optional ...string) {
	at := func(key string) *lock.Pair { return d.tree.Find(append(slices.Clone(path), key)...) }
	var changes []change
	for _, e := range want {
		if have[e.Key] != nil && have[e.Key] != e.Value {
			changes = append(changes, d.tree.value(at(e.Key), e.Value))
		}
	}
	d.replace(changes...)
	wanted, _ := decoded(want).(map[string]any)
	var surplus []string
	for _, key := range optional {
		if have[key] != nil && wanted[key] == nil {
			surplus = append(surplus, key)
		}
	}
	lacks := func(e Entry) bool { return have[e.Key] == nil }
	if len(surplus) == 0 && !slices.ContainsFunc(want, lacks) {
		return
	}
	d.flush()
	for _, key := range surplus {
		d.remove(at(key))
	}
	for i, e := range want {
		if have[e.Key] == nil {
			d.insertAfter(at(want[i-1].Key), len(path), e.Key, text(e.Value))
		}
	}
}

// addLine adds a line in the layout of the last one, or as the first.
func (d *Document) addLine(dep, platform string, want []Entry) {
	d.flush()
	t, prefix := d.tree, []string{"deps", dep, "locked"}
	name, line := key(platform), key(platform)+" = "+text(want)
	if near, section := d.lastLine(prefix); section >= 0 {
		d.addSection(section, platform, want)
		return
	} else if near != nil {
		d.insertAfter(near, len(prefix), name, text(want))
		return
	}
	if s := t.Section(prefix...); s != nil {
		d.splice(t.lines(t.lineEnd(s.End), t.indent(s.Start)+line+"\n"))
		return
	}
	if inline := t.inlineTable(prefix...); inline != nil {
		d.splice(t.insertItem(itemsOf(inline), 0, line)...)
		return
	}
	own := d.own(dep)
	last := own[len(own)-1]
	switch {
	case len(last.In.Path()) < 2:
		d.insertAfter(last, 2, "locked."+name, text(want))
	case last.In.Inline:
		d.insertAfter(last, 2, "locked", "{ "+line+" }")
	default:
		d.addTable(dep, line+"\n")
	}
}

// lastLine returns where the last locked line below prefix is written: as a
// pair, or by its last pair if it is several; or as a section; or neither.
func (d *Document) lastLine(prefix []string) (near *lock.Pair, section int) {
	section = -1
	end := -1
	for p := range d.tree.All() {
		if p.Below(prefix) && len(p.Path()) > len(prefix) && len(p.In.Path()) <= len(prefix) {
			near, end = p, p.End
		}
	}
	for i, s := range d.tree.Sections {
		if s.Below(prefix) && len(s.Path()) > len(prefix) && s.Start > end {
			near, section = nil, i
		}
	}
	return near, section
}

// addSection adds a line as a section of its own behind section i, which is one.
func (d *Document) addSection(i int, platform string, want []Entry) {
	t := d.tree
	s := t.Sections[i]
	last := s.Parts[len(s.Parts)-1]
	indent := t.indent(s.Start)
	var b strings.Builder
	if t.isBlankAbove(t.commentAbove(t.lineStart(s.Start), t.floor(i))) {
		b.WriteString("\n")
	}
	b.WriteString(indent + t.Text[s.Start:last.Start] + key(platform) + t.Text[last.End:s.End] + "\n")
	if len(s.Pairs) == 0 {
		d.refused = d.refusal(t, s.Start, s.Path()[1], "the last locked line is defined in several places")
		return
	}
	near := s.Pairs[0]
	for _, e := range want {
		if p := t.Find(append(s.Path(), e.Key)...); p != nil {
			near = p
		}
		b.WriteString(t.indent(near.Start) + t.entry(near, 0, e.Key, text(e.Value)) + "\n")
	}
	d.splice(t.lines(t.sectionEnd(i), b.String()))
}

// addTable adds the table of locked lines with its first line, behind the
// sections of a dependency that is written as sections.
func (d *Document) addTable(dep, line string) {
	t := d.tree
	path := []string{"deps", dep}
	home := t.Section(path...)
	i := slices.Index(t.Sections, home)
	for i+1 < len(t.Sections) && t.Sections[i+1].Below(path) {
		i++
	}
	end := keyEnd(home.Parts)
	indent := t.indent(home.Start)
	header := indent + t.Text[home.Start:end] + ".locked" + t.Text[end:home.End] + "\n"
	if d.spaced() {
		header = "\n" + header
	}
	d.splice(t.lines(t.sectionEnd(i), header+indent+line))
}

// spaced reports whether tables of locked lines have a blank line above, as the
// first one in the file does.
func (d *Document) spaced() bool {
	for i, s := range d.tree.Sections {
		if path := s.Path(); len(path) == 3 && path[0] == "deps" && path[2] == "locked" {
			start := d.tree.lineStart(s.Start)
			return d.tree.isBlankAbove(d.tree.commentAbove(start, d.tree.floor(i)))
		}
	}
	return true
}
