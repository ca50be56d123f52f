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
	have, there := d.locked(dep)[platform].(map[string]any)
	want := lineEntries(line)
	if there && line.Trust == lock.TOFU && have["trust"] == nil {
		want = want[:len(want)-1]
	}
	return d.edit(dep, func() error {
		if there {
			return d.setLine([]string{"deps", dep, "locked", platform}, have, want, "size", "unpacked")
		}
		return d.addLine(dep, platform, want)
	}, func(values map[string]any) {
		locked, ok := values["locked"].(map[string]any)
		if !ok {
			locked = make(map[string]any)
			values["locked"] = locked
		}
		locked[platform] = decoded(want)
	})
}

// RemoveLocked takes the locked line of a dependency for p away, if there is
// one, and nothing else: the table of locked lines may be empty then.
func (d *Document) RemoveLocked(dep string, p lock.Platform) error {
	path := []string{"deps", dep, "locked", p.String()}
	return d.edit(dep, func() error {
		return d.removeAll(path, false)
	}, func(map[string]any) { delete(d.locked(dep), p.String()) })
}

// lineEntries returns what a new locked line holds.
func lineEntries(l lock.Line) []Entry {
	entries := []Entry{{"url", l.URL}, {"sha256", l.Digest.String()}}
	if l.Size != fetch.SizeUnknown {
		entries = append(entries, Entry{"size", l.Size})
	}
	if !l.Unpacked.IsZero() {
		entries = append(entries, Entry{"unpacked", l.Unpacked.String()})
	}
	return append(entries, Entry{"trust", l.Trust.String()})
}

// setLine makes the line at path, with the values have, hold want. Of its other
// keys, those that are optional go.
func (d *Document) setLine(path []string, have map[string]any, want []Entry, optional ...string) error {
	at := func(key string) *pair { return d.tree.find(append(slices.Clone(path), key)...) }
	var changes []change
	for _, e := range want {
		if have[e.Key] != nil && have[e.Key] != e.Value {
			changes = append(changes, d.tree.value(at(e.Key), e.Value))
		}
	}
	if err := d.replace(changes); err != nil {
		return err
	}
	wanted, _ := decoded(want).(map[string]any)
	var surplus []string
	for _, key := range optional {
		if have[key] != nil && wanted[key] == nil {
			surplus = append(surplus, key)
		}
	}
	lacks := func(e Entry) bool { return have[e.Key] == nil }
	if len(surplus) == 0 && !slices.ContainsFunc(want, lacks) {
		return nil
	}
	if err := d.flush(); err != nil {
		return err
	}
	for _, key := range surplus {
		if err := d.remove(at(key)); err != nil {
			return err
		}
	}
	for i, e := range want {
		if have[e.Key] != nil {
			continue
		}
		if err := d.insertAfter(at(want[i-1].Key), len(path), e.Key, text(e.Value)); err != nil {
			return err
		}
	}
	return nil
}

// addLine adds a line in the layout of the last one, or as the first.
func (d *Document) addLine(dep, platform string, want []Entry) error {
	if err := d.flush(); err != nil {
		return err
	}
	prefix := []string{"deps", dep, "locked"}
	near, section := d.lastLine(prefix)
	switch {
	case section >= 0:
		return d.addSection(section, platform, want)
	case near != nil:
		return d.insertAfter(near, len(prefix), key(platform), text(want))
	}
	t := d.tree
	if s := t.section(prefix...); s != nil {
		line := t.indent(s.start) + key(platform) + " = " + text(want) + "\n"
		return d.splice(t.lines(t.lineEnd(s.end), line))
	}
	if p := t.find(prefix...); p != nil && p.table != nil {
		return d.splice(t.insertOnly(p.table.list(), key(platform)+" = "+text(want)))
	}
	own := d.own(dep)
	last := own[len(own)-1]
	switch {
	case len(last.in.path) < 2:
		return d.insertAfter(last, 2, "locked."+key(platform), text(want))
	case last.in.inline:
		return d.insertAfter(last, 2, "locked", "{ "+key(platform)+" = "+text(want)+" }")
	}
	return d.addTable(dep, key(platform)+" = "+text(want)+"\n")
}

// lastLine returns where the last locked line below prefix is written: as a
// pair, or by its last pair if it is several; or as a section; or neither.
func (d *Document) lastLine(prefix []string) (near *pair, section int) {
	section = -1
	end := -1
	for p := range d.tree.all() {
		if len(p.in.path) <= len(prefix) && len(p.path) > len(prefix) && below(p.path, prefix) {
			near, end = p, p.end
		}
	}
	for i, s := range d.tree.sections {
		if len(s.path) > len(prefix) && below(s.path, prefix) && s.start > end {
			near, section = nil, i
		}
	}
	return near, section
}

// addSection adds a line as a section of its own behind section i, which is one.
func (d *Document) addSection(i int, platform string, want []Entry) error {
	t := d.tree
	s := t.sections[i]
	last := s.parts[len(s.parts)-1]
	indent := t.indent(s.start)
	var b strings.Builder
	if t.isBlankAbove(t.commentAbove(t.lineStart(s.start), t.floor(i))) {
		b.WriteString("\n")
	}
	b.WriteString(indent + t.text[s.start:last.start] + key(platform) + t.text[last.end:s.end] + "\n")
	if len(s.pairs) == 0 {
		return d.refuse(t.text, s.start, s.path[1], "the last locked line is defined in several places")
	}
	near := s.pairs[0]
	for _, e := range want {
		if p := t.find(append(s.path[:len(s.path):len(s.path)], e.Key)...); p != nil {
			near = p
		}
		b.WriteString(t.indent(near.start) + t.entry(near, 0, e.Key, text(e.Value)) + "\n")
	}
	return d.splice(t.lines(t.sectionEnd(i), b.String()))
}

// addTable adds the table of locked lines with its first line, behind the
// sections of a dependency that is written as sections.
func (d *Document) addTable(dep, line string) error {
	t := d.tree
	path := []string{"deps", dep}
	home := t.section(path...)
	i := 0
	for t.sections[i] != home {
		i++
	}
	for i+1 < len(t.sections) && below(t.sections[i+1].path, path) {
		i++
	}
	end := home.parts[len(home.parts)-1].end
	indent := t.indent(home.start)
	header := indent + t.text[home.start:end] + ".locked" + t.text[end:home.end] + "\n"
	if d.spaced() {
		header = "\n" + header
	}
	return d.splice(t.lines(t.sectionEnd(i), header+indent+line))
}

// spaced reports whether tables of locked lines have a blank line above, as the
// first one in the file does.
func (d *Document) spaced() bool {
	for i, s := range d.tree.sections {
		if len(s.path) == 3 && s.path[0] == "deps" && s.path[2] == "locked" {
			start := d.tree.lineStart(s.start)
			return d.tree.isBlankAbove(d.tree.commentAbove(start, d.tree.floor(i)))
		}
	}
	return true
}
