package edit

import (
	"slices"
	"strings"

	"depfetch/lock"
)

// SetVersion sets the version of a dependency. One that has none gets it as its
// first key. Locked lines stay as they are, and may be stale then.
func (d *Document) SetVersion(dep, version string) error {
	return d.edit(dep, func() error {
		if p := d.tree.find("deps", dep, "version"); p != nil {
			if values, _ := d.deps()[dep].(map[string]any); values["version"] == version {
				return nil
			}
			return d.replace([]change{d.tree.value(p, version)})
		}
		if err := d.flush(); err != nil {
			return err
		}
		own := d.own(dep)
		if in := own[0].in; !in.inline && len(in.path) == 2 {
			at := d.tree.lineEnd(in.end)
			entry := d.tree.entry(own[0], 0, "version", text(version))
			return d.splice(d.tree.lines(at, d.tree.indent(own[0].start)+entry+"\n"))
		}
		return d.insertBefore(own[0], 2, "version", text(version))
	}, func(values map[string]any) { values["version"] = version })
}

// SetPlatforms sets the platforms of a dependency. None takes the key away, so
// that those of the file hold. A list with comments keeps them beside their
// platforms; an order that would need them to move is refused.
func (d *Document) SetPlatforms(dep string, platforms []lock.Platform) error {
	want := make([]string, len(platforms))
	for i, p := range platforms {
		want[i] = string(p)
	}
	return d.edit(dep, func() error {
		if err := d.flush(); err != nil {
			return err
		}
		p := d.tree.find("deps", dep, "platforms")
		switch {
		case p == nil && len(want) == 0:
			return nil
		case p == nil:
			own := d.own(dep)
			return d.insertAfter(own[len(own)-1], 2, "platforms", text(want))
		case len(want) == 0:
			return d.remove(p)
		}
		return d.setList(dep, "platforms", want)
	}, func(values map[string]any) {
		delete(values, "platforms")
		if len(want) > 0 {
			values["platforms"] = decoded(want)
		}
	})
}

// AllowPlatformMismatch records that a dependency may hold programs for other
// machines than those of its platforms.
func (d *Document) AllowPlatformMismatch(dep string) error {
	const name = "allow_platform_mismatch"
	return d.edit(dep, func() error {
		if p := d.tree.find("deps", dep, name); p != nil {
			return d.replace([]change{d.tree.value(p, true)})
		}
		if err := d.flush(); err != nil {
			return err
		}
		own := d.own(dep)
		return d.insertAfter(own[len(own)-1], 2, name, text(true))
	}, func(values map[string]any) { values[name] = true })
}

// own returns the pairs of a dependency that are in the same table as its url,
// but for locked lines. There is at least the url.
func (d *Document) own(dep string) []*pair {
	prefix := []string{"deps", dep}
	own := d.tree.find("deps", dep, "url").in.below(prefix)
	return slices.DeleteFunc(own, func(p *pair) bool { return len(p.path) < 3 || p.path[2] == "locked" })
}

// setList makes the array at a key of a dependency hold want.
func (d *Document) setList(dep, key string, want []string) error {
	p := d.tree.find("deps", dep, key)
	values, _ := d.deps()[dep].(map[string]any)
	list, _ := values[key].([]any)
	have := make([]string, len(list))
	for i, v := range list {
		have[i], _ = v.(string)
	}
	stays := func(s string) bool { return slices.Contains(want, s) }
	kept := slices.DeleteFunc(slices.Clone(have), func(s string) bool { return !stays(s) })
	switch {
	case slices.Equal(have, want):
		return nil
	case len(have) == 0:
		return d.splice(change{p.val, text(want)})
	case len(kept) <= len(want) && slices.Equal(kept, want[:len(kept)]):
		return d.mergeList(p, have, want[len(kept):], stays)
	case d.hasComment(p.array()):
		return d.refuse(d.tree.text, p.val.start, dep, "the comments in this list would not stay beside what they are about")
	}
	return d.splice(change{p.val, text(want)})
}

// mergeList adds to an array and then removes from it what does not stay.
func (d *Document) mergeList(p *pair, have, added []string, stays func(string) bool) error {
	last := p.elems[len(p.elems)-1]
	for i, s := range added {
		p = d.tree.find(p.path...)
		item := requote(d.tree.text[last.start:last.end], s)
		if err := d.splice(d.tree.insertAfter(p.array(), len(have)-1+i, item)...); err != nil {
			return err
		}
	}
	for i := len(have) - 1; i >= 0; i-- {
		if stays(have[i]) {
			continue
		}
		p = d.tree.find(p.path...)
		if err := d.splice(d.tree.removeItem(p.array(), i)...); err != nil {
			return err
		}
	}
	return nil
}

// hasComment reports whether a comment stands between the items of l.
func (d *Document) hasComment(l list) bool {
	at := l.body.start
	for _, item := range append(slices.Clone(l.items), span{l.body.end, l.body.end}) {
		if strings.Contains(d.tree.text[at:item.start], "#") {
			return true
		}
		at = item.end
	}
	return false
}
