package release

import (
	"slices"
	"testing"
)

// ascending are versions in order; those on one line are equal.
var ascending = [][]string{
	{"0"},
	{"0.0.1"},
	{"1.0.0-0"},
	{"1.0.0-2"},
	{"1.0.0-10"},
	{"1.0.0-alpha", "1.0.0alpha", "v1.0-alpha"}, // semver.org, item 11
	{"1.0.0-alpha.1"},
	{"1.0.0-alpha.beta"},
	{"1.0.0-beta"},
	{"1.0.0-beta.2"},
	{"1.0.0-beta.11"},
	{"1.0.0-rc.1", "1.0.0-rc.01"},
	{"1.0.0-rc1", "1.0rc1", "1.0.0-rc01", "1.0.0.rc1"},
	{"1.0.0-rc9"},
	{"1.0.0-rc10"},
	{"1.0.0", "v1", "1.0", "1.0.0.0", "01.00"},
	{"1.0.0+build.9"},
	{"1.0.0+build.10"},
	{"1.0.0.1"},
	{"1.2"},
	{"1.10"},
	{"1.22rc1"},
	{"1.22"},
	{"1.22.1"},
	{"1.30.1+k3s1"},
	{"1.30.1+k3s2"},
	{"1.30.1+k3s10"},
	{"3.1.6.2"},
	{"2024.01.05"},
	{"2024.1.10"},
	{"20240101120000"},
	{"99999999999999999999999999"},
	{"100000000000000000000000000"},
}

func TestCompare(t *testing.T) {
	for i, low := range ascending {
		for j, high := range ascending {
			for _, a := range low {
				for _, b := range high {
					want := 0
					if i < j {
						want = -1
					} else if i > j {
						want = 1
					}
					if got, err := Compare(a, b); got != want || err != nil {
						t.Errorf("Compare(%s, %s) = %d, %v; want %d", a, b, got, err, want)
					}
				}
			}
		}
	}
}

func TestInvalid(t *testing.T) {
	for _, s := range []string{
		"", "v", "vv1", "latest", "stable", "1.", ".1", "1..2", "1.2.", "1.2.3-", "1.2.3-a..b", "1.2.3+", "1.2.3+a..b",
		"jq-1.7", "RELEASE.2024-01-01T00-00-00Z", "1.2.x", "1.1.1w", "9.9p1", "1.2.3 ", "1.2.3\n", "1,2", "-1", "1.2.3-é",
		"2.41.0.windows.1", string(slices.Repeat([]byte("1"), maxVersion+1)),
	} {
		if Valid(s) {
			t.Errorf("%q is valid", s)
		}
		if _, err := Compare("1", s); !isA[*VersionError](err) {
			t.Errorf("Compare with %q: %v", s, err)
		}
		if _, err := Compare(s, "1"); !isA[*VersionError](err) {
			t.Errorf("Compare of %q: %v", s, err)
		}
	}
}

// FuzzCompare holds that Compare is an order.
func FuzzCompare(f *testing.F) {
	for i := range ascending {
		f.Add(ascending[i][0], ascending[(i+1)%len(ascending)][0], ascending[(i+2)%len(ascending)][0])
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if !Valid(a) || !Valid(b) || !Valid(c) {
			return
		}
		compare := func(a, b string) int {
			n, err := Compare(a, b)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if compare(a, a) != 0 || compare(a, b) != -compare(b, a) {
			t.Errorf("%q and %q: %d and %d", a, b, compare(a, b), compare(b, a))
		}
		s := []string{a, b, c}
		slices.SortFunc(s, compare)
		if compare(s[0], s[1]) > 0 || compare(s[1], s[2]) > 0 || compare(s[0], s[2]) > 0 {
			t.Errorf("%q is not in order", s)
		}
	})
}
