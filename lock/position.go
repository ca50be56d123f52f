package lock

import (
	"strings"

	"github.com/BurntSushi/toml"
)

// maxDepth is how deep keys and values may nest. The format needs six; the
// limit keeps a hostile file from exhausting the stack of the TOML parser.
const maxDepth = 64

const tooDeep = "nested too deep"

// node is where one key or array element stands. All offsets are in bytes.
type node struct {
	key   int              // the key's first byte; of an element without one, the value's
	val   int              // the value's first byte; of a table, the key in its header
	plain bool             // a one-line string without escapes: its byte i stands at val+1+i
	whole bool             // an inline table that has ended
	kids  map[string]*node // of a table
	elems []*node          // of an array
}

// scanner finds where the keys and values of a TOML document stand, which the
// TOML library does not tell. It leaves the checks to the library, but for two
// that the library lacks, and stops at a fault.
type scanner struct {
	text  string
	pos   int
	fault string // which of the two it stopped for, at pos; or empty
}

// scan returns the root table of a document, and the scanner as it ended.
func scan(text string) (*node, *scanner) {
	s := &scanner{text: text}
	root := &node{}
	table := root
	for s.blank(); s.pos < len(text); s.blank() {
		if s.accept('[') {
			table = s.header(root)
		} else {
			s.pair(table, 0)
		}
		if s.fault != "" {
			break
		}
	}
	return root, s
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
	for s.peek() == ' ' || s.peek() == '\t' {
		s.pos++
	}
}

// blank skips white space, ends of line and comments.
func (s *scanner) blank() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		case '#':
			s.skipTo("\n")
		default:
			return
		}
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

// header reads a table's header behind its first bracket and returns the table.
func (s *scanner) header(root *node) *node {
	array := s.accept('[')
	n, at := s.path(root)
	if array {
		elem := &node{key: at, val: at}
		n.elems = append(n.elems, elem)
		n = elem
	}
	n.key, n.val = at, at
	if !s.accept(']') || array && !s.accept(']') {
		s.stop()
	}
	return n
}

// pair reads "key = value" into table.
func (s *scanner) pair(table *node, depth int) {
	n, at := s.path(table)
	n.key = at
	if !s.accept('=') {
		s.stop()
		return
	}
	s.spaces()
	s.value(n, depth)
}

// path reads a dotted key below table, and the white space behind it. It
// returns the last part's node and where that part stands.
func (s *scanner) path(table *node) (n *node, at int) {
	n = table
	for depth := 0; ; depth++ {
		s.spaces()
		at = s.pos
		if len(n.elems) > 0 {
			n = n.elems[len(n.elems)-1]
		}
		switch {
		case depth == maxDepth:
			s.fault = tooDeep
		case n.whole:
			s.fault = "an inline table cannot be added to"
		}
		if s.fault != "" {
			return n, at
		}
		n = n.child(s.key(), at)
		s.spaces()
		if !s.accept('.') {
			return n, at
		}
	}
}

// child returns the node of a key of n, which it makes if it is new.
func (n *node) child(key string, at int) *node {
	if kid := n.kids[key]; kid != nil {
		return kid
	}
	if n.kids == nil {
		n.kids = make(map[string]*node)
	}
	kid := &node{key: at, val: at}
	n.kids[key] = kid
	return kid
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
	if plain && len(quoted) >= 2 {
		return quoted[1 : len(quoted)-1]
	}
	return unescape(quoted)
}

// unescape returns the key that a quoted key with escapes stands for.
func unescape(quoted string) string {
	var doc map[string]any
	if _, err := toml.Decode(quoted+"=0", &doc); err != nil {
		return quoted
	}
	for key := range doc {
		return key
	}
	return quoted
}

// value reads a value into n.
func (s *scanner) value(n *node, depth int) {
	n.val = s.pos
	if depth == maxDepth {
		s.fault = tooDeep
		return
	}
	switch s.peek() {
	case '"', '\'':
		n.plain = s.str()
	case '[':
		s.array(n, depth)
	case '{':
		s.inline(n, depth)
	default:
		s.skipTo(",]}#\r\n")
	}
}

// array reads an array's elements into n.
func (s *scanner) array(n *node, depth int) {
	s.pos++
	for s.blank(); s.fault == "" && !s.accept(']'); s.blank() {
		if s.accept(',') {
			continue
		}
		elem := &node{key: s.pos}
		s.value(elem, depth+1)
		if s.pos == elem.val {
			s.stop()
		}
		if s.pos == len(s.text) {
			return
		}
		n.elems = append(n.elems, elem)
	}
}

// inline reads an inline table's pairs into n.
func (s *scanner) inline(n *node, depth int) {
	s.pos++
	for s.blank(); s.fault == "" && s.pos < len(s.text) && !s.accept('}'); s.blank() {
		if !s.accept(',') {
			s.pair(n, depth+1)
		}
	}
	n.whole = true
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
// no escape stands before it.
func (s *scanner) closing(quote string) (plain bool) {
	plain = true
	for s.pos < len(s.text) {
		switch {
		case strings.HasPrefix(s.text[s.pos:], quote):
			s.pos += len(quote)
			return plain
		case s.text[s.pos] == '\\' && quote[0] == '"':
			plain = false
			s.pos = min(s.pos+2, len(s.text))
		default:
			s.pos++
		}
	}
	return false
}
