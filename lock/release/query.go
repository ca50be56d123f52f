package release

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Query says where upstream lists its versions: on GitHub, or at an address. It
// has the fields of lock.Latest, and is converted from one.
type Query struct {
	// GitHub is a repository, as owner/name.
	GitHub string
	// Tags asks for the tags of the repository, not for its releases.
	Tags bool
	// Prefix is what a tag must begin with. It is cut off to make the
	// version, unless the current version begins with it too. Without a
	// Prefix, a leading "v" is cut off unless the current version has one.
	Prefix string
	// Prerelease also takes what is marked as a pre-release, on GitHub or by
	// its version.
	Prerelease bool
	// MinAge holds back what is younger.
	MinAge time.Duration

	// URL is the address of a text that holds versions. There are no dates,
	// so MinAge must be zero.
	URL string
	// Regex finds the versions there: each match is one, or what its first
	// group matched if it has groups.
	Regex string
}

// repoForm is the form of a repository's full name.
var repoForm = regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$`)

// isRepo reports whether s is a repository's full name. What could climb in the
// path of an address is none.
func isRepo(s string) bool {
	_, name, _ := strings.Cut(s, "/")
	return repoForm.MatchString(s) && name != "." && name != ".."
}

// Check returns what is wrong with a query, or nil. It asks nobody.
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

// naming says how tags are written as versions.
type naming struct {
	prefix string // that every tag has; may be empty
	keep   bool   // versions are written as the tags are
}

// naming returns the naming that leads from tags to versions like current.
func (q Query) naming(current string) naming {
	if q.Prefix != "" {
		return naming{prefix: q.Prefix, keep: strings.HasPrefix(current, q.Prefix)}
	}
	return naming{keep: strings.HasPrefix(current, "v")}
}

// bare returns a tag, or a version, without what stands before its numbers.
func (n naming) bare(tag string) string {
	if n.prefix != "" {
		return strings.TrimPrefix(tag, n.prefix)
	}
	return strings.TrimPrefix(tag, "v")
}

// version returns how a tag is written as a version.
func (n naming) version(tag string) string {
	if n.keep {
		return tag
	}
	return n.bare(tag)
}
