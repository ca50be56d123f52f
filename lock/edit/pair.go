package edit

import (
	"slices"

	"depfetch/lock"
)

// value returns the change that replaces the value of a pair, in its style.
func (t tree) value(p *lock.Pair, value any) change {
	return change{Span: p.Value, text: retext(t.Text[p.Value.Start:p.Value.End], value)}
}

// insertAfter puts a pair behind the pair near, in the same table. Its key is
// the first depth parts of near's path, however they are written there, and
// then name.
func (d *Document) insertAfter(near *lock.Pair, depth int, name, value string) {
	t := d.tree
	entry := t.entry(near, depth-len(near.In.Path()), name, value)
	if near.In.Inline {
		d.splice(t.insertAfter(itemsOf(near.In), index(near), entry)...)
		return
	}
	d.splice(t.lines(t.lineEnd(near.End), t.indent(near.Start)+entry+"\n"))
}

// insertBefore is as insertAfter, but puts the pair before near.
func (d *Document) insertBefore(near *lock.Pair, depth int, name, value string) {
	t := d.tree
	entry := t.entry(near, depth-len(near.In.Path()), name, value)
	if near.In.Inline {
		d.splice(t.insertBefore(itemsOf(near.In), index(near), entry))
		return
	}
	d.splice(t.lines(t.lineStart(near.Start), t.indent(near.Start)+entry+"\n"))
}

// index returns which pair of its table p is.
func index(p *lock.Pair) int { return slices.Index(p.In.Pairs, p) }

// remove takes a pair out, with its line if it has one of its own.
func (d *Document) remove(p *lock.Pair) {
	if p.In.Inline {
		d.splice(d.tree.removeItem(itemsOf(p.In), index(p))...)
		return
	}
	d.splice(d.tree.cut(d.tree.pairLines(p, p)))
}

// pairLines returns the lines from those of one pair to those of another.
func (t tree) pairLines(first, last *lock.Pair) lock.Span {
	return lock.Span{Start: t.lineStart(first.Start), End: t.lineEnd(last.End)}
}
