package shim

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/source"
)

// raw is a server that answers each connection with text, after it has read something, and
// resets it then if that is said. It returns its address.
func raw(t *testing.T, text string, reset bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 4096))
			conn.Write([]byte(text))
			if reset {
				conn.(*net.TCPConn).SetLinger(0)
			}
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// TestConnectionCodes: failures of connections have the codes of curl 7.88, with which each
// row was compared, but where it says so.
func TestConnectionCodes(t *testing.T) {
	const part = "HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\nhello"
	for _, test := range []struct {
		name       string
		url, proxy string // RAW stands for the server
		text       string
		reset      bool
		want       byte
	}{
		{name: "nobody listens", url: "http://127.0.0.1:1/a", want: 7},
		{name: "reset", url: "http://RAW/a", reset: true, want: 56},
		{name: "closed", url: "http://RAW/a", want: 52},
		{name: "in part", url: "http://RAW/a", text: part, want: 18},
		{name: "no HTTP", url: "http://RAW/a", text: "HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nhello", want: 8},
		{name: "bad chunks", url: "http://RAW/a", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n", want: 56},
		{name: "TLS, reset", url: "https://RAW/a", reset: true, want: 35},
		{name: "TLS, closed", url: "https://RAW/a", want: 35},
		{name: "TLS, none", url: "https://RAW/a", text: "HTTP/1.1 400 Bad Request\r\n\r\n", want: 35},
		{name: "proxy, nobody listens", url: "http://example.com/a", proxy: "http://127.0.0.1:1", want: 7},
		{name: "proxy, not resolved", url: "http://example.com/a", proxy: "http://nosuch.invalid:1", want: 5},
		{name: "proxy, closed", url: "http://example.com/a", proxy: "http://RAW", want: 52},
		{name: "tunnel, closed", url: "https://example.com/a", proxy: "http://RAW", want: 56},
		{name: "tunnel, refused", url: "https://example.com/a", proxy: "http://RAW", text: "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", want: 56}, // 22 with -f
		{name: "socks, nobody listens", url: "http://example.com/a", proxy: "socks5h://127.0.0.1:1", want: 7},
		{name: "socks, closed", url: "http://example.com/a", proxy: "socks5h://RAW", want: 97},
		{name: "socks, refused", url: "https://example.com/a", proxy: "socks5h://RAW", text: "\x05\xff", want: 97},
		{name: "socks, other", url: "http://example.com/a", proxy: "socks5://RAW", text: "SSH-2.0\r\n", want: 97},
		{name: "socks, not resolved", url: "http://example.com/a", proxy: "socks5h://nosuch.invalid:1", want: 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := raw(t, test.text, test.reset)
			cfg := source.Config{}
			put := func(s string) string {
				u, err := url.Parse(s)
				if err != nil {
					t.Fatal(err)
				}
				if u.Host == "RAW" {
					u.Host = address
				}
				return u.String()
			}
			if test.proxy != "" {
				proxy, err := url.Parse(put(test.proxy))
				if err != nil {
					t.Fatal(err)
				}
				cfg.Proxy = func(*http.Request) (*url.URL, error) { return proxy, nil }
			}
			client := &fetch.Client{Source: source.New(cfg)}
			measured, err := client.Measure(t.Context(), []fetch.Artifact{{Name: "a", URL: put(test.url)}})
			if err != nil {
				t.Fatal(err)
			}
			failed, ok := errors.AsType[*fetch.TransferError](measured[0].Err)
			if !ok {
				t.Fatal(measured[0].Err)
			}
			if got := curlCodes[ofAttempts(failed.Attempts)]; got != test.want {
				t.Errorf("exit %d, want %d: %v", got, test.want, failed)
			}
		})
	}
}
