package edit

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/lock"
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
		"syntax":  {"=", "the lockfile would not be valid: x:1:1: unexpected '=': key name appears blank"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d, err := Parse("x", []byte(small))
			if err != nil {
				t.Fatal(err)
			}
			err = d.edit("a", []string{"version"}, "1", func() { d.tree = tree{lock.ParseSyntax(c.after)} })
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

// TestBatchMixed: verbs that set values and verbs that move text see each other,
// in any order, and the same as without a batch.
func TestBatchMixed(t *testing.T) {
	const line = `{ url = "https://example.com/1", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", size = 1 }`
	text := "version = 1\n[deps.a]\nversion = \"1\"\nurl = \"https://example.com/{version}\"\n[deps.a.locked]\nany = " + line + " # keep\n" +
		"[deps.b]\nversion = \"1\"\nurl = \"https://example.com/{version}\"\nlocked.any = " + line + "\n"
	set := func(dep, version string, size int64) func(*Document) error {
		return func(d *Document) error {
			digest, err := digest.Parse(strings.Repeat(version[:1], 64))
			if err != nil {
				return err
			}
			return errors.Join(d.SetVersion(dep, version), d.SetLocked(dep, lock.Line{
				Platform: lock.Any, URL: "https://example.com/" + version, Digest: digest, Size: size, Trust: lock.Published}))
		}
	}
	verbs := []func(*Document) error{
		set("a", "2", 2), set("a", "33", 3), set("b", "2", 2),
		func(d *Document) error { return d.SetPlatforms("a", []lock.Platform{"linux/amd64"}) },
		set("a", "4", fetch.SizeUnknown),
		func(d *Document) error { return d.Add(NewDep{Name: "c", URL: "https://example.com/c"}) },
		set("b", "55", 5), set("b", "6", 6),
		func(d *Document) error { return d.Remove("a") },
		set("b", "7", 7),
	}
	for n := range verbs {
		one, err := Parse("one", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		many, _ := Parse("many", []byte(text))
		for _, verb := range verbs[:n+1] {
			if err := verb(one); err != nil {
				t.Fatal(err)
			}
		}
		err = many.Batch(func(d *Document) error {
			for _, verb := range verbs[:n+1] {
				if err := verb(d); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || string(one.Bytes()) != string(many.Bytes()) {
			t.Errorf("%d verbs: %v\n%s\nwant\n%s", n+1, err, many.Bytes(), one.Bytes())
		}
	}
}
