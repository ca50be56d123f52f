package catalogue

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// text is what a template of a registry gives for one version and one machine. It keeps
// apart what stands for the version, so that the same text can be written for others.
type text []part

// part is a literal, or a word of the lockfile's templates with filters behind it.
type part struct {
	s       string // as it is for the version at hand
	word    string // "" of a literal, else a word of the version
	filters []string
	machine bool // a literal that names the system or the architecture
}

func literal(s string) text {
	if s == "" {
		return nil
	}
	return text{{s: s}}
}

// String returns t for the version at hand.
func (t text) String() string {
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.s)
	}
	return b.String()
}

func (p part) isLiteral() bool { return p.word == "" }

// isLiteral reports whether t is the same for every version.
func (t text) isLiteral() bool {
	return !slices.ContainsFunc(t, func(p part) bool { return !p.isLiteral() })
}

// written returns a word with its filters, as a template has it.
func (p part) written() string {
	return "{" + strings.Join(append([]string{p.word}, p.filters...), "|") + "}"
}

// trimPrefix returns t without a prefix, if it has that for every version or for none.
func (t text) trimPrefix(prefix string) (text, error) {
	whole := t.String()
	if prefix == "" || !strings.HasPrefix(whole, prefix) {
		head := t.head()
		if rest, may := strings.CutPrefix(prefix, head); may && !t.isLiteral() && rest != "" && '0' <= rest[0] && rest[0] <= '9' {
			return nil, fmt.Errorf("trimPrefix %q depends on the version", prefix)
		}
		return t, nil
	}
	t = slices.Clone(t)
	for len(t) > 0 && t[0].isLiteral() && prefix != "" {
		n := min(len(t[0].s), len(prefix))
		t[0].s, prefix = t[0].s[n:], prefix[n:]
		if t[0].s == "" {
			t = t[1:]
		}
	}
	if prefix == "" {
		return t, nil
	}
	q, err := quote(prefix)
	if err != nil {
		return nil, err
	}
	t[0].s = strings.TrimPrefix(t[0].s, prefix)
	t[0].filters = append(slices.Clone(t[0].filters), "after("+q+")")
	return t, nil
}

// head returns the literal that t begins with.
func (t text) head() string {
	i := slices.IndexFunc(t, func(p part) bool { return !p.isLiteral() })
	if i < 0 {
		i = len(t)
	}
	return t[:i].String()
}

// trimSuffix returns t without a suffix, if it has that for every version or for none.
func (t text) trimSuffix(suffix string) (text, error) {
	if suffix == "" {
		return t, nil
	}
	tail := len(t)
	for tail > 0 && t[tail-1].isLiteral() {
		tail--
	}
	end := t[tail:].String()
	switch {
	case strings.HasSuffix(end, suffix):
		return append(slices.Clone(t[:tail]), t[tail:].cut(len(end)-len(suffix))...), nil
	case tail > 0 && strings.HasSuffix(suffix, end):
		return nil, fmt.Errorf("trimSuffix %q depends on the version", suffix)
	}
	return t, nil
}

// cut returns the first n bytes of a literal.
func (t text) cut(n int) text {
	var head text
	for _, p := range t {
		if n <= 0 {
			break
		}
		p.s = p.s[:min(n, len(p.s))]
		n -= len(p.s)
		head = append(head, p)
	}
	return head
}

// shown returns a text of a registry for an error: quoted, and its beginning if it is
// long.
func shown(s string) string {
	const most = 120
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}

// maxText is how long a template may be, and how long a text may become by replacing, in bytes: replacements within
// replacements would grow without an end.
const maxText = 8 << 10

// replace returns t with new in the place of each old.
func (t text) replace(old, new string) (text, error) {
	if old == "" {
		return nil, fmt.Errorf("replace of nothing is not supported")
	}
	want := strings.ReplaceAll(t.String(), old, new)
	if len(want) > maxText {
		return nil, fmt.Errorf("replace %q gives more than %d bytes", old, maxText)
	}
	t = slices.Clone(t)
	for i := range t {
		p := &t[i]
		p.s = strings.ReplaceAll(p.s, old, new)
		if p.isLiteral() {
			continue
		}
		a, err := quote(old)
		if err != nil {
			return nil, err
		}
		b, err := quote(new)
		if err != nil {
			return nil, err
		}
		p.filters = append(slices.Clone(p.filters), "replace("+a+", "+b+")")
	}
	if t.String() != want {
		return nil, fmt.Errorf("replace %q reaches over the ends of the version", old)
	}
	return t, nil
}

// before returns what stands in t before the first sep, or all. The version, if t holds
// it, must stand at its end.
func (t text) before(sep string) (text, error) {
	n := len(t) - 1
	if n < 0 {
		return t, nil
	}
	if head := t[:n].String(); strings.Contains(head, sep) || !t[:n].isLiteral() {
		return nil, fmt.Errorf("a part of %q cannot be written as a template", t)
	}
	last, err := t[n:].filtered("before", sep, func(s string) (string, bool) {
		before, _, _ := strings.Cut(s, sep)
		return before, true
	})
	return slices.Concat(t[:n], last), err
}

// after returns what stands in t behind the first sep, which must be there.
func (t text) after(sep string) (text, error) {
	return t.filtered("after", sep, func(s string) (string, bool) {
		_, after, ok := strings.Cut(s, sep)
		return after, ok
	})
}

// filtered returns t with a filter, where t is a literal or a word alone.
func (t text) filtered(name, arg string, apply func(string) (string, bool)) (text, error) {
	if len(t) != 1 {
		return nil, fmt.Errorf("a part of %q cannot be written as a template", t)
	}
	p := t[0]
	s, ok := apply(p.s)
	if !ok {
		return nil, fmt.Errorf("%q holds no %q", p.s, arg)
	}
	p.s = s
	if !p.isLiteral() {
		q, err := quote(arg)
		if err != nil {
			return nil, err
		}
		p.filters = append(slices.Clone(p.filters), name+"("+q+")")
	}
	return text{p}, nil
}

// quote returns the argument of a filter.
func quote(s string) (string, error) {
	switch {
	case strings.ContainsAny(s, "{}\n"), strings.Contains(s, `'`) && strings.Contains(s, `"`):
		return "", fmt.Errorf("%q cannot stand in a template", s)
	case strings.Contains(s, `'`):
		return `"` + s + `"`, nil
	}
	return "'" + s + "'", nil
}

// extensions are those that aqua knows, in its order.
var extensions = strings.Fields("tar.br tar.bz2 tar.gz tar.lz4 tar.sz tar.xz tbr tbz tbz2 tgz tlz4 tsz txz tar.zst zip gz bz2 lz4 sz xz zst dmg pkg rar tar")

// extension returns the extension that a name has of those that are known, or "raw".
func extension(name string) string {
	for _, ext := range extensions {
		if strings.HasSuffix(name, "."+ext) {
			return ext
		}
	}
	return "raw"
}

// withoutExtension returns t without a known extension.
func (t text) withoutExtension() (text, error) {
	ext := extension(t.String())
	if ext == "raw" {
		return t, nil
	}
	return t.trimSuffix("." + ext)
}

// base returns the last element of t, a path or an address without a query.
func (t text) base() (text, error) {
	for i := len(t) - 1; i >= 0; i-- {
		at := strings.LastIndexByte(t[i].s, '/')
		switch {
		case at < 0:
		case !t[i].isLiteral():
			return nil, fmt.Errorf("the version holds a slash")
		default:
			p := t[i]
			p.s = p.s[at+1:]
			if p.s == "" {
				return t[i+1:], nil
			}
			return append(text{p}, t[i+1:]...), nil
		}
	}
	return t, nil
}
