package scan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"depfetch/lock"
	"depfetch/lock/dockerfile"
)

// Finding is one breach of a rule at one place.
type Finding struct {
	Rule       Rule
	Level      Level // of this finding, at most that of the rule
	File       string
	Start, End dockerfile.Position
	Message    string
}

// Options say what to look for.
type Options struct {
	Ignore    []string        // IDs of rules
	Platforms []lock.Platform // default linux/amd64 and linux/arm64
}

// File returns the findings in a Dockerfile, by position.
func File(f *dockerfile.File, opts Options) []Finding {
	s := &scanner{file: f, seen: make(map[string]int), ignored: directives(f)}
	platforms := opts.Platforms
	if len(platforms) == 0 {
		platforms = []lock.Platform{"linux/amd64", "linux/arm64"}
	}
	s.images()
	for i, p := range platforms {
		t := f.Trace(p)
		for _, stage := range t.Stages {
			s.stage(stage)
		}
		if i == 0 {
			s.final(t)
		}
	}
	all := slices.DeleteFunc(s.findings, func(x Finding) bool {
		return slices.Contains(opts.Ignore, x.Rule.ID) || s.ignores(x)
	})
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Start.Offset, b.Start.Offset), cmp.Compare(b.Level, a.Level), cmp.Compare(a.Rule.ID, b.Rule.ID))
	})
	return all
}

type scanner struct {
	file     *dockerfile.File
	findings []Finding
	seen     map[string]int // where findings are, by rule and place
	ignored  []directive
}

// report adds a finding at bytes of the file. Of several of one rule at one place,
// the first and the highest level count.
func (s *scanner) report(id string, level Level, start, end int, format string, args ...any) {
	rule, _ := FindRule(id)
	key := fmt.Sprintf("%s %d", id, start)
	if i, ok := s.seen[key]; ok {
		s.findings[i].Level = max(s.findings[i].Level, level)
		return
	}
	s.seen[key] = len(s.findings)
	s.findings = append(s.findings, Finding{
		Rule: rule, Level: level, File: s.file.Name,
		Start: s.file.Position(start), End: s.file.Position(max(start, end)),
		Message: oneLine(fmt.Sprintf(format, args...)),
	})
}

// oneLine returns a text without what would move a terminal's cursor.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return '\ufffd'
		}
		return r
	}, s)
}

// directive is a comment that turns rules off.
type directive struct {
	line, last int // the lines that it is about
	rules      []string
}

// directives reads the comments "# deplock ignore=RULE,RULE". Before an
// instruction, one is about all of that; within it, about the next line that is no
// comment; behind a command of a heredoc, about that line.
func directives(f *dockerfile.File) []directive {
	var all []directive
	f.Comments(func(line int, text string) {
		rest, ok := strings.CutPrefix(text, "deplock ignore=")
		if !ok {
			return
		}
		rules, _, _ := strings.Cut(rest, " ")
		d := directive{line: line, last: line, rules: strings.Split(rules, ",")}
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

func (s *scanner) ignores(x Finding) bool {
	for _, d := range s.ignored {
		if x.Start.Line >= d.line && x.Start.Line <= d.last && slices.Contains(d.rules, x.Rule.ID) {
			return true
		}
	}
	return false
}
