//go:build bench

// Command bench serves the files of a directory with the faults of slow and
// unreliable servers, for the benchmarks that run.sh runs. It prints its address.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"depfetch/fetch/fetchtest"
)

const (
	delay  = 30 * time.Millisecond // before the first byte of a file below /slow/
	resets = 20                    // one in so many requests below /reset/ is reset
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: bench DIR")
	}
	var asked atomic.Int64
	serve := func(step func(n int64, body string) fetchtest.Step) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			n := asked.Add(1)
			body, err := os.ReadFile(filepath.Join(os.Args[1], filepath.FromSlash(r.PathValue("name"))))
			if err != nil {
				http.NotFound(w, r)
				return
			}
			step(n, string(body))(w, r)
		}
	}
	http.HandleFunc("GET /slow/{name...}", serve(func(_ int64, body string) fetchtest.Step {
		return fetchtest.Slow(body, len(body), delay)
	}))
	// In turn before the first byte of the body and in the middle of it.
	http.HandleFunc("GET /reset/{name...}", serve(func(n int64, body string) fetchtest.Step {
		switch n % (2 * resets) {
		case 0:
			return fetchtest.Reset(body, 0)
		case resets:
			return fetchtest.Reset(body, len(body)/2)
		}
		return fetchtest.Body(body)
	}))
	http.HandleFunc("GET /asked", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, asked.Load())
	})

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", l.Addr())
	log.Fatal(http.Serve(l, nil))
}
