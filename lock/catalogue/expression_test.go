package catalogue

import (
	"strings"
	"testing"
)

// TestEvaluate holds what the expressions of registries say of versions.
func TestEvaluate(t *testing.T) {
	cases := []struct {
		expression, tag, semver string
		want                    bool
	}{
		{"true", "v1", "v1", true},
		{"false", "v1", "v1", false},
		{"", "v1", "v1", false},
		{`semver("<= 1.0.0-beta")`, "v1.0.0-alpha", "v1.0.0-alpha", true},
		{`semver("<= 1.0.0-beta")`, "v1.0.0", "v1.0.0", false},
		{`semver("<=1.2")`, "1.2.0", "1.2.0", true},
		{`semver(">= 1.2, < 2")`, "v1.9.9", "v1.9.9", true},
		{`semver(">= 1.2, < 2")`, "v2.0.0", "v2.0.0", false},
		{`semver("!= 1.2")`, "v1.2.0", "v1.2.0", false},
		{`semver("= 1.2")`, "v1.2.0", "v1.2.0", true},
		{`semver("> 1.2")`, "nightly", "nightly", false},
		{`semver("> 0")`, "0123456789012345678901234567890123456789", "0123456789012345678901234567890123456789", false},
		{`semver("> 1.2")`, "tool-1.3", "1.3", true},
		{`semver("< x")`, "v1", "v1", false},
		{`Version == "v1.2.3"`, "v1.2.3", "v1.2.3", true},
		{`Version != "v1.2.3"`, "v1.2.3", "v1.2.3", false},
		{`SemVer == "1.3"`, "tool-1.3", "1.3", true},
		{`Version in ["v1", "v2"]`, "v2", "v2", true},
		{`Version in ["v1", "v2",]`, "v3", "v3", false},
		{`Version not in ["v1"]`, "v3", "v3", true},
		{`Version in []`, "v3", "v3", false},
		{`semver("<= 1") || Version == "v2"`, "v2", "v2", true},
		{`Version == "v1" or Version == "v2" and Version == "v3"`, "v1", "v1", true},
		{`not (Version matches "-(alpha|beta|rc)")`, "v1-rc1", "v1-rc1", false},
		{`not Version startsWith "x" and semver("> 1")`, "v2", "v2", true},
		{`!(Version contains "dev")`, "v2", "v2", true},
		{`Version endsWith '-x' && true`, "v2-x", "v2-x", true},
		{`Version matches "^v\\d+\\.\\d+$"`, "v2.1", "v2.1", true},
		{"Version matches `^v\\d+$`", "v2.1", "v2.1", false},
		{`semverWithVersion(">= 1.2", trimPrefix(Version, "cli-"))`, "cli-1.3", "cli-1.3", true},
		{"Version == \"v1\" or\n  Version == \"v2\"\n", "v2", "v2", true},
	}
	for _, c := range cases {
		got, err := evaluate(c.expression, c.tag, c.semver)
		if err != nil || got != c.want {
			t.Errorf("%s of %s: got %v, %v; want %v", c.expression, c.tag, got, err, c.want)
		}
	}
}

// TestEvaluateErrors holds that what is not understood is an error, and never false.
func TestEvaluateErrors(t *testing.T) {
	for _, expression := range []string{
		`Version`, `Version ==`, `Version == 1`, `semver()`, `semver("1.2")`, `semver("~> 1.2")`, `len(Version) > 3`, `Version == "v1`, `Version in "v1"`,
		`(Version == "v1"`, `Version == "v1")`, `Version ? true : false`, `unknown(Version)`, `Version matches "("`, `Version in ["a" "b"]`, `"a" and true`,
		`not`, `Version == "v1" or`, `other == "v1"`, strings.Repeat("(", 10000), strings.Repeat("not ", 10000) + "true",
	} {
		if got, err := evaluate(expression, "v1.2.3", "v1.2.3"); err == nil {
			t.Errorf("%.60s: got %v and no error", expression, got)
		}
	}
}

// FuzzEvaluate holds that no expression ends the program.
func FuzzEvaluate(f *testing.F) {
	f.Add(`semver(">= 1.2") and not (Version in ["v1", 'v2'] || Version matches "-rc")`, "v1.2.3")
	f.Fuzz(func(t *testing.T, expression, tag string) {
		if ok, err := evaluate(expression, tag, tag); ok && err != nil {
			t.Errorf("%q: true with the error %v", expression, err)
		}
	})
}
