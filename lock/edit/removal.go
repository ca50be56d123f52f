package edit

import "strings"

// Remove takes a dependency away: its tables, keys and locked lines, wherever
// they are, with the comments between them, those at their ends, the comment
// directly above a table's header and the one directly below its last key. Of
// keys that are dotted or inline tables, the comment above goes if no other
// key follows that it may be about as well. The comment at the beginning of the
// file stays, and where there was a blank line above and below, one of them.
func (d *Document) Remove(dep string) error {
	return d.edit(dep, func() error {
		return d.removeAll([]string{"deps", dep}, true)
	}, func(map[string]any) { delete(d.deps(), dep) })
}

// removeAll takes away everything that is at path or below it. The comment
// above keys, as Remove describes it, goes if comments is true.
func (d *Document) removeAll(path []string, comments bool) error {
	if err := d.flush(); err != nil {
		return err
	}
	for {
		changes := d.tree.removal(path, comments)
		if changes == nil {
			return nil
		}
		if err := d.splice(changes...); err != nil {
			return err
		}
	}
}

// removal returns the changes that take away the first piece of text that is
// at path or below it: a section, lines one below the other, or an item of an
// inline table. It returns nil if there is none.
func (t *tree) removal(path []string, comments bool) []change {
	for i, s := range t.sections {
		if below(s.path, path) {
			start := t.commentAbove(t.lineStart(s.start), t.floor(i))
			return []change{t.cut(span{start, t.sectionEnd(i)})}
		}
		floor := 0
		if i > 0 {
			floor = t.lineEnd(s.end)
		}
		for j, p := range s.pairs {
			if below(p.path, path) {
				lines := t.pairLines(p, t.run(s.pairs[j:], path, comments))
				if comments && t.ends(lines.end) {
					lines.start = t.commentAbove(lines.start, floor)
				}
				return []change{t.cut(lines)}
			}
			floor = t.lineEnd(p.end)
		}
	}
	for p := range t.all() {
		if p.in.inline && below(p.path, path) {
			return t.removeItem(p.in.list(), p.index())
		}
	}
	return nil
}

// floor returns where the text before section i ends.
func (t *tree) floor(i int) int {
	if i == 0 || i == 1 && len(t.sections[0].pairs) == 0 {
		return 0
	}
	return t.lineEnd(t.sections[i-1].last())
}

// run returns the last of the pairs below path that stand one below the other
// from the first one on, if comments is true with comments between them.
func (t *tree) run(pairs []*pair, path []string, comments bool) *pair {
	last := pairs[0]
	for _, p := range pairs[1:] {
		at := t.lineEnd(last.end)
		for comments && t.isComment(at) {
			at = t.lineEnd(at)
		}
		if at != t.lineStart(p.start) || !below(p.path, path) {
			break
		}
		last = p
	}
	return last
}

// ends reports whether no key follows on the line that begins at byte i.
func (t *tree) ends(i int) bool {
	line := strings.TrimSpace(t.text[i:t.lineEnd(i)])
	return line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "[")
}
