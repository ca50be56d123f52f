//go:build bench

package main_test

// copierSource is the bound: one loop in Go from the socket to the file, with
// no hash, no temporary file and no check.
const copierSource = `package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	cacert := flag.String("cacert", "", "CA to trust")
	flag.Parse()
	t := &http.Transport{DisableCompression: true, ForceAttemptHTTP2: true}
	if *cacert != "" {
		pem, err := os.ReadFile(*cacert)
		check(err)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		t.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	resp, err := (&http.Client{Transport: t}).Get(flag.Arg(0))
	check(err)
	if resp.StatusCode != http.StatusOK {
		log.Fatal(resp.Status)
	}
	f, err := os.Create(flag.Arg(1))
	check(err)
	// Without the wrapper the file's ReadFrom would copy with a buffer of its own.
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, resp.Body, make([]byte, 1<<20))
	check(err)
	check(f.Close())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
`

// hasherSource is the other bound: Go's sha256 over every file of a directory,
// with a goroutine for each core and no check.
const hasherSource = `package main

import (
	"crypto/sha256"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

func main() {
	names, err := filepath.Glob(filepath.Join(os.Args[1], "*"))
	check(err)
	queue := make(chan string, len(names))
	for _, name := range names {
		queue <- name
	}
	close(queue)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		wg.Go(func() {
			h, buf := sha256.New(), make([]byte, 256<<10)
			for name := range queue {
				f, err := os.Open(name)
				check(err)
				h.Reset()
				// Without the wrapper the file's WriteTo would copy with a buffer of its own.
				_, err = io.CopyBuffer(h, struct{ io.Reader }{f}, buf)
				check(err)
				h.Sum(nil)
				f.Close()
			}
		})
	}
	wg.Wait()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
`
