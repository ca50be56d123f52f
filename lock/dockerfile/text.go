package dockerfile

import "slices"

// text is a file with an index of its lines and characters, so that a position is found
// without reading the whole file again.
type text struct {
	data  []byte
	lines []int // the offset of each line and of the end
	runes []int // the number of characters before each block
}

// block is the number of bytes between two counts of characters.
const block = 1024

func newText(data []byte) text {
	t := text{data: data, lines: lineStarts(data)}
	n := 0
	for at := 0; at < len(data); at += block {
		t.runes = append(t.runes, n)
		n += starts(data[at:min(at+block, len(data))])
	}
	return t
}

// starts returns the number of characters that begin in data.
func starts(data []byte) int {
	n := 0
	for _, b := range data {
		if b&0xc0 != 0x80 {
			n++
		}
	}
	return n
}

// before returns the number of characters that begin before an offset.
func (t text) before(offset int) int {
	i := min(offset/block, len(t.runes)-1)
	if i < 0 {
		return 0
	}
	return t.runes[i] + starts(t.data[i*block:offset])
}

func (t text) position(offset int) Position {
	offset = max(0, min(offset, len(t.data)))
	i, found := slices.BinarySearch(t.lines, offset)
	if !found {
		i--
	}
	// Without a line feed at its end, the end of the file is in the last line.
	if i > 0 && i == len(t.lines)-1 && (len(t.data) == 0 || t.data[len(t.data)-1] != '\n') {
		i--
	}
	start := t.lines[i]
	return Position{offset, i + 1, t.before(offset) - t.before(start) + 1}
}
