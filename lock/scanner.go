package lock

import (
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// maxDepth is how deep keys and values may nest. The format needs six; the
// limit keeps a hostile file from exhausting the stack of the TOML parser.
const maxDepth = 64

const tooDeep = "nested too deep"

// scanner makes the tree of a TOML document. It leaves the checks to the TOML
// library, but for four that the library lacks, and stops at a fault.
type scanner struct {
	doc   *document
	text  string
	pos   int
	fault string // which of the four it stopped for, at pos; or empty

	section *Table // whose keys are read; nil in a header
}

// scan returns a document with its tree, and the scanner as it ended.
func scan(name, text string) (*document, *scanner) {
	doc := &document{name: name, Syntax: Syntax{Text: text}, checked: make(map[string]error)}
	s := &scanner{doc: doc, text: text}
	doc.root = &value{doc: doc, kind: kindTable}
	section := &Table{value: doc.root}
	doc.Sections = []*Table{section}
	for s.blank(); s.pos < len(text); s.blank() {
		if s.peek() == '[' {
			s.section = nil
			section = s.header()
			doc.Sections = append(doc.Sections, section)
		} else {
			s.section = section
			s.pair(section, 0)
		}
		if s.fault != "" {
			break
		}
	}
	return doc, s
}

// stop ends the scan. What is wrong, the library will tell, unless fault does.
func (s *scanner) stop() {
	if s.fault == "" {
		s.pos = len(s.text)
	}
}

// peek returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

// accept reads the next byte if it is c.
func (s *scanner) accept(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

// spaces skips spaces and tabs.
func (s *scanner) spaces() {
	for s.accept(' ') || s.accept('\t') {
	}
}

// blank skips white space, ends of line and comments.
func (s *scanner) blank() {
	for {
		for s.accept(' ') || s.accept('\n') || s.accept('\t') || s.accept('\r') {
		}
		if s.peek() != '#' {
			return
		}
		s.skipTo("\n")
	}
}

// skipTo moves to the next of the bytes in stops, or to the end.
func (s *scanner) skipTo(stops string) {
	if i := strings.IndexAny(s.text[s.pos:], stops); i >= 0 {
		s.pos += i
		return
	}
	s.stop()
}

// header reads the header of a table.
func (s *scanner) header() *Table {
	start := s.pos
	s.pos++
	array := s.accept('[')
	v, parts := s.path(s.doc.root)
	if array {
		v.kind = kindTables
		elem := &value{doc: s.doc, up: v.up, key: v.key}
		v.elems = append(v.elems, elem)
		v = elem
	}
	at := parts[len(parts)-1].Start
	v.kind, v.keyAt, v.Span = kindTable, at, Span{at, at}
	if !s.accept(']') || array && !s.accept(']') {
		s.stop()
	}
	return &Table{Span: Span{start, s.pos}, Parts: parts, value: v, shared: array}
}

// pair reads "key = value" into a table.
func (s *scanner) pair(in *Table, depth int) {
	start := s.pos
	v, parts := s.path(in.value)
	p := &Pair{In: in, Parts: parts, Equals: s.pos, value: v}
	if !s.accept('=') {
		s.stop()
		return
	}
	if v.pair == nil && (len(v.kids) > 0 || v.kind == kindTables) {
		s.pos = start
		s.fault = "key '" + v.path() + "' has already been defined" // as the library says of others
		return
	}
	s.spaces()
	v.pair, v.keyAt = p, parts[len(parts)-1].Start
	s.value(v, depth)
	p.Value = v.Span
	p.Span = Span{start, v.End}
	in.Pairs = append(in.Pairs, p)
}

// path reads a dotted key below table, and the white space behind it. It
// returns the last part's value and where the parts stand.
func (s *scanner) path(table *value) (v *value, parts []Span) {
	v = table
	for {
		s.spaces()
		at := s.pos
		if v.kind == kindTables {
			v = v.elems[len(v.elems)-1]
		}
		switch {
		case len(parts) == maxDepth:
			s.fault = tooDeep
		case v.kind == kindArray:
			s.fault = "an array cannot be added to"
		case v.whole:
			s.fault = "an inline table cannot be added to"
		}
		if s.fault != "" {
			return v, append(parts, Span{at, at})
		}
		v = s.enter(v, s.key(), at)
		parts = append(parts, Span{at, s.pos})
		s.spaces()
		if !s.accept('.') {
			return v, parts
		}
	}
}

// enter returns the value of a key of table, which it makes if it is new. It notes which
// sections have keys that others, or a key of their own, lead to once more.
func (s *scanner) enter(table *value, key string, at int) *value {
	n := len(table.kids)
	v := table.child(key, at)
	if len(table.kids) > n {
		v.section = s.section
		return v
	}
	if v.section != s.section || v.pair != nil {
		for _, section := range []*Table{v.section, s.section} {
			if section != nil {
				section.shared = true
			}
		}
	}
	return v
}

// key reads one part of a dotted key.
func (s *scanner) key() string {
	start := s.pos
	if c := s.peek(); c != '"' && c != '\'' {
		s.skipTo(" \t.=]\r\n")
		return s.text[start:s.pos]
	}
	plain := s.str()
	quoted := s.text[start:s.pos]
	if plain {
		return quoted[1 : len(quoted)-1]
	}
	if key, ok := decodeValue(quoted).(string); ok {
		return key
	}
	return quoted // no key at all, which the library will say
}

// decodeValue returns what the TOML library makes of one value, or nil.
func decodeValue(text string) any {
	var doc struct{ V any }
	_, _ = toml.Decode("V="+text, &doc) // the whole document is checked elsewhere
	return doc.V
}

// value reads a value into v.
func (s *scanner) value(v *value, depth int) {
	v.Start, v.End = s.pos, s.pos
	if depth == maxDepth {
		s.fault = tooDeep
		return
	}
	v.kind = kindScalar
	switch s.peek() {
	case '"', '\'':
		v.plain = s.str()
		v.simple = v.plain
	case '[':
		s.array(v, depth)
	case '{':
		s.inline(v, depth)
	default:
		s.skipTo(",]}#\r\n")
		s.pos = v.Start + len(strings.TrimRight(s.text[v.Start:s.pos], " \t"))
		v.simple = isNumber(s.text[v.Start:s.pos])
	}
	v.End = s.pos
	v.simple = v.simple && (s.pos == len(s.text) || strings.IndexByte(" \t\r\n,}", s.text[s.pos]) >= 0)
}

// isNumber reports whether s is an integer in its shortest form.
func isNumber(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && strconv.FormatInt(n, 10) == s
}

// array reads an array's elements into v.
func (s *scanner) array(v *value, depth int) {
	v.kind, v.elems = kindArray, []*value{}
	s.pos++
	for s.blank(); s.fault == "" && !s.accept(']'); s.blank() {
		if s.accept(',') {
			continue
		}
		elem := &value{doc: s.doc, up: v.up, key: v.key, keyAt: s.pos}
		s.value(elem, depth+1)
		if s.pos == elem.Start {
			s.stop()
		}
		if s.pos == len(s.text) {
			return
		}
		v.elems = append(v.elems, elem)
	}
}

// inline reads an inline table's pairs into v.
func (s *scanner) inline(v *value, depth int) {
	v.kind = kindTable
	v.inline = &Table{Inline: true, value: v, Pairs: make([]*Pair, 0, 4)}
	start, commas, simple, closed := s.pos, 0, true, false
	s.pos++
	for !closed && s.fault == "" && s.pos < len(s.text) {
		s.blank()
		switch {
		case s.accept('}'):
			closed = true
		case s.accept(','):
			commas++
		default:
			simple = simple && commas == len(v.inline.Pairs)
			s.pair(v.inline, depth+1)
		}
	}
	v.whole = true
	v.inline.Span = Span{start, s.pos}
	v.simple = simple && closed && v.inline.simple(s.text, commas)
}

// simple reports whether the inline table t is on one line, has commas between its
// pairs alone, and in them different bare keys and simple values.
func (t *Table) simple(text string, commas int) bool {
	n := len(t.Pairs)
	if commas != max(n-1, 0) || len(t.value.kids) != n || strings.ContainsAny(text[t.Start:t.End], "\r\n") {
		return false
	}
	for _, p := range t.Pairs {
		if len(p.Parts) != 1 || !p.value.simple || !isBare(text[p.Start:p.Parts[0].End]) {
			return false
		}
	}
	return true
}

// str reads a string of any of the four kinds, and reports whether it is
// written on one line and without escapes.
func (s *scanner) str() (plain bool) {
	quote := s.text[s.pos : s.pos+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.text[s.pos:], triple) {
		s.pos += 3
		s.closing(triple)
		for range 2 { // a quote or two may stand before the closing three
			s.accept(quote[0])
		}
		return false
	}
	s.pos++
	return s.closing(quote)
}

// closing moves behind the next quote that is not escaped, and reports whether
// neither an escape nor a control character stands before it.
func (s *scanner) closing(quote string) (plain bool) {
	plain = true
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		switch {
		case c == quote[0] && strings.HasPrefix(s.text[s.pos:], quote):
			s.pos += len(quote)
			return plain
		case c == '\\' && quote[0] == '"':
			plain = false
			s.pos = min(s.pos+2, len(s.text))
		default:
			plain = plain && (c >= ' ' && c != 0x7f || c == '\t')
			s.pos++
		}
	}
	return false
}
