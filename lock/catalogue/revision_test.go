package catalogue

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"depfetch/lock"
	"depfetch/lock/edit"
)

// TestRevise holds what a dependency has to say anew for another version, and that what
// a person has written stays.
func TestRevise(t *testing.T) {
	r := testRegistry(t)
	cases := map[string]struct {
		entry   string
		want    Want
		by      func(*edit.NewDep) // what a person has changed; nil if nothing
		version string
		changed string
		err     string
	}{
		"the same template":   {"jaq", Want{Tag: "v1.2.0"}, nil, "1.3.0", "", ""},
		"another template":    {"jaq", Want{Tag: "v1.3.0"}, nil, "1.4.0", "version 1.4.0\nurl https://github.com/01x/jaq/releases/download/v{version}/jaq-{uname}-unknown-linux-musl\nalias []", ""},
		"back, with an alias": {"jaq", Want{Tag: "v1.4.0"}, nil, "v1.3.0", "version 1.3.0\nurl https://github.com/01x/jaq/releases/download/v{version}/jaq-v{version}-{uname}-{alias}\nalias [{linux/amd64 unknown-linux-musl} {linux/arm64 unknown-linux-gnu}]", ""},
		"no file":             {"jaq", Want{Tag: "v1.3.0"}, nil, "0.9.0", "", "01x/jaq v0.9.0: upstream publishes no file of this version"},
		"no platform":         {"jq", Want{Tag: "jq-1.7.1"}, nil, "1.6", "", "jqlang/jq jq-1.6: the catalogue lists no file for linux/arm64"},
		"the other library":   {"uv", Want{Tag: "0.8.0", Libc: "musl", Command: "uvx"}, nil, "0.8.1", "", ""},
		"own path":            {"jaq", Want{Tag: "v1.2.0"}, func(d *edit.NewDep) { d.Path = "/x"; d.Mode = "0700" }, "1.3.0", "", ""},
		"own url":             {"jaq", Want{Tag: "v1.2.0"}, func(d *edit.NewDep) { d.URL = "https://example.com/{version}" }, "1.4.0", "", "x: its url is not what 01x/jaq in the catalogue gives, and stays as it is"},
		"own sums": {"jaq", Want{Tag: "v1.3.0"}, func(d *edit.NewDep) { d.Sums = "{url}.sha256" }, "1.4.0",
			"version 1.4.0\nurl https://github.com/01x/jaq/releases/download/v{version}/jaq-{uname}-unknown-linux-musl\nalias []", ""},
		"own use of the alias": {"jaq", Want{Tag: "v1.3.0"}, func(d *edit.NewDep) { d.Mirrors = []string{"https://example.com/{version}/{alias}"} }, "1.4.0",
			"version 1.4.0\nurl https://github.com/01x/jaq/releases/download/v{version}/jaq-{uname}-unknown-linux-musl", ""},
		"no v in the version": {"jaq", Want{Tag: "v1.2.0"}, func(d *edit.NewDep) {
			d.Version = "v1.2.0"
			d.URL = "https://github.com/01x/jaq/releases/download/{version}/jaq-{version}-{uname}-{alias}"
		}, "v1.3.0", "", ""},
		"signed from then on": {"later", Want{Tag: "v1.0.0"}, nil, "2.0.0",
			"version 2.0.0\nsignature [{minisign https://example.com/{version}/later.minisig} {key RWSArdMzrixaQ0NKDBdOseqlsjRD0UizutMefVRK1qLOyqBJ9nnfis/t}]", ""},
		"signed as before": {"later", Want{Tag: "v2.0.0"}, nil, "2.0.1", "", ""},
		"own signature": {"later", Want{Tag: "v1.0.0"}, func(d *edit.NewDep) {
			d.Signature = [][]edit.Entry{{{Key: "gpg", Value: "{url}.asc"}, {Key: "key", Value: "k.asc"}}}
		}, "2.0.0", "", ""},
		"own unpack": {"helm/helm", Want{Tag: "v3.18.4"}, func(d *edit.NewDep) { d.Member = "" }, "3.18.5", "", ""},
	}
	for name, c := range cases {
		e, err := Lookup([]*Registry{r}, c.entry)
		if err != nil {
			t.Fatal(err)
		}
		c.want.Platforms = both
		m, err := e.Map(c.want)
		if err != nil {
			t.Fatal(err)
		}
		m.Dep.Name = "x"
		if c.by != nil {
			c.by(&m.Dep)
		}
		dep, err := edit.Draft(m.Dep)
		if err != nil {
			t.Fatal(err)
		}
		revision, err := e.Revise(dep, c.version, both)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.err {
			t.Errorf("%s: got the error %q, want %q", name, got, c.err)
			continue
		}
		if strings.HasPrefix(c.err, "x: ") != errors.As(err, new(*ByHandError)) {
			t.Errorf("%s: got %T", name, err)
		}
		var b strings.Builder
		if revision != nil {
			fmt.Fprintf(&b, "version %s", revision.Dep.Version)
			for _, e := range revision.Changed {
				fmt.Fprintf(&b, "\n%s %v", e.Key, e.Value)
			}
			if _, err := revision.Dep.Expand(revision.Dep.URL, lock.Platform("linux/arm64")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if b.String() != c.changed {
			t.Errorf("%s: got\n%s\nwant\n%s", name, &b, c.changed)
		}
	}
}
