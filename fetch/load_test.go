package fetch_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/fetchtest"
)

// many returns n artifacts of different bytes, and their bytes by address.
func many(n int, base string) ([]fetch.Artifact, map[string]string) {
	artifacts, bodies := make([]fetch.Artifact, n), make(map[string]string)
	for i := range artifacts {
		uri := fmt.Sprintf("/f%d", i)
		bodies[uri] = fmt.Sprintln("the bytes of", uri)
		artifacts[i] = pin(uri[1:], base+uri, bodies[uri])
	}
	return artifacts, bodies
}

func TestFetchMany(t *testing.T) {
	var bodies map[string]string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetchtest.Body(bodies[r.RequestURI])(w, r)
	}))
	defer s.Close()
	artifacts, bodies := many(2000, s.URL)
	c := client(t)
	sum, err := c.Fetch(t.Context(), artifacts)
	if err != nil || sum.Placed != len(artifacts) {
		t.Fatalf("%+v, %v", sum, err)
	}
	for _, a := range artifacts {
		wantFile(t, filepath.Join(c.Root, a.Path), bodies["/"+a.Name])
	}
}

func TestFetchOneDigest(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	url := s.Script("/tool", fetchtest.Body(body))
	var artifacts []fetch.Artifact
	for i := range 100 {
		a := pin(fmt.Sprintf("d%d", i), url, body)
		a.Path = fmt.Sprintf("/srv/%d/tool", i)
		artifacts = append(artifacts, a)
	}
	if _, err := c.Fetch(t.Context(), artifacts); err != nil {
		t.Fatal(err)
	}
	for _, a := range artifacts {
		wantFile(t, filepath.Join(c.Root, a.Path), body)
	}
	if n := len(s.Requests("/tool")); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// fewConns is a listener that resets connections beyond so many.
type fewConns struct {
	net.Listener
	free   chan struct{}
	resets atomic.Int64
}

func (l *fewConns) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.free <- struct{}{}:
			return &fewConn{Conn: c, free: l.free}, nil
		default:
			l.resets.Add(1)
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
	}
}

type fewConn struct {
	net.Conn
	free chan struct{}
	once sync.Once
}

func (c *fewConn) Close() error {
	c.once.Do(func() { <-c.free })
	return c.Conn.Close()
}

// TestFetchConnectionLimit: a server that allows four connections is soon asked
// over four, and all files come.
func TestFetchConnectionLimit(t *testing.T) {
	var bodies map[string]string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetchtest.Slow(bodies[r.RequestURI], 100, time.Millisecond)(w, r)
	}))
	few := &fewConns{Listener: s.Listener, free: make(chan struct{}, 4)}
	s.Listener = few
	s.Start()
	defer s.Close()
	artifacts, bodies := many(300, s.URL)
	c := client(t)
	c.Jobs, c.Retries = 64, fetch.DefaultRetries
	if _, err := c.Fetch(t.Context(), artifacts); err != nil {
		t.Fatal(err)
	}
	for _, a := range artifacts {
		wantFile(t, filepath.Join(c.Root, a.Path), bodies["/"+a.Name])
	}
	if few.resets.Load() == 0 {
		t.Error("no connection was reset")
	}
	t.Logf("%d connections were reset", few.resets.Load())
}

// TestFetchSparesHost: a host that fails for all is not asked by each as often as
// each may.
func TestFetchSparesHost(t *testing.T) {
	s := fetchtest.New(t)
	artifacts, bodies := many(40, s.URL)
	for uri := range bodies {
		s.Script(uri, fetchtest.Status(503))
	}
	c := client(t)
	c.Jobs, c.Retries = 16, 5
	_, err := c.Fetch(t.Context(), artifacts)
	var (
		failed *fetch.TransferError
		down   *fetch.HostDownError
	)
	if !errors.As(err, &failed) || !errors.As(err, &down) || down.Host != s.URL {
		t.Errorf("error is %v", err)
	}
	requests := 0
	for uri := range bodies {
		requests += len(s.Requests(uri))
	}
	if most := c.Jobs + c.Retries; requests > most {
		t.Errorf("%d requests, want %d at most", requests, most)
	}
	wantTree(t, c.Root)
}

// TestFetchAsksRestingHostsLast: where a mirror is at hand, a host that fails for
// others is not waited for.
func TestFetchAsksRestingHostsLast(t *testing.T) {
	origin, mirror := fetchtest.New(t), fetchtest.New(t)
	artifacts, bodies := many(40, origin.URL)
	for i := range artifacts {
		uri := "/" + artifacts[i].Name
		origin.Script(uri, fetchtest.Status(503, "Retry-After", "3600"))
		artifacts[i].Mirrors = []string{mirror.Script(uri, fetchtest.Body(bodies[uri]))}
	}
	c := client(t)
	c.Jobs = 4
	if _, err := c.Fetch(t.Context(), artifacts); err != nil {
		t.Fatal(err)
	}
	requests := 0
	for uri := range bodies {
		requests += len(origin.Requests(uri))
	}
	if requests > c.Jobs {
		t.Errorf("the origin, which asked to be let alone, was asked %d times", requests)
	}
}
