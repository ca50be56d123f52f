package release

import (
	"cmp"
	"slices"
	"testing"
)

// ascending are versions in order; those on one line are equal.
var ascending = [][]string{
	{"0.0"},
	{"0.0.1"},
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
	{"1.0.0", "v1.0", "1.0", "1.0.0.0", "01.00"},
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
	{"99999999999999999999999999.0"},
	{"100000000000000000000000000.0"},
}

// compare orders two versions; ok says that each orders the other.
func compare(a, b string) (order int, ok bool) {
	va, okA := parseVersion(a)
	vb, okB := parseVersion(b)
	if !okA || !okB {
		return 0, false
	}
	return va.compare(vb), va.orders(vb) && vb.orders(va)
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
					if got, ok := compare(a, b); got != want || !ok {
						t.Errorf("compare(%s, %s) = %d, %v; want %d", a, b, got, ok, want)
					}
				}
			}
		}
	}
}

// schemes are versions in order, of a scheme each.
var schemes = [][]string{
	{"2024.01.05", "2024.1.10", "2024.12.1"},
	{"20231231", "20240101", "20240101120000"},
	{"202312", "202401"},
	{"2024-01-05", "2024-01-10", "2024-02-01"},
	{"RELEASE.2024-01-01T00-00-00Z", "RELEASE.2024-01-01T10-00-00Z"},
	{"7.0.0", "7.1.1-9", "7.1.1-32", "7.1.1-33", "7.1.2-1"},
	{"1.1.0", "1.1.1", "1.1.1g", "1.1.1w", "1.1.1za"},
	{"2023c", "2024a", "2024b"},
	{"9.8p1", "9.9p1", "9.9p2", "10.0p1"},
	{"REL_16_3", "REL_16_10", "REL_17_BETA1", "REL_17_RC1", "REL_17_0"},
	{"OpenSSL_1_1_1", "OpenSSL_1_1_1a", "OpenSSL_1_1_1w"},
	{"V_9_8_P1", "V_9_9_P1"},
	{"jq-1.6", "jq-1.7", "jq-1.7.1"},
	{"cli/v1.9.0", "cli/v1.10.0"},
	{"2.41.0.windows.1", "2.41.0.windows.2", "2.42.0.windows.1"},
	{"5.3.9.Final", "5.3.10.Final"},
	{"8u392-b08", "8u402-b06"},
	{"21.0.3+9", "21.0.4+7", "21.0.4+10"},
	{"16.3-alpine", "16.10-alpine"},
	{"254", "255", "255.4", "256"},
	{"b1234", "b12345"},
	{"3.3", "3.3.post1", "3.4"},
}

func TestSchemes(t *testing.T) {
	for _, scheme := range schemes {
		for i, a := range scheme {
			for j, b := range scheme {
				va, _ := parseVersion(a)
				vb, ok := parseVersion(b)
				if !ok {
					t.Fatalf("%q is no version", b)
				}
				want := cmp.Compare(i, j)
				if got := va.compare(vb); got != want {
					t.Errorf("compare(%s, %s) = %d; want %d", a, b, got, want)
				}
				if i < j && !va.orders(vb) && !(va.kind == plain && (vb.kind == letter || vb.kind == revision)) {
					t.Errorf("%s does not order %s", a, b)
				}
			}
		}
	}
	for _, tt := range [][2]string{
		{"2.2.0", "20210101"}, {"2.2.0", "2021.1.1"}, {"2.2.0", "4711"}, {"4.1.2", "v5"}, {"2021.1.1", "20210102"}, {"1.2.3", "1.2.3-1"},
		{"1.2.3", "1.2.4-1"}, {"3.3", "3.3a"}, {"1.7", "jq-1.8"}, {"REL_16_3", "REL17_0"}, {"1.2.3", "1_2_4"}, {"2.41.0", "2.42.0.windows.1"},
		{"2.41.0.windows.1", "2.42.0"}, {"16.3-alpine", "16.4"}, {"16.3-alpine", "16.4-bookworm"}, {"2024-01-01", "2024.2.1"}, {"20210101", "3.0.0"},
		{"12345", "1.2.3"},
	} {
		a, _ := parseVersion(tt[0])
		b, ok := parseVersion(tt[1])
		if ok && a.orders(b) {
			t.Errorf("%s orders %s", tt[0], tt[1])
		}
	}
}

func TestInvalid(t *testing.T) {
	for _, s := range []string{
		"", "v", "latest", "stable", "1.", ".1", "1..2", "1.2.", "1.2.3-", "1.2.3-a..b", "1.2.3+", "1.2.3+a..b",
		"1.2.3 ", "1.2.3\n", "1,2", "-1", "1.2.3-é", "a b1", string(slices.Repeat([]byte("1"), maxVersion+1)),
	} {
		if v, ok := parseVersion(s); ok {
			t.Errorf("%q is valid: %+v", s, v)
		}
	}
}

// FuzzCompare holds that compare is an order.
func FuzzCompare(f *testing.F) {
	for i := range ascending {
		f.Add(ascending[i][0], ascending[(i+1)%len(ascending)][0], ascending[(i+2)%len(ascending)][0])
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		var all []version
		for _, text := range []string{a, b, c} {
			v, ok := parseVersion(text)
			if !ok {
				return
			}
			all = append(all, v)
		}
		x, y := all[0], all[1]
		if x.compare(x) != 0 || x.compare(y) != -y.compare(x) {
			t.Errorf("%q and %q: %d and %d", a, b, x.compare(y), y.compare(x))
		}
		slices.SortFunc(all, version.compare)
		if all[0].compare(all[1]) > 0 || all[1].compare(all[2]) > 0 || all[0].compare(all[2]) > 0 {
			t.Errorf("%+v is not in order", all)
		}
	})
}
