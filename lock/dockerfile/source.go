package dockerfile

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Position is a position in a file.
type Position struct {
	Offset    int // in bytes, from 0
	Line, Col int // from 1; Col counts characters
}

// Position returns the position of an offset in the Dockerfile.
func (f *File) Position(offset int) Position { return f.places.position(offset) }

// joined is the text of an instruction with its continuation lines joined, as BuildKit
// sees it, and the offset of each of its bytes in the file.
type joined struct {
	text    string
	offsets []int // of each byte and of the end
	next    int   // the line after it, from 0: where heredocs begin
}

// lineStarts returns the offset of each line and of the end of the file.
func lineStarts(data []byte) []int {
	starts := []int{0}
	for i, b := range data {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	if starts[len(starts)-1] != len(data) {
		starts = append(starts, len(data))
	}
	return starts
}

// join joins the lines of an instruction by the rules of BuildKit's parser, which drops
// comments and empty lines between continuations and keeps no offsets.
func (f *File) join(n *parser.Node) joined {
	var (
		j joined
		b strings.Builder
	)
	first := true
	j.next = n.EndLine
	for line := n.StartLine - 1; line < n.EndLine; line++ {
		start, end := f.lines[line], f.lines[line+1]
		raw := f.Data[start:end]
		text := bytes.TrimRight(raw, "\r\n")
		if first {
			if line == 0 {
				trimmed := bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
				start += len(text) - len(trimmed)
				text = trimmed
			}
			trimmed := bytes.TrimLeft(text, " \t\v\f\r\u0085\u00a0")
			start += len(text) - len(trimmed)
			text = trimmed
		} else if t := bytes.TrimSpace(text); len(t) == 0 || t[0] == '#' {
			continue
		}
		first = false
		loc := f.continuation.FindIndex(text)
		more := loc != nil
		if more {
			cut := loc[0]
			if text[cut] != byte(f.escape) {
				_, size := utf8.DecodeRune(text[cut:])
				cut += size // the character before the token belongs to the text
			}
			text = text[:cut]
		}
		for i := range text {
			j.offsets = append(j.offsets, start+i)
		}
		b.Write(text)
		j.next = line + 1
		if !more {
			break
		}
	}
	j.text = b.String()
	end := f.lines[min(j.next, len(f.lines)-1)]
	if n := len(j.offsets); n > 0 {
		end = j.offsets[n-1] + 1
	}
	j.offsets = append(j.offsets, end)
	return j
}

// continuationOf returns an expression for the end of a line that is continued.
func continuationOf(escape rune) *regexp.Regexp {
	e := regexp.QuoteMeta(string(escape))
	return regexp.MustCompile(`([^` + e + `])` + e + `[ \t]*$|^` + e + `[ \t]*$`)
}

// locate returns a function that maps an offset from at on to one in the file.
func (j joined) locate(at int) func(int) int {
	return func(i int) int { return j.offsets[max(0, min(at+i, len(j.offsets)-1))] }
}

// heredoc is the range of a heredoc's content in the file.
type heredoc struct{ start, end int }

// heredocs returns the ranges of an instruction's heredocs.
func (f *File) heredocs(n *parser.Node, j joined) []heredoc {
	var all []heredoc
	line := j.next
	for _, h := range n.Heredocs {
		start := f.lines[min(line, len(f.lines)-1)]
		end := min(start+len(h.Content), len(f.Data))
		all = append(all, heredoc{start, end})
		line += strings.Count(h.Content, "\n") + 1
	}
	return all
}
