package edit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"depfetch/fetch"
	"depfetch/lock"
)

// pinsComment stands above the table urls where SetPins makes it.
const pinsComment = "# What Dockerfiles and scripts ask curl, wget and ADD for. deplock keeps it, sorted.\n"

// SetPins sets lines of urls. Of a line that is there, it replaces only what
// differs, and keeps its mirrors; a line without a trust means tofu, and is left
// so. A new line stands where the order of addresses puts it.
func (d *Document) SetPins(pins ...lock.Pin) error {
	var added []Entry
	for _, p := range pins {
		if have := d.table("urls", p.URL); have == nil {
			added = append(added, Entry{Key: p.URL, Value: pinEntries(p)})
		} else if err := d.setPin(p, have); err != nil {
			return err
		}
	}
	return d.addLines("urls", pinsComment, added)
}

// vendorComment stands above the table vendor where SetVendored makes it.
const vendorComment = "# The programs of depfetch that stand in this repository. deplock sync --vendor keeps it.\n"

// SetVendored sets lines of vendor, as SetPins sets those of urls.
func (d *Document) SetVendored(files ...lock.Vendored) error {
	var added []Entry
	for _, f := range files {
		path, want := []string{"vendor", f.Path}, []Entry{{Key: "sha256", Value: f.Digest.String()}}
		if have := d.table(path...); have == nil {
			added = append(added, Entry{Key: f.Path, Value: want})
		} else if err := d.transact(func() { d.setLine(path, have, want) }, effect{path, want}); err != nil {
			return err
		}
	}
	return d.addLines("vendor", vendorComment, added)
}

// catalogueComment stands above the table catalogue where SetRegistry makes it.
const catalogueComment = "# Where deplock add finds tools by their names, searched in this order.\n"

// SetRegistry sets a line of catalogue, as SetPins sets those of urls. A new one stands
// behind those that are there, or before them if it is to be searched first.
func (d *Document) SetRegistry(r lock.Registry, first bool) error {
	path := []string{"catalogue", r.Name}
	var want []Entry
	for _, e := range []Entry{{Key: "url", Value: r.URL}, {Key: "path", Value: r.Path}, {Key: "sha256", Value: r.Digest.String()}} {
		if e.Value != "" {
			want = append(want, e)
		}
	}
	e := effect{path, want}
	have := d.table(path...)
	switch others := d.file.Catalogue; {
	case have != nil && (have["url"] != nil) == (r.URL != ""):
		return d.transact(func() { d.setLine(path, have, want) }, e)
	case have != nil:
		return fmt.Errorf("%s: registry %q is of another kind; take its line out first", d.name, r.Name)
	case first && len(others) > 0:
		return d.transact(func() {
			d.flush()
			if near := d.tree.Find("catalogue", others[0].Name); near != nil {
				d.insertBefore(near, 1, key(r.Name), text(want))
			} else if s := d.tree.Section("catalogue", others[0].Name); s != nil {
				i := slices.Index(d.tree.Sections, s)
				at := d.tree.commentAbove(d.tree.lineStart(s.Start), d.tree.floor(i))
				d.splice(d.tree.lines(at, section("catalogue."+key(r.Name), want)+"\n"))
			}
		}, e)
	}
	return d.transact(func() {
		d.flush()
		others := d.file.Catalogue
		if len(others) > 0 {
			if near := d.tree.Find("catalogue", others[len(others)-1].Name); near != nil {
				d.insertAfter(near, 1, key(r.Name), text(want))
				return
			}
		}
		d.insertLines("catalogue", catalogueComment, []Entry{{Key: r.Name, Value: want}})
	}, e)
}

// addLines adds lines to a table of lines, which is made with a comment if it is not
// there.
func (d *Document) addLines(name, comment string, added []Entry) error {
	if len(added) == 0 {
		return nil
	}
	slices.SortFunc(added, func(a, b Entry) int { return cmp.Compare(a.Key, b.Key) })
	effects := make([]effect, len(added))
	for i, l := range added {
		effects[i] = effect{[]string{name, l.Key}, l.Value}
	}
	return d.transact(func() { d.insertLines(name, comment, added) }, effects...)
}

// RemovePins takes lines of urls away, with the comments directly above them.
// Addresses that are not there are passed over.
func (d *Document) RemovePins(addresses ...string) error { return d.removeLines("urls", addresses) }

// removeLines takes lines of a table of lines away.
func (d *Document) removeLines(name string, keys []string) error {
	return d.Batch(func(d *Document) error {
		for _, key := range keys {
			path := []string{name, key}
			if err := d.transact(func() { d.removeAll(path, true) }, effect{path, nil}); err != nil {
				return err
			}
		}
		return nil
	})
}

// pinEntries returns what a new line of urls holds.
func pinEntries(p lock.Pin) []Entry {
	if p.Unpinned != "" {
		return []Entry{{Key: "unpinned", Value: p.Unpinned}}
	}
	entries := []Entry{{Key: "sha256", Value: p.Digest.String()}}
	if p.Size != fetch.SizeUnknown {
		entries = append(entries, Entry{Key: "size", Value: p.Size})
	}
	entries = append(entries, Entry{Key: "trust", Value: p.Trust.String()})
	if !p.Modified.IsZero() {
		entries = append(entries, Entry{Key: "modified", Value: p.Modified.UTC()})
	}
	if len(p.Mirrors) > 0 {
		entries = append(entries, Entry{Key: "mirrors", Value: p.Mirrors})
	}
	return entries
}

// setPin makes the line of p, which holds the values have, say what p says.
func (d *Document) setPin(p lock.Pin, have map[string]any) error {
	path, want := []string{"urls", p.URL}, pinEntries(p)
	if (have["unpinned"] != nil) != (p.Unpinned != "") {
		return d.transact(func() { d.replacePin(p, want) }, effect{path, want})
	}
	want = slices.DeleteFunc(want, func(e Entry) bool {
		return e.Key == "mirrors" || e.Key == "trust" && p.Trust == lock.TOFU && have["trust"] == nil
	})
	result := want
	if mirrors := have["mirrors"]; mirrors != nil {
		result = append(slices.Clip(want), Entry{Key: "mirrors", Value: mirrors})
	}
	return d.transact(func() { d.setLine(path, have, want, "size", "modified") }, effect{path, result})
}

// replacePin writes the line of p anew.
func (d *Document) replacePin(p lock.Pin, want []Entry) {
	d.flush()
	path := []string{"urls", p.URL}
	if line := d.tree.Find(path...); line != nil {
		d.splice(put(line.Value.Start, line.Value.End, text(want)))
		return
	}
	d.removeAll(path, false)
	d.insertLines("urls", pinsComment, []Entry{{Key: p.URL, Value: want}})
}

// insertLines adds lines, which are sorted, in the layout of those that are there.
func (d *Document) insertLines(name, comment string, added []Entry) {
	d.flush()
	t, path := d.tree, []string{name}
	if s := t.Section(name); s != nil {
		d.splice(t.sortedLines(s, added)...)
		return
	}
	if t.inlineTable(name) != nil {
		for _, l := range added {
			inline := d.tree.inlineTable(name)
			i := slices.IndexFunc(inline.Pairs, func(p *lock.Pair) bool { return l.Key < p.Path()[1] })
			if i < 0 {
				i = len(inline.Pairs)
			}
			d.splice(d.tree.insertItem(itemsOf(inline), i, assignment(l))...)
		}
		return
	}
	if len(pairsBelow(t.Sections[0], path)) > 0 { // urls."…" = …
		for _, l := range added {
			have := pairsBelow(d.tree.Sections[0], path)
			d.insertAfter(have[len(have)-1], 1, key(l.Key), text(l.Value))
		}
		return
	}
	var b strings.Builder
	if slices.ContainsFunc(t.Sections, func(s *lock.Table) bool { return s.Below(path) }) {
		for i, l := range added { // [urls."…"]
			if i > 0 {
				b.WriteString("\n")
			}
			entries, _ := l.Value.([]Entry)
			b.WriteString(section(name+"."+key(l.Key), entries))
		}
	} else {
		b.WriteString(comment + "[" + name + "]\n")
		for _, l := range added {
			b.WriteString(assignment(l) + "\n")
		}
	}
	d.splice(t.atEnd(b.String()))
}

// sortedLines returns the changes that put lines into a section, each before the
// first that sorts behind it.
func (t tree) sortedLines(s *lock.Table, added []Entry) []change {
	at := make(map[int]string)
	floor, i := t.lineEnd(s.End), 0
	for _, p := range s.Pairs {
		var b strings.Builder
		for ; i < len(added) && added[i].Key < p.Path()[1]; i++ {
			b.WriteString(t.indent(p.Start) + assignment(added[i]) + "\n")
		}
		if b.Len() > 0 {
			at[t.commentAbove(t.lineStart(p.Start), floor)] += b.String()
		}
		floor = t.lineEnd(p.End)
	}
	indent := t.indent(s.Start)
	if n := len(s.Pairs); n > 0 {
		indent = t.indent(s.Pairs[n-1].Start)
	}
	for ; i < len(added); i++ {
		at[floor] += indent + assignment(added[i]) + "\n"
	}
	var changes []change
	for _, start := range slices.Sorted(maps.Keys(at)) {
		changes = append(changes, t.lines(start, at[start]))
	}
	return changes
}
