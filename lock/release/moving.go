package release

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	movingWord  = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])(latest|nightly|snapshots?|canary|rolling|continuous|tip|lastSuccessfulBuild|lastStableBuild)(?:[^a-z0-9]|$)|(?:^|[^A-Za-z0-9])(HEAD)(?:[^A-Za-z0-9]|$)|[-_](?i:(current))(?:[-_.]|$)`)
	channelWord = regexp.MustCompile(`(?i)(?:^|[/=&?])(stable|current|edge|beta|dev|develop|weekly|daily|rapid)(?:[/.&?]|$)`)
	// key matches signing keys and lists of package repositories. They stay the same
	// although their address names a channel. Signatures do not.
	key       = regexp.MustCompile(`(?i)\.(gpg|key|pub|list|repo|sources)$|/[^/.]*(key|keyring|archive)[^/.]*\.asc$`)
	versioned = regexp.MustCompile(`[0-9]+[._-][0-9]+|[0-9]{6,}|[0-9a-f]{40}`)
	dotted    = regexp.MustCompile(`[0-9]+\.[0-9]+`)
	heads     = regexp.MustCompile(`/refs/heads/|/raw/branch/`)
	ofAPI     = regexp.MustCompile(`^(?:https?://)(?:api\.|[^/]*/api(?:/|$))`)
)

// refs are the paths of forges that a branch, tag or commit follows. A * stands for any
// one element, and an empty host for any host.
var refs = []struct{ host, form string }{
	{"raw.githubusercontent.com", "*/*"},
	{"codeload.github.com", "*/*/*"},
	{"", "*/*/raw"}, {"", "*/*/blob"}, {"", "*/*/archive"}, {"", "*/*/zipball"}, {"", "*/*/tarball"}, {"", "*/*/get"},
}

// Moving returns the part of an address that says that its content changes with each
// release, such as "latest" or the name of a branch, or "" if there is none. It looks
// at the address alone, in which parts may be unknown, such as "$VERSION".
func Moving(address string) string {
	u := splitAddress(address)
	tail := u.path + "?" + u.query
	stays := key.MatchString(u.path)
	if word := newest(u); word != "" && !stays {
		return word
	}
	if ref := branch(u); ref != "" {
		return "the branch " + ref
	}
	if m := channelWord.FindStringSubmatch(tail); m != nil && !stays && !versioned.MatchString(tail) {
		return m[1]
	}
	if ofAPI.MatchString(address) && !versioned.MatchString(tail) {
		return "the answer of an API"
	}
	return ""
}

var (
	// whole matches a version that names one release: three numbers, two and a
	// revision, a build number, a date or a commit.
	whole = regexp.MustCompile(`(^|[^0-9.])v?\d+(\.\d+){2,}|\d+\.\d+-\d|(^|[^0-9.])\d{5,}([^0-9]|$)|(^|[^0-9])\d{4}-\d\d-\d\d([^0-9]|$)|[0-9a-f]{40}`)
	// pair matches a version of two numbers and the word before it.
	pair = regexp.MustCompile(`([A-Za-z]*)[-_.]?v?(\d+\.\d+)([^0-9.]|\.[^0-9]|$)`)
	// system matches words before a pair that is usually not the version of the file,
	// as in ubuntu22.04.
	system = regexp.MustCompile(`(?i)^(ubuntu|debian|deb|alpine|fedora|el|rhel|centos|rocky|macos|osx|darwin|win|windows|glibc|gnu|musl|cuda|cu|python|py|cp|node|php|ruby|gcc|clang|llvm|linux|api)$`)
)

// namesVersion reports whether an element of a path contains the version of one
// release.
func namesVersion(part string) bool {
	if whole.MatchString(part) {
		return true
	}
	for _, m := range pair.FindAllStringSubmatch(part, -1) {
		if !system.MatchString(m[1]) {
			return true
		}
	}
	return false
}

// parts are the parts of an address.
type parts struct{ host, path, query string }

// splitAddress splits an address as far as it goes: url.Parse refuses those with
// unknown parts.
func splitAddress(address string) parts {
	_, rest, _ := strings.Cut(address, "://")
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	host, path, _ := strings.Cut(rest, "/")
	return parts{strings.ToLower(host), "/" + path, query}
}

// newest returns the word in an address that stands for the newest release, or "". A
// version in the same element or after it overrules the word.
func newest(u parts) string {
	elems := strings.Split(u.path, "/")
	for i, part := range elems {
		m := movingWord.FindStringSubmatch(part)
		if m == nil || slices.ContainsFunc(elems[i:], namesVersion) {
			continue
		}
		return m[1] + m[2] + m[3]
	}
	if m := movingWord.FindStringSubmatch(u.query); m != nil && !versioned.MatchString(u.path+u.query) {
		return m[1] + m[2] + m[3]
	}
	return ""
}

// branch returns the branch that an address of a forge contains, or "".
func branch(u parts) string {
	if at := heads.FindStringIndex(u.path); at != nil {
		ref, _, _ := strings.Cut(u.path[at[1]:], "/")
		return withoutArchive(ref)
	}
	elems := strings.Split(strings.Trim(u.path, "/"), "/")
	if i := slices.Index(elems, "-"); i > 0 && i+2 < len(elems) && slices.Contains([]string{"raw", "archive", "blob"}, elems[i+1]) {
		return asBranch(elems[i+2])
	}
	for _, r := range refs {
		form := strings.Split(r.form, "/")
		if r.host != "" && r.host != u.host || len(elems) <= len(form) {
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

// asBranch returns a ref if it is neither a commit nor the tag of a version, else "".
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

// RedirectsToVersion reports whether an address without a version was redirected to
// one with a version. Its content then changes with each release.
func RedirectsToVersion(address, final string) bool {
	from, err := url.Parse(address)
	to, err2 := url.Parse(final)
	return err == nil && err2 == nil && address != final &&
		!versioned.MatchString(from.Path+"?"+from.RawQuery) && dotted.MatchString(path.Base(to.Path))
}
