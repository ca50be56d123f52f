package dockerfile

import (
	"bytes"
	"slices"
)

// Edit replaces bytes of a file with another text. It inserts if Start and End are
// equal.
type Edit struct {
	Start, End int
	Text       string
}

// Apply returns data with all edits made, whatever their order. Insertions at one place
// stay in the given order. An edit of bytes that an earlier one has replaced is dropped,
// so that two references may share the default of one ARG.
func Apply(data []byte, edits []Edit) []byte {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b Edit) int { return a.Start - b.Start })
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		if e.Start < at {
			continue
		}
		out.Write(data[at:e.Start])
		out.WriteString(e.Text)
		at = e.End
	}
	out.Write(data[at:])
	return out.Bytes()
}
