package edit

import (
	"reflect"
	"slices"
	"strings"

	"depfetch/lock"
)

// SetVersion sets the version of a dependency. One that has none gets it as its
// first key. Locked lines stay as they are, and may be stale then.
func (d *Document) SetVersion(dep, version string) error {
	return d.edit(dep, []string{"version"}, version, func() {
		if p := d.tree.Find("deps", dep, "version"); p != nil {
			if d.table("deps", dep)["version"] != version {
				d.replace(d.tree.value(p, version))
			}
			return
		}
		d.flush()
		own := d.own(dep)
		if in := own[0].In; in.Inline || len(in.Path()) != 2 {
			d.insertBefore(own[0], 2, "version", text(version))
			return
		}
		t := d.tree
		entry := t.entry(own[0], 0, "version", text(version))
		d.splice(t.lines(t.lineEnd(own[0].In.End), t.indent(own[0].Start)+entry+"\n"))
	})
}

// SetTemplates sets keys of a dependency that are texts, and the table alias. An empty
// value takes a key away, and a new key comes behind the url. All of them are one edit,
// with what a batch around it does.
func (d *Document) SetTemplates(dep string, values []Entry) error {
	return d.Batch(func(d *Document) error {
		for _, e := range values {
			if err := d.setTemplate(dep, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *Document) setTemplate(dep string, e Entry) error {
	path := []string{"deps", dep, e.Key}
	have := d.table("deps", dep)[e.Key]
	if isUnset(e.Value) {
		if have == nil {
			return nil
		}
		return d.edit(dep, []string{e.Key}, nil, func() { d.removeAll(path, false) })
	}
	return d.edit(dep, []string{e.Key}, e.Value, func() {
		if p := d.tree.Find(path...); p != nil {
			if !reflect.DeepEqual(have, decoded(e.Value)) {
				d.replace(d.tree.value(p, e.Value))
			}
			return
		}
		if have != nil { // a table of several lines
			d.removeAll(path, false)
		}
		d.flush()
		d.insertAfter(d.tree.Find("deps", dep, "url"), 2, e.Key, text(e.Value))
	})
}

// SetPlatforms sets the platforms of a dependency. None takes the key away, so
// that those of the file hold. A list with comments keeps them beside their
// platforms; an order that would need them to move is refused.
func (d *Document) SetPlatforms(dep string, platforms []lock.Platform) error {
	want := make([]string, len(platforms))
	for i, p := range platforms {
		want[i] = string(p)
	}
	var value any
	if len(want) > 0 {
		value = want
	}
	return d.edit(dep, []string{"platforms"}, value, func() {
		d.flush()
		p := d.tree.Find("deps", dep, "platforms")
		switch {
		case p == nil && len(want) == 0:
		case p == nil:
			own := d.own(dep)
			d.insertAfter(own[len(own)-1], 2, "platforms", text(want))
		case len(want) == 0:
			d.remove(p)
		default:
			d.setList(dep, "platforms", want)
		}
	})
}

// AllowPlatformMismatch records that a dependency may hold programs for other
// machines than those of its platforms.
func (d *Document) AllowPlatformMismatch(dep string) error {
	const name = "allow_platform_mismatch"
	return d.edit(dep, []string{name}, true, func() {
		if p := d.tree.Find("deps", dep, name); p != nil {
			d.replace(d.tree.value(p, true))
			return
		}
		d.flush()
		own := d.own(dep)
		d.insertAfter(own[len(own)-1], 2, name, text(true))
	})
}

// own returns the pairs of a dependency that are in the same table as its url,
// but for locked lines. There is at least the url.
func (d *Document) own(dep string) []*lock.Pair {
	prefix := []string{"deps", dep}
	own := pairsBelow(d.tree.Find("deps", dep, "url").In, prefix)
	return slices.DeleteFunc(own, func(p *lock.Pair) bool { return len(p.Path()) < 3 || p.Path()[2] == "locked" })
}

// setList makes the array at a key of a dependency hold want.
func (d *Document) setList(dep, key string, want []string) {
	p := d.tree.Find("deps", dep, key)
	list, _ := d.table("deps", dep)[key].([]any)
	have := make([]string, len(list))
	for i, v := range list {
		have[i], _ = v.(string)
	}
	stays := func(s string) bool { return slices.Contains(want, s) }
	kept := slices.DeleteFunc(slices.Clone(have), func(s string) bool { return !stays(s) })
	switch {
	case slices.Equal(have, want):
	case len(have) == 0:
		d.replace(d.tree.value(p, want))
	case len(kept) <= len(want) && slices.Equal(kept, want[:len(kept)]):
		d.mergeList(p, have, want[len(kept):], stays)
	case d.hasComment(elemsOf(p)):
		d.refused = d.refusal(d.tree, p.Value.Start, dep, "the comments in this list would not stay beside what they are about")
	default:
		d.replace(d.tree.value(p, want))
	}
}

// mergeList adds to an array and then removes from it what does not stay.
func (d *Document) mergeList(p *lock.Pair, have, added []string, stays func(string) bool) {
	path := p.Path()
	last := p.Elems()[len(have)-1]
	like := d.tree.Text[last.Start:last.End]
	for i, s := range added {
		p = d.tree.Find(path...)
		d.splice(d.tree.insertAfter(elemsOf(p), len(have)-1+i, requote(like, s))...)
	}
	for i := len(have) - 1; i >= 0; i-- {
		if !stays(have[i]) {
			p = d.tree.Find(path...)
			d.splice(d.tree.removeItem(elemsOf(p), i)...)
		}
	}
}

// hasComment reports whether a comment stands between the items of l.
func (d *Document) hasComment(l list) bool {
	at := l.body.Start
	for _, item := range append(slices.Clone(l.items), lock.Span{Start: l.body.End, End: l.body.End}) {
		if strings.Contains(d.tree.Text[at:item.Start], "#") {
			return true
		}
		at = item.End
	}
	return false
}
