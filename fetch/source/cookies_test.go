package source

import (
	"net/http"
	"net/url"
	"testing"
)

func TestCookies(t *testing.T) {
	for _, tt := range []struct {
		from string
		set  []string
		to   string
		want string
	}{
		{"http://h/a", []string{"x=1"}, "http://h/b", "x=1"},
		{"http://h/a", []string{"x=1; Path=/", "y = 2 ;HttpOnly"}, "http://h/d/b", "x=1; y=2"},
		{"http://h/a", []string{"x=1", "x=2"}, "http://h/b", "x=2"},
		{"http://h/a", []string{"x=1", "x=; Max-Age=0"}, "http://h/b", ""},
		{"http://h/d/a", []string{"x=1"}, "http://h/b", ""},
		{"http://h/d/a", []string{"x=1"}, "http://h/d/b", "x=1"},
		{"http://h/d/a", []string{"x=1; path=/"}, "http://h/b", "x=1"},
		{"http://h/a", []string{"x=1; path=/d"}, "http://h/de", ""},
		{"http://h/a", []string{"x=1; path=/d"}, "http://h/d", "x=1"},
		{"http://h/a", []string{"x=1"}, "http://i/b", ""},
		{"http://a.b.c/", []string{"x=1"}, "http://d.a.b.c/", ""},
		{"http://a.b.c/", []string{"x=1; Domain=.b.c"}, "http://d.b.c/", "x=1"},
		{"http://a.b.c/", []string{"x=1; Domain=b.c"}, "http://bb.c/", ""},
		{"http://a.b.c/", []string{"x=1; Domain=c"}, "http://b.c/", ""},
		{"http://a.b.c/", []string{"x=1; Domain=d.c"}, "http://d.c/", ""},
		{"http://1.2.3.4/", []string{"x=1; Domain=3.4"}, "http://2.2.3.4/", ""},
		{"http://h/", []string{"x=1; Secure"}, "https://h/", ""},
		{"https://h/", []string{"x=1; Secure"}, "http://h/", ""},
		{"https://h/", []string{"x=1; Secure"}, "https://h/", "x=1"},
		{"http://h/", []string{"x", "=1", ""}, "http://h/", ""},
	} {
		from, err := url.Parse(tt.from)
		if err != nil {
			t.Fatal(err)
		}
		to, err := url.Parse(tt.to)
		if err != nil {
			t.Fatal(err)
		}
		var c Cookies
		c.take(from, http.Header{"Set-Cookie": tt.set})
		r := &http.Request{URL: to, Header: http.Header{"Cookie": {"own=0"}}}
		c.set(r)
		want := "own=0"
		if tt.want != "" {
			want += "; " + tt.want
		}
		if got := r.Header.Get("Cookie"); got != want {
			t.Errorf("%s sets %q, and %s gets %q, want %q", tt.from, tt.set, tt.to, got, want)
		}
	}
}
