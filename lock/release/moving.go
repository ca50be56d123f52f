package release

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	movingWord  = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])(latest|nightly|snapshots?|canary|rolling|continuous|tip)(?:[^a-z0-9]|$)|(?:^|[^A-Za-z0-9])(HEAD)(?:[^A-Za-z0-9]|$)`)
	channelWord = regexp.MustCompile(`(?i)(?:^|[/=&?])(stable|current|edge|beta|dev|weekly|daily)(?:[/.&?]|$)`)
	versioned   = regexp.MustCompile(`[0-9]+[._-][0-9]+|[0-9]{6,}|[0-9a-f]{40}`)
	dotted      = regexp.MustCompile(`[0-9]+\.[0-9]+`)
	heads       = regexp.MustCompile(`/refs/heads/|/raw/branch/`)
	ofAPI       = regexp.MustCompile(`^(?:https?://)(?:api\.|[^/]*/api(?:/|$))`)
)

// refs are the places in an address where forges have a branch, tag or commit:
// behind the elements that a form has, of which * is any.
var refs = []struct{ host, form string }{
	{"raw.githubusercontent.com", "*/*"},
	{"codeload.github.com", "*/*/*"},
	{"", "*/*/raw"}, {"", "*/*/blob"}, {"", "*/*/archive"}, {"", "*/*/zipball"}, {"", "*/*/tarball"}, {"", "*/*/get"},
}

// Moving returns what says that an address serves what is newest on the day, such
// as "latest" or the name of a branch; or "". It looks at nothing but the address.
func Moving(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	tail := u.Path + "?" + u.RawQuery
	if m := movingWord.FindStringSubmatchIndex(tail); m != nil {
		at, end := m[2], m[3]
		if at < 0 {
			at, end = m[4], m[5]
		}
		word := tail[at:end]
		if strings.EqualFold(word, "latest") || word == "HEAD" || !versioned.MatchString(tail) {
			return word
		}
	}
	if m := channelWord.FindStringSubmatch(tail); m != nil && !versioned.MatchString(tail) {
		return m[1]
	}
	if ref := branch(u); ref != "" {
		return "the branch " + ref
	}
	if ofAPI.MatchString(address) && !versioned.MatchString(tail) {
		return "the answer of an API"
	}
	return ""
}

// branch returns the branch that an address of a forge names, or "".
func branch(u *url.URL) string {
	if at := heads.FindStringIndex(u.Path); at != nil {
		ref, _, _ := strings.Cut(u.Path[at[1]:], "/")
		return withoutArchive(ref)
	}
	elems := strings.Split(strings.Trim(u.Path, "/"), "/")
	if i := slices.Index(elems, "-"); i > 0 && i+2 < len(elems) && slices.Contains([]string{"raw", "archive", "blob"}, elems[i+1]) {
		return asBranch(elems[i+2])
	}
	for _, r := range refs {
		form := strings.Split(r.form, "/")
		if r.host != "" && r.host != u.Host || len(elems) <= len(form) {
			continue
		}
		fits := true
		for i, want := range form {
			fits = fits && (want == "*" || want == elems[i])
		}
		if fits && elems[len(form)] != "refs" {
			return asBranch(elems[len(form)])
		}
	}
	return ""
}

// asBranch returns a name that is no commit and no tag of a version.
func asBranch(ref string) string {
	ref = withoutArchive(ref)
	if strings.ContainsAny(ref, "0123456789") || ref == "" {
		return ""
	}
	return ref
}

func withoutArchive(ref string) string {
	for _, ext := range []string{".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar"} {
		ref = strings.TrimSuffix(ref, ext)
	}
	return ref
}

// Leads reports whether an address without a version in it was redirected to one
// with a version, so that it serves what is newest on the day.
func Leads(address, final string) bool {
	from, err := url.Parse(address)
	to, err2 := url.Parse(final)
	return err == nil && err2 == nil && address != final &&
		!versioned.MatchString(from.Path+"?"+from.RawQuery) && dotted.MatchString(path.Base(to.Path))
}
