package dockerfile

import "slices"

// text is a file with what finds places in it without reading it again.
type text struct {
	data  []byte
	lines []int // where they begin, and the end
	runes []int // the characters before each block
}

// block is how many bytes apart the counts of characters are.
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

// starts returns how many characters begin in some bytes.
func starts(data []byte) int {
	n := 0
	for _, b := range data {
		if b&0xc0 != 0x80 {
			n++
		}
	}
	return n
}

// before returns how many characters begin before an offset.
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
	// The end is behind the last line feed, or within the last line.
	if i > 0 && i == len(t.lines)-1 && (len(t.data) == 0 || t.data[len(t.data)-1] != '\n') {
		i--
	}
	start := t.lines[i]
	return Position{offset, i + 1, t.before(offset) - t.before(start) + 1}
}
