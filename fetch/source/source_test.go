package source_test

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
)

const body = "some bytes\n"

// get gets an address whole.
func get(t *testing.T, cfg source.Config, address string) (string, source.Response, error) {
	t.Helper()
	var b sink
	resp, err := source.New(cfg).Get(t.Context(), source.Request{URL: address, Limit: -1, Dst: &b})
	return b.got.String(), resp, err
}

// sink keeps what it is given.
type sink struct {
	got   bytes.Buffer
	space [1000]byte
}

func (s *sink) Begin(int64) error { return nil }

func (s *sink) Buffer() []byte { return s.space[:] }

func (s *sink) Commit(n int) error {
	s.got.Write(s.space[:n])
	return nil
}

func hosts(t *testing.T, patterns ...string) []source.HostPattern {
	t.Helper()
	var hs []source.HostPattern
	for _, p := range patterns {
		h, err := source.ParseHostPattern(p)
		if err != nil {
			t.Fatal(err)
		}
		hs = append(hs, h)
	}
	return hs
}

// TestGetSendsAddress: what stands in the lockfile is what the server is asked
// for, byte for byte.
func TestGetSendsAddress(t *testing.T) {
	for _, uri := range []string{
		"/plain",
		"/?z=1&a=2&z=0",
		"/x?archive=false&checksum=sha256:00&filename=evil&ref=main",
		"/a//b///c",
		"//double",
		"/%7Euser/%2e%2E/%2F",
		"/~user/a+b%20c",
		"/sub//dir?x=a//b",
		"/semi;colon=1?a;b&c==",
		"/brackets[1]?a[]=1&b='x'",
		"/q?https://example.com/?a=b",
		"/empty?",
		"/:colon/@at/!$&()*,",
	} {
		t.Run(uri, func(t *testing.T) {
			s := fetchtest.New(t)
			s.Script(uri, fetchtest.Body(body))
			if got, _, err := get(t, source.Config{}, s.URL+uri); err != nil || got != body {
				t.Errorf("got %q, %v", got, err)
			}
			if len(s.Requests(uri)) != 1 {
				t.Errorf("the server was asked for something else")
			}
		})
	}
}

func TestGetSendsNoMoreThanItMust(t *testing.T) {
	s := fetchtest.New(t)
	get(t, source.Config{UserAgent: "depfetch/1"}, s.Script("/f", fetchtest.Body(body)))
	get(t, source.Config{}, s.URL+"/f")
	want := []http.Header{
		{"Accept": {"*/*"}, "User-Agent": {"depfetch/1"}},
		{"Accept": {"*/*"}},
	}
	for i, r := range s.Requests("/f") {
		if len(r.Header) != len(want[i]) || r.Header.Get("User-Agent") != want[i].Get("User-Agent") || r.Method != "GET" {
			t.Errorf("%s %v, want GET %v", r.Method, r.Header, want[i])
		}
	}
}

func TestGetLimit(t *testing.T) {
	s := fetchtest.New(t)
	long := strings.Repeat("0123456789", 1000)
	for _, tt := range []struct {
		name     string
		step     fetchtest.Step
		limit    int64
		taken    int
		overlong bool
	}{
		{"exact", fetchtest.Body(long), 10_000, 10_000, false},
		{"declared longer", fetchtest.Body(long), 9_999, 512, true},
		{"declared longer, small", fetchtest.Body(long), 5, 512, true},
		{"longer", fetchtest.Undeclared(long, 10_000), 9_999, 9_999, true},
		{"shorter", fetchtest.Body(long), 20_000, 10_000, false},
		{"nothing wanted", fetchtest.Body(long), 0, 512, true},
		{"nothing there", fetchtest.Body(""), 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b sink
			url := s.Script("/"+tt.name[:4], tt.step)
			resp, err := source.New(source.Config{}).Get(t.Context(), source.Request{URL: url, Limit: tt.limit, Dst: &b})
			if err != nil || b.got.Len() != tt.taken || resp.Overlong != tt.overlong {
				t.Errorf("took %d bytes, overlong %v (%v), want %d, %v", b.got.Len(), resp.Overlong, err, tt.taken, tt.overlong)
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	origin, elsewhere, secure := fetchtest.New(t), fetchtest.New(t), fetchtest.NewTLS(t)
	target := elsewhere.Script("/file", fetchtest.Body(body))
	secure.Script("/file", fetchtest.Body(body))
	origin.Script("/loop", fetchtest.Redirect(302, "/loop"))
	for i := range 20 {
		next := "/hop" + string(rune('a'+i+1))
		if i == 10 {
			origin.Script("/hop"+string(rune('a'+i)), fetchtest.Body(body))
			break
		}
		origin.Script("/hop"+string(rune('a'+i)), fetchtest.Redirect(301+i%2, next))
	}
	origin.Script("/hop", fetchtest.Redirect(308, "/hopa"))
	for uri, location := range map[string]string{
		"/away": target, "/up": secure.URL + "/file", "/file-url": "file:///etc/passwd", "/ftp": "ftp://host/x",
		"/user": "http://user:secret@" + elsewhere.Host() + "/file", "/bad": "http://[", "/nohost": "http:///x",
		"/relative": "a/../b/../hopk", "/scheme-relative": "//" + elsewhere.Host() + "/file", "/fragment": "/hopk#part",
	} {
		origin.Script(uri, fetchtest.Redirect(307, location))
	}
	secure.Script("/down", fetchtest.Redirect(302, target))
	secure.Script("/same", fetchtest.Redirect(302, "/file"))
	var roots source.Roots
	if err := roots.Add("test CA", secure.CA()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		from string
		want string // of the error; empty for none
	}{
		{origin.URL + "/away", ""},
		{origin.URL + "/up", ""},
		{origin.URL + "/relative", ""},
		{origin.URL + "/scheme-relative", ""},
		{origin.URL + "/fragment", ""},
		{secure.URL + "/same", ""},
		{origin.URL + "/hopa", ""}, // ten redirects
		{origin.URL + "/hop", "more than 10 redirects"},
		{origin.URL + "/loop", "more than 10 redirects"},
		{secure.URL + "/down", "redirect from https to plain http"},
		{origin.URL + "/file-url", `redirect to "file:"`},
		{origin.URL + "/ftp", `redirect to "ftp:"`},
		{origin.URL + "/user", "credentials"},
		{origin.URL + "/bad", "cannot be read"},
		{origin.URL + "/nohost", "neither https nor http"},
	} {
		got, resp, err := get(t, source.Config{Roots: roots}, tt.from)
		var e *source.Error
		switch {
		case tt.want == "" && (err != nil || got != body || resp.Status != 200 || resp.URL == tt.from && !strings.HasSuffix(tt.from, "hopk")):
			t.Errorf("%s: got %q, %+v, %v", tt.from, got, resp, err)
		case tt.want != "" && (!errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) || e.Temporary):
			t.Errorf("%s: error is %v, want %q", tt.from, err, tt.want)
		case err != nil && strings.Contains(err.Error(), "secret"):
			t.Errorf("%s: the error shows a password: %v", tt.from, err)
		}
	}
}

// TestCredentials: a login goes to the origin of the pinned address, and not to
// another port of the same host, another host, or where a redirect leads.
func TestCredentials(t *testing.T) {
	origin, elsewhere := fetchtest.New(t), fetchtest.New(t)
	netrc, err := source.ParseNetrc([]byte("machine 127.0.0.1 login me password secret\ndefault login d password d\n"))
	if err != nil {
		t.Fatal(err)
	}
	private := fetchtest.BasicAuth("me", "secret", fetchtest.Body(body))
	origin.Script("/private", private)
	origin.Script("/back", fetchtest.Redirect(302, "/private"))
	origin.Script("/away", fetchtest.Redirect(302, elsewhere.URL+"/public"))
	origin.Script("/round", fetchtest.Redirect(302, elsewhere.URL+"/round"))
	elsewhere.Script("/round", fetchtest.Redirect(302, origin.URL+"/private"))
	elsewhere.Script("/public", fetchtest.Body(body))
	for _, uri := range []string{"/private", "/back", "/away", "/round"} {
		if got, _, err := get(t, source.Config{Netrc: netrc}, origin.URL+uri); err != nil || got != body {
			t.Errorf("%s: got %q, %v", uri, got, err)
		}
	}
	for _, uri := range []string{"/public", "/round"} {
		for _, r := range elsewhere.Requests(uri) {
			if r.Header.Get("Authorization") != "" {
				t.Errorf("the login for %s went to %s", origin.Host(), elsewhere.Host())
			}
		}
	}
	var e *source.Error
	if _, _, err := get(t, source.Config{}, origin.URL+"/private"); !errors.As(err, &e) || e.Status != 401 || e.Temporary {
		t.Errorf("without a login: %v", err)
	}
	localhost := "http://localhost:" + origin.Host()[strings.LastIndex(origin.Host(), ":")+1:] + "/private"
	if _, _, err := get(t, source.Config{Netrc: netrc}, localhost); !errors.As(err, &e) || e.Status != 401 {
		t.Errorf("the default login was sent: %v", err)
	}
}

// TestHeaders: header fields go to the origin that they were given for, and not
// to another port of the same host, nor where a redirect leads.
func TestHeaders(t *testing.T) {
	origin, elsewhere := fetchtest.New(t), fetchtest.New(t)
	headers := &source.Headers{}
	if err := headers.Add(origin.URL+"/", "private-token", "secret"); err != nil {
		t.Fatal(err)
	}
	netrc, err := source.ParseNetrc([]byte("machine 127.0.0.1 login me password secret"))
	if err != nil {
		t.Fatal(err)
	}
	cfg := source.Config{Headers: headers, Netrc: netrc}
	origin.Script("/private", fetchtest.Token("Private-Token", "secret", fetchtest.BasicAuth("me", "secret", fetchtest.Body(body))))
	origin.Script("/away", fetchtest.Redirect(302, elsewhere.URL+"/away"))
	elsewhere.Script("/away", fetchtest.Redirect(302, elsewhere.URL+"/public"))
	elsewhere.Script("/public", fetchtest.Body(body))
	for _, address := range []string{origin.URL + "/private", origin.URL + "/away", elsewhere.URL + "/public"} {
		if got, _, err := get(t, cfg, address); err != nil || got != body {
			t.Errorf("%s: got %q, %v", address, got, err)
		}
	}
	for _, uri := range []string{"/away", "/public"} {
		for _, r := range elsewhere.Requests(uri) {
			if r.Header.Get("Private-Token") != "" {
				t.Errorf("the token for %s went to %s", origin.Host(), elsewhere.Host())
			}
		}
	}
	// A login in the headers comes before that of the netrc file.
	if err := headers.Add(origin.URL, "Authorization", "Bearer wrong"); err != nil {
		t.Fatal(err)
	}
	var e *source.Error
	if _, _, err := get(t, cfg, origin.URL+"/private"); !errors.As(err, &e) || e.Status != 401 || !e.Authorized {
		t.Errorf("with another login: %v", err)
	}
}

func TestHeadersAdd(t *testing.T) {
	for _, tt := range []struct{ origin, field, value, want string }{
		{"example.com", "X", "", "want an origin"},
		{"ftp://example.com", "X", "", "want an origin"},
		{"https://", "X", "", "want an origin"},
		{"https://user@example.com", "X", "", "want an origin"},
		{"https://example.com/path", "X", "", "want an origin"},
		{"https://example.com?q", "X", "", "want an origin"},
		{"https://example.com", "", "", `"" cannot name a header field`},
		{"https://example.com", "X Y", "", `"X Y" cannot name a header field`},
		{"https://example.com", "host", "", "Host is not for the user to set"},
		{"https://example.com", "RANGE", "", "Range is not for the user to set"},
		{"https://example.com", "X", "secret\r\nY: z", "the value of X holds a control character"},
		{"https://EXAMPLE.com:443", "token", "secret", "Token is given twice"},
	} {
		headers := &source.Headers{}
		if err := headers.Add("https://example.com", "Token", "secret"); err != nil {
			t.Fatal(err)
		}
		err := headers.Add(tt.origin, tt.field, tt.value)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s %s: %v, want %s", tt.origin, tt.field, err, tt.want)
		}
	}
}

func TestPolicy(t *testing.T) {
	origin, elsewhere := fetchtest.New(t), fetchtest.New(t)
	origin.Script("/away", fetchtest.Redirect(302, elsewhere.Script("/file", fetchtest.Body(body))))
	for _, tt := range []struct {
		hosts   []string
		refused bool
	}{
		{nil, false},
		{[]string{"127.0.0.1"}, false},
		{[]string{origin.Host(), elsewhere.Host()}, false},
		{[]string{origin.Host()}, true},
		{[]string{elsewhere.Host()}, true},
		{[]string{"example.com"}, true},
	} {
		_, _, err := get(t, source.Config{Hosts: hosts(t, tt.hosts...)}, origin.URL+"/away")
		var e *source.Error
		if refused := errors.As(err, &e) && e.Refused; refused != tt.refused || (err != nil) != tt.refused {
			t.Errorf("%v: %v", tt.hosts, err)
		}
	}
	if n := len(elsewhere.Requests("/file")); n != 3 {
		t.Errorf("a host that is not allowed was asked: %d requests", n)
	}
}

func TestCertificates(t *testing.T) {
	s := fetchtest.NewTLS(t)
	s.Script("/file", fetchtest.Body(body))
	_, _, err := get(t, source.Config{}, s.URL+"/file")
	var e *source.Error
	if !errors.As(err, &e) || e.Temporary || !strings.Contains(err.Error(), "trusted were") {
		t.Errorf("an unknown authority: %v", err)
	}
	var roots source.Roots
	if err := roots.Add("ca.pem", []byte("no certificate")); err == nil {
		t.Error("a file without a certificate was taken")
	}
	if err := roots.Add("ca.pem", s.CA()); err != nil {
		t.Fatal(err)
	}
	if got, _, err := get(t, source.Config{Roots: roots}, s.URL+"/file"); err != nil || got != body {
		t.Errorf("with its authority: %q, %v", got, err)
	}
	// The certificate is for 127.0.0.1 and example.com.
	other := strings.Replace(s.URL, "127.0.0.1", "localhost", 1) + "/file"
	if _, _, err := get(t, source.Config{Roots: roots}, other); !errors.As(err, &e) || !strings.Contains(err.Error(), "those in ca.pem") {
		t.Errorf("for another host: %v", err)
	}
}

// TestAlert: what TLS says of why it ends is told.
func TestAlert(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	var roots source.Roots
	if err := roots.Add("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})); err != nil {
		t.Fatal(err)
	}
	if _, _, err := get(t, source.Config{Roots: roots}, s.URL); err == nil || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("got %v", err)
	}
}

func TestProxy(t *testing.T) {
	proxy := fetchtest.New(t)
	u, _ := url.Parse(proxy.URL)
	u.User = url.UserPassword("me", "secret")
	proxy.Script("http://files.example/f", fetchtest.Body(body))
	got, _, err := get(t, source.Config{Proxy: http.ProxyURL(u)}, "http://files.example/f")
	if err != nil || got != body {
		t.Errorf("got %q, %v", got, err)
	}
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("me:secret"))
	if r := proxy.Requests("http://files.example/f"); len(r) != 1 || r[0].Header.Get("Proxy-Authorization") != want {
		t.Errorf("the proxy got %v", r)
	}
	_, _, err = get(t, source.Config{Proxy: http.ProxyURL(u)}, "https://files.example/f")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a proxy that cannot CONNECT: %v", err)
	}
}

// TestRoundTripErrors holds that errors of single requests name proxy and roots, and no
// login, and are what they were.
func TestRoundTripErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	secure := fetchtest.NewTLS(t)
	closed := &url.URL{Scheme: "http", User: url.UserPassword("me", "secret"), Host: l.Addr().String()}
	for _, test := range []struct {
		address string
		proxy   *url.URL
		want    string
	}{
		{secure.URL, nil, "; trusted were the system's CA roots"},
		{"http://files.example/", closed, " (by the proxy http://REDACTED@" + closed.Host + ")"},
	} {
		r, err := http.NewRequest(http.MethodGet, test.address, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = source.New(source.Config{Proxy: http.ProxyURL(test.proxy)}).RoundTrip(r)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", test.address, err)
		}
		var dial *net.OpError
		if test.proxy != nil && !errors.As(err, &dial) {
			t.Errorf("%s: %T", test.address, err)
		}
	}
}

// TestTemporary tells what may pass from what will not.
func TestTemporary(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s, secure := fetchtest.New(t), fetchtest.NewTLS(t)
	s.Script("/stall", s.Stalled(body, 3))
	s.Script("/silent", s.Gate(nil, fetchtest.Body(body)))
	s.Script("/cut", fetchtest.Truncated(body, 3))
	s.Script("/reset", fetchtest.Reset(body, 0))
	for address, want := range map[string]bool{
		"http://" + l.Addr().String() + "/": true, // refused
		s.URL + "/stall":                    true,
		s.URL + "/silent":                   true,
		s.URL + "/cut":                      true,
		s.URL + "/reset":                    true,
		s.URL + "/none":                     false,
		"https://" + s.Host() + "/":         false, // speaks no TLS
		secure.URL + "/":                    false, // unknown authority
		"http://name.invalid/":              false,
		"http:///nohost":                    false,
		"http://u:p@127.0.0.1/":             false,
	} {
		cfg := source.Config{}
		if strings.HasSuffix(address, "/stall") || strings.HasSuffix(address, "/silent") {
			cfg.StallTimeout = 100 * time.Millisecond
		}
		_, _, err := get(t, cfg, address)
		var e *source.Error
		if !errors.As(err, &e) || e.Temporary != want {
			t.Errorf("%s: %v, temporary is not %v", address, err, want)
		}
	}
}

type failingSink struct {
	*sink
	err error
}

func (s failingSink) Commit(int) error { return s.err }

func TestSinkErrors(t *testing.T) {
	s := fetchtest.New(t)
	full := errors.New("disk full")
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte(body), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{s.Script("/f", fetchtest.Body(body)), "file://" + name} {
		_, err := source.New(source.Config{}).Get(t.Context(), source.Request{URL: address, Limit: -1, Dst: failingSink{&sink{}, full}})
		if !errors.Is(err, full) {
			t.Errorf("%s: error is %v", address, err)
		}
	}
}

// TestNotHTTP: what a server sent in the place of HTTP is not repeated.
func TestNotHTTP(t *testing.T) {
	s := fetchtest.New(t)
	for _, answer := range []string{
		"HTTP/1.1 302 Found\r\nLocation: \x01hunter2\r\n\r\n", "HTTP/1.1 302 Found\r\nhunter2\r\n\r\n", "hunter2\r\n\r\n", "HTTP/1.1 hunter2\r\n\r\n",
	} {
		_, _, err := get(t, source.Config{}, s.Script("/x", fetchtest.Raw(answer)))
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", answer, err)
		}
	}
}
