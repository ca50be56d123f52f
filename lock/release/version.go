package release

import (
	"cmp"
	"regexp"
	"strings"
)

// version is a version that can be put in order. Its parts are kept as text, so
// that numbers have no size at which they overflow.
type version struct {
	numbers    []string
	pre, build []string
}

// maxVersion is how long a version may be, as in a lockfile.
const maxVersion = 128

var versionForm = regexp.MustCompile(`^v?([0-9]+(?:\.[0-9]+)*)` +
	`(?:-([0-9A-Za-z.-]+)|\.?((?i:alpha|beta|preview|pre|dev|rc|a|b|c)\.?[0-9]*))?` +
	`(?:\+([0-9A-Za-z.-]+))?$`)

func parseVersion(s string) (version, bool) {
	m := versionForm.FindStringSubmatch(s)
	if m == nil || len(s) > maxVersion {
		return version{}, false
	}
	v := version{numbers: strings.Split(m[1], ".")}
	for _, part := range []struct {
		text string
		to   *[]string
	}{{m[2] + m[3], &v.pre}, {m[4], &v.build}} {
		if part.text == "" {
			continue
		}
		*part.to = strings.Split(part.text, ".")
		for _, id := range *part.to {
			// "rc." is as good as "rc", but "-" and "1..2" are slips.
			if id == "" && m[3] == "" {
				return version{}, false
			}
		}
	}
	return v, true
}

// Valid reports whether s is a version that can be put in order: numbers
// between dots, as many as there are, behind an optional "v", with an optional
// pre-release part and build part as Semantic Versioning 2.0.0 has them. The
// pre-release part may follow without a hyphen if it is one of the common ones,
// as in "1.22rc1".
func Valid(s string) bool {
	_, ok := parseVersion(s)
	return ok
}

// Compare orders two versions by Semantic Versioning 2.0.0: it returns -1 if a
// comes before b, 1 if it comes after, and 0 if neither. Beyond that document,
//   - numbers that are missing count as 0, and there may be more than three;
//   - digits within a word count by value, so that rc9 comes before rc10;
//   - of two versions that differ in the build part alone, which have no order
//     there, the greater build comes after: v1.30.1+k3s2 replaces v1.30.1+k3s1.
//
// Its errors are of type [*VersionError].
func Compare(a, b string) (int, error) {
	va, ok := parseVersion(a)
	if !ok {
		return 0, &VersionError{Version: a}
	}
	vb, ok := parseVersion(b)
	if !ok {
		return 0, &VersionError{Version: b}
	}
	return va.compare(vb), nil
}

func (v version) compare(w version) int {
	for i := range max(len(v.numbers), len(w.numbers)) {
		if c := compareNumbers(number(v.numbers, i), number(w.numbers, i)); c != 0 {
			return c
		}
	}
	// A pre-release comes before what it precedes.
	if c := cmp.Compare(bit(len(v.pre) == 0), bit(len(w.pre) == 0)); c != 0 {
		return c
	}
	return cmp.Or(compareWords(v.pre, w.pre), compareWords(v.build, w.build))
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

// compareWords compares lists of identifiers; the longer of two that agree
// comes after.
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
