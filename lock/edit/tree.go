package edit

import "depfetch/lock"

// tree is the syntax of a lockfile, by which this package finds lines and items.
type tree struct{ *lock.Syntax }

// change is a piece of text to put in the place of another.
type change struct {
	lock.Span
	text string
}

// put returns the change that puts text in the place of the bytes from start to end.
func put(start, end int, text string) change {
	return change{Span: lock.Span{Start: start, End: end}, text: text}
}

// inlineTable returns the inline table at path, or nil if there is none.
func (t tree) inlineTable(path ...string) *lock.Table {
	if p := t.Find(path...); p != nil {
		return p.Table()
	}
	return nil
}

// pairsBelow returns the pairs of a table that are at prefix or below it.
func pairsBelow(t *lock.Table, prefix []string) []*lock.Pair {
	var found []*lock.Pair
	for _, p := range t.Pairs {
		if p.Below(prefix) {
			found = append(found, p)
		}
	}
	return found
}

// lastEnd returns the end of the last thing in a section.
func lastEnd(section *lock.Table) int {
	if n := len(section.Pairs); n > 0 {
		return section.Pairs[n-1].End
	}
	return section.End
}

// keyEnd returns where a key ends that is written in parts.
func keyEnd(parts []lock.Span) int { return parts[len(parts)-1].End }
