package lock

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// Syntax is the text of a TOML document and where everything in it stands. It is
// the one tree that the package reads values from, points errors at, and package
// lock/edit changes. Every offset counts bytes of Text.
//
// A Table or Pair is what is written, which is not what it means: where [deps.a]
// and [deps.a.locked] stand apart, or a key is dotted, several make up one table,
// or one several. A Syntax is safe for concurrent use.
type Syntax struct {
	Text     string
	Sections []*Table // the keys above all headers, then each header with its keys
	root     *value
}

// Span is the bytes Text[Start:End].
type Span struct{ Start, End int }

// Table is a header with the keys below it, or an inline table.
type Table struct {
	Span   // from "[" to "]", or from "{" to "}"; empty for the keys above all headers
	Inline bool
	Parts  []Span // of the header, the parts of its key
	Pairs  []*Pair
	value  *value
	shared bool // a key of it may be one that something else gives a value, too
}

// Pair is a key with its value. Its span is all of it.
type Pair struct {
	Span
	In     *Table
	Parts  []Span // of the key as it is written, which has the last parts of the path
	Equals int    // where the equals sign stands
	Value  Span
	value  *value
}

// ParseSyntax reads a text without a byte order mark. It checks next to nothing:
// of a text that is not valid, which [Parse] would refuse, it returns a part.
func ParseSyntax(text string) *Syntax {
	doc, _ := scan("", text)
	return &doc.Syntax
}

// Position returns the line and column of a byte, both from 1. Columns count
// characters.
func (s *Syntax) Position(offset int) (line, col int) {
	before := s.Text[:min(max(offset, 0), len(s.Text))]
	start := strings.LastIndexByte(before, '\n') + 1
	return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[start:])
}

// All yields every pair in the order of the text, each before those inside it.
func (s *Syntax) All() iter.Seq[*Pair] {
	return func(yield func(*Pair) bool) {
		for _, section := range s.Sections {
			if !section.all(yield) {
				return
			}
		}
	}
}

func (t *Table) all(yield func(*Pair) bool) bool {
	for _, p := range t.Pairs {
		if !yield(p) || p.Table() != nil && !p.Table().all(yield) {
			return false
		}
	}
	return true
}

// find returns the value at path, or nil.
func (s *Syntax) find(path []string) *value {
	v := s.root
	for _, key := range path {
		v = v.get(key)
	}
	return v
}

// Find returns the pair at path, or nil.
func (s *Syntax) Find(path ...string) *Pair {
	if v := s.find(path); v != nil {
		return v.pair
	}
	return nil
}

// Section returns the section whose header is path, or nil.
func (s *Syntax) Section(path ...string) *Table {
	v := s.find(path)
	for _, t := range s.Sections[1:] {
		if t.value == v {
			return t
		}
	}
	return nil
}

// Path returns the keys that lead from the root to t.
func (t *Table) Path() []string { return t.value.keys() }

// Below reports whether t is at path or below it.
func (t *Table) Below(path []string) bool { return t.value.below(path) }

// Path returns the keys that lead from the root to p.
func (p *Pair) Path() []string { return p.value.keys() }

// Below reports whether p is at path or below it.
func (p *Pair) Below(path []string) bool { return p.value.below(path) }

// Table returns the value of p if it is an inline table, or nil.
func (p *Pair) Table() *Table { return p.value.inline }

// Elems returns where the elements of p's value stand, if it is an array.
func (p *Pair) Elems() []Span {
	elems := make([]Span, len(p.value.elems))
	for i, v := range p.value.elems {
		elems[i] = v.Span
	}
	return elems
}

// below reports whether v is at path or below it.
func (v *value) below(path []string) bool {
	depth := 0
	for up := v.up; up != nil; up = up.up {
		depth++
	}
	if depth < len(path) {
		return false
	}
	for ; depth > len(path); depth-- {
		v = v.up
	}
	for _, key := range slices.Backward(path) {
		if v.key != key {
			return false
		}
		v = v.up
	}
	return true
}
