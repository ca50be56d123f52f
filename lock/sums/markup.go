package sums

import (
	"regexp"
	"strings"
)

var (
	itemForm = regexp.MustCompile(`^(?:[-*+]|[0-9]{1,3}[.)])[ \t]+`)
	linkForm = regexp.MustCompile(`\[([^][]+)\]\([^()\s]*\)`)
	codeForm = regexp.MustCompile("`+([^`]+)`+")
	boldForm = regexp.MustCompile(`\*\*([^*]+)\*\*`)
)

// withoutMarkup returns a line of Markdown without what marks an item of a list, links,
// code and emphasis. A name in a binary line of coreutils keeps its asterisk.
func withoutMarkup(text string) string {
	text = itemForm.ReplaceAllString(text, "")
	text = linkForm.ReplaceAllString(text, "$1 ")
	text = codeForm.ReplaceAllString(text, "$1")
	text = boldForm.ReplaceAllString(text, "$1")
	return strings.TrimRight(text, "` \t")
}

// row reads a row of a table of Markdown or CSV: one or more digests, the name of the
// file, and whatever else has spaces or no dot in it, such as a size or a platform.
//
//	| name | digest |
//	name,size,digest
func (p *parser) row(text string) bool {
	sep := strings.IndexAny(text, "|,;")
	if sep < 0 {
		return false
	}
	var (
		digests     []sum
		names, dots []string
		of          algorithm // that a cell names
	)
	for cell := range strings.SplitSeq(text, text[sep:sep+1]) {
		cell = strings.Trim(strings.TrimSpace(cell), `"`)
		a, hex := labelled(cell)
		switch b, ok := parseAlgorithm(cell); {
		case cell == "":
		case isDigest(hex):
			digests = append(digests, sum{algorithm: a, hex: hex})
		case ok && of == "":
			of = b
		case ok:
			return false
		default:
			names = append(names, cell)
			if strings.Contains(cell, ".") && !strings.ContainsAny(cell, " \t") && !isSize(cell) {
				dots = append(dots, cell)
			}
		}
	}
	if len(digests) == 0 && of != "" { // the head of a table
		p.section = of
		return true
	}
	if len(names) != 1 {
		names = dots
	}
	if len(names) == 1 && len(digests) > 0 && p.several(digests, of, names[0]) {
		return true
	}
	return text[sep] == '|' && len(digests) > 0 // nothing else reads it
}

// isSize reports whether a cell is a number with a unit, as 12.3MB.
func isSize(cell string) bool {
	number := strings.TrimRight(cell, "BbIiKkMGT")
	return number != cell && strings.Trim(number, "0123456789.") == ""
}

// names reads a line that is nothing but the name of a file.
func (p *parser) names(text string) bool {
	name := nameAlone(text)
	if name != "" {
		p.subject = name
	}
	return name != ""
}

// nameAlone returns the name of a file, or its address, if a line of text is nothing else.
// Words without a dot, a hyphen or an underscore are none, nor are versions and
// algorithms.
func nameAlone(text string) string {
	name := strings.Trim(text, "#*_-=:;/ \t")
	first := strings.TrimLeft(name, "vV")
	if strings.ContainsAny(name, " \t") || !strings.ContainsAny(name, ".-_") || first == "" || '0' <= first[0] && first[0] <= '9' {
		return ""
	}
	if _, ok := parseHeading(name); ok {
		return ""
	}
	return name
}

// fields reads a line of several digests, of different lengths, and a name without
// spaces between or beside them.
func (p *parser) fields(text string) bool {
	var digests []sum
	var name string
	for field := range strings.FieldsSeq(text) {
		a, hex := labelled(field)
		switch {
		case isDigest(hex):
			digests = append(digests, sum{algorithm: a, hex: hex})
		case name != "":
			return false
		default:
			name = field
		}
	}
	name = strings.TrimPrefix(strings.TrimRight(name, ":="), "*")
	return name != "" && len(digests) > 1 && p.several(digests, "", name)
}

// several adds digests of one file, which must be of different lengths: of two that are
// not, it is not known what they are. A cell that names an algorithm is about a single
// digest.
func (p *parser) several(digests []sum, of algorithm, name string) bool {
	seen := make(map[int]bool)
	for _, s := range digests {
		if seen[len(s.hex)] || of != "" && len(digests) > 1 {
			return false
		}
		seen[len(s.hex)] = true
	}
	for _, s := range digests {
		if s.algorithm == "" {
			s.algorithm = of
		}
		s.name = name
		p.add(s)
	}
	return true
}
