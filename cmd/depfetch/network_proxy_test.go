package main

import (
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"depfetch/fetch/fetchtest"
)

// originName is a host that nothing but a proxy of these tests can reach. The
// test servers' certificate is valid for it.
const originName = "example.com"

// proxy is a web proxy on loopback (RFC 9110, section 7.3 and CONNECT), to which
// every host is a server of the test's own.
type proxy struct {
	*httptest.Server
	login string // "user:password" that it demands, or ""

	mu    sync.Mutex
	asked []string // "METHOD host"
}

// startProxy starts a proxy behind which the plain and the secure server are
// what all names lead to.
func startProxy(t *testing.T, login string, plain, secure *fetchtest.Server) *proxy {
	p := &proxy{login: login}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Host = plain.Host()
		r.Out.Host = r.In.Host
	}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked = append(p.asked, r.Method+" "+r.Host)
		p.mu.Unlock()
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.login))
		switch {
		case p.login != "" && r.Header.Get("Proxy-Authorization") != want:
			w.Header().Set("Proxy-Authenticate", `Basic realm="proxy"`)
			w.WriteHeader(http.StatusProxyAuthRequired)
		case r.Method == http.MethodConnect:
			tunnel(w, secure.Host())
		default:
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

// tunnel connects the client of a CONNECT with a server until either ends.
func tunnel(w http.ResponseWriter, host string) {
	server, err := net.Dial("tcp", host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer server.Close()
	client, sent, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		io.Copy(server, sent)
		server.Close()
	}()
	io.Copy(client, server)
}

// url is the proxy's address, with a login if one is given.
func (p *proxy) url(login string) string {
	u, _ := url.Parse(p.URL)
	if user, password, ok := strings.Cut(login, ":"); ok {
		u.User = url.UserPassword(user, password)
	}
	return u.String()
}

// requests returns what the proxy has been asked since it was asked last.
func (p *proxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := p.asked
	p.asked = nil
	return asked
}

// proxied is a lockfile whose one file only the proxy can reach, by a scheme.
func proxied(t *testing.T, scheme string, secure *fetchtest.Server) string {
	lockfile := writeLockfile(t, "", scheme+"://"+originName+"/file")
	writeText(t, filepath.Join(filepath.Dir(lockfile), "ca.pem"), string(secure.CA()))
	return lockfile
}

const proxyLogin = "builder:pa ss/w@rd%:1" // of which little may stand in a URL as it is

func TestProxy(t *testing.T) {
	plain, secure := fetchtest.New(t), fetchtest.NewTLS(t)
	plain.Script("/file", fetchtest.Body(pinnedBytes(0)))
	secure.Script("/file", fetchtest.Body(pinnedBytes(0)))
	open, closed := startProxy(t, "", plain, secure), startProxy(t, proxyLogin, plain, secure)
	for _, c := range []struct {
		name, scheme string
		proxy        *proxy
		env          string
		code         int
		text         string
		asked        []string
	}{
		{"HTTPS_PROXY", "https", open, "HTTPS_PROXY=" + open.URL, 0, "done     1 placed", []string{"CONNECT example.com:443"}},
		{"https_proxy", "https", open, "https_proxy=" + open.URL, 0, "done     1 placed", []string{"CONNECT example.com:443"}},
		{"HTTP_PROXY", "http", open, "HTTP_PROXY=" + open.URL, 0, "done     1 placed", []string{"GET example.com"}},
		{"http_proxy", "http", open, "http_proxy=" + open.URL, 0, "done     1 placed", []string{"GET example.com"}},
		{"without scheme", "https", open, "HTTPS_PROXY=" + open.Listener.Addr().String(), 0, "done     1 placed", []string{"CONNECT example.com:443"}},
		{"login, https", "https", closed, "HTTPS_PROXY=" + closed.url(proxyLogin), 0, "done     1 placed", []string{"CONNECT example.com:443"}},
		{"login, http", "http", closed, "HTTP_PROXY=" + closed.url(proxyLogin), 0, "done     1 placed", []string{"GET example.com"}},
		{"no login, https", "https", closed, "HTTPS_PROXY=" + closed.URL, 3, "origin https://example.com/file: the proxy answers HTTP 407 Proxy Authentication Required", []string{"CONNECT example.com:443"}},
		{"no login, http", "http", closed, "HTTP_PROXY=" + closed.URL, 3, "origin http://example.com/file: HTTP 407 Proxy Authentication Required", []string{"GET example.com"}},
		{"wrong login, https", "https", closed, "HTTPS_PROXY=" + closed.url("builder:wrong"), 3, "origin https://example.com/file: the proxy answers HTTP 407 Proxy Authentication Required", []string{"CONNECT example.com:443"}},
		{"wrong login, http", "http", closed, "HTTP_PROXY=" + closed.url("builder:wrong"), 3, "origin http://example.com/file: HTTP 407 Proxy Authentication Required", []string{"GET example.com"}},
		{"unreachable", "https", open, "HTTPS_PROXY=http://builder:secret@127.0.0.1:1", 3, "origin https://example.com/file: proxyconnect tcp: dial tcp 127.0.0.1:1: ", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			lockfile := proxied(t, c.scheme, secure)
			o := depfetch(t, lockfile, []string{c.env}, "--root", "out", "--cacert", "ca.pem", "--retries", "0")
			o.want(t, c.code, c.text)
			if asked := c.proxy.requests(); !slices.Equal(asked, c.asked) {
				t.Errorf("the proxy was asked %q, want %q", asked, c.asked)
			}
			if c.code == 0 {
				wantPlaced(t, lockfile)
			} else {
				wantNothing(t, lockfile)
			}
		})
	}
	// The login was for the proxy alone.
	for _, r := range slices.Concat(plain.Requests("/file"), secure.Requests("/file")) {
		if r.Header.Get("Proxy-Authorization")+r.Header.Get("Authorization") != "" {
			t.Errorf("the origin was sent %v", r.Header)
		}
	}
}
