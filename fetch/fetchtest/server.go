// Package fetchtest is a scripted web server for tests: it answers each request for a
// path with the next step of a script, and records the requests. Steps produce the faults
// of real servers and networks.
package fetchtest

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Step answers one request.
type Step func(w http.ResponseWriter, r *http.Request)

// Server is a scripted server on loopback. It is safe for concurrent use.
type Server struct {
	*httptest.Server

	mu      sync.Mutex
	scripts map[string][]Step
	seen    map[string][]*http.Request
	done    chan struct{} // closed to end the steps that stall
}

// New starts a server over http, and NewTLS one over https with a certificate
// that nobody trusts; CA returns its authority. They stop when t ends.
func New(t testing.TB) *Server { return start(t, (*httptest.Server).Start) }

// NewTLS is described with New.
func NewTLS(t testing.TB) *Server { return start(t, (*httptest.Server).StartTLS) }

func start(t testing.TB, begin func(*httptest.Server)) *Server {
	s := &Server{
		scripts: make(map[string][]Step),
		seen:    make(map[string][]*http.Request),
		done:    make(chan struct{}),
	}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // faults are on purpose
	s.EnableHTTP2 = true
	begin(s.Server)
	t.Cleanup(func() { close(s.done); s.CloseClientConnections(); s.Close() })
	return s
}

// CA returns the certificate of a TLS server in PEM form.
func (s *Server) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

// Host returns the server's host and port.
func (s *Server) Host() string { return s.Listener.Addr().String() }

// Script lets the server answer a request URI (path and query) with the steps,
// one after the other; the last one answers all further requests. It returns
// the address.
func (s *Server) Script(uri string, steps ...Step) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts[uri] = steps
	return s.URL + uri
}

// Requests returns the requests for a request URI so far.
func (s *Server) Requests(uri string) []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[uri]
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	uri := r.RequestURI
	n := len(s.seen[uri])
	s.seen[uri] = append(s.seen[uri], r)
	steps := s.scripts[uri]
	s.mu.Unlock()
	if len(steps) == 0 {
		http.NotFound(w, r)
		return
	}
	steps[min(n, len(steps)-1)](w, r)
}

// Body serves all of body, with its length.
func Body(body string) Step {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Header().Set("Content-Type", "application/octet-stream")
		io.WriteString(w, body)
	}
}

// Gate serves what next does once a value can be received from ready.
func (s *Server) Gate(ready <-chan struct{}, next Step) Step {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-ready:
			next(w, r)
		case <-r.Context().Done():
		case <-s.done:
		}
	}
}

// Labelled serves body under a Content-Encoding.
func Labelled(encoding, body string) Step {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", encoding)
		Body(body)(w, r)
	}
}

// Chunked serves body without its length.
func Chunked(body string) Step {
	return func(w http.ResponseWriter, _ *http.Request) {
		for chunk := range strings.SplitSeq(body, "") {
			io.WriteString(w, chunk)
			w.(http.Flusher).Flush()
		}
	}
}

// Page serves a web page instead of a file.
func Page(html string) Step {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, html)
	}
}

// Status answers with a status and an empty body; fields are pairs of header
// names and values.
func Status(code int, fields ...string) Step {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(fields); i += 2 {
			w.Header().Set(fields[i], fields[i+1])
		}
		w.WriteHeader(code)
	}
}

// Redirect answers with a redirect, the Location as it is given.
func Redirect(code int, location string) Step { return Status(code, "Location", location) }

// Truncated declares body's length and closes the connection after n bytes.
func Truncated(body string, n int) Step {
	return raw(func(c net.Conn) {
		io.WriteString(c, head(body)+body[:n])
	})
}

// Undeclared serves the first n bytes of body as HTTP/1.0 does: nothing but the
// end of the connection marks the end.
func Undeclared(body string, n int) Step {
	return raw(func(c net.Conn) {
		io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\n"+body[:n])
	})
}

// Reset declares body's length and resets the connection after n bytes.
func Reset(body string, n int) Step {
	return raw(func(c net.Conn) {
		io.WriteString(c, head(body)+body[:n])
		if tcp, ok := c.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
	})
}

// Stalled declares body's length, sends n bytes of it, and then nothing.
func (s *Server) Stalled(body string, n int) Step {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		io.WriteString(w, body[:n])
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-s.done:
		}
	}
}

// Slow serves body in pieces of n bytes, with a pause before each.
func Slow(body string, n int, pause time.Duration) Step {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		for body := body; len(body) > 0; {
			time.Sleep(pause)
			k := min(n, len(body))
			io.WriteString(w, body[:k])
			w.(http.Flusher).Flush()
			body = body[k:]
		}
	}
}

// Trickle serves half of body, hardly a byte from then on, and the rest when ready is
// closed.
func (s *Server) Trickle(ready <-chan struct{}, body string) Step {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		ticks := time.NewTicker(100 * time.Millisecond)
		defer ticks.Stop()
		left := body
		for n := len(left) / 2; ; n = 1 {
			io.WriteString(w, left[:n])
			w.(http.Flusher).Flush()
			left = left[n:]
			select {
			case <-ticks.C:
			case <-ready:
				io.WriteString(w, left)
				return
			case <-r.Context().Done():
				return
			case <-s.done:
				return
			}
		}
	}
}

// BasicAuth does what next does for requests with this user and password.
func BasicAuth(user, password string, next Step) Step {
	return func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); ok && u == user && p == password {
			next(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// Token does what next does for requests that have a header field with this value.
func Token(field, value string, next Step) Step {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(field) == value {
			next(w, r)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func head(body string) string {
	return "HTTP/1.1 200 OK\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
}

// raw takes the connection over, and closes it when f returns.
func raw(f func(net.Conn)) Step {
	return func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		f(c)
	}
}
