package edit

import (
	"strings"
	"testing"
)

// TestSetTemplates holds that keys of a dependency are set, added and taken away in its
// layout, all at once, and that comments stay.
func TestSetTemplates(t *testing.T) {
	alias := Entry{Key: "alias", Value: []Entry{{Key: "linux/amd64", Value: "x64"}}}
	const end = "\n[deps.a.locked]\n\"linux/amd64\" = { url = \"https://e.com/x\", sha256 = \"0ecf44450ee6063bf19dd166a103ee6df4a9034455c2abce626e6eea657d73fb\" }\n"
	cases := map[string]struct {
		before string
		values []Entry
		want   string // "" if it must be refused
	}{
		"section": {"[deps.a]\nurl  = \"https://e.com/x\" # here\npath = '/a'\n" + end, []Entry{{Key: "url", Value: "https://e.com/{alias}"}, alias},
			"[deps.a]\nurl  = \"https://e.com/{alias}\" # here\nalias = { \"linux/amd64\" = \"x64\" }\npath = '/a'\n" + end},
		"away": {"[deps.a]\nurl = \"https://e.com/{alias}\"\nalias = { \"linux/amd64\" = \"x64\" }\nmember = \"m\" # that\n" + end,
			[]Entry{{Key: "url", Value: "https://e.com/x"}, {Key: "member", Value: ""}, {Key: "alias", Value: []Entry(nil)}}, "[deps.a]\nurl = \"https://e.com/x\"\n" + end},
		"table of lines": {"[deps.a]\nurl = \"https://e.com/{alias}\"\n[deps.a.alias]\n# why\n\"linux/amd64\" = \"x32\"\n" + end, []Entry{alias},
			"[deps.a]\nurl = \"https://e.com/{alias}\"\nalias = { \"linux/amd64\" = \"x64\" }\n" + end},
		"dotted": {"deps.a.url = \"https://e.com/{alias}\"\ndeps.a.alias.\"linux/amd64\" = \"x32\"\n", []Entry{alias},
			"deps.a.url = \"https://e.com/{alias}\"\ndeps.a.alias = { \"linux/amd64\" = \"x64\" }\n"},
		"inline":      {"deps = { a = { url = \"https://e.com/x\" } }\n", []Entry{{Key: "member", Value: "m"}}, "deps = { a = { url = \"https://e.com/x\", member = \"m\" } }\n"},
		"same":        {"[deps.a]\nurl = 'https://e.com/x'\n" + end, []Entry{{Key: "url", Value: "https://e.com/x"}, {Key: "sums", Value: ""}}, "[deps.a]\nurl = 'https://e.com/x'\n" + end},
		"not without": {"[deps.a]\nurl = \"https://e.com/x\"\n" + end, []Entry{{Key: "url", Value: "https://e.com/{alias}"}}, ""},
		"bad":         {"[deps.a]\nurl = \"https://e.com/x\"\n" + end, []Entry{{Key: "url", Value: "ftp://e.com/x"}}, ""},
	}
	const head = "version = 1\n"
	for name, c := range cases {
		d, err := Parse("x", []byte(head+c.before))
		if err != nil {
			t.Fatal(name, err)
		}
		err = d.SetTemplates("a", c.values)
		got := strings.TrimPrefix(string(d.Bytes()), head)
		if c.want == "" {
			if err == nil || got != c.before {
				t.Errorf("%s: got %v and %q", name, err, got)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", name, err, got, c.want)
		}
	}
	d, err := Parse("x", []byte(head))
	if err == nil {
		err = d.SetTemplates("a", []Entry{alias})
	}
	if err == nil {
		t.Error("a dependency that is not there can be edited")
	}
}
