package sync

import (
	"regexp"
	"strings"
)

var (
	newest = regexp.MustCompile(`(?i)(^|[/_.=-])(latest|nightly|current|edge|snapshot)([/_.&?=-]|$)`)
	branch = regexp.MustCompile(`(^|/)(refs/heads/[^/]+|master|main|HEAD|head|develop|trunk)(/|\.tar\.gz$|\.tgz$|\.zip$|$)`)
	forge  = regexp.MustCompile(`^https?://(raw\.githubusercontent\.com|codeload\.github\.com|github\.com|gitlab\.com|bitbucket\.org|gist\.githubusercontent\.com|codeberg\.org|raw\.github\.com)/`)
	api    = regexp.MustCompile(`^https?://(api\.[^/]+|[^/]+/api|hub\.docker\.com/v2|endoflife\.date/api)(/|$)`)
	number = regexp.MustCompile(`\d+\.\d+|[0-9a-f]{40}|\d{6,}`)
)

// Moving returns why what an address leads to changes by its nature, or "".
func Moving(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	_, path, _ := strings.Cut(rest, "/")
	if api.MatchString(url) {
		return "it is the answer of an API"
	}
	if forge.MatchString(url) && branch.MatchString(path) {
		return "it is on a branch"
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if !newest.MatchString(part) || number.MatchString(part) {
			continue
		}
		// A directory of the newest holds a file that names its version.
		if i < len(parts)-1 && number.MatchString(parts[len(parts)-1]) && !strings.Contains(path, "/releases/latest/") {
			continue
		}
		return "its name says that it is the newest"
	}
	return ""
}
