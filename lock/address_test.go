package lock

import (
	"net/http"
	"testing"
)

func TestCheckAddress(t *testing.T) {
	doc, _ := scan("", "")
	for _, address := range []string{
		"https://example.com", "https://example.com/", "https://example.com?a=b", "https://example.com/?",
		"https://example.com:8443/a%2Fb/%C3%A9;v=1?z=1&a=%zz&a=\"<>", "http://EXAMPLE.com./a//b/../c",
		"http://[::1]:8080/a", "http://127.0.0.1/a", "file:///srv/a%20b", "file://localhost/srv/a",
	} {
		if err := doc.checkAddress(address); err != nil {
			t.Errorf("checkAddress(%q): %v", address, err)
		}
	}
}

// FuzzAddress holds that an accepted address is sent as it stands, to the host
// that stands in it, and without credentials.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{
		"https://example.com/a|b", "http://[::1%25eth0]:80/", "https://a@b/", "file:///a", "https://h?q", "https://h//x", "https://h\\@g/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		doc, _ := scan("", "")
		if doc.checkAddress(address) != nil {
			return
		}
		req, err := http.NewRequest("GET", address, nil)
		if err != nil {
			t.Fatalf("accepted %q: %v", address, err)
		}
		scheme, authority, tail, _ := splitAddress(address)
		if tail == "" || tail[0] != '/' {
			tail = "/" + tail
		}
		if req.URL.Scheme != scheme || req.URL.User != nil || req.URL.Fragment != "" || req.URL.RequestURI() != tail {
			t.Errorf("accepted %q, which is sent as %q", address, req.URL)
		}
		if scheme != "file" && req.URL.Host != authority {
			t.Errorf("accepted %q, which is sent to %q", address, req.URL.Host)
		}
	})
}
