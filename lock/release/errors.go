package release

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/source"
)

// VersionError reports a version that cannot be compared with others.
type VersionError struct{ Version string }

func (e *VersionError) Error() string {
	return fmt.Sprintf("version %q cannot be compared: want numbers between dots, as in 1.2.3 or 1.2.3-rc.1", e.Version)
}

// LineError reports a version outside of the line of versions that a prefix names, or
// after the line that the query names.
type LineError struct{ Version, Prefix, Line string }

func (e *LineError) Error() string {
	if e.Line != "" {
		return fmt.Sprintf("version %q comes after the line %q", e.Version, e.Line)
	}
	return fmt.Sprintf("version %q is not of the line that the prefix %q stands for", e.Version, e.Prefix)
}

// NotFoundError reports that GitHub does not have what was asked for.
type NotFoundError struct {
	Repo string // owner/name
	// What is missing: "repository", "releases", "tags", or a release and
	// its tag.
	What string
	// Private is set if no token was sent: a private repository would have
	// looked the same.
	Private bool
	// Asked is where a rule has led in the place of the API, or empty.
	Asked string
}

func (e *NotFoundError) Error() string {
	s := fmt.Sprintf("%s on GitHub: no %s", e.Repo, e.What)
	switch {
	case e.Asked != "":
		s += " (asked at " + source.Redact(e.Asked) + ")"
	case e.Private:
		s += ", or it is private and needs GITHUB_TOKEN"
	}
	return s
}

// NoVersionError reports that none of the names that upstream lists can be the latest
// version.
type NoVersionError struct {
	Where       string   // a repository, or an address without secrets
	Unread      []string // the first few names that are not versions
	UnreadCount int
	Prereleases int    // left out because the query's Prerelease is not set
	OtherPrefix int    // left out because they do not begin with Prefix
	Refused     int    // left out because the catalogue does not count them
	OtherLine   int    // left out because they are not of Line
	Prefix      string // of the query
	Line        string // of the query
}

func (e *NoVersionError) Error() string {
	var why []string
	if e.UnreadCount > 0 {
		names := fmt.Sprintf("%q", e.Unread)
		names = strings.ReplaceAll(names[1:len(names)-1], `" "`, `", "`)
		if more := e.UnreadCount - len(e.Unread); more > 0 {
			names += fmt.Sprintf(" and %d more", more)
		}
		why = append(why, "not versions: "+names)
	}
	if e.Prereleases > 0 {
		why = append(why, fmt.Sprintf("pre-releases: %d", e.Prereleases))
	}
	if e.OtherPrefix > 0 {
		why = append(why, fmt.Sprintf("without the prefix %q: %d", e.Prefix, e.OtherPrefix))
	}
	if e.OtherLine > 0 {
		why = append(why, fmt.Sprintf("not of the line %q: %d", e.Line, e.OtherLine))
	}
	if e.Refused > 0 {
		why = append(why, fmt.Sprintf("not counted by the catalogue: %d", e.Refused))
	}
	s := "no version found at " + e.Where
	if len(why) > 0 {
		s += "; " + strings.Join(why, "; ")
	}
	return s
}

// RateLimitError reports that GitHub takes no more requests until Reset.
type RateLimitError struct {
	Reset         time.Time // when it takes the next one
	Authenticated bool      // a token was sent
}

func (e *RateLimitError) Error() string {
	s := "GitHub's rate limit is used up until " + e.Reset.UTC().Format(time.RFC3339)
	if !e.Authenticated {
		s += "; without GITHUB_TOKEN it is 60 requests an hour"
	}
	return s
}

// AnswerError reports an answer that cannot be used, or that there was none.
type AnswerError struct {
	URL    string // of the request; print it with source.Redact
	Asked  string // where a rule has led in its place, or empty
	Status int    // of HTTP, or 0
	Err    error  // nil if the status says it all
}

func (e *AnswerError) Error() string {
	s := fetch.ShowAddress(e.URL, e.Asked) + ": "
	if e.Err != nil {
		return s + e.Err.Error()
	}
	s += fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status))
	if e.Status == http.StatusUnauthorized {
		s += ", the token was refused"
	}
	return s
}

func (e *AnswerError) Unwrap() error { return e.Err }
