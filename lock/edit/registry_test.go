package edit

import (
	"testing"

	"depfetch/fetch/digest"
	"depfetch/lock"
)

// TestSetRegistry holds that lines of the catalogue are set and added in its layout, and
// that comments stay.
func TestSetRegistry(t *testing.T) {
	const one, two = "8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a", "0ecf44450ee6063bf19dd166a103ee6df4a9034455c2abce626e6eea657d73fb"
	const line = `{ url = "https://example.com/a", sha256 = "` + one + `" }`
	registry := func(name, path, hex string) lock.Registry {
		d, err := digest.Parse(hex)
		if err != nil {
			t.Fatal(err)
		}
		r := lock.Registry{Name: name, Path: path, Digest: d}
		if path == "" {
			r.URL = "https://example.com/b"
		}
		return r
	}
	const b = `{ url = "https://example.com/b", sha256 = "` + two + `" }`
	cases := map[string]struct {
		before   string
		registry lock.Registry
		first    bool
		want     string // "" if it must be refused
	}{
		"new table": {"version = 1\n# end\n", registry("b", "", two), true,
			"version = 1\n# end\n\n" + catalogueComment + "[catalogue]\nb = " + b + "\n"},
		"behind": {"version = 1\n\n[catalogue] # ours\na = " + line + " # first\n\n[urls]\n", registry("b", "", two), false,
			"version = 1\n\n[catalogue] # ours\na = " + line + " # first\nb = " + b + "\n\n[urls]\n"},
		"before": {"version = 1\n\n[catalogue] # ours\n# first\na = " + line + "\n", registry("b", "", two), true,
			"version = 1\n\n[catalogue] # ours\n# first\nb = " + b + "\na = " + line + "\n"},
		"changed": {"version = 1\ncatalogue.a = " + line + " # stays\n", registry("a", "", two), false,
			"version = 1\ncatalogue.a = " + b + " # stays\n"},
		"same": {"version = 1\ncatalogue = { b = " + b + " }\n", registry("b", "", two), false,
			"version = 1\ncatalogue = { b = " + b + " }\n"},
		"inline before": {"version = 1\ncatalogue = { a = " + line + " }\n", registry("b", "", two), true,
			"version = 1\ncatalogue = { b = " + b + ", a = " + line + " }\n"},
		"inline behind": {"version = 1\ncatalogue = { a = " + line + " }\n", registry("b", "", two), false,
			"version = 1\ncatalogue = { a = " + line + ", b = " + b + " }\n"},
		"dotted": {"version = 1\ncatalogue.a = " + line + "\n", registry("b", "", two), false,
			"version = 1\ncatalogue.a = " + line + "\ncatalogue.b = " + b + "\n"},
		"section before": {"version = 1\n\n# first\n[catalogue.a]\nurl = \"https://example.com/a\"\nsha256 = \"" + one + "\"\n", registry("b", "", two), true,
			"version = 1\n\n[catalogue.b]\nurl    = \"https://example.com/b\"\nsha256 = \"" + two + "\"\n\n# first\n[catalogue.a]\nurl = \"https://example.com/a\"\nsha256 = \"" + one + "\"\n"},
		"section behind": {"version = 1\n[catalogue.a]\nurl = \"https://example.com/a\"\nsha256 = \"" + one + "\"\n", registry("b", "", two), false,
			"version = 1\n[catalogue.a]\nurl = \"https://example.com/a\"\nsha256 = \"" + one + "\"\n\n[catalogue.b]\nurl    = \"https://example.com/b\"\nsha256 = \"" + two + "\"\n"},
		"path": {"version = 1\n", registry("b", "r.yaml", two), true,
			"version = 1\n\n" + catalogueComment + "[catalogue]\nb = { path = \"r.yaml\", sha256 = \"" + two + "\" }\n"},
		"other kind": {"version = 1\ncatalogue.a = " + line + "\n", registry("a", "r.yaml", two), false, ""},
		"bad name":   {"version = 1\n", registry("a b", "", two), false, ""},
	}
	for name, c := range cases {
		d, err := Parse("x", []byte(c.before))
		if err != nil {
			t.Fatal(err)
		}
		err = d.SetRegistry(c.registry, c.first)
		if c.want == "" {
			if err == nil || string(d.Bytes()) != c.before {
				t.Errorf("%s: got %v and %q", name, err, d.Bytes())
			}
			continue
		}
		if err != nil || string(d.Bytes()) != c.want {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", name, err, d.Bytes(), c.want)
		}
	}
}
