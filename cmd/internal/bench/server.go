//go:build bench

package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// ServerConfig says what a Server serves, and what it does to its clients.
type ServerConfig struct {
	Files string        // a pattern of files, which are served from memory as /NAME
	Delay time.Duration // before the first byte of each answer
	// Resets, if not 0, says how many requests there are to each that ends in
	// a reset of its connection: in turn before the answer and in the middle
	// of the body.
	Resets int
	// Connections, if not 0, is how many it keeps at once: further ones are
	// reset.
	Connections int
	Cert, Key   string // files in PEM form, if it is to serve https too
}

// Server is a web server in a process of its own.
type Server struct {
	HTTP, HTTPS string // origins; the second may be empty

	b *Bench
}

// StartServer starts a server, which runs until the test ends.
func (b *Bench) StartServer(ctx context.Context, c ServerConfig) *Server {
	b.T.Helper()
	if b.server == "" {
		b.server = b.BuildSource(ctx, "server", serverSource)
	}
	cmd := exec.Command(b.server, "-files", c.Files, "-delay", c.Delay.String(), "-resets", strconv.Itoa(c.Resets),
		"-connections", strconv.Itoa(c.Connections), "-cert", c.Cert, "-key", c.Key)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.T.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.T.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.T.Fatal(err)
	}
	b.T.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	s := &Server{b: b}
	if _, err := fmt.Fscanf(stdout, "%s\n", &s.HTTP); err != nil {
		b.T.Fatalf("the server does not start: %v", err)
	}
	if c.Cert != "" {
		if _, err := fmt.Fscanf(stdout, "%s\n", &s.HTTPS); err != nil {
			b.T.Fatalf("the server does not start: %v", err)
		}
	}
	return s
}

// Served returns how many requests for its files the server has got.
func (s *Server) Served() int {
	s.b.T.Helper()
	req, err := http.NewRequestWithContext(s.b.T.Context(), http.MethodGet, s.HTTP+"/count", nil)
	if err != nil {
		s.b.T.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.b.T.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	n, err := strconv.Atoi(string(text))
	if err != nil {
		s.b.T.Fatalf("the server has served %q files", text)
	}
	return n
}

// serverSource is the program of a Server. It prints its origins, and runs until
// its standard input ends. /count says how many files it was asked for.
const serverSource = `package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"
)

var (
	pattern     = flag.String("files", "", "")
	delay       = flag.Duration("delay", 0, "")
	resets      = flag.Int64("resets", 0, "")
	connections = flag.Int64("connections", 0, "")
	cert        = flag.String("cert", "", "")
	key         = flag.String("key", "", "")
)

func main() {
	flag.Parse()
	names, err := filepath.Glob(*pattern)
	check(err)
	files := make(map[string][]byte)
	for _, name := range names {
		files["/"+filepath.Base(name)], err = os.ReadFile(name)
		check(err)
	}
	var asked atomic.Int64
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/count" {
			fmt.Fprint(w, asked.Load())
			return
		}
		body, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		n := asked.Add(1)
		time.Sleep(*delay)
		doomed := *resets > 0 && n%*resets == 0
		if doomed && n / *resets%2 == 0 {
			reset(w)
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		if doomed {
			w.Write(body[:len(body)/2])
			http.NewResponseController(w).Flush()
			reset(w)
		}
		w.Write(body)
	})
	fmt.Println("http://" + serve(handler, nil))
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		check(err)
		fmt.Println("https://" + serve(handler, &tls.Config{Certificates: []tls.Certificate{pair}}))
	}
	io.Copy(io.Discard, os.Stdin)
}

// serve serves HTTP/1.1, over TLS if it is given a configuration.
func serve(handler http.Handler, c *tls.Config) (host string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	host = l.Addr().String()
	if *connections > 0 {
		l = &limited{Listener: l}
	}
	if c != nil {
		l = tls.NewListener(l, c)
	}
	s := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { log.Fatal(s.Serve(l)) }()
	return host
}

// reset resets the connection and ends the handler.
func reset(w http.ResponseWriter) {
	c, _, err := http.NewResponseController(w).Hijack()
	check(err)
	kill(c)
	panic(http.ErrAbortHandler)
}

func kill(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if o, ok := c.(*once); ok {
		defer o.Close()
		c = o.Conn
	}
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// limited is a listener that resets what is more than it may keep.
type limited struct {
	net.Listener
	open atomic.Int64
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= *connections {
			return &once{Conn: c, open: &l.open}, nil
		}
		l.open.Add(-1)
		kill(c)
	}
}

// once is a connection that is counted until it is closed.
type once struct {
	net.Conn
	open   *atomic.Int64
	closed atomic.Bool
}

func (o *once) Close() error {
	if o.closed.CompareAndSwap(false, true) {
		o.open.Add(-1)
	}
	return o.Conn.Close()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
`
