package source

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	getter "github.com/hashicorp/go-getter/v2"
)

func TestHostPattern(t *testing.T) {
	for _, tt := range []struct {
		pattern, address string
		want             bool
	}{
		{"example.com", "https://example.com/x", true},
		{"example.com", "https://EXAMPLE.com./x", true},
		{"Example.COM", "https://example.com/x", true},
		{"example.com", "https://example.com:8443/x", true},
		{"example.com", "https://sub.example.com/", false},
		{"example.com", "https://example.com.evil.net/", false},
		{"example.com", "https://notexample.com/", false},
		{"*.example.com", "https://sub.example.com/", true},
		{"*.example.com", "https://a.b.example.com/", true},
		{"*.example.com", "https://example.com/", false},
		{"*.example.com", "https://.example.com/", false},
		{"*.example.com", "https://notexample.com/", false},
		{"example.com:8443", "https://example.com:8443/", true},
		{"example.com:8443", "https://example.com/", false},
		{"example.com:443", "https://example.com/", true},
		{"example.com:80", "http://example.com/", true},
		{"*.example.com:81", "http://a.example.com:81/", true},
		{"127.0.0.1", "http://127.0.0.1:1234/", true},
		{"[::1]", "http://[::1]:1234/", true},
		{"[0:0::1]:1234", "http://[::1]:1234/", true},
		{"[::1]", "http://[::2]/", false},
	} {
		p, err := ParseHostPattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(tt.address)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(u); got != tt.want {
			t.Errorf("%s matches %s: %v", tt.pattern, tt.address, got)
		}
		if again, err := ParseHostPattern(p.String()); err != nil || again != p {
			t.Errorf("%s is written %s, which is read as %v, %v", tt.pattern, p, again, err)
		}
	}
	for _, bad := range []string{"", "*", "*.", "*example.com", "a.*.b", "https://example.com", "example.com/x", "a b", "a:", "a:b", "a:99999", "::1", "[::1", "*.[::1]", "ex\x00"} {
		if p, err := ParseHostPattern(bad); err == nil {
			t.Errorf("%q was read as %v", bad, p)
		}
	}
}

// TestGetters: what gets an address is a getter of go-getter, as good for its Client
// as its own.
func TestGetters(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("the bytes"), 0o644); err != nil {
		t.Fatal(err)
	}
	to := &collector{}
	tr := &transfer{client: New(Config{}), req: Request{URL: "file://" + filepath.ToSlash(name), Limit: -1, Dst: to}}
	c := getter.Client{Decompressors: map[string]getter.Decompressor{}}
	for _, g := range tr.getters() {
		c.Getters = append(c.Getters, g)
	}
	if _, err := c.Get(t.Context(), &getter.Request{Src: "file:pinned", GetMode: getter.ModeFile}); err != nil || to.text != "the bytes" {
		t.Errorf("got %q, %v", to.text, err)
	}
	if _, err := c.Get(t.Context(), &getter.Request{Src: "git:pinned", GetMode: getter.ModeFile}); err == nil {
		t.Error("a scheme that is not ours was got")
	}
}

type collector struct {
	text string
	room [100]byte
}

func (c *collector) Begin(int64) error  { return nil }
func (c *collector) Buffer() []byte     { return c.room[:] }
func (c *collector) Commit(n int) error { c.text += string(c.room[:n]); return nil }

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"https://h/p":                        "https://h/p",
		"https://user:pw@h/p":                "https://REDACTED@h/p",
		"https://user:p@w@h/p@v1":            "https://REDACTED@h/p@v1",
		"https://h/p?a=secret&b=&token":      "https://h/p?a=REDACTED&b=REDACTED&REDACTED",
		"https://h?sig=secret#secret":        "https://h?sig=REDACTED#REDACTED",
		"https://u:secret@h?sig=https://x@y": "https://REDACTED@h?sig=REDACTED",
		"file:///a/b":                        "file:///a/b",
		"the cache":                          "the cache",
		"http://u:sec/ret@h/p":               "http://REDACTED@h/p",
		"http://u:sec#ret@h/p?a=b":           "http://REDACTED@h/p?a=REDACTED",
		"http://u:sec?r/e@t@h":               "http://REDACTED@h",
		"oci://u:sec/ret@h:1/p":              "oci://REDACTED@h:1/p",
		"http//u:secret@h":                   "REDACTED@h",
		"http:/u:secret@h":                   "REDACTED@h",
		"u:sec/ret@h":                        "REDACTED@h",
		"http://u:secret":                    "http://u:REDACTED",
		"http://h:8080/npm/@scope/p@v1":      "http://h:8080/npm/@scope/p@v1",
		"http://[::1]:8080/p@v1":             "http://[::1]:8080/p@v1",
		"http://[::1]/p@v1":                  "http://[::1]/p@v1",
		"https://h:${PORT}/p":                "https://h:${PORT}/p",
		"git@h:o/r.git":                      "REDACTED@h:o/r.git",
		"debian:12":                          "debian:12",
	} {
		if got := Redact(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestRedactOption: a password with any character in it is hidden in what should have been an
// address without one.
func TestRedactOption(t *testing.T) {
	for in, want := range map[string]string{
		"https://h/p?a=b":            "https://h/p?a=REDACTED",
		"https://u:12/34@h/p":        "https://REDACTED@h/p",
		"https://u:sec@re/t@h/p?a=b": "https://REDACTED@h/p?a=REDACTED",
		"token/secret@h":             "REDACTED@h",
	} {
		if got := RedactOption(in); got != want {
			t.Errorf("RedactOption(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for field, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "1.5": 0,
		now.Add(time.Minute).Format(http.TimeFormat):  time.Minute,
		now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(field, now); got != want {
			t.Errorf("retryAfter(%q) = %v, want %v", field, got, want)
		}
	}
	if d := retryAfter("999999999999", now); d < time.Hour {
		t.Errorf("a long wait is %v", d)
	}
}

func TestParseNetrc(t *testing.T) {
	file := `# a comment with machine in it
machine a.example login me password p#1 account x
machine
  B.Example
  password "two \"words\""
  login "me too"
macdef init
machine evil login x
cd /

machine a.example login second password second
machine c.example login only
default login anyone password anything
`
	n, err := ParseNetrc([]byte(strings.ReplaceAll(file, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]login{
		"a.example": {"me", "p#1"}, "b.example": {"me too", `two "words"`}, "c.example": {"only", ""},
	}
	for host, l := range want {
		if n.logins[host] != l {
			t.Errorf("%s: %+v, want %+v", host, n.logins[host], l)
		}
	}
	if len(n.logins) != len(want) {
		t.Errorf("logins are %v", n.logins)
	}
	for bad, want := range map[string]string{
		"machine a login b\nsecret":             "line 2: expected machine",
		"login secret":                          "line 1: login stands before any machine",
		"machine":                               "line 1: machine has no value",
		"machine a\npassword":                   "line 2: password has no value",
		"machine a\npassword \"secret no end\n": "line 2: password has no value",
	} {
		if _, err := ParseNetrc([]byte(bad)); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, want %q", bad, err, want)
		}
	}
}

func FuzzParseNetrc(f *testing.F) {
	f.Add([]byte("machine a login b password \"c d\"\nmacdef x\n\n#\ndefault"))
	f.Fuzz(func(t *testing.T, data []byte) {
		ParseNetrc(data) // ends, and does not panic
	})
}
