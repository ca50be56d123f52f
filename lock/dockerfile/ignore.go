package dockerfile

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// ignores are the comments of a file that turn off rules of scan.
type ignores struct {
	lines map[int]map[string]bool // by line, the rules
	spans []span                  // of instructions, in their order
}

// span is a range of lines for which rules are turned off.
type span struct {
	first, last int
	rules       map[string]bool
}

// Ignores reports whether a comment "# deplock ignore=RULE,RULE" turns a rule off for a
// line of a file: the Dockerfile, or a script that it runs. Before an instruction, such
// a comment applies to the whole instruction; within one, or in a script, to the next
// line that is not a comment; after a command, to that line.
func (f *File) Ignores(rule, file string, line int) bool {
	if file == f.Name {
		if f.ignores == nil {
			f.ignores = f.readIgnores()
		}
		return f.ignores.has(rule, line)
	}
	for _, a := range f.attached {
		if a.name == file {
			if a.ignores == nil {
				a.ignores = readIgnores(a.data)
			}
			return a.ignores.has(rule, line)
		}
	}
	return false
}

// LinesIgnoring returns the lines for which a rule is turned off in a file whose
// comments begin with a #.
func LinesIgnoring(data []byte, rule string) map[int]bool {
	lines := make(map[int]bool)
	for n, rules := range readIgnores(data).lines {
		if rules[rule] {
			lines[n] = true
		}
	}
	return lines
}

func (g *ignores) has(rule string, line int) bool {
	if g.lines[line][rule] {
		return true
	}
	i, found := slices.BinarySearchFunc(g.spans, line, func(s span, line int) int { return cmp.Compare(s.first, line) })
	if !found {
		i--
	}
	return i >= 0 && line <= g.spans[i].last && g.spans[i].rules[rule]
}

// readIgnores reads the comments of a file without instructions.
func readIgnores(data []byte) *ignores {
	g := &ignores{lines: make(map[int]map[string]bool)}
	open := make(map[string]bool) // of the comments directly above
	n := 0
	for line := range bytes.Lines(data) {
		n++
		at := bytes.IndexByte(line, '#')
		rules := []string(nil)
		if at >= 0 {
			rules = rulesOf(string(line[at+1:]))
		}
		if at >= 0 && len(bytes.TrimSpace(line[:at])) == 0 {
			for _, rule := range rules {
				open[rule] = true
			}
			continue
		}
		for _, rule := range rules {
			open[rule] = true
		}
		if len(open) > 0 {
			g.lines[n] = open
			open = make(map[string]bool)
		}
	}
	return g
}

// readIgnores reads the comments of the Dockerfile.
func (f *File) readIgnores() *ignores {
	g := readIgnores(f.Data)
	for _, in := range f.all {
		first := f.Position(in.Start).Line
		above := make(map[string]bool)
		for rule := range g.lines[first] {
			above[rule] = true
		}
		if at := bytes.IndexByte(f.Data[in.Start:in.End], '\n'); at >= 0 && len(above) > 0 {
			// A comment at the end of the first line applies to that line alone.
			line := f.Data[in.Start : in.Start+at]
			if i := bytes.IndexByte(line, '#'); i >= 0 {
				for _, rule := range rulesOf(string(line[i+1:])) {
					delete(above, rule)
				}
			}
		}
		if len(above) > 0 {
			g.spans = append(g.spans, span{first, f.Position(in.End - 1).Line, above})
		}
	}
	return g
}

// rulesOf returns the rules that a comment turns off.
func rulesOf(text string) []string {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), "deplock ignore=")
	if !ok {
		return nil
	}
	rules, _, _ := strings.Cut(rest, " ")
	return strings.Split(rules, ",")
}
