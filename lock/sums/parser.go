package sums

import (
	"fmt"
	"slices"
	"strings"

	"depfetch/fetch"
	"depfetch/fetch/digest"
)

// parser reads a list line by line.
type parser struct {
	list    *List
	section algorithm // of the last heading
	subject string    // the name that a line of its own has said last
	skipped []algorithm

	// In forms of several lines, open is a name whose digest follows, and record is
	// a digest whose name may follow.
	open   *sum
	record sum
}

// sum is one digest of a list, of whatever algorithm.
type sum struct {
	algorithm algorithm // empty if the line does not say
	hex       string
	name      string // empty if there is none
	escaped   bool   // a backslash in name is no separator
}

func newParser() parser { return parser{list: &List{}} }

func (p *parser) line(line string) {
	text := strings.TrimSpace(line)
	if strings.HasPrefix(text, "- ") || strings.ContainsAny(text, "`*[") {
		text = withoutMarkup(text)
	}
	if p.open != nil && p.continued(text) {
		return
	}
	if p.open != nil || text == "" {
		p.flush()
	}
	switch {
	case text == "":
	case strings.HasPrefix(text, "#") || strings.HasPrefix(text, ";") || strings.HasPrefix(text, "//"):
		p.heading(text)
		p.subject = nameAlone(text)
	default:
		_ = p.tagged(text) || p.property(text) || p.row(text) || p.columns(line, text) || p.fields(text) || p.opening(text) || p.heading(text) || p.names(text)
	}
}

// flush completes what is open.
func (p *parser) flush() {
	if p.open != nil && isDigest(p.open.hex) {
		p.add(*p.open)
	}
	if p.record.hex != "" {
		p.add(p.record)
	}
	p.open, p.record = nil, sum{}
}

// add adds a digest to the list if it is of an algorithm that counts.
func (p *parser) add(s sum) {
	a := s.algorithm
	if a == "" && len(s.hex) == 2*len(fetch.Digest{}) && slices.Contains(as256, p.section) ||
		a == "" && len(s.hex) > 2*len(fetch.Digest{}) && slices.Contains(others, p.section) {
		a = p.section
	}
	if s.name == "" {
		s.name = p.subject
	}
	if a == "" {
		a = bySize[len(s.hex)]
	}
	var list *digests
	switch {
	case a == sha256:
		list = &p.list.sha256
	case a == sha512 && len(s.hex) == 128:
		list = &p.list.sha512
	case a == sha384 && len(s.hex) == 96:
		list = &p.list.sha384
	default:
		if !slices.Contains(p.skipped, a) {
			p.skipped = append(p.skipped, a)
		}
		return
	}
	d := strings.ToLower(s.hex)
	if _, err := digest.Parse(d); err != nil && a == sha256 {
		return
	}
	elems := s.elements()
	if len(elems) == 0 {
		list.bare = append(list.bare, d)
		return
	}
	e := entry{elems: elems, digest: d}
	if list.byName == nil {
		list.byName = make(map[string][]int)
	}
	list.byName[e.name()] = append(list.byName[e.name()], len(list.entries))
	list.entries = append(list.entries, e)
}

// elements returns the elements of the path that names the file, without "." and empty
// ones. Standard input has no name.
func (s sum) elements() []string {
	if s.name == "-" || s.name == "stdin" {
		return nil
	}
	separators := `/\`
	if s.escaped {
		separators = "/"
	}
	elems := strings.FieldsFunc(s.name, func(r rune) bool { return strings.ContainsRune(separators, r) })
	return slices.DeleteFunc(elems, func(e string) bool { return e == "." })
}

// emptyReason returns the reason why a list has no digests.
func (p *parser) emptyReason() string {
	if len(p.skipped) == 0 {
		return "has no line of a form that is known"
	}
	names := make([]string, len(p.skipped))
	for i, a := range p.skipped {
		names[i] = string(a)
	}
	slices.Sort(names)
	return fmt.Sprintf("has digests of other algorithms only (%s)", strings.Join(names, ", "))
}
