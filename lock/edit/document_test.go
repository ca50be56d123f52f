package edit

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestBatch holds that a batch is one edit: all of it, or nothing.
func TestBatch(t *testing.T) {
	fault := errors.New("fault")
	cases := map[string]struct {
		script string
		err    error
		want   string // "" if it must be refused
	}{
		"edits":   {script: "set-version a 1; add b url=https://example.com/b; set-version b 2; remove a", want: "b"},
		"passing": {script: "set-platforms a any; set-platforms a", want: "a"},
		"invalid": {script: "set-version a 1; set-platforms a any"},
		"unknown": {script: "set-version a 1; remove b"},
		"fault":   {script: "set-version a 1", err: fault},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d, err := Parse("x", []byte(small))
			if err != nil {
				t.Fatal(err)
			}
			err = d.Batch(func(d *Document) error { return errors.Join(run(d, c.script), c.err) })
			if c.want == "" {
				if err == nil || string(d.Bytes()) != small {
					t.Errorf("got %v and %q", err, d.Bytes())
				}
				if err := run(d, "set-version a 7"); err != nil || d.File().Dep("a").Version != "7" {
					t.Errorf("afterwards: %v", err)
				}
				return
			}
			if err != nil || len(d.File().Deps) != 1 || d.File().Deps[0].Name != c.want {
				t.Errorf("got %v and %q", err, d.Bytes())
			}
		})
	}
}

// TestCheck holds that the check notices what a verb must not do. The verb here
// is one that sets the version to 1.
func TestCheck(t *testing.T) {
	const notIt = "x:4:1: deps.a: cannot edit this safely: the result would not be what was asked for, and nothing else"
	set := strings.Replace(small, "'0'", "'1'", 1)
	cases := map[string]struct{ after, want string }{
		"more":    {set + "path = '/x'\n", notIt},
		"less":    {small + "# a comment\n", notIt},
		"invalid": {strings.Replace(small, "'0'", "'1 2'", 1), "the lockfile would not be valid: x:3:11: deps.a.version: a version is 1 to 128 printable ASCII characters without spaces and braces"},
		"twice":   {set + "[policy]\n[policy]\n", "the lockfile would not be valid: x:6:2: key 'policy' has already been defined"},
		"lenient": {"deps.a.version = '1'\n" + strings.Replace(small, "version = '0'\n", "", 1), "x:4:1: deps.a: cannot edit this safely: other readers would not take the result for TOML"},
		"syntax":  {"=", "x:1:1: cannot edit this safely: invalid character at start of key: U+003D '='"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d, err := Parse("x", []byte(small))
			if err != nil {
				t.Fatal(err)
			}
			err = d.edit("a", func() error { return d.setText(c.after) }, func(values map[string]any) { values["version"] = "1" })
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if string(d.Bytes()) != small || d.File().Dep("a").Version != "0" {
				t.Errorf("the document is now %q", d.Bytes())
			}
		})
	}
}

// TestQuotes holds that a new string has the quotes of the old one, if it can.
func TestQuotes(t *testing.T) {
	cases := []struct{ old, s, want string }{
		{`"a"`, `b`, `"b"`},
		{`'a'`, `b"\`, `'b"\'`},
		{`'a'`, `it's`, `"it's"`},
		{`"a"`, `b"\`, `"b\"\\"`},
		{`"""a"""`, `b"""`, `"""b\"\"\""""`},
		{`'''a'''`, `it's`, `'''it's'''`},
		{`'''a'''`, `its'`, `"its'"`},
		{`'''a'''`, `'''"`, `"'''\""`},
		{"'''\na'''", `b`, "'''\nb'''"},
		{"\"\"\"\r\na\"\"\"", `b`, "\"\"\"\r\nb\"\"\""},
		{`''`, "b\x01", `"b\u0001"`},
		{`1`, `a\b`, `'a\b'`},
	}
	for _, c := range cases {
		if got := requote(c.old, c.s); got != c.want {
			t.Errorf("%s in place of %s: got %s, want %s", c.s, c.old, got, c.want)
		}
		var root = decodeAll(t, fmt.Appendf(nil, "k = %s\n", requote(c.old, c.s)))
		if root["k"] != c.s {
			t.Errorf("%s in place of %s reads as %q", c.s, c.old, root["k"])
		}
	}
}
