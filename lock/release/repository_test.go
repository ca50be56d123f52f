package release

import "testing"

// TestParsePage holds which addresses are those of a repository or a release, at github.com
// and where the API is.
func TestParsePage(t *testing.T) {
	c := &Client{API: "https://ghe.example:8443/api/v3"}
	for s, want := range map[string]struct {
		page    Page
		version string
	}{
		"o/r":                                                {Page{Repo: "o/r"}, ""},
		"o/r@1.2":                                            {Page{Repo: "o/r"}, "1.2"},
		"o/r@cli/v1.2":                                       {Page{Repo: "o/r"}, "cli/v1.2"},
		"o/r@":                                               {},
		"github.com/o/r":                                     {Page{Repo: "o/r"}, ""},
		"https://github.com/o/r":                             {Page{Repo: "o/r"}, ""},
		"https://github.com/o/r.git":                         {Page{Repo: "o/r"}, ""},
		"https://GitHub.com/O/R.js/":                         {Page{Repo: "O/R.js"}, ""},
		"https://github.com/o/r/releases?page=2":             {Page{Repo: "o/r"}, ""},
		"https://github.com/o/r/releases/latest":             {Page{Repo: "o/r", Latest: true}, ""},
		"https://github.com/o/r/releases/tag/v1.2":           {Page{Repo: "o/r", Tag: "v1.2"}, ""},
		"https://github.com/o/r/releases/tag/a/v1":           {Page{Repo: "o/r", Tag: "a/v1"}, ""},
		"https://github.com/o/r/releases/tag/a%2Fv1":         {Page{Repo: "o/r", Tag: "a/v1"}, ""},
		"https://ghe.example:8443/o/r":                       {Page{Repo: "o/r"}, ""},
		"https://ghe.example/o/r":                            {},
		"https://github.com/o/r/releases/tag":                {},
		"https://github.com/o/r/releases/download/v1/x":      {},
		"https://github.com/o/r/tree/main":                   {},
		"https://github.com/o/r/archive/refs/tags/v1.tar.gz": {},
		"https://github.com/o":                               {},
		"https://github.com/o/..":                            {},
		"https://user@github.com/o/r":                        {},
		"https://github.com.evil.example/o/r":                {},
		"https://evil.example/github.com/o/r":                {},
		"https://github.com/%zz/r":                           {},
		"file:///o/r":                                        {},
		"helm":                                               {},
		"":                                                   {},
	} {
		page, version, ok := c.ParsePage(s)
		if ok != (want.page.Repo != "") || page != want.page || version != want.version {
			t.Errorf("%q: %+v, %q, %t; want %+v, %q", s, page, version, ok, want.page, want.version)
		}
	}
}

// TestSplitTag holds where the version in a tag begins.
func TestSplitTag(t *testing.T) {
	for tag, want := range map[string]Tag{
		"v1.2.3":         {"", true, "1.2.3"},
		"1.2.3":          {"", false, "1.2.3"},
		"V1.4":           {"V", false, "1.4"},
		"jq-1.7.1":       {"jq-", false, "1.7.1"},
		"cli/v2":         {"cli/", true, "2"},
		"release-1.2":    {"release-", false, "1.2"},
		"2024-01-02":     {"", false, "2024-01-02"},
		"cidr2ip-1.0.0":  {"cidr2ip-", false, "1.0.0"},
		"go1.22":         {"go", false, "1.22"},
		"@scope/a@1.0.0": {"@scope/a@", false, "1.0.0"},
		"v1.30.1+k3s1":   {"", true, "1.30.1+k3s1"},
		"REL_16_3":       {"REL_", false, "16_3"},
		"v2.0.0-rc.1":    {"", true, "2.0.0-rc.1"},
		"nightly":        {},
		"":               {},
	} {
		if got, ok := SplitTag(tag); got != want || ok != (want.Version != "") {
			t.Errorf("%q: %+v, %t; want %+v", tag, got, ok, want)
		}
	}
}
