package console

import (
	"bytes"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/source"
)

// TestSocksLogin: a SOCKS proxy that wants a login, or another one, brings the hint where it
// stands.
func TestSocksLogin(t *testing.T) {
	for login, answer := range map[string]string{"": "\x05\xff", "me:wrong@": "\x05\x02\x01\x01"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			conn.Read(make([]byte, 64))
			conn.Write([]byte(answer))
			conn.Read(make([]byte, 64))
		}()
		proxy := &url.URL{Scheme: "socks5h", Host: l.Addr().String()}
		if name, password, ok := strings.Cut(strings.TrimSuffix(login, "@"), ":"); ok {
			proxy.User = url.UserPassword(name, password)
		}
		client := &fetch.Client{Source: source.New(source.Config{Proxy: func(*http.Request) (*url.URL, error) { return proxy, nil }})}
		measured, err := client.Measure(t.Context(), []fetch.Artifact{{Name: "a", URL: "http://example.com/a"}})
		l.Close()
		<-done
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		c := &Console{Program: "depfetch", Stderr: &stderr}
		c.Report(measured[0].Err)
		const hint = "depfetch: hint: a proxy's login stands in its address, as https_proxy=socks5h://USER:PASSWORD@HOST:PORT, with %40 for an @ in it\n"
		if !strings.HasSuffix(stderr.String(), hint) || strings.Contains(stderr.String(), "wrong") {
			t.Errorf("%s\nwant %s", stderr.String(), hint)
		}
	}
}
