package edit

import (
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// span is the bytes text[start:end].
type span struct{ start, end int }

// tree is a text with the places of its tables, keys and values. A table of
// the text is never a table by meaning: where [deps.a] and [deps.a.locked]
// stand apart, or a key is dotted, several make up one, or one several.
type tree struct {
	text     string
	sections []*table // the keys above all headers, then each header with its keys
}

// table is a header with the keys below it, or an inline table.
type table struct {
	path   []string // from the root
	inline bool
	span          // from "[" to "]", or from "{" to "}"; empty for the keys above all headers
	parts  []span // of the header, the parts of its key
	pairs  []*pair
}

// pair is a key with its value. Its span is all of it.
type pair struct {
	span
	in     *table
	path   []string // from the root
	parts  []span   // of the key as it is written, which has the last parts of the path
	equals int      // where the equals sign stands
	val    span
	table  *table // the value, if it is an inline table
	elems  []span // of an array of plain values
}

// syntaxError is what the parser says of a byte.
type syntaxError struct {
	offset int
	msg    string
}

// parseTree reads a text. It sees syntax alone: keys may be there twice.
func parseTree(text string) (*tree, *syntaxError) {
	p := &unstable.Parser{}
	p.Reset([]byte(text))
	t := &tree{text: text, sections: []*table{{}}}
	for p.NextExpression() {
		node := p.Expression()
		if node.Kind == unstable.KeyValue {
			section := t.sections[len(t.sections)-1]
			section.pairs = append(section.pairs, t.pair(section, node))
			continue
		}
		t.sections = append(t.sections, t.header(node))
	}
	if err := p.Error(); err != nil {
		fault := &syntaxError{len(text), err.Error()}
		if at, ok := errors.AsType[*unstable.ParserError](err); ok {
			fault.offset = int(p.Range(at.Highlight).Offset)
		}
		return nil, fault
	}
	return t, nil
}

// key returns the parts of a key and where they stand.
func (t *tree) key(it unstable.Iterator) (names []string, parts []span) {
	for it.Next() {
		n := it.Node()
		names = append(names, string(n.Data))
		parts = append(parts, spanOf(n.Raw))
	}
	return names, parts
}

func spanOf(r unstable.Range) span { return span{int(r.Offset), int(r.Offset + r.Length)} }

// header returns the table of a header.
func (t *tree) header(node *unstable.Node) *table {
	names, parts := t.key(node.Key())
	first, last := parts[0], parts[len(parts)-1]
	start := strings.LastIndexByte(t.text[:first.start], '[')
	end := last.end + strings.IndexByte(t.text[last.end:], ']') + 1
	return &table{path: names, parts: parts, span: span{start, end}}
}

// pair returns a pair of the table in.
func (t *tree) pair(in *table, node *unstable.Node) *pair {
	names, parts := t.key(node.Key())
	p := &pair{span: spanOf(node.Raw), in: in, path: slices.Concat(in.path, names), parts: parts}
	last := parts[len(parts)-1].end
	p.equals = last + strings.IndexByte(t.text[last:], '=')
	behind := t.text[p.equals+1 : p.end]
	p.val = span{p.end - len(strings.TrimLeft(behind, " \t")), p.end}
	switch value := node.Value(); value.Kind {
	case unstable.InlineTable:
		p.table = &table{path: p.path, inline: true, span: p.val}
		for it := value.Children(); it.Next(); {
			p.table.pairs = append(p.table.pairs, t.pair(p.table, it.Node()))
		}
	case unstable.Array:
		for it := value.Children(); it.Next(); {
			p.elems = append(p.elems, spanOf(it.Node().Raw))
		}
	}
	return p
}

// all yields every pair in the order of the text, each before those inside it.
func (t *tree) all() iter.Seq[*pair] {
	return func(yield func(*pair) bool) {
		for _, section := range t.sections {
			if !section.all(yield) {
				return
			}
		}
	}
}

func (t *table) all(yield func(*pair) bool) bool {
	for _, p := range t.pairs {
		if !yield(p) || p.table != nil && !p.table.all(yield) {
			return false
		}
	}
	return true
}

// find returns the pair at path, or nil.
func (t *tree) find(path ...string) *pair {
	for p := range t.all() {
		if slices.Equal(p.path, path) {
			return p
		}
	}
	return nil
}

// section returns the section whose header is path, or nil.
func (t *tree) section(path ...string) *table {
	for _, s := range t.sections[1:] {
		if slices.Equal(s.path, path) {
			return s
		}
	}
	return nil
}

// below reports whether path is prefix or lies below it.
func below(path, prefix []string) bool {
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}

// below returns the pairs of t that are at prefix or below it.
func (t *table) below(prefix []string) []*pair {
	var found []*pair
	for _, p := range t.pairs {
		if below(p.path, prefix) {
			found = append(found, p)
		}
	}
	return found
}

// last returns the end of the last thing in the section t.
func (t *table) last() int {
	if n := len(t.pairs); n > 0 {
		return t.pairs[n-1].end
	}
	return t.end
}
