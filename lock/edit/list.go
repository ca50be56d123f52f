package edit

import (
	"strings"

	"depfetch/lock"
)

// list is an array or an inline table: items between brackets, with commas,
// spaces, line ends and comments between them.
type list struct {
	body  lock.Span // between the brackets
	items []lock.Span
}

// itemsOf returns the items of an inline table.
func itemsOf(inline *lock.Table) list {
	l := list{body: lock.Span{Start: inline.Start + 1, End: inline.End - 1}}
	for _, p := range inline.Pairs {
		l.items = append(l.items, p.Span)
	}
	return l
}

// elemsOf returns the items of the array that is the value of a pair.
func elemsOf(p *lock.Pair) list {
	return list{body: lock.Span{Start: p.Value.Start + 1, End: p.Value.End - 1}, items: p.Elems()}
}

// after returns where item i ends with its comma, and where the next line
// begins if nothing but a comment follows on the line, else -1. Without a
// comma, it ends where it ends.
func (t tree) after(l list, i int) (end int, comma bool, next int) {
	limit := l.body.End
	if i+1 < len(l.items) {
		limit = l.items[i+1].Start
	}
	end = l.items[i].End
	for at := end; at < limit; at++ {
		if t.Text[at] == '#' {
			at = t.lineEnd(at) - 1
		} else if t.Text[at] == ',' {
			end, comma = at+1, true
			break
		}
	}
	rest := strings.TrimLeft(t.Text[end:limit], " \t\r")
	if strings.HasPrefix(rest, "\n") || strings.HasPrefix(rest, "#") {
		return end, comma, t.lineEnd(end)
	}
	return end, comma, -1
}

// itemIndent returns the white space before an item that is on a line of its
// own beside item i.
func (t tree) itemIndent(l list, i int) string {
	if t.leads(l.items[i].Start) {
		return t.indent(l.items[i].Start)
	}
	for _, item := range l.items {
		if t.leads(item.Start) {
			return t.indent(item.Start)
		}
	}
	return t.indent(l.body.Start) + "  "
}

// insertAfter puts an item behind item i, on a line of its own if item i is the
// last on its line.
func (t tree) insertAfter(l list, i int, item string) []change {
	end, comma, next := t.after(l, i)
	at := l.items[i].End
	line := t.itemIndent(l, i) + item
	switch {
	case next < 0:
		return []change{put(at, at, ", "+item)}
	case comma:
		return []change{put(next, next, line+","+t.eol(next))}
	default:
		return []change{put(end, end, ","), put(next, next, line+t.eol(next))}
	}
}

// insertBefore puts an item before item i, on a line of its own if item i
// begins one.
func (t tree) insertBefore(l list, i int, item string) change {
	at := l.items[i].Start
	if t.leads(at) {
		return put(at, at, item+","+t.eol(at)+t.indent(at))
	}
	return put(at, at, item+", ")
}

// insertItem puts an item before item i, or behind the last.
func (t tree) insertItem(l list, i int, item string) []change {
	switch n := len(l.items); {
	case n == 0:
		return []change{t.insertOnly(l, item)}
	case i < n:
		return []change{t.insertBefore(l, i, item)}
	default:
		return t.insertAfter(l, n-1, item)
	}
}

// insertOnly puts the first item into an inline table.
func (t tree) insertOnly(l list, item string) change {
	body := t.Text[l.body.Start:l.body.End]
	if strings.Trim(body, " \t") == "" {
		return put(l.body.Start, l.body.End, " "+item+" ")
	}
	at := t.lineStart(l.body.End) // empty lines or comments come before it
	return put(at, at, t.indent(l.body.Start)+"  "+item+t.eol(at))
}

// removeItem takes item i out, with its comma, and with its line if it has one
// of its own.
func (t tree) removeItem(l list, i int) []change {
	item := l.items[i]
	end, comma, next := t.after(l, i)
	var changes []change
	if !comma && i > 0 { // it was the last, and the one before becomes it
		if before, ok, _ := t.after(l, i-1); ok {
			changes = append(changes, put(before-1, before, ""))
		}
	}
	switch {
	case t.leads(item.Start) && next >= 0:
		return append(changes, put(t.lineStart(item.Start), next, ""))
	case comma && i == 0 || comma && next < 0:
		end += len(t.Text[end:l.body.End]) - len(strings.TrimLeft(t.Text[end:l.body.End], " \t"))
		return append(changes, put(item.Start, end, ""))
	}
	// It is the last of several on its line: the space before it goes.
	start := len(strings.TrimRight(t.Text[l.body.Start:item.Start], " \t")) + l.body.Start
	return append(changes, put(start, end, ""))
}
