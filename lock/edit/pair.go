package edit

// value returns the change that replaces the value of a pair, in its style.
func (t *tree) value(p *pair, value any) change {
	return change{p.val, retext(t.text[p.val.start:p.val.end], value)}
}

// insertAfter puts a pair behind the pair near, in the same table. Its key is
// the first depth parts of near's path, however they are written there, and
// then name.
func (d *Document) insertAfter(near *pair, depth int, name, value string) error {
	t := d.tree
	entry := t.entry(near, depth-len(near.in.path), name, value)
	if near.in.inline {
		return d.splice(t.insertAfter(near.in.list(), near.index(), entry)...)
	}
	return d.splice(t.lines(t.lineEnd(near.end), t.indent(near.start)+entry+"\n"))
}

// insertBefore is as insertAfter, but puts the pair before near.
func (d *Document) insertBefore(near *pair, depth int, name, value string) error {
	t := d.tree
	entry := t.entry(near, depth-len(near.in.path), name, value)
	if near.in.inline {
		return d.splice(t.insertBefore(near.in.list(), near.index(), entry))
	}
	return d.splice(t.lines(t.lineStart(near.start), t.indent(near.start)+entry+"\n"))
}

// index returns which pair of its table p is.
func (p *pair) index() int {
	for i, other := range p.in.pairs {
		if other == p {
			return i
		}
	}
	return -1
}

// remove takes a pair out, with its line if it has one of its own.
func (d *Document) remove(p *pair) error {
	if p.in.inline {
		return d.splice(d.tree.removeItem(p.in.list(), p.index())...)
	}
	return d.splice(d.tree.cut(d.tree.pairLines(p, p)))
}

// pairLines returns the lines from those of one pair to those of another.
func (t *tree) pairLines(first, last *pair) span {
	return span{t.lineStart(first.start), t.lineEnd(last.end)}
}
