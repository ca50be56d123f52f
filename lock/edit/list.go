package edit

import "strings"

// list is an array or an inline table: items between brackets, with commas,
// spaces, line ends and comments between them.
type list struct {
	body  span // between the brackets
	items []span
}

// list returns the items of an inline table.
func (t *table) list() list {
	l := list{body: span{t.start + 1, t.end - 1}}
	for _, p := range t.pairs {
		l.items = append(l.items, p.span)
	}
	return l
}

// array returns the items of an array.
func (p *pair) array() list { return list{span{p.val.start + 1, p.val.end - 1}, p.elems} }

// after returns where item i ends with its comma, and where the next line
// begins if nothing but a comment follows on the line, else -1. Without a
// comma, it ends where it ends.
func (t *tree) after(l list, i int) (end int, comma bool, next int) {
	limit := l.body.end
	if i+1 < len(l.items) {
		limit = l.items[i+1].start
	}
	end = l.items[i].end
	for at := end; at < limit; at++ {
		if t.text[at] == '#' {
			at = t.lineEnd(at) - 1
		} else if t.text[at] == ',' {
			end, comma = at+1, true
			break
		}
	}
	rest := strings.TrimLeft(t.text[end:limit], " \t\r")
	if strings.HasPrefix(rest, "\n") || strings.HasPrefix(rest, "#") {
		return end, comma, t.lineEnd(end)
	}
	return end, comma, -1
}

// itemIndent returns the white space before an item that is on a line of its
// own beside item i.
func (t *tree) itemIndent(l list, i int) string {
	if t.leads(l.items[i].start) {
		return t.indent(l.items[i].start)
	}
	for _, item := range l.items {
		if t.leads(item.start) {
			return t.indent(item.start)
		}
	}
	return t.indent(l.body.start) + "  "
}

// insertAfter puts an item behind item i, on a line of its own if item i is the
// last on its line.
func (t *tree) insertAfter(l list, i int, item string) []change {
	end, comma, next := t.after(l, i)
	at := l.items[i].end
	line := t.itemIndent(l, i) + item
	switch {
	case next < 0:
		return []change{{span{at, at}, ", " + item}}
	case comma:
		return []change{{span{next, next}, line + "," + t.eol(next)}}
	default:
		return []change{{span{end, end}, ","}, {span{next, next}, line + t.eol(next)}}
	}
}

// insertBefore puts an item before item i, on a line of its own if item i
// begins one.
func (t *tree) insertBefore(l list, i int, item string) change {
	at := l.items[i].start
	if t.leads(at) {
		return change{span{at, at}, item + "," + t.eol(at) + t.indent(at)}
	}
	return change{span{at, at}, item + ", "}
}

// insertOnly puts the first item into an inline table.
func (t *tree) insertOnly(l list, item string) change {
	body := t.text[l.body.start:l.body.end]
	if strings.Trim(body, " \t") == "" {
		return change{l.body, " " + item + " "}
	}
	at := t.lineStart(l.body.end) // empty lines or comments come before it
	return change{span{at, at}, t.indent(l.body.start) + "  " + item + t.eol(at)}
}

// removeItem takes item i out, with its comma, and with its line if it has one
// of its own.
func (t *tree) removeItem(l list, i int) []change {
	item := l.items[i]
	end, comma, next := t.after(l, i)
	var changes []change
	if !comma && i > 0 { // it was the last, and the one before becomes it
		if before, ok, _ := t.after(l, i-1); ok {
			changes = append(changes, change{span{before - 1, before}, ""})
		}
	}
	switch {
	case t.leads(item.start) && next >= 0:
		return append(changes, change{span{t.lineStart(item.start), next}, ""})
	case comma && i == 0 || comma && next < 0:
		end += len(t.text[end:l.body.end]) - len(strings.TrimLeft(t.text[end:l.body.end], " \t"))
		return append(changes, change{span{item.start, end}, ""})
	}
	// It is the last of several on its line: the space before it goes.
	start := len(strings.TrimRight(t.text[l.body.start:item.start], " \t")) + l.body.start
	return append(changes, change{span{start, end}, ""})
}
