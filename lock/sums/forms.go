package sums

import "strings"

// heading reads a line that names the algorithm of the digests below it.
func (p *parser) heading(text string) bool {
	a, ok := parseHeading(text)
	if ok {
		p.section = a
	}
	return ok
}

// tagged reads the lines of BSD's programs and of openssl dgst:
//
//	SHA256 (name) = digest
//	SHA2-256(name)= digest
func (p *parser) tagged(text string) bool {
	text, escaped := strings.CutPrefix(text, `\`)
	label, rest, ok := strings.Cut(text, "(")
	label = strings.TrimSpace(label)
	a, known := parseAlgorithm(label)
	if !ok || !known && label != "" {
		return false
	}
	// A name may contain " = "; a digest cannot.
	i := strings.LastIndexByte(rest, '=')
	if i < 0 {
		return false
	}
	name, ok := strings.CutSuffix(strings.TrimSpace(rest[:i]), ")")
	hex := strings.TrimSpace(rest[i+1:])
	if !ok || !isDigest(hex) {
		return false
	}
	if escaped {
		name = unescape(name)
	}
	p.add(sum{algorithm: a, hex: hex, name: name, escaped: escaped})
	return true
}

// unescape decodes the names with a line feed, a carriage return or a backslash that
// coreutils marks with a backslash before the line.
var unescape = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r").Replace

// property reads Get-FileHash | Format-List:
//
//	Algorithm : SHA256
//	Hash      : digest
//	Path      : C:\name
func (p *parser) property(text string) bool {
	key, value, ok := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	switch key = strings.TrimSpace(key); {
	case !ok || value == "":
		return false
	case key == "Algorithm":
		p.flush()
		p.record.algorithm, ok = parseAlgorithm(value)
		return ok
	case key == "Hash" && isDigest(value) && p.record.hex == "":
		p.record.hex = value
		return true
	case key == "Path" && p.record.hex != "":
		p.record.name = value
		p.flush()
		return true
	}
	return false
}

// columns reads lines with a digest and a name:
//
//	digest  name      sha256sum, shasum
//	digest *name      the same, in binary mode
//	\digest  na\\me   the same, escaped
//	digest size name  Checksums-Sha256 of Debian
//	name digest       also with a colon or an equals sign
//	SHA256 digest name
//	name SHA256 digest
func (p *parser) columns(line, text string) bool {
	first, rest := cutField(text)
	a, hex := labelled(first)
	escaped := false
	if !isDigest(hex) {
		hex, escaped = strings.CutPrefix(first, `\`)
	}
	if isDigest(hex) {
		return p.digestFirst(sum{algorithm: a, hex: hex, escaped: escaped}, line, rest)
	}
	if a, ok := parseAlgorithm(first); ok {
		hex, name := cutField(rest)
		if isDigest(hex) {
			p.add(sum{algorithm: a, hex: hex, name: strings.TrimPrefix(name, "*")})
			return true
		}
	}
	return p.digestLast(text)
}

func (p *parser) digestFirst(s sum, line, rest string) bool {
	if field, name := cutField(rest); strings.HasPrefix(line, " ") && p.section != "" &&
		name != "" && strings.Trim(field, "0123456789") == "" {
		rest = name
	}
	if anyDigest(rest) {
		return false
	}
	s.name = strings.TrimPrefix(rest, "*")
	if s.escaped {
		s.name = unescape(s.name)
	}
	p.add(s)
	return true
}

func (p *parser) digestLast(text string) bool {
	i := strings.LastIndexAny(text, " \t=")
	if i < 0 {
		i = strings.LastIndexByte(text, ':')
	}
	if i < 0 {
		return false
	}
	a, hex := labelled(text[i+1:])
	before := strings.TrimRight(text[:i+1], " \t")
	name := strings.TrimRight(before, " \t:=")
	if !isDigest(hex) || anyDigest(name) || name == "" {
		return false
	}
	// "name: SHA256 = digest", as gpg --print-mds prints it
	if left, label, ok := strings.Cut(name, ": "); ok {
		if b, ok := parseAlgorithm(strings.TrimSpace(label)); ok {
			p.add(sum{algorithm: b, hex: hex, name: left})
			return true
		}
	}
	separated := name != before
	if fields := strings.Fields(name); len(fields) == 2 && !separated {
		for i, field := range fields {
			if b, ok := parseAlgorithm(strings.Trim(field, "():")); ok && fields[1-i] != "" {
				p.add(sum{algorithm: b, hex: hex, name: strings.TrimRight(fields[1-i], ":")})
				return true
			}
		}
	}
	if b, ok := parseHeading(name); ok && (separated || !strings.ContainsAny(name, " \t")) {
		p.add(sum{algorithm: b, hex: hex})
		return true
	}
	if !separated && strings.ContainsAny(name, " \t") {
		return false // prose
	}
	p.add(sum{algorithm: a, hex: hex, name: name})
	return true
}

// cutField returns the first field of s, and the rest without the space between.
func cutField(s string) (field, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t")
}

// anyDigest reports whether a field of s is a digest.
func anyDigest(s string) bool {
	for field := range strings.FieldsSeq(s) {
		if _, hex := labelled(field); isDigest(hex) {
			return true
		}
	}
	return false
}

// opening reads a line that names a file whose digest follows or continues in the lines
// below:
//
//	name: 8D6A1F2B 00C4…         gpg --print-md
//	name: SHA256 = 8D6A1F2B …    gpg --print-mds
//	SHA256 hash of name:         certutil -hashfile
func (p *parser) opening(text string) bool {
	if left, ok := strings.CutSuffix(text, ":"); ok {
		if label, name, ok := strings.Cut(left, " hash of "); ok {
			a, ok := parseAlgorithm(label)
			if ok {
				p.open = &sum{algorithm: a, name: strings.TrimPrefix(name, "file ")}
			}
			return ok
		}
		if _, ok := parseHeading(left); ok || strings.ContainsAny(left, " \t") {
			return false
		}
		p.open = &sum{name: left}
		return true
	}
	name, right, ok := strings.Cut(text, ": ")
	if !ok {
		return false
	}
	s := sum{name: name}
	if label, hex, ok := strings.Cut(right, "="); ok {
		if s.algorithm, ok = parseAlgorithm(strings.TrimSpace(label)); !ok {
			return false
		}
		right = hex
	}
	if s.hex, ok = groups(right); ok {
		p.open = &s
	}
	return ok
}

// continued reads a line that continues what is open.
func (p *parser) continued(text string) bool {
	if p.open.hex == "" && isDigest(text) {
		p.open.hex = text
		p.flush()
		return true
	}
	hex, ok := groups(text)
	if ok && len(p.open.hex)+len(hex) <= 128 {
		p.open.hex += hex
	}
	return ok
}
