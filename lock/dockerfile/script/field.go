package script

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// fields returns what words stand for, split as the shell splits them.
func (m *Machine) fields(words []*syntax.Word) []Value {
	var fields []Value
	for _, w := range words {
		expanded, why := m.braces(w)
		if why != "" {
			v := m.word(w)
			if v.many = why != bracesVary; v.Known() {
				v.Why = why
			}
			fields = append(fields, v)
			continue
		}
		for _, w := range expanded {
			fields = append(fields, m.split(w)...)
		}
		if len(fields) > maxFields || m.over() {
			return append(fields[:min(len(fields), maxFields)], Value{Text: "…", Why: "there are too many words", many: true})
		}
	}
	return fields
}

// maxFields is of how many words a command may be.
const maxFields = 4096

// bracesVary is why a word with braces is not known where it is not known what
// the shell is.
const bracesVary = "what its braces are depends on the shell"

// braces expands {a,b} and {1..3} as bash does, or says why that is not known.
func (m *Machine) braces(w *syntax.Word) (words []*syntax.Word, why string) {
	braced := false
	for _, p := range w.Parts {
		if l, ok := p.(*syntax.Lit); ok && strings.Contains(l.Value, "{") {
			braced = true
		}
	}
	if !braced {
		return []*syntax.Word{w}, ""
	}
	word := *w
	word.Parts = slices.Clone(w.Parts)
	if !syntax.SplitBraces(&word) {
		return []*syntax.Word{w}, ""
	}
	for w, err := range expand.BracesSeq(nil, &word) {
		if err != nil || len(words) == maxRounds {
			return nil, "its braces stand for too many words"
		}
		words = append(words, w)
	}
	if !m.source.Bash {
		return nil, bracesVary
	}
	return words, ""
}

// piece is what one part of a word stands for.
type piece struct {
	v    Value
	bare bool // it is expanded outside quotes
	next bool // a new word begins with it
	glob bool // it holds what may be the pattern of files' names
}

// split returns what a word stands for, split at the blanks of what is expanded
// outside quotes.
func (m *Machine) split(w *syntax.Word) []Value {
	var (
		pieces  []piece
		present bool // it is a word even if it is empty
	)
	for i, p := range w.Parts {
		switch q := p.(type) {
		case *syntax.DblQuoted:
			more, some := m.quoted(q.Parts)
			pieces, present = append(pieces, more...), present || some
			continue
		case *syntax.SglQuoted:
			present = true
		case *syntax.Lit:
			v := m.parts(w.Parts[i:i+1], i > 0 && strings.HasPrefix(q.Value, "~"), false)
			pieces = append(pieces, piece{v: v, glob: isGlob(q.Value)})
			continue
		}
		if values, _, ok := m.elements(p); ok {
			for k, v := range values {
				v.many = v.many || !v.Known()
				pieces = append(pieces, piece{v: v, bare: true, next: k > 0, glob: isGlob(v.Text)})
			}
			continue
		}
		v := m.parts(w.Parts[i:i+1], false, false)
		switch p.(type) {
		case *syntax.ParamExp, *syntax.CmdSubst, *syntax.ArithmExp:
			v.many = v.many || !v.Known()
			pieces = append(pieces, piece{v: v, bare: true, glob: isGlob(v.Text)})
		default:
			pieces = append(pieces, piece{v: v})
		}
	}
	return m.assemble(pieces, present)
}

// quoted returns the pieces of what stands in double quotes. Only $@ and its like
// may be several words there, or none.
func (m *Machine) quoted(parts []syntax.WordPart) (pieces []piece, present bool) {
	from := 0
	flush := func(to int) {
		if to > from {
			v := m.parts(parts[from:to], true, false)
			v.many = false
			pieces, present = append(pieces, piece{v: v}), true
		}
	}
	for i, p := range parts {
		values, apart, ok := m.elements(p)
		if !ok {
			continue
		}
		flush(i)
		from = i + 1
		if !apart {
			pieces, present = append(pieces, piece{v: m.joined(values, true)}), true
			continue
		}
		for k, v := range values {
			pieces, present = append(pieces, piece{v: v, next: k > 0}), true
		}
	}
	flush(len(parts))
	return pieces, present || len(parts) == 0
}

// assemble makes words of pieces.
func (m *Machine) assemble(pieces []piece, present bool) []Value {
	var (
		fields []Value
		word   []Value
		begun  = present
		many   bool
		glob   bool
	)
	end := func() {
		if !begun {
			return
		}
		v := Value{}
		if len(word) > 0 {
			v = join(word...)
		}
		if v.many = many; glob && v.Known() {
			v = m.globbed(v)
		}
		fields = append(fields, v)
		word, begun, many, glob = nil, false, false, false
	}
	separators := " \t\n"
	ifs, set := m.Vars["IFS"]
	if set && ifs.Known() {
		separators = ifs.Text
	}
	for _, p := range pieces {
		if p.next {
			end()
			begun = true
		}
		m.spent(len(p.v.Text))
		if !p.bare || !p.v.Known() {
			begun = begun || !p.bare || p.v.Text != ""
			many = many || p.v.many
			glob = glob || p.glob && !p.bare
			word = append(word, p.v)
			continue
		}
		if set && !ifs.Known() {
			p.v.Why, many, begun = "how it is split is not known", true, true
			word = append(word, p.v)
			continue
		}
		if strings.Trim(separators, " \t\n") != "" && strings.ContainsAny(p.v.Text, separators) && strings.ContainsAny(p.v.Text, " \t\n") {
			// Rules for a mixture of blanks and others: not needed so far.
			p.v.Why, many, begun = "how it is split is not known", true, true
			word = append(word, p.v)
			continue
		}
		rest := p.v.Text
		for rest != "" {
			i := strings.IndexAny(rest, separators)
			if separators == "" || i < 0 {
				word, begun, glob = append(word, p.v.with(rest)), true, glob || p.glob
				break
			}
			if i > 0 {
				word, begun, glob = append(word, p.v.with(rest[:i])), true, glob || p.glob
			} else if !strings.ContainsRune(" \t\n", rune(rest[0])) {
				begun = true // an empty word
			}
			if rest = rest[i+1:]; len(fields) > maxFields {
				break
			}
			end()
		}
	}
	end()
	return fields
}

// isGlob reports whether a text may be a pattern of files' names.
func isGlob(s string) bool {
	if strings.ContainsAny(s, "*?") {
		return true
	}
	i := strings.IndexByte(s, '[')
	return i >= 0 && strings.IndexByte(s[i:], ']') > 1
}

// globWhy is why the pattern of files' names is not known.
const globWhy = "which files it names is only known in the build"

// globbed returns a word that is the pattern of files' names. No file has a name
// that an address matches.
func (m *Machine) globbed(v Value) Value {
	switch {
	case m.noglob:
	case m.globs:
		v.Why, v.many = "the shell's rules for patterns are changed", true
	case !strings.Contains(v.Text, "://"):
		v.Why, v.many = globWhy, true
	}
	return v
}
