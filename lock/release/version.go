package release

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Own code, since upstreams write versions in more ways than libraries read:
// golang.org/x/mod/semver and hashicorp/go-version refuse REL_16_3 and jq-1.7.1, and
// refuse 1.1.1w and 7.1.1-32 or take them for pre-releases of 1.1.1 and 7.1.1.

// version is a version that can be ordered among others of its scheme. Its numbers are
// kept as text, so that none overflows. The order is that of Semantic Versioning 2.0.0,
// with these extensions:
//   - there may be more than three numbers, or a date, and underscores between them;
//     missing numbers count as 0;
//   - a name may come first, which is the same throughout a scheme: REL_16_3;
//   - digits within a word count by value, so rc9 comes before rc10; the usual words
//     for a pre-release need no hyphen: 1.22rc1;
//   - a number after a hyphen is a revision and comes after the version: 7.1.1-32; so
//     do a letter, as in 1.1.1w, and words such as p1 and .post1;
//   - of two versions that differ in the build part alone, which are equal in Semantic
//     Versioning, the greater build comes after: v1.30.1+k3s2 replaces v1.30.1+k3s1.
type version struct {
	name    string // before the numbers; empty for a lone v
	sep     string // between the numbers; empty if there is only one
	numbers []string
	kind    kind
	words   []string // of the suffix
	flavour string   // the letters of the suffix, unless kind says what they mean
	build   []string
}

// kind is the kind of suffix that follows the numbers of a version.
type kind int

const (
	plain    kind = iota // none
	pre                  // a pre-release: -rc.1, beta2, -alpine
	letter               // a patch: the w of 1.1.1w
	revision             // the 32 of 7.1.1-32
	post                 // p1, .post2, -r3: after the version without it
	word                 // anything else: .windows.1, .Final
)

// maxVersion is the length of the longest version, in bytes, as in a lockfile.
const maxVersion = 128

var (
	numbersForm = regexp.MustCompile(`^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}-[0-9]{2}-[0-9]{2}Z)?|[0-9]+(?:(?:\.[0-9]+)+|(?:_[0-9]+)+)?)`)
	nameForm    = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z._/@-]*)?$`)
	suffixForm  = regexp.MustCompile(`^[._-]?[0-9A-Za-z]+(?:[._-][0-9A-Za-z]+)*[.]?$`)
	semverForm  = regexp.MustCompile(`^[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*$`)
	preForm     = regexp.MustCompile(`^(?:[._-]?(?i:alpha|beta|preview|pre|dev|rc|cr|milestone|snapshot|nightly|canary|ea|insiders|next|test|unstable)|[._-]?(?i:[abcm])[._-]?[0-9])(?:$|[0-9._-])`)
	postForm    = regexp.MustCompile(`^[._-]?(?i:p|pl|patch|post|sp|r|rev|u|update)[._-]?[0-9]`)
	letterForm  = regexp.MustCompile(`^[a-z]{1,2}$`)
	revForm     = regexp.MustCompile(`^-[0-9]+(?:\.[0-9]+)*$`)
	partsForm   = regexp.MustCompile(`[0-9]+|[A-Za-z]+`)
	lettersForm = regexp.MustCompile(`[A-Za-z]+`)
)

// parseVersion reads a version: an optional name, such as v, then numbers with dots or
// underscores between them, or a date, then an optional suffix.
func parseVersion(s string) (version, bool) {
	if len(s) > maxVersion {
		return version{}, false
	}
	s, build, built := strings.Cut(s, "+")
	at := strings.IndexAny(s, "0123456789")
	if at < 0 || built && !semverForm.MatchString(build) || !nameForm.MatchString(s[:at]) {
		return version{}, false
	}
	v := version{name: s[:at]}
	if v.name == "v" {
		v.name = ""
	}
	if built {
		v.build = strings.Split(build, ".")
	}
	digits := numbersForm.FindString(s[at:])
	v.numbers = strings.FieldsFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	if len(v.numbers) > 1 {
		v.sep = digits[len(v.numbers[0]):][:1]
	}
	return v, v.parseSuffix(s[at+len(digits):])
}

// parseSuffix reads the text after the numbers.
func (v *version) parseSuffix(s string) bool {
	rest, hyphen := strings.CutPrefix(s, "-")
	switch {
	case s == "":
		return true
	case revForm.MatchString(s):
		v.kind, v.words = revision, strings.Split(rest, ".")
	case postForm.MatchString(s) && suffixForm.MatchString(s):
		v.kind, v.words = post, partsForm.FindAllString(strings.ToLower(s), -1)
		v.flavour = flavour(s)
	case hyphen && semverForm.MatchString(rest), preForm.MatchString(s) && suffixForm.MatchString(s):
		v.kind, v.words = pre, strings.Split(strings.Trim(s, "._-"), ".")
		if !preForm.MatchString(s) && !preForm.MatchString(rest) && !(len(rest) == 1 && hyphen) {
			v.flavour = flavour(s)
		}
	case letterForm.MatchString(s):
		v.kind, v.words = letter, []string{s}
	case suffixForm.MatchString(s) && s[len(s)-1] != '.':
		v.kind, v.words, v.flavour = word, partsForm.FindAllString(s, -1), flavour(s)
	default:
		return false
	}
	return true
}

// flavour returns the letters of a suffix.
func flavour(s string) string {
	return strings.ToLower(strings.Join(lettersForm.FindAllString(s, -1), " "))
}

// class returns the kind of numbers that a version has, which its scheme fixes.
func (v version) class() string {
	first := v.numbers[0]
	year := len(first) >= 4 && first[:4] >= "1990" && first[:4] <= "2099"
	two := func(s, most string) bool { return len(s) >= 2 && s[:2] >= "01" && s[:2] <= most }
	switch {
	case year && slices.Contains([]int{8, 10, 12, 14}, len(first)) && two(first[4:], "12") && two(first[6:], "31"):
		return "date"
	case year && len(first) == 6 && len(v.numbers) == 1 && two(first[4:], "12"):
		return "month"
	case year && len(first) == 4:
		return "year"
	}
	return "numbers"
}

// orders reports whether w follows the scheme of v, so that they can be compared, and
// w could replace v if it is newer and not a pre-release. It is not symmetric.
func (v version) orders(w version) bool {
	switch {
	case v.name != w.name, v.sep != "" && w.sep != "" && v.sep != w.sep, v.class() != w.class():
		return false
	case v.class() == "numbers" && v.sep != "" && w.sep == "" && w.kind != pre &&
		(len(w.numbers[0]) != 3 || len(v.numbers[0]) != 3):
		return false // a lone number is that of a build, or a tag that moves
	case v.sep == "" && w.sep != "" && v.class() == "numbers" && len(v.numbers[0]) > 3:
		return false
	}
	special := v.flavour != "" && v.kind != post
	switch w.kind {
	case plain:
		return !special
	case pre:
		return w.flavour == "" && !special || w.flavour == v.flavour && special || w.flavour != "" && !special
	case post:
		return v.kind != post && !special || v.flavour == w.flavour
	case word:
		return v.kind == word && v.flavour == w.flavour
	}
	return v.kind == w.kind
}

// prerelease reports whether w is a pre-release for somebody who has v. A flavour that
// v has too, such as -alpine, is not.
func (v version) prerelease(w version) bool {
	return w.kind == pre && (w.flavour == "" || w.flavour != v.flavour)
}

// compare returns -1, 0 or 1 as v comes before w, neither, or after. They must follow
// one scheme: see orders.
func (v version) compare(w version) int {
	for i := range max(len(v.numbers), len(w.numbers)) {
		if c := compareNumbers(number(v.numbers, i), number(w.numbers, i)); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(v.kind.stage(), w.kind.stage()); c != 0 {
		return c
	}
	return cmp.Or(compareWords(v.words, w.words), compareWords(v.build, w.build))
}

// compareLine returns -1, 0 or 1 as v comes before the line of versions that begin with
// these numbers, is of it, or comes after it.
func (v version) compareLine(numbers []string) int {
	for i, n := range numbers {
		if c := compareNumbers(number(v.numbers, i), n); c != 0 {
			return c
		}
	}
	return 0
}

// stage returns the place of a kind among versions with the same numbers: pre-releases
// come before the plain version, all others after it.
func (k kind) stage() int {
	switch k {
	case pre:
		return -1
	case plain:
		return 0
	}
	return int(k)
}

func number(numbers []string, i int) string {
	if i < len(numbers) {
		return numbers[i]
	}
	return "0"
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// compareWords compares lists of identifiers. A list comes after its own beginning.
func compareWords(a, b []string) int {
	for i := range min(len(a), len(b)) {
		if c := compareWord(a[i], b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func compareWord(a, b string) int {
	// Numbers come before words.
	if c := cmp.Compare(bit(digits(a) < len(a)), bit(digits(b) < len(b))); c != 0 {
		return c
	}
	for a != "" && b != "" {
		n, k := digits(a), digits(b)
		if n == 0 || k == 0 {
			n, k = 1, 1
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
		} else if c := compareNumbers(a[:n], b[:k]); c != 0 {
			return c
		}
		a, b = a[n:], b[k:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits counts the digits that s begins with.
func digits(s string) int {
	return len(s) - len(strings.TrimLeft(s, "0123456789"))
}
