package dockerfile

import (
	"bytes"
	"slices"
	"strings"
)

// directive is a comment that turns rules off.
type directive struct {
	line, last int // the lines that it is about
	rules      []string
}

// Ignores reports whether a comment "# deplock ignore=RULE,RULE" turns a rule off for
// a line of a file: the Dockerfile, or a script that it runs. Before an instruction,
// such a comment is about all of that; within it, or in a script, about the next line
// that is no comment; behind a command, about that line.
func (f *File) Ignores(rule, file string, line int) bool {
	var all []directive
	if file == f.Name {
		if f.directives == nil {
			f.directives = f.readDirectives()
		}
		all = f.directives
	}
	for _, a := range f.attached {
		if a.name == file && file != f.Name {
			all = lineDirectives(a.data)
		}
	}
	return ignored(all, rule, line)
}

func ignored(all []directive, rule string, line int) bool {
	for _, d := range all {
		if line >= d.line && line <= d.last && slices.Contains(d.rules, rule) {
			return true
		}
	}
	return false
}

// rulesOf returns the rules that the text of a comment turns off.
func rulesOf(text string) []string {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), "deplock ignore=")
	if !ok {
		return nil
	}
	rules, _, _ := strings.Cut(rest, " ")
	return strings.Split(rules, ",")
}

func (f *File) readDirectives() []directive {
	all := []directive{}
	f.Comments(func(line int, text string) {
		rules := rulesOf(text)
		if rules == nil {
			return
		}
		d := directive{line: line, last: line, rules: rules}
		if f.IsComment(line) {
			next := line + 1
			for f.IsComment(next) {
				next++
			}
			d.line, d.last = next, next
			if in := f.InstructionOfLine(next); in != nil && f.Position(in.Start).Line == next {
				d.last = f.Position(in.End - 1).Line
			}
		}
		all = append(all, d)
	})
	return all
}

// lineDirectives reads the comments of a file whose comments begin with a #.
func lineDirectives(data []byte) []directive {
	var all []directive
	lines := bytes.Split(data, []byte("\n"))
	comment := func(i int) bool { return i < len(lines) && bytes.HasPrefix(bytes.TrimSpace(lines[i]), []byte("#")) }
	for i, line := range lines {
		at := bytes.IndexByte(line, '#')
		if at < 0 {
			continue
		}
		rules := rulesOf(string(line[at+1:]))
		if rules == nil {
			continue
		}
		n := i
		if comment(i) {
			for n++; comment(n); n++ {
			}
		}
		all = append(all, directive{n + 1, n + 1, rules})
	}
	return all
}

// IgnoresLine reports whether a comment of a file whose comments begin with a # turns
// a rule off for a line of it.
func IgnoresLine(data []byte, rule string, line int) bool {
	return ignored(lineDirectives(data), rule, line)
}
