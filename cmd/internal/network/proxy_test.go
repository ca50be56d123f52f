package network

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestExcepted(t *testing.T) {
	for _, tt := range []struct {
		list, address string
		want          bool
	}{
		{"", "http://example.com/", false},
		{"*", "http://example.com/", true},
		{"a,*", "http://example.com/", true},
		{"example.com", "http://example.com/", true},
		{"example.com", "http://EXAMPLE.com./", true},
		{"EXAMPLE.com.", "http://example.com/", true},
		{"example.com", "http://sub.example.com/", true},
		{".example.com", "http://sub.example.com/", true},
		{".example.com", "http://example.com/", true},
		{"*.example.com", "http://sub.example.com/", true},
		{"example.com", "http://notexample.com/", false},
		{"example.com", "http://example.com.net/", false},
		{"a example.com\tb", "http://example.com/", true},
		{"a, example.com ,b", "http://example.com/", true},
		{"example.com:443", "https://example.com/", true},
		{"example.com:443", "http://example.com/", false},
		{"com", "http://example.com/", true},
		{".", "http://example.com/", false},
		{"10.0.0.1", "http://10.0.0.1:81/", true},
		{"10.0.0.1:80", "http://10.0.0.1:81/", false},
		{"10.0.0.0/8", "http://10.1.2.3/", true},
		{"10.0.0.0/8", "http://11.1.2.3/", false},
		{"10.0.0.0/8", "http://10.example/", false},
		{"0.1", "http://10.0.0.1/", false},
		{"::2", "http://[0::2]/", true},
		{"[::2]", "http://[::2]:81/", true},
		{"[::2]:81", "http://[::2]:81/", true},
		{"[::2]:82", "http://[::2]:81/", false},
		{"2001:db8::/32", "http://[2001:db8::1]/", true},
	} {
		u, err := url.Parse(tt.address)
		if err != nil {
			t.Fatal(err)
		}
		if got := Excepted(u, tt.list); got != tt.want {
			t.Errorf("%q excepts %s: %v", tt.list, tt.address, got)
		}
	}
}

// TestEnvironmentProxy: the variables count in curl's order.
func TestEnvironmentProxy(t *testing.T) {
	for _, tt := range []struct{ env, address, want string }{
		{"", "http://example.com/", ""},
		{"ALL_PROXY=http://p:1", "http://example.com/", "http://p:1"},
		{"ALL_PROXY=http://p:1", "https://example.com/", "http://p:1"},
		{"all_proxy=p:1 ALL_PROXY=q:1", "https://example.com/", "http://p:1"},
		{"all_proxy=p:1 HTTPS_PROXY=q:1", "https://example.com/", "http://q:1"},
		{"https_proxy=p:1 HTTPS_PROXY=q:1", "https://example.com/", "http://p:1"},
		{"http_proxy=p:1 HTTP_PROXY=q:1 ALL_PROXY=r:1", "http://example.com/", "http://p:1"},
		{"HTTP_PROXY=q:1 ALL_PROXY=r:1", "http://example.com/", "http://q:1"},
		{"HTTP_PROXY=q:1 ALL_PROXY=r:1 REQUEST_METHOD=GET", "http://example.com/", "http://r:1"},
		{"HTTPS_PROXY=q:1", "http://example.com/", ""},
		{"ALL_PROXY=socks5h://p:1", "http://example.com/", "socks5h://p:1"},
		{"ALL_PROXY=p:1 NO_PROXY=example.com", "http://example.com/", ""},
		{"ALL_PROXY=p:1 no_proxy=example.net NO_PROXY=example.com", "http://example.com/", "http://p:1"},
		{"ALL_PROXY=p:1 NO_PROXY=*", "http://example.com/", ""},
		{"ALL_PROXY=p:1", "http://localhost:8080/", ""},
		{"ALL_PROXY=p:1", "http://127.0.0.1:8080/", ""},
		{"ALL_PROXY=p:1", "http://[::1]:8080/", ""},
		{"ALL_PROXY=http://[secret", "http://example.com/", "error: ALL_PROXY is not the address of a proxy"},
		{"http_proxy=http//me:secret@p:1", "http://example.com/", "error: http_proxy is not the address of a proxy"},
		{"http_proxy=me:1/secret@p:1", "http://example.com/", "error: http_proxy is not the address of a proxy"},
		{"http_proxy=me:1?secret@p:1", "http://example.com/", "error: http_proxy is not the address of a proxy"},
		{"http_proxy=me:1#secret@p:1", "http://example.com/", "error: http_proxy is not the address of a proxy"},
		{"http_proxy=http://p:1/", "http://example.com/", "http://p:1/"},
		{"all_proxy=socks4://secret", "http://example.com/", `error: all_proxy: a proxy of the kind "socks4" is not supported here`},
		{"all_proxy=socks4://p https_proxy=p http_proxy=p:1", "http://example.com/", "http://p:1"},
	} {
		env := make(map[string]string)
		for _, pair := range strings.Fields(tt.env) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		proxy, err := environmentProxy(func(name string) string { return env[name] })
		if err != nil {
			if got := "error: " + err.Error(); got != tt.want {
				t.Errorf("%s: %s, want %s", tt.env, got, tt.want)
			}
			continue
		}
		u, err := url.Parse(tt.address)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if p, err := proxy(&http.Request{URL: u}); err != nil {
			t.Error(err)
		} else if p != nil {
			got = p.String()
		}
		if got != tt.want {
			t.Errorf("%s: %s goes by %q, want %q", tt.env, tt.address, got, tt.want)
		}
	}
}
