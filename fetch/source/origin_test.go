package source

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func TestOriginOf(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.com/x":                 "https://example.com",
		"https://EXAMPLE.com:443":               "https://example.com",
		"https://example.com:":                  "https://example.com",
		"https://example.com./":                 "https://example.com",
		"http://example.com:00080/":             "http://example.com",
		"http://example.com:443/":               "http://example.com:443",
		"https://example.com:08443/":            "https://example.com:8443",
		"http://localhost./":                    "http://localhost.",
		"http://xn--gt-epa.example.com/":        "http://xn--gt-epa.example.com",
		"http://a_b.example.com/":               "http://a_b.example.com",
		"http://user:pw@example.com/":           "http://example.com",
		"http://127.0.0.1:80/":                  "http://127.0.0.1",
		"http://[::1]:8080/":                    "http://[::1]:8080",
		"http://[0:0::0:1]/":                    "http://[::1]",
		"http://[::FFFF:127.0.0.1]/":            "http://127.0.0.1",
		"http://[::ffff:7f00:1]:81/":            "http://127.0.0.1:81",
		"http://1.example/":                     "http://1.example",
		"http://0xg.example.0x/x":               "",
		"http://g\u0130t.example.com/":          "",
		"http://g%C4%B0t.example.com/":          "",
		"http://\u212aelvin.example/":           "",
		"http://\uff47it.example.com/":          "",
		"http://git\u3002example.com/":          "",
		"http://fa\u00df.example/":              "",
		"http://git.example.com\u200b/":         "",
		"http://git.exa\u00admple.com/":         "",
		"http://127.0.0.1./":                    "",
		"http://example.com../":                 "",
		"http://.example.com/":                  "",
		"http://a..b/":                          "",
		"http://./":                             "",
		"http://127.1/":                         "",
		"http://2130706433/":                    "",
		"http://0x7f.0.0.1/":                    "",
		"http://0x7f000001/":                    "",
		"http://127.0.0.0x1/":                   "",
		"http://0177.0.0.1/":                    "",
		"http://127.0.0.1.5/":                   "",
		"http://127.0.0.256/":                   "",
		"http://example.com:0/":                 "",
		"http://example.com:65536/":             "",
		"http://[fe80::1%25eth0]/":              "",
		"http://a,b/":                           "",
		"http://a$b/":                           "",
		"http://a;b/":                           "",
		"http:///x":                             "",
		"ftp://example.com/":                    "",
		"//example.com/":                        "",
		"mailto:x@example.com":                  "",
		"http://" + strings.Repeat(".", 10_000): "",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		o, err := OriginOf(u)
		if want == "" && err == nil || want != "" && (err != nil || o.String() != want) {
			t.Errorf("%q: %v, %v, want %q", address, o, err, want)
		}
		if want == "" {
			continue
		}
		if again, err := ParseOrigin(o.String()); err != nil || again != o {
			t.Errorf("%v is read again as %v, %v", o, again, err)
		}
	}
	if SameOrigin("http://g\u0130t/", "http://g\u0130t/") || !SameOrigin("http://a:80/x", "HTTP://A/y") || SameOrigin("http://a/", "https://a:80/") || SameOrigin("http://%/", "http://%/") {
		t.Error("same origins")
	}
}

// TestSecretsOfHost: what was given for a host goes to that host in every form in
// which it can be written, and to no other.
func TestSecretsOfHost(t *testing.T) {
	var h Headers
	if err := h.Add("https://Git.example.com", "Private-Token", "secret"); err != nil {
		t.Fatal(err)
	}
	for _, origin := range []string{"https://g\u0130t.example.com", "https://127.1", "https://[fe80::1%25a]"} {
		if err := h.Add(origin, "X", "secret"); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", origin, err)
		}
	}
	n, err := ParseNetrc([]byte("machine GIT.example.com. login a\nmachine g\u0130t.example.net login b\nmachine [0::1] login c\nmachine ::2 login d"))
	if err != nil {
		t.Fatal(err)
	}
	client := New(Config{Headers: &h, Netrc: n})
	for address, want := range map[string][2]bool{
		"https://git.example.com/x":         {true, true},
		"https://git.example.com:0443/x":    {true, true},
		"https://GIT.example.com./x":        {true, true},
		"https://git.example.com:444/x":     {false, true},
		"http://git.example.com/x":          {false, true},
		"https://g\u0130t.example.com/x":    {false, false},
		"https://git.example.net/x":         {false, false},
		"https://g\u0130t.example.net/x":    {false, false},
		"https://[::1]/x":                   {false, true},
		"https://[0:0::2]/x":                {false, true},
		"https://git.example.com.evil.net/": {false, false},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		tr := &transfer{client: client}
		r := tr.request(t.Context(), u, true)
		if got := [2]bool{r.Header.Get("Private-Token") != "", r.Header.Get("Authorization") != ""}; got != want {
			t.Errorf("%s: header and login are sent: %v, want %v", address, got, want)
		}
	}
}

func TestNextHop(t *testing.T) {
	from, _ := url.Parse("https://git.example.com/a/b?c")
	for location, want := range map[string]string{
		"/real?filename=My File&x=a+b": "https://git.example.com/real?filename=My+File&x=a+b",
		"My File.tgz":                  "https://git.example.com/a/My%20File.tgz",
		"/a\tb?\"c\"":                  "https://git.example.com/a%09b?\"c\"",
		"/a\"b%2Fc?d=\u00e9":           "https://git.example.com/a%22b%2Fc?d=%C3%A9",
		"/\u00e9?x y#z w":              "https://git.example.com/%C3%A9?x+y",
		"//EXAMPLE.net/x":              "https://EXAMPLE.net/x",
		"?d":                           "https://git.example.com/a/b?d",
		"http://git.example.com/x":     "",
		"//g\u0130t.example.com/x":     "",
		"//g%C4%B0t.example.com/x":     "",
		"//git.exa mple.com/x":         "",
		"//127.1/":                     "",
		"//u:secret@git.example.com/":  "",
		"ftp://secret.example/":        "",
		"//[secret":                    "",
	} {
		to, err := nextHop(from, location)
		switch {
		case want == "" && (err == nil || strings.Contains(err.Error(), "secret@")):
			t.Errorf("%q: %v, %v", location, to, err)
		case want != "" && (err != nil || to.String() != want):
			t.Errorf("%q: %v, %v, want %s", location, to, err, want)
		}
	}
}

// FuzzOrigin: an address that passes for the origin of another, or for a host that
// is allowed, is one that net/http connects to under that very name.
func FuzzOrigin(f *testing.F) {
	for _, s := range []string{
		"/x", "//git.example.com/", "http://GIT.example.com:80/x", "http://git.example.com./", "http://xn--gt-epa.example.com/",
		"http://g%C3%AFt.example.com/", "http://g\u0131t.example.com/", "http://\uff47it.example.com/", "http://git\u3002example.com/",
		"http://[::1]/", "http://git.example.com:080/", "http://g\u0130t.example.com/", "http://127.1/", "http://0x7f.1/",
		"http://[::ffff:127.0.0.1]/", "http://[fe80::1%25a]/", "http://a@git.example.com/", "http://git.example.com\\@x/",
	} {
		f.Add(s)
	}
	from, _ := url.Parse("http://git.example.com/a")
	home, _ := OriginOf(from)
	exact, _ := ParseHostPattern("git.example.com")
	wild, _ := ParseHostPattern("*.example.com")
	f.Fuzz(func(t *testing.T, location string) {
		to, err := nextHop(from, location)
		if err != nil {
			return
		}
		o, err := OriginOf(to)
		if err != nil {
			t.Fatalf("%q is followed and has no origin: %v", location, err)
		}
		again, err := ParseOrigin(o.String())
		if err != nil || again != o {
			t.Fatalf("%q: %v is read again as %v, %v", location, o, again, err)
		}
		// What is dialled: the name as it stands, without regard to ASCII case.
		dialled := to.Hostname()
		for i := range len(dialled) {
			if dialled[i] <= ' ' || dialled[i] >= 0x7f {
				t.Fatalf("%q: host %q", location, dialled)
			}
		}
		name := strings.TrimSuffix(dialled, ".")
		if ip := net.ParseIP(dialled); ip != nil {
			if a, err := netip.ParseAddr(o.Host); err != nil || !ip.Equal(a.AsSlice()) {
				t.Fatalf("%q: %s is dialled for %s", location, ip, o.Host)
			}
		} else if !strings.EqualFold(name, strings.TrimSuffix(o.Host, ".")) {
			t.Fatalf("%q: %q is dialled for %s", location, dialled, o.Host)
		}
		is := strings.EqualFold(name, "git.example.com")
		if (o == home) != (is && o.Port == "80" && o.Scheme == "http") || exact.Match(to) != is {
			t.Fatalf("%q: origin %v", location, o)
		}
		if wild.Match(to) != strings.HasSuffix(strings.ToLower(name), ".example.com") {
			t.Fatalf("%q passes for *.example.com: %v", location, wild.Match(to))
		}
	})
}
