package lock

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Latest says how deplock finds out which versions of a dependency there are.
// Either GitHub or URL is set.
type Latest struct {
	GitHub string // "owner/repository" whose releases are asked
	Tags   bool   // ask its tags instead
	// Prefix is the text that a tag must begin with. It is not part of the version,
	// unless the current version begins with it too. Without a Prefix, a leading "v" is
	// dropped unless the current version has one.
	Prefix string
	// Line is the line of versions to stay on, as "22" or "3.3": the numbers that a
	// version begins with. Empty accepts all.
	Line       string
	Prerelease bool          // also accept pre-releases, marked as such on GitHub or by their version
	MinAge     time.Duration // hold back younger releases; zero with URL, which gives no dates

	URL string // of a text that holds versions
	// Regex finds the versions in that text: each match is one, or its first group if
	// Regex has groups.
	Regex string
}

// parseLatest reads where newer versions are found; nil means nowhere.
func parseLatest(v *value) *Latest {
	if !v.table(latestKeys...) {
		return nil
	}
	l := &Latest{}
	l.GitHub, _ = v.get("github").str()
	l.Tags, _ = v.get("tags").boolean()
	l.Prefix, _ = v.get("prefix").str()
	l.Line = parsed(v.get("line"), parseVersionLine)
	l.Prerelease, _ = v.get("prerelease").boolean()
	l.MinAge = parsed(v.get("min-age"), parseAge)
	l.URL, _ = v.get("url").str()
	l.Regex, _ = v.get("regex").str()

	github, address := v.get("github"), v.get("url")
	switch {
	case github == nil && address == nil || github != nil && address != nil:
		v.fail("want either github or url")
	case github != nil:
		checkGitHub(v, l)
	default:
		checkVersionPage(v, l)
	}
	return l
}

func checkGitHub(v *value, l *Latest) {
	owner, repository, _ := strings.Cut(l.GitHub, "/")
	if !isName(owner) || !isName(repository) {
		v.get("github").fail("github %q: want owner/repository", l.GitHub)
	}
	if regex := v.get("regex"); regex != nil {
		regex.failKey("regex goes with url")
	}
}

func checkVersionPage(v *value, l *Latest) {
	if err := v.doc.checkAddress(l.URL); err != nil {
		v.get("url").fail("%v", err)
	}
	for _, key := range []string{"tags", "min-age"} {
		if kid := v.get(key); kid != nil {
			kid.failKey("%s goes with github", key)
		}
	}
	if _, err := regexp.Compile(l.Regex); err != nil || l.Regex == "" {
		at := v.get("regex")
		if at == nil {
			v.fail("url needs a regex that finds versions in what it serves")
			return
		}
		at.fail("regex %q is not a regular expression of RE2", l.Regex)
	}
}

// parseVersionLine reads the numbers that the versions of a line begin with.
func parseVersionLine(s string) (string, error) {
	if _, ok := LineNumbers(s); !ok {
		return "", fmt.Errorf(`line %q: want the numbers that its versions begin with, as in "22" or "3.3"`, s)
	}
	return s, nil
}

// LineNumbers returns the numbers of a line of versions, such as "22" or "3.3".
func LineNumbers(line string) ([]string, bool) {
	numbers := strings.Split(line, ".")
	for _, n := range numbers {
		if n == "" || len(line) > 128 || strings.Trim(n, "0123456789") != "" {
			return nil, false
		}
	}
	return numbers, true
}

// parseAge reads a number of days, weeks or hours, such as "7d".
func parseAge(s string) (time.Duration, error) {
	units := map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}
	digits := strings.TrimRight(s, "hdw")
	n, err := strconv.ParseUint(digits, 10, 16)
	unit, ok := units[s[len(digits):]]
	if err != nil || !ok {
		return 0, fmt.Errorf(`age %q: want a number of hours, days or weeks, as in "36h", "7d" or "2w"`, s)
	}
	return time.Duration(n) * unit, nil
}
