package edit

import (
	"cmp"
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
	have := d.pins()
	var added []lock.Pin
	for _, p := range pins {
		line, there := have[p.URL].(map[string]any)
		if !there {
			added = append(added, p)
			continue
		}
		if err := d.setPin(p, line); err != nil {
			return err
		}
	}
	slices.SortFunc(added, func(a, b lock.Pin) int { return cmp.Compare(a.URL, b.URL) })
	if len(added) == 0 {
		return nil
	}
	return d.transact("", func() error { return d.addPins(added) }, func() {
		if d.pins() == nil {
			d.root["urls"] = make(map[string]any)
		}
		for _, p := range added {
			d.pins()[p.URL] = decoded(pinEntries(p))
		}
	})
}

// RemovePins takes lines of urls away, with the comments directly above them.
// Addresses that are not there are passed over.
func (d *Document) RemovePins(addresses ...string) error {
	return d.Batch(func(d *Document) error {
		for _, address := range addresses {
			if d.pins()[address] == nil {
				continue
			}
			err := d.transact("", func() error { return d.removeAll([]string{"urls", address}, true) },
				func() { delete(d.pins(), address) })
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// pins returns the decoded table urls. It may be nil.
func (d *Document) pins() map[string]any {
	pins, _ := d.root["urls"].(map[string]any)
	return pins
}

// pinEntries returns what a new line of urls holds.
func pinEntries(p lock.Pin) []Entry {
	if p.Unpinned != "" {
		return []Entry{{"unpinned", p.Unpinned}}
	}
	entries := []Entry{{"sha256", p.Digest.String()}}
	if p.Size != fetch.SizeUnknown {
		entries = append(entries, Entry{"size", p.Size})
	}
	entries = append(entries, Entry{"trust", p.Trust.String()})
	if !p.Modified.IsZero() {
		entries = append(entries, Entry{"modified", p.Modified.UTC()})
	}
	if len(p.Mirrors) > 0 {
		entries = append(entries, Entry{"mirrors", p.Mirrors})
	}
	return entries
}

// setPin makes the line of p, which holds the values have, say what p says.
func (d *Document) setPin(p lock.Pin, have map[string]any) error {
	path := []string{"urls", p.URL}
	want := pinEntries(p)
	if (have["unpinned"] != nil) != (p.Unpinned != "") {
		return d.transact("", func() error { return d.replacePin(p, want) },
			func() { d.pins()[p.URL] = decoded(want) })
	}
	if p.Trust == lock.TOFU && have["trust"] == nil {
		want = slices.DeleteFunc(want, func(e Entry) bool { return e.Key == "trust" })
	}
	want = slices.DeleteFunc(want, func(e Entry) bool { return e.Key == "mirrors" })
	return d.transact("", func() error {
		return d.setLine(path, have, want, "size", "modified")
	}, func() {
		values, _ := decoded(want).(map[string]any)
		if mirrors := have["mirrors"]; mirrors != nil {
			values["mirrors"] = mirrors
		}
		d.pins()[p.URL] = values
	})
}

// replacePin writes the line of p anew.
func (d *Document) replacePin(p lock.Pin, want []Entry) error {
	if err := d.flush(); err != nil {
		return err
	}
	path := []string{"urls", p.URL}
	if line := d.tree.find(path...); line != nil {
		return d.splice(change{line.val, text(want)})
	}
	if err := d.removeAll(path, false); err != nil {
		return err
	}
	return d.addPins([]lock.Pin{p})
}

// addPins adds lines, which are sorted, in the layout of those that are there.
func (d *Document) addPins(added []lock.Pin) error {
	if err := d.flush(); err != nil {
		return err
	}
	t := d.tree
	if s := t.section("urls"); s != nil {
		return d.splice(t.pinLines(s, added)...)
	}
	if p := t.find("urls"); p != nil && p.table != nil {
		for _, pin := range added {
			if err := d.addPinItem(pin); err != nil {
				return err
			}
		}
		return nil
	}
	if kids := t.sections[0].below([]string{"urls"}); len(kids) > 0 { // urls."…" = …
		for _, pin := range added {
			last := d.tree.sections[0].below([]string{"urls"})
			if err := d.insertAfter(last[len(last)-1], 1, key(pin.URL), text(pinEntries(pin))); err != nil {
				return err
			}
		}
		return nil
	}
	var b strings.Builder
	end := len(t.text)
	if end > 0 && !t.isBlank(t.lineStart(end-1)) {
		b.WriteString("\n")
	}
	if slices.ContainsFunc(t.sections, func(s *table) bool { return below(s.path, []string{"urls"}) }) {
		for i, pin := range added { // [urls."…"]
			if i > 0 {
				b.WriteString("\n")
			}
			b.WriteString("[urls." + key(pin.URL) + "]\n" + aligned(pinEntries(pin)))
		}
		return d.splice(t.lines(end, b.String()))
	}
	b.WriteString(pinsComment + "[urls]\n")
	for _, pin := range added {
		b.WriteString(pinLine(pin))
	}
	return d.splice(t.lines(end, b.String()))
}

func pinLine(p lock.Pin) string { return key(p.URL) + " = " + text(pinEntries(p)) + "\n" }

// pinLines returns the changes that put lines into the section of urls, each before
// the first that sorts behind it.
func (t *tree) pinLines(s *table, added []lock.Pin) []change {
	at := make(map[int]string)
	floor, i := t.lineEnd(s.end), 0
	for _, p := range s.pairs {
		var b strings.Builder
		for ; i < len(added) && added[i].URL < p.path[1]; i++ {
			b.WriteString(t.indent(p.start) + pinLine(added[i]))
		}
		if b.Len() > 0 {
			at[t.commentAbove(t.lineStart(p.start), floor)] += b.String()
		}
		floor = t.lineEnd(p.end)
	}
	indent := t.indent(s.start)
	if n := len(s.pairs); n > 0 {
		indent = t.indent(s.pairs[n-1].start)
	}
	for ; i < len(added); i++ {
		at[floor] += indent + pinLine(added[i])
	}
	var changes []change
	for _, start := range slices.Sorted(maps.Keys(at)) {
		changes = append(changes, t.lines(start, at[start]))
	}
	return changes
}

// addPinItem adds a line to an inline table.
func (d *Document) addPinItem(p lock.Pin) error {
	table := d.tree.find("urls").table
	item := key(p.URL) + " = " + text(pinEntries(p))
	for i, kid := range table.pairs {
		if p.URL < kid.path[1] {
			return d.splice(d.tree.insertBefore(table.list(), i, item))
		}
	}
	if n := len(table.pairs); n > 0 {
		return d.splice(d.tree.insertAfter(table.list(), n-1, item)...)
	}
	return d.splice(d.tree.insertOnly(table.list(), item))
}
