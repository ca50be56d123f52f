package edit

import (
	"strings"
	"unicode/utf8"

	"depfetch/lock"
)

// lineStart returns where the line of byte i begins.
func (t tree) lineStart(i int) int { return strings.LastIndexByte(t.Text[:i], '\n') + 1 }

// lineEnd returns where the line after that of byte i begins, or the end.
func (t tree) lineEnd(i int) int {
	if n := strings.IndexByte(t.Text[i:], '\n'); n >= 0 {
		return i + n + 1
	}
	return len(t.Text)
}

// indent returns the white space that the line of byte i begins with.
func (t tree) indent(i int) string {
	line := t.Text[t.lineStart(i):]
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// leads reports whether nothing but white space stands before byte i on its line.
func (t tree) leads(i int) bool { return t.lineStart(i)+len(t.indent(i)) == i }

// eol returns how the lines before byte i end, or the first one.
func (t tree) eol(i int) string {
	n := strings.LastIndexByte(t.Text[:i], '\n')
	if n < 0 {
		n = strings.IndexByte(t.Text, '\n')
	}
	if n > 0 && t.Text[n-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// isBlank reports whether a blank line begins at byte i.
func (t tree) isBlank(i int) bool {
	return i < len(t.Text) && strings.TrimSpace(t.Text[i:t.lineEnd(i)]) == ""
}

// isBlankAbove reports whether the line above the one that begins at byte i is
// blank.
func (t tree) isBlankAbove(i int) bool { return i > 0 && t.isBlank(t.lineStart(i-1)) }

// isComment reports whether a line with nothing but a comment begins at byte i.
func (t tree) isComment(i int) bool {
	return strings.HasPrefix(strings.TrimLeft(t.Text[i:], " \t"), "#")
}

// commentAbove returns where the comment begins that stands directly above the
// line that begins at byte start, or start. Bytes before floor are not looked
// at. A comment at the very beginning is that of the file.
func (t tree) commentAbove(start, floor int) int {
	at := start
	for at > floor && t.isComment(t.lineStart(at-1)) && t.lineStart(at-1) >= floor {
		at = t.lineStart(at - 1)
	}
	if at == 0 {
		return start
	}
	return at
}

// sectionEnd returns the end of a section's text: that of its last line, or of
// the comment directly below it. A comment that touches the next header is that
// header's. Comments behind a blank line are nobody's.
func (t tree) sectionEnd(i int) int {
	end := t.lineEnd(lastEnd(t.Sections[i]))
	next := len(t.Text)
	if i+1 < len(t.Sections) {
		next = t.lineStart(t.Sections[i+1].Start)
	}
	at := end
	for at < next && t.isComment(at) {
		at = t.lineEnd(at)
	}
	if at == next && next < len(t.Text) {
		return end
	}
	return at
}

// lines returns the change that puts lines in at byte i, where a line begins or
// the text ends. Each line of text ends in "\n".
func (t tree) lines(i int, text string) change {
	eol := t.eol(i)
	text = strings.ReplaceAll(text, "\n", eol)
	if i == len(t.Text) && i > 0 && t.Text[i-1] != '\n' {
		text = eol + strings.TrimSuffix(text, eol)
	}
	return put(i, i, text)
}

// atEnd returns the change that puts lines at the end, below a blank one.
func (t tree) atEnd(text string) change {
	end := len(t.Text)
	if end > 0 && !t.isBlank(t.lineStart(end-1)) {
		text = "\n" + text
	}
	return t.lines(end, text)
}

// cut returns the change that takes whole lines out, and of the blank lines
// around them those that would be one too many.
func (t tree) cut(s lock.Span) change {
	above, below := s.Start == 0 || t.isBlankAbove(s.Start), s.End
	for t.isBlank(below) {
		below = t.lineEnd(below)
	}
	switch {
	case !above:
	case s.End == len(t.Text):
		for t.isBlankAbove(s.Start) {
			s.Start = t.lineStart(s.Start - 1)
		}
	default:
		s.End = below
	}
	return put(s.Start, s.End, "")
}

// keyText returns a key like that of the pair near, with its first keep parts
// and then name.
func (t tree) keyText(near *lock.Pair, keep int, name string) string {
	return t.Text[near.Start:near.Parts[keep].Start] + name
}

// entry returns a key and value in the style of the pair near: its first keep
// parts and then name, and spaces around the equals sign as there.
func (t tree) entry(near *lock.Pair, keep int, name, value string) string {
	text := t.keyText(near, keep, name)
	before, after := t.gaps(near, text)
	return text + before + "=" + after + value
}

// gaps returns the white space to put around the equals sign of a key that will
// stand beside near: where the neighbours' signs are aligned, so that it is too.
func (t tree) gaps(near *lock.Pair, text string) (before, after string) {
	before, after = t.gap(near), t.Text[near.Equals+1:near.Value.Start]
	if strings.Trim(before, " ") != "" || before == "" {
		return before, after
	}
	if near.In.Inline {
		return " ", after
	}
	column := t.column(near.Equals)
	aligned := false
	for _, p := range t.neighbours(near) {
		if t.column(p.Equals) != column {
			return " ", after
		}
		aligned = aligned || len(t.gap(p)) > 1
	}
	width := utf8.RuneCountInString(t.indent(near.Start) + text)
	if aligned && width < column {
		return strings.Repeat(" ", column-width), after
	}
	return " ", after
}

// gap returns the white space before the equals sign of p.
func (t tree) gap(p *lock.Pair) string { return t.Text[keyEnd(p.Parts):p.Equals] }

// column returns how many characters stand before byte i on its line.
func (t tree) column(i int) int { return utf8.RuneCountInString(t.Text[t.lineStart(i):i]) }

// neighbours returns the pairs of near's section on the lines around it, near
// included, with no other line between.
func (t tree) neighbours(near *lock.Pair) []*lock.Pair {
	var run []*lock.Pair
	seen := false
	for _, p := range near.In.Pairs {
		if n := len(run); n > 0 && t.lineEnd(run[n-1].End) != t.lineStart(p.Start) {
			if seen {
				break
			}
			run = run[:0]
		}
		run = append(run, p)
		seen = seen || p == near
	}
	return run
}
