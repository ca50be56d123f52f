package edit

import (
	"strings"

	"depfetch/lock"
)

// Remove takes a dependency away: its tables, keys and locked lines, wherever
// they are, with the comments between them, those at their ends, the comment
// directly above a table's header and the one directly below its last key. Of
// keys that are dotted or inline tables, the comment above goes if no other
// key follows that it may be about as well. The comment at the beginning of the
// file stays, and where there was a blank line above and below, one of them.
func (d *Document) Remove(dep string) error {
	return d.edit(dep, nil, nil, func() { d.removeAll([]string{"deps", dep}, true) })
}

// removeAll takes away everything that is at path or below it. The comment
// above keys, as Remove describes it, goes if comments is true.
func (d *Document) removeAll(path []string, comments bool) {
	d.flush()
	for {
		changes := d.tree.removal(path, comments)
		if changes == nil {
			return
		}
		d.splice(changes...)
	}
}

// removal returns the changes that take away the first piece of text that is
// at path or below it: a section, lines one below the other, or an item of an
// inline table. It returns nil if there is none.
func (t tree) removal(path []string, comments bool) []change {
	for i, s := range t.Sections {
		if s.Below(path) {
			start := t.commentAbove(t.lineStart(s.Start), t.floor(i))
			return []change{t.cut(lock.Span{Start: start, End: t.sectionEnd(i)})}
		}
		floor := 0
		if i > 0 {
			floor = t.lineEnd(s.End)
		}
		for j, p := range s.Pairs {
			if p.Below(path) {
				lines := t.pairLines(p, t.run(s.Pairs[j:], path, comments))
				if comments && t.ends(lines.End) {
					lines.Start = t.commentAbove(lines.Start, floor)
				}
				return []change{t.cut(lines)}
			}
			floor = t.lineEnd(p.End)
		}
	}
	for p := range t.All() {
		if p.In.Inline && p.Below(path) {
			return t.removeItem(itemsOf(p.In), index(p))
		}
	}
	return nil
}

// floor returns where the text before section i ends.
func (t tree) floor(i int) int {
	if i == 0 || i == 1 && len(t.Sections[0].Pairs) == 0 {
		return 0
	}
	return t.lineEnd(lastEnd(t.Sections[i-1]))
}

// run returns the last of the pairs below path that stand one below the other
// from the first one on, if comments is true with comments between them.
func (t tree) run(pairs []*lock.Pair, path []string, comments bool) *lock.Pair {
	last := pairs[0]
	for _, p := range pairs[1:] {
		at := t.lineEnd(last.End)
		for comments && t.isComment(at) {
			at = t.lineEnd(at)
		}
		if at != t.lineStart(p.Start) || !p.Below(path) {
			break
		}
		last = p
	}
	return last
}

// ends reports whether no key follows on the line that begins at byte i.
func (t tree) ends(i int) bool {
	line := strings.TrimSpace(t.Text[i:t.lineEnd(i)])
	return line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "[")
}
