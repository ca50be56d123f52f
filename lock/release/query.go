package release

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Query says where upstream lists its versions: on GitHub, or in a text at an address.
// It has the fields of lock.Latest, so that one converts to the other.
type Query struct {
	// GitHub is a repository, as owner/name.
	GitHub string
	// Tags means the tags of the repository, not its releases.
	Tags bool
	// Prefix is the text that a tag must begin with. It is not part of the
	// version, unless the current version begins with it too. Without a
	// Prefix, a leading "v" is dropped unless the current version has one.
	Prefix string
	// Prerelease also accepts pre-releases, marked as such on GitHub or by
	// their version.
	Prerelease bool
	// MinAge holds back younger releases.
	MinAge time.Duration

	// URL is the address of a text that holds versions. There are no dates,
	// so MinAge must be zero.
	URL string
	// Regex finds the versions in that text: each match is one, or its first
	// group if Regex has groups.
	Regex string
}

// repoForm is the form of a repository's full name.
var repoForm = regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$`)

// isRepo reports whether s is a repository's full name. Names that would change the
// path of an address, such as "..", are refused.
func isRepo(s string) bool {
	_, name, _ := strings.Cut(s, "/")
	return repoForm.MatchString(s) && name != "." && name != ".."
}

// Check returns an error if a query is not valid. It does not use the network.
func (q Query) Check() error {
	switch {
	case q.GitHub == "" && q.URL == "":
		return errors.New("a query names a repository on GitHub or a URL")
	case q.GitHub != "" && q.URL != "":
		return errors.New("a query names a repository on GitHub or a URL, not both")
	case q.MinAge < 0:
		return errors.New("an age is not negative")
	case q.GitHub != "":
		if !isRepo(q.GitHub) {
			return fmt.Errorf("%q is not a repository on GitHub: want owner/name", q.GitHub)
		}
		if q.Regex != "" {
			return errors.New("a regex goes with a URL")
		}
		return nil
	case q.Regex == "":
		return errors.New("a URL needs a regex that finds the versions")
	case q.Tags:
		return errors.New("tags are those of a repository on GitHub")
	case q.MinAge > 0:
		return errors.New("a URL gives no dates, so a minimum age cannot be held")
	}
	if _, err := regexp.Compile(q.Regex); err != nil {
		return fmt.Errorf("regex: %w", err)
	}
	return nil
}

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

// naming returns the naming that turns tags into versions written like current.
func (q Query) naming(current string) (naming, error) {
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
		return n, &LineError{current, q.Prefix}
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
