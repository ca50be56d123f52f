package lock

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"depfetch/fetch/digest"
	"depfetch/fetch/source"
)

// formatVersion is the version of the format that this package reads.
const formatVersion = 1

// Parse reads a lockfile. Its name is used in the positions of errors only.
// The error, if there is one, is an [ErrorList] of every fault of the file.
func Parse(name string, data []byte) (*File, error) {
	doc, scanned := scan(name, strings.TrimPrefix(string(data), "\ufeff"))
	if err := doc.scanFault(scanned); err != nil {
		return nil, ErrorList{err}
	}
	// Both take long, and neither needs the other: what is made of a text that turns
	// out to be no TOML is thrown away.
	syntax := make(chan *Error)
	go func() { syntax <- doc.syntaxFault() }()
	f, err := doc.file()
	if fault := <-syntax; fault != nil {
		return nil, ErrorList{fault}
	}
	if f != nil {
		f.Digest = digest.Of(data)
	}
	return f, err
}

// file returns what the document says, or all that is wrong with it.
func (doc *document) file() (*File, error) {
	root := doc.root
	if !checkVersion(root) {
		return nil, doc.faults.err()
	}
	root.table(fileKeys...)
	f := &File{
		Name:      doc.name,
		Syntax:    &doc.Syntax,
		Platforms: parsePlatforms(root.get("platforms")),
		Policy:    parsePolicy(root.get("policy")),
		Deps:      parseDeps(root.get("deps")),
		URLs:      parsePins(root.get("urls")),
		Vendor:    parseVendor(root.get("vendor")),
		Catalogue: parseCatalogue(root.get("catalogue")),
		Images:    parseImages(root.get("images")),
	}
	checkPaths(f.Deps)
	f.checkAddresses()
	if err := doc.faults.err(); err != nil {
		return nil, err
	}
	return f, nil
}

// scanFault returns the fault that the scanner has stopped for, or nil: one of the four
// that it knows.
func (d *document) scanFault(s *scanner) *Error {
	if i := invalidUTF8(d.Text); i >= 0 {
		return d.syntaxError(i, "the file is not UTF-8")
	}
	if s.fault != "" {
		return d.syntaxError(s.pos, s.fault)
	}
	return nil
}

// syntaxFault returns what else the TOML library finds wrong, or nil.
func (d *document) syntaxFault() *Error {
	var none struct{}
	if _, err := toml.Decode(d.outline(), &none); err == nil {
		return nil
	}
	_, err := toml.Decode(d.Text, &none)
	var fault toml.ParseError
	if errors.As(err, &fault) {
		return d.parseError(fault)
	}
	if err != nil {
		return d.syntaxError(0, err.Error())
	}
	return nil
}

// outline returns the text with a 0 in the place of each value that is valid by its
// form alone: a one-line string without escapes, an integer in its shortest form, an
// inline table of such. The library, which takes most of the time of reading a
// lockfile, refuses it if it would refuse the text: nothing can be added to a 0, and it
// ends where a value can end. Where the key is valid by its form, too, stands on a line
// of its own and means nothing to the rest of the text, neither is left.
func (d *document) outline() string {
	var b strings.Builder
	b.Grow(len(d.Text) / 2)
	at := 0
	for i, section := range d.Sections {
		before, alone := section.End, i > 0 && !section.shared
		for j, p := range section.Pairs {
			after := len(d.Text)
			if j+1 < len(section.Pairs) {
				after = section.Pairs[j+1].Start
			} else if i+1 < len(d.Sections) {
				after = d.Sections[i+1].Start
			}
			switch {
			case !p.value.simple:
			case alone && p.bare(d.Text) && endsLine(d.Text[before:p.Start]) && endsLine(d.Text[p.End:after]):
				b.WriteString(d.Text[at:p.Start])
				at = p.End
			default:
				b.WriteString(d.Text[at:p.Value.Start])
				b.WriteByte('0')
				at = p.Value.End
			}
			before = p.End
		}
	}
	b.WriteString(d.Text[at:])
	return b.String()
}

// bare reports whether no part of p's key is in quotes.
func (p *Pair) bare(text string) bool {
	for _, part := range p.Parts {
		if !isBare(text[part.Start:part.End]) {
			return false
		}
	}
	return true
}

// endsLine reports whether what stands between two keys ends the line of the first one,
// in a way that is the same at the beginning of a line.
func endsLine(between string) bool {
	rest := strings.TrimLeft(between, " \t")
	return rest != "" && (rest[0] == '\n' || rest[0] == '#' && strings.Contains(rest, "\n")) && !strings.Contains(rest, "\r")
}

// invalidUTF8 returns where the first byte stands that is not UTF-8, or -1.
func invalidUTF8(s string) int {
	for i, r := range s {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
			return i
		}
	}
	return -1
}

// syntaxError returns a syntax error at a byte of the document.
func (d *document) syntaxError(offset int, msg string) *Error {
	line, col := d.Position(offset)
	return &Error{File: d.name, Line: line, Col: col, Kind: KindSyntax, Msg: msg}
}

// parseError returns the TOML library's error in this package's form.
func (d *document) parseError(fault toml.ParseError) *Error {
	msg := strings.TrimSuffix(fault.Message, ".")
	first, size := utf8.DecodeRuneInString(msg)
	if second, _ := utf8.DecodeRuneInString(msg[size:]); unicode.IsLower(second) {
		msg = string(unicode.ToLower(first)) + msg[size:]
	}
	e := d.syntaxError(fault.Position.Start, msg)
	if strings.HasSuffix(fault.LastKey, "mode") && strings.Contains(msg, "leading zeroes") {
		e.Hint = `write the mode as a string: mode = "0755"`
	}
	return e
}

// checkVersion reports whether the document is of a version of the format that
// can be read on. A missing or mistyped version is a fault among others.
func checkVersion(root *value) bool {
	v := root.get("version")
	if v == nil {
		e := root.fail("version is missing: a lockfile begins with version = %d", formatVersion)
		e.Hint = "write version = 1 on the first line"
		if len(root.children()) == 0 {
			e.Hint = "deplock init"
		}
		return true
	}
	n, ok := v.integer()
	if !ok || n == formatVersion {
		return true
	}
	e := v.fail("format version %d is not known to this program; it knows %d", n, formatVersion)
	if n > formatVersion {
		e.Hint = "upgrade depfetch and deplock"
	}
	return false
}

// parsePolicy reads the policy.
func parsePolicy(v *value) (p Policy) {
	if !v.table(policyKeys...) {
		return Policy{}
	}
	hosts := v.get("hosts")
	for _, elem := range hosts.nonEmpty("would allow no host; leave it out to allow all") {
		p.Hosts = append(p.Hosts, parsed(elem, parseHost))
	}
	p.Trust = parsed(v.get("trust"), parseTrust)
	if unpinned := v.get("unpinned"); unpinned != nil {
		allowed, ok := unpinned.boolean()
		p.NoUnpinned = ok && !allowed
	}
	p.Images = parseImageRules(v.get("images"))
	return p
}

// parseHost reads a host that the policy allows.
func parseHost(s string) (source.HostPattern, error) {
	if strings.ContainsAny(s, "/@") {
		return source.HostPattern{}, errors.New("a host stands alone, without scheme, credentials and path")
	}
	return source.ParseHostPattern(s)
}

// nonEmpty returns the elements of the array v. That it has none is a fault,
// since an empty list would not mean what it seems to; why says so.
func (v *value) nonEmpty(why string) []*value {
	elems := v.elements()
	if elems != nil && len(elems) == 0 {
		v.fail("an empty list %s", why)
	}
	return elems
}

// parsePlatforms reads a list of platforms.
func parsePlatforms(v *value) []Platform { return distinct(v, ParsePlatform) }

// parseGroups reads the groups that a dependency is in.
func parseGroups(v *value) []string {
	return distinct(v, func(s string) (string, error) {
		if !isName(s) {
			return "", errors.New("a group is up to 128 letters, digits and . _ + -, and begins with a letter or digit")
		}
		return s, nil
	})
}

// distinct reads a list of strings that differ, each by parse.
func distinct[T comparable](v *value, parse func(string) (T, error)) []T {
	var list []T
	for _, elem := range v.elements() {
		s, ok := elem.str()
		if !ok {
			continue
		}
		item, err := parse(s)
		switch {
		case err != nil:
			elem.fail("%v", err)
		case slices.Contains(list, item):
			elem.fail("%q is listed twice", s)
		default:
			list = append(list, item)
		}
	}
	return list
}

// parseDeps reads the dependencies in the order of the document.
func parseDeps(v *value) []*Dep {
	if !v.table() {
		return nil
	}
	var deps []*Dep
	for _, kid := range v.children() {
		if !isName(kid.key) {
			kid.failKey("a name is up to 128 letters, digits and . _ + -, and begins with a letter or digit")
		}
		deps = append(deps, parseDep(kid))
	}
	return deps
}

// isName reports whether s can name a dependency or a group.
func isName(s string) bool {
	return s != "" && len(s) <= 128 && consistsOf(s[:1], "") && consistsOf(s, "._+-")
}

// parseDep reads one dependency.
func parseDep(v *value) *Dep {
	d := &Dep{Name: v.key, at: v}
	if !v.table(depKeys...) {
		return d
	}
	d.Version = parsed(v.get("version"), parseVersion)
	d.Platforms = parsePlatforms(v.get("platforms"))
	d.Groups = parseGroups(v.get("groups"))
	d.Alias = parseAlias(v.get("alias"))
	d.parseTemplates()
	d.Unpack = parseUnpack(v.get("unpack"))
	if member := v.get("member"); member != nil && d.Unpack != nil {
		member.failKey("member takes one file out of the archive, unpack takes all; write one of them")
	}
	archive := v.get("member") != nil || d.Unpack != nil
	d.Limits = parseLimits(v.get("limits"))
	if limits := v.get("limits"); limits != nil && !archive {
		limits.failKey("limits goes with member or unpack")
	}
	d.Path = parsePath(v.get("path"), d.Unpack)
	d.Mode = parseMode(v.get("mode"), d.Unpack)
	d.Owner = parsed(v.get("owner"), parseOwner)
	d.Latest = parseLatest(v.get("latest"))
	d.Catalogue = parsed(v.get("catalogue"), parseEntry)
	d.AllowPlatformMismatch, _ = v.get("allow_platform_mismatch").boolean()
	d.Locked = parseLocked(v.get("locked"), archive)
	d.checkExpansions()
	return d
}

// parseVersion reads a dependency's version.
func parseVersion(s string) (string, error) {
	if s == "" || len(s) > 128 || strings.ContainsFunc(s, notVersion) {
		return s, errors.New("a version is 1 to 128 printable ASCII characters without spaces and braces")
	}
	return s, nil
}

// parseEntry reads the full name of what a catalogue lists.
func parseEntry(s string) (string, error) {
	if !isEntry(s) {
		return "", errors.New("the full name of an entry is 1 to 256 bytes without spaces and control characters")
	}
	return s, nil
}

func notVersion(r rune) bool { return r <= ' ' || r >= 0x7f || r == '{' || r == '}' }

// parseAlias reads what upstream calls the platforms.
func parseAlias(v *value) map[Platform]string {
	if !v.table() {
		return nil
	}
	alias := make(map[Platform]string)
	for _, kid := range v.children() {
		p, err := ParsePlatform(kid.key)
		if err != nil {
			kid.failKey("%v", err)
			continue
		}
		alias[p], _ = kid.str()
	}
	return alias
}

// checkPaths reports dependencies that would write over each other.
func checkPaths(deps []*Dep) {
	owners := make(map[string]*Dep, len(deps))
	for _, d := range deps {
		first := owners[d.Path]
		switch {
		case d.Path == "":
		case first == nil:
			owners[d.Path] = d
		case !d.merges() || !first.merges():
			d.at.get("path").fail("%q is also the path of %s", d.Path, first.at.path())
		}
	}
	for _, d := range deps {
		for _, dir := range parents(d.Path) {
			switch o := owners[dir]; {
			case o == nil || o.merges():
			case o.Unpack == nil:
				d.at.get("path").fail("%q lies below %q, which is the file of %s", d.Path, dir, o.at.path())
			default:
				d.at.get("path").fail("%q lies below %q, which %s replaces as a whole", d.Path, dir, o.at.path())
			}
		}
	}
}

// merges reports whether d adds files to a directory that others may use too.
func (d *Dep) merges() bool { return d.Unpack != nil && !d.Unpack.Replace }

// parents returns the directories above a clean path, but for the root.
func parents(path string) []string {
	var dirs []string
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			dirs = append(dirs, path[:i])
		}
	}
	return dirs
}
