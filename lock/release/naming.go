package release

import (
	"regexp"
	"strings"

	"depfetch/lock"
)

// naming says how a tag is written as a version.
type naming struct {
	prefix string // of every tag; may be empty
	drop   string // the part of prefix that is not part of the version
	keep   bool   // versions are written as the tags are
	v      bool   // versions begin with a v
}

// lineForm matches the end of a prefix that names a line of versions: the "22." of
// "v22.".
var lineForm = regexp.MustCompile(`(?:^|[^0-9])([0-9]+(?:[._-][0-9]+)*[._-]?)$`)

// namingOf returns the naming that turns tags into versions written like current.
func namingOf(q lock.Latest, current string) (naming, error) {
	n := naming{prefix: q.Prefix, drop: q.Prefix, v: strings.HasPrefix(current, "v")}
	if q.Prefix == "" {
		n.keep = n.v
		return n, nil
	}
	n.keep = current != "" && strings.HasPrefix(current, q.Prefix)
	m := lineForm.FindStringSubmatch(q.Prefix)
	if m == nil {
		return n, nil
	}
	line := m[1]
	named := strings.HasSuffix(line, ".") || strings.HasSuffix(line, "_")
	switch {
	case n.keep || strings.HasPrefix(current, line) || current == "" && named:
		n.drop = strings.TrimSuffix(q.Prefix, line)
	case named:
		return n, &LineError{Version: current, Prefix: q.Prefix}
	}
	return n, nil
}

// bare returns a tag or a version without the prefix and a leading v.
func (n naming) bare(tag string) string {
	if n.prefix != "" {
		tag = strings.TrimPrefix(tag, n.drop)
	}
	if len(tag) > 1 && tag[0] == 'v' && tag[1] >= '0' && tag[1] <= '9' {
		return tag[1:]
	}
	return tag
}

// version returns the version of a tag.
func (n naming) version(tag string) string {
	switch {
	case n.keep:
		return tag
	case n.v:
		return strings.TrimPrefix(tag, n.drop)
	}
	return n.bare(tag)
}
