package source

import (
	"strings"
	"testing"
)

func TestRewrite(t *testing.T) {
	const p = "https://proxy.example"
	for _, tt := range []struct{ rules, address, want string }{
		{"https://a.example=" + p, "https://a.example/x", p + "/x"},
		{"https://a.example/=" + p, "https://a.example/x", p + "/x"},
		{"https://a.example=" + p + "/a/", "https://a.example/x/y?q=1#f", p + "/a/x/y?q=1#f"},
		{"https://a.example/=" + p + "/a", "https://a.example", p + "/a"},
		{"https://a.example=" + p + "/a", "https://a.example?q", p + "/a?q"},
		{"https://a.example=http://proxy.example:81/a", "https://a.example/x", "http://proxy.example:81/a/x"},

		// The longest prefix counts, wherever it stands, and may take one out.
		{"https://a.example=" + p + "/a https://a.example/b=" + p + "/b", "https://a.example/b/x", p + "/b/x"},
		{"https://a.example/b=" + p + "/b https://a.example=" + p + "/a", "https://a.example/b/x", p + "/b/x"},
		{"https://a.example/b/=" + p + "/2 https://a.example/b=" + p + "/1", "https://a.example/b/x", p + "/2/x"},
		{"https://a.example/b/=" + p + "/2 https://a.example/b=" + p + "/1", "https://a.example/b", p + "/1"},
		{"https://a.example=" + p + " https://a.example/b=https://a.example/b", "https://a.example/b/x", ""},

		// Hosts and ports.
		{"https://a.example=" + p, "https://a.example.evil.example/x", ""},
		{"https://a.example=" + p, "https://xa.example/x", ""},
		{"https://a.example=" + p, "https://a.example:8443/x", ""},
		{"https://a.example=" + p, "http://a.example/x", ""},
		{"https://a.example=" + p, "http://a.example:443/x", ""},
		{"https://a.example=" + p, "https://a.example@evil.example/x", ""},
		{"https://a.example=" + p, "https://me@a.example/x", ""},
		{"https://a.example=" + p, "https://evil.example/https://a.example/x", ""},
		{"https://a.example=" + p, "https://evil.example?https://a.example/x", ""},
		{"https://a.example=" + p, "https://a.example:443/x", p + "/x"},
		{"https://a.example:443=" + p, "https://a.example/x", p + "/x"},
		{"https://A.Example=" + p, "HTTPS://a.EXAMPLE./x", p + "/x"},
		{"HTTPS://a.example=HTTPS://Proxy.example", "https://a.example/X", "HTTPS://Proxy.example/X"},
		{"http://[0::1]:81=" + p, "http://[::1]:81/x", p + "/x"},

		// Paths.
		{"https://a.example/b=" + p, "https://a.example/bc", ""},
		{"https://a.example/b=" + p, "https://a.example/b", p},
		{"https://a.example/b=" + p, "https://a.example/b?q", p + "?q"},
		{"https://a.example/b=" + p, "https://a.example//b/x", ""},
		{"https://a.example/b=" + p, "https://a.example/B/x", ""},
		{"https://a.example/b/=" + p, "https://a.example/b", ""},
		{"https://a.example/b/c=" + p, "https://a.example/b%2Fc", ""},
		{"https://a.example/%62=" + p, "https://a.example/b/%63?%64", p + "/%63?%64"},
		{"https://a.example/b+c=" + p, "https://a.example/b%2bc/x", p + "/x"},
		{"https://a.example/b=c=" + p, "https://a.example/b=c/x", p + "/x"},
		{"https://a.example/b=" + p, "https://a.example/b/../../c", "error"},
		{"https://a.example/b=" + p, "https://a.example/x/../b/c", "error"},
		{"https://a.example/b=" + p, "https://a.example/b/%2e%2E/c", "error"},
		{"https://a.example/b=" + p, "https://a.example/b/..%2fc", "error"},
		{"https://a.example/b=" + p, "https://a.example/b/..%5cc", "error"},
		{"https://a.example/b=" + p, "https://a.example/b/..;x/c", "error"},
		{"https://a.example/b=" + p, "https://a.example/b/.", "error"},
		{"https://a.example/b=" + p, "https://a.example/b/...", p + "/..."},
		{"https://a.example/b=" + p, "https://a.example/b?../..", p + "?../.."},
		{"https://a.example=" + p, "https://b.example/x/../c", ""},
	} {
		var r Rewrites
		for _, rule := range strings.Fields(tt.rules) {
			if err := r.Add(rule); err != nil {
				t.Error(err)
			}
		}
		got, err := r.Rewrite(tt.address)
		switch {
		case err != nil:
			got = "error"
		case got == tt.address:
			got = ""
		}
		if got != tt.want {
			t.Errorf("%s: %s is asked at %q (%v), want %q", tt.rules, tt.address, got, err, tt.want)
		}
	}
}

func TestRewritesAdd(t *testing.T) {
	for _, tt := range []struct{ rules, want string }{
		{"https://a.example", "https://a.example: want FROM=TO"},
		{"https://a.example=", "https://a.example=: want FROM=TO"},
		{"https://a.example=proxy.example", "https://a.example=proxy.example: want FROM=TO"},
		{"a.example=https://p.example", `a.example=https://p.example: FROM: it begins with neither https:// nor http://`},
		{"=https://p.example", "=https://p.example: FROM: "},
		{"file:///a=https://p.example", `FROM: "file:" is neither https nor http`},
		{"ftp://a.example=https://p.example", `FROM: "ftp:" is neither https nor http`},
		{"https://a.example=https://p.example?u=", "TO: it has a query"},
		{"https://a.example?=https://p.example", "FROM: it has a query"},
		{"https://a.example#x=https://p.example", "FROM: it has a query"},
		{"https://a.example/b/../c=https://p.example", "FROM: its path has segments of dots"},
		{"https://a.example=https://p.example/%2e%2e/", "TO: its path has segments of dots"},
		{"https://me:secret@a.example=https://p.example", "https://REDACTED@a.example=https://p.example: FROM: the address holds credentials; put them into a netrc file"},
		{"https://a.example=https://me:secret@p.example/x", "https://a.example=https://REDACTED@p.example/x: TO: the address holds credentials; put them into a netrc file"},
		{"https://a.example=https://me:sec/secret@p.example", "https://a.example=https://REDACTED@p.example: TO: "},
		{"https://a.example=https://me:1/secret@p.example/../", "https://a.example=https://REDACTED@p.example/..: TO: "},
		{"me:secret/@a.example", "REDACTED@a.example: want FROM=TO"},
		{"https://a.example=https://127.1/", "TO: host "},
		{"https://a.example=https://p.example:99999", "TO: "},
		{"https://a.example=https://p.example https://A.example:443/=https://q.example", "https://A.example:443/=https://q.example: FROM: it has another rule already"},
		{"https://a.example/b=https://p.example https://a.example/%62=https://q.example", "FROM: it has another rule already"},
		{"https://a.example/b=https://p.example https://a.example/b/=https://q.example", ""},
		{"https://a.example/b=https://p.example https://a.example/b=https://p.example/", ""},
	} {
		var r Rewrites
		got := ""
		for _, rule := range strings.Fields(tt.rules) {
			if err := r.Add(rule); err != nil {
				got = err.Error()
			}
		}
		if !strings.Contains(got, tt.want) || tt.want == "" && got != "" || strings.Contains(got, "secret") {
			t.Errorf("%s: error %q, want %q", tt.rules, got, tt.want)
		}
	}
}
