package source

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// received is a Sink that keeps what it is given.
type received struct {
	text []byte
	room [64]byte
}

func (r *received) Begin(int64) error { return nil }
func (r *received) Buffer() []byte    { return r.room[:] }
func (r *received) Commit(n int) error {
	r.text = append(r.text, r.room[:n]...)
	return nil
}

// TestRedirectsInTime: each answer of a chain of redirects restarts the stall timeout,
// so that only a single one that takes longer ends the request.
func TestRedirectsInTime(t *testing.T) {
	for _, tt := range []struct {
		pause time.Duration // before each answer
		ok    bool
	}{
		{pause: 20 * time.Second, ok: true},
		{pause: 40 * time.Second, ok: false},
	} {
		synctest.Test(t, func(t *testing.T) {
			var servers sync.WaitGroup
			defer servers.Wait()
			c := New(Config{StallTimeout: 30 * time.Second})
			c.plain.DisableKeepAlives = true
			c.plain.DialContext = func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				servers.Go(func() { redirectSlowly(server, tt.pause) })
				return client, nil
			}
			var got received
			began := time.Now()
			_, err := c.Get(t.Context(), Request{URL: "http://example.com/1", Limit: -1, Dst: &got})
			took := time.Since(began)
			switch {
			case tt.ok && (err != nil || string(got.text) != "body" || took != 3*tt.pause):
				t.Errorf("got %q, %v, after %v", got.text, err, took)
			case !tt.ok && (err == nil || took != 30*time.Second):
				t.Errorf("error is %v, after %v", err, took)
			}
		})
	}
}

// TestSlowBody holds that what a slow server sends is written within a second, not only
// when it fills a buffer.
func TestSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{StallTimeout: 30 * time.Second})
		c.plain.DisableKeepAlives = true
		var server sync.WaitGroup
		defer server.Wait()
		c.plain.DialContext = func(context.Context, string, string) (net.Conn, error) {
			client, conn := net.Pipe()
			server.Go(func() {
				defer conn.Close()
				http.ReadRequest(bufio.NewReader(conn))
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n")
				for range 40 {
					time.Sleep(200 * time.Millisecond)
					io.WriteString(conn, "x")
				}
			})
			return client, nil
		}
		got := received{}
		var commits []time.Duration
		began := time.Now()
		timed := timedSink{&got, func() { commits = append(commits, time.Since(began)) }}
		if _, err := c.Get(t.Context(), Request{URL: "http://example.com/", Limit: -1, Dst: timed}); err != nil || len(got.text) != 40 {
			t.Fatalf("got %q, %v", got.text, err)
		}
		last := time.Duration(0)
		for _, at := range commits {
			if at-last > time.Second {
				t.Errorf("nothing was written between %v and %v", last, at)
			}
			last = at
		}
	})
}

// timedSink is a Sink that says when something is written.
type timedSink struct {
	*received
	wrote func()
}

func (s timedSink) Commit(n int) error {
	s.wrote()
	return s.received.Commit(n)
}

// redirectSlowly answers one request: /1 leads to /2 and that to /3, which has a body.
func redirectSlowly(conn net.Conn, pause time.Duration) {
	defer conn.Close()
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	time.Sleep(pause)
	next := map[string]string{"/1": "/2", "/2": "/3"}[r.URL.Path]
	if next == "" {
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody")
		return
	}
	fmt.Fprintf(conn, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", next)
}
