package main

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/fetchtest"
)

// The secrets that these tests hand to depfetch. Little of the first two may
// stand in a URL as it is.
const (
	netrcPassword = `n3trc "p@ss/w%rd+=`
	proxyPassword = `pr0xy p@ss/w%rd?&`
	queryToken    = `qu3ry-t0ken/+==`
	linkToken     = `l1nk-t0ken`
)

// spellings are the forms in which a secret could stand in an output.
func spellings() map[string]string {
	forms := make(map[string]string)
	for name, secret := range map[string]string{
		"netrc": netrcPassword, "proxy": proxyPassword, "query": queryToken, "redirect": linkToken,
	} {
		forms[name] = secret
		forms[name+", quoted"] = strings.Trim(strconv.Quote(secret), `"`)
		forms[name+", in a query"] = url.QueryEscape(secret)
		forms[name+", in a path"] = url.PathEscape(secret)
		forms[name+", in an authority"] = strings.TrimPrefix(url.UserPassword("", secret).String(), ":")
		for _, login := range []string{secret, "me:" + secret} {
			forms[name+", in base64: "+login] = strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(login)), "=")
			forms[name+", in base64 for URLs: "+login] = strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(login)), "=")
		}
	}
	return forms
}

// leaked returns the name of a form that stands in text, or "".
func leaked(text string, forms map[string]string) string {
	for name, form := range forms {
		if strings.Contains(text, form) {
			return name
		}
	}
	return ""
}

// leak is a way to fail with secrets at hand.
type leak struct {
	name  string
	step  fetchtest.Step // of the server
	tls   bool           // ask the secure server
	host  string         // ask this server instead
	proxy string         // HTTP_PROXY and HTTPS_PROXY; the address is then one that needs it
	args  []string
	env   []string
	code  int
	said  string // a part of what goes to standard error
}

// echo answers with a text in which AUTH stands for what the request was
// authorized with.
func echo(text string) fetchtest.Step {
	return func(w http.ResponseWriter, r *http.Request) {
		answer := strings.ReplaceAll(text, "AUTH", r.Header.Get("Authorization")+r.Header.Get("Proxy-Authorization"))
		fetchtest.Raw(answer)(w, r)
	}
}

// startEcho starts a server, by TCP alone, that answers every request with the
// same text, in which AUTH is what was sent as authorization. It returns its
// address.
func startEcho(t *testing.T, text string) string {
	t.Helper()
	s := http.Server{Handler: http.HandlerFunc(echo(text))}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

// startGoAway starts a server of HTTP/2, with the certificate of another, that
// ends each connection with a GOAWAY frame (RFC 9113, section 6.8), in which
// debug is what it says of the cause. It returns its host and port.
func startGoAway(t *testing.T, secure *fetchtest.Server, debug string) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: secure.TLS.Certificates, NextProtos: []string{"h2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go goAway(c, debug)
		}
	}()
	return l.Addr().String()
}

func goAway(c net.Conn, debug string) {
	defer c.Close()
	const settings, goaway, internalError = 4, 7, 2
	payload := append([]byte{0, 0, 0, 0, 0, 0, 0, internalError}, debug...)
	c.Write([]byte{0, 0, 0, settings, 0, 0, 0, 0, 0})
	c.Write(append([]byte{0, 0, byte(len(payload)), goaway, 0, 0, 0, 0, 0}, payload...))
	io.Copy(io.Discard, c)
}

// TestSecrets lets depfetch fail in every way, in every rendering, and looks for
// what it must not print.
func TestSecrets(t *testing.T) {
	plain, secure, other := fetchtest.New(t), fetchtest.NewTLS(t), fetchtest.New(t)
	closed := startProxy(t, "me:another", plain, secure)
	login := url.UserPassword("me", proxyPassword).String() + "@"
	link := "?token=" + linkToken
	other.Script("/gone"+link, fetchtest.Status(404))
	other.Script("/wrong"+link, fetchtest.Body("other bytes"))
	other.Script("/denied"+link, fetchtest.Status(403))
	checkLeaks(t, plain, secure, []leak{
		{name: "success", step: fetchtest.Body(pinnedBytes(0)), code: 0},
		{name: "success over TLS", step: fetchtest.Body(pinnedBytes(0)), tls: true, args: []string{"--cacert", "ca.pem"}, code: 0},
		{name: "no login is enough", step: fetchtest.Status(401, "WWW-Authenticate", `Basic realm="`+queryToken+`"`), code: 3, said: "HTTP 401"},
		{name: "forbidden", step: fetchtest.Status(403), code: 3, said: "HTTP 403"},
		{name: "unavailable", step: fetchtest.Status(503), args: []string{"--retries", "1"}, code: 3, said: "(tried 2 times)"},
		{name: "unknown status", step: echo("HTTP/1.1 599 AUTH\r\nContent-Length: 0\r\n\r\n"), code: 3, said: "HTTP 599"},
		{name: "error page", step: echo("HTTP/1.1 500 AUTH\r\nX-Echo: AUTH\r\n\r\nAUTH"), code: 3, said: "HTTP 500"},
		{name: "redirect to another host", step: fetchtest.Redirect(302, other.URL+"/gone"+link), code: 3, said: "HTTP 404"},
		{name: "redirect, forbidden there", step: fetchtest.Redirect(302, other.URL+"/denied"+link), code: 3, said: "HTTP 403"},
		{name: "redirect, wrong bytes there", step: fetchtest.Redirect(302, other.URL+"/wrong"+link), code: 4, said: "from  "},
		{name: "redirect to no server", step: fetchtest.Redirect(302, "http://127.0.0.1:1/"+link), code: 3, said: "127.0.0.1:1"},
		{name: "redirect to no address", step: fetchtest.Redirect(302, "http://[::/"+link), code: 3, said: "cannot be read"},
		{name: "redirect to another scheme", step: fetchtest.Redirect(302, "ftp://127.0.0.1/"+link), code: 3, said: "neither https nor http"},
		{name: "redirect with a login", step: fetchtest.Redirect(302, "http://me:"+linkToken+"@127.0.0.1/"), code: 3, said: "with credentials"},
		{name: "redirects without end", step: fetchtest.Redirect(302, "/file?token="+url.QueryEscape(queryToken)), code: 3, said: "more than 10 redirects"},
		{name: "redirect to plain http", tls: true, args: []string{"--cacert", "ca.pem"}, step: fetchtest.Redirect(302, other.URL+"/"+link), code: 3, said: "from https to plain http"},
		{name: "unknown authority", tls: true, step: fetchtest.Body(pinnedBytes(0)), code: 3, said: "failed to verify certificate"},
		{name: "wrong bytes", step: fetchtest.Body(strings.Replace(pinnedBytes(0), "b", "B", 1)), code: 4, said: "wrong bytes"},
		{name: "too many bytes", step: echo("HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nAUTH" + strings.Repeat(".", 400)), code: 4, said: "wrong bytes"},
		{name: "a page", step: fetchtest.Page("<!doctype html>" + queryToken), code: 4, said: "HTML page"},
		{name: "truncated", step: fetchtest.Truncated(pinnedBytes(0), 5), code: 3, said: "truncated"},
		{name: "reset", step: fetchtest.Reset(pinnedBytes(0), 5), code: 3, said: "origin"},
		{name: "stalled", step: plain.Stalled(pinnedBytes(0), 5), args: []string{"--stall-timeout", "50ms"}, code: 3, said: "stalled"},
		{name: "no HTTP", step: echo("AUTH\r\n\r\n"), code: 3, said: "not valid HTTP"},
		{name: "bad status", step: echo("HTTP/1.1 AUTH\r\n\r\n"), code: 3, said: "not valid HTTP"},
		{name: "bad version", step: echo("HTTP/AUTH 200 OK\r\n\r\n"), code: 3, said: "not valid HTTP"},
		{name: "bad field", step: echo("HTTP/1.1 200 OK\r\nAUTH\r\n\r\n"), code: 3, said: "not valid HTTP"},
		{name: "bad field name", step: echo("HTTP/1.1 200 OK\r\nAUTH: 1\r\n\r\n"), code: 3, said: "connection ended"},
		{name: "bad chunk", step: echo("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nAUTH\r\n"), code: 3, said: "chunk"},
		{name: "bad trailer", step: echo("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\nAUTH\r\n\r\n"), code: 3, said: "origin"},
		{name: "end of HTTP/2", host: startGoAway(t, secure, netrcPassword), tls: true, args: []string{"--cacert", "ca.pem"}, code: 3, said: "GOAWAY"},
		{name: "mirror with a query", step: fetchtest.Status(404), args: []string{"--mirror", "https://127.0.0.1:1/?token=" + queryToken}, code: 2, said: "mirror https://127.0.0.1:1/?token=REDACTED"},
		{name: "mirror with a login", step: fetchtest.Status(404), env: []string{"DEPFETCH_MIRRORS=https://me:" + linkToken + "@127.0.0.1:1/"}, code: 2, said: "mirror https://REDACTED@127.0.0.1:1/"},
		{name: "proxy refuses", proxy: strings.Replace(closed.URL, "//", "//"+login, 1), code: 3, said: "Proxy Authentication Required"},
		{name: "proxy refuses, https", proxy: strings.Replace(closed.URL, "//", "//"+login, 1), tls: true, code: 3, said: "Proxy Authentication Required"},
		{name: "no proxy there", proxy: "http://" + login + "127.0.0.1:1", code: 3, said: "127.0.0.1:1"},
		{name: "no proxy there, https", proxy: "http://" + login + "127.0.0.1:1", tls: true, code: 3, said: "127.0.0.1:1"},
		{name: "no TLS at the proxy", proxy: "https://" + login + plain.Host(), tls: true, code: 3, said: "origin"},
		{name: "unknown authority of the proxy", proxy: "https://" + login + secure.Host(), code: 3, said: "failed to verify certificate"},
		{name: "no SOCKS proxy", proxy: "socks5://" + login + "127.0.0.1:1", tls: true, code: 3, said: "127.0.0.1:1"},
		{name: "silence at the SOCKS proxy", proxy: "socks5h://" + login + plain.Host(), tls: true, args: []string{"--stall-timeout", "50ms"}, code: 3, said: "stalled"},
		{name: "unknown scheme of the proxy", proxy: "gopher://" + login + "127.0.0.1:1", tls: true, code: 2, said: "gopher"},
		{name: "no HTTP at the proxy", proxy: "http://" + login + startEcho(t, "AUTH\r\n\r\n"), code: 3, said: "not valid HTTP"},
		{name: "no HTTP at the proxy, https", proxy: "http://" + login + startEcho(t, "AUTH\r\n\r\n"), tls: true, code: 3, said: "not valid HTTP"},
	})
}

// checkLeaks runs depfetch once for each rendering of each leak.
func checkLeaks(t *testing.T, plain, secure *fetchtest.Server, leaks []leak) {
	netrc := fmt.Sprintf("machine 127.0.0.1 login me password %s\nmachine %s login me password %[1]s\n",
		strconv.Quote(netrcPassword), originName)
	forms := spellings()
	for _, l := range leaks {
		t.Run(l.name, func(t *testing.T) {
			uri := "/file?token=" + url.QueryEscape(queryToken)
			s, scheme := plain, "http"
			if l.tls {
				s, scheme = secure, "https"
			}
			host, env := s.Host(), append([]string{"NETRC=netrc"}, l.env...)
			if l.proxy != "" {
				host = originName
				env = append(env, "HTTP_PROXY="+l.proxy, "HTTPS_PROXY="+l.proxy)
			} else if l.host != "" {
				host = l.host
			} else {
				s.Script(uri, l.step)
			}
			lockfile := writeLockfile(t, "", scheme+"://"+host+uri)
			dir := filepath.Dir(lockfile)
			writeText(t, filepath.Join(dir, "netrc"), netrc)
			writeText(t, filepath.Join(dir, "ca.pem"), string(secure.CA()))
			for _, mode := range console.Modes() {
				args := append([]string{"--root", filepath.Join("out", mode), "--retries", "0", "--progress", mode}, l.args...)
				o := depfetch(t, lockfile, env, args...)
				o.want(t, l.code, l.said)
				if name := leaked(o.stdout+o.stderr, forms); name != "" {
					t.Errorf("--progress %s prints a secret (%s):\n%s%s", mode, name, o.stdout, o.stderr)
				}
				if l.code != 0 {
					wantNothing(t, lockfile)
				}
			}
			if requests := s.Requests(uri); l.proxy == "" && l.code > 2 && !l.tls && requests[0].Header.Get("Authorization") == "" {
				t.Error("no login was sent, so none could be leaked")
			}
		})
	}
}
