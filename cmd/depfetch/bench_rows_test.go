//go:build bench

package main_test

import (
	"path/filepath"
	"slices"
	"strings"

	"depfetch/cmd/internal/bench"
)

// The names under which the report and the aims know a row.
const (
	toolDepfetch     = "depfetch"
	toolCurl         = "curl -o"
	toolCurlSum      = "curl -o + sha256sum"
	toolAria2Sum     = "aria2c --checksum"
	toolWget         = "wget -O"
	toolGoCopy       = "Go copy loop, no hash"
	toolCurlParallel = "curl -Z, 16"
	toolCurlKeepSum  = "curl -K + sha256sum"
	toolAria2List    = "aria2c -j16"
	toolCurlVersion  = "curl --version"
)

const (
	helpWorkload    = "start-up: --help"
	inPlaceWorkload = "start-up: 1 file in place"
)

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

// groups lists everything that is measured.
func (b *benchmark) groups() []*bench.Group {
	var groups []*bench.Group
	for _, set := range b.files {
		for _, p := range b.server.protocols {
			l := b.writeLists(set, p.origin, slug(set.workload, p.name))
			rows := []*bench.Row{b.depfetch(l, b.out, p)}
			if len(set.files) == 1 {
				rows = append(rows, b.rowsOfOne(set.files[0], l, p)...)
			} else {
				rows = append(rows, b.rowsOfMany(l, p)...)
			}
			groups = append(groups, &bench.Group{
				Workload: set.workload, Protocol: p.name, Rounds: fetchRounds, Rows: rows, Reset: b.emptyOut,
				Check: checkDepfetch(set, b.out),
			})
		}
	}
	return append(groups, b.startupGroups()...)
}

// trust gives the flag that makes a program trust the server.
func (p protocol) trust(flag string) []string {
	if p.cacert == "" {
		return nil
	}
	return []string{flag, p.cacert}
}

func (b *benchmark) depfetch(l lists, root string, p protocol) *bench.Row {
	return bench.Command(toolDepfetch, []string{
		b.Bin, "fetch", "-f", l.lock, "--root", root, "--jobs", "16", "--progress", "quiet", "--platform", "linux/amd64",
	}, p.trust("--cacert"))
}

// thenSum is a shell that runs a command and then sha256sum on what it fetched.
func thenSum(argv []string, l lists) []string {
	return []string{"sh", "-c", strings.Join(argv, " ") + " && sha256sum --quiet -c " + l.sha256}
}

// rowsOfOne are the programs that fetch a single big file. Those that speak
// HTTP/1.1 alone would show nothing new where HTTP/2 is offered.
func (b *benchmark) rowsOfOne(f servedFile, l lists, p protocol) []*bench.Row {
	out, url := filepath.Join(b.out, f.name), p.url(f)
	curl := slices.Concat([]string{"curl", "-sSf"}, p.trust("--cacert"), []string{"-o", out, url})
	rows := []*bench.Row{
		bench.Command(toolCurl, curl),
		bench.Command(toolCurlSum, thenSum(curl, l)),
		bench.Command(toolGoCopy, []string{b.copier}, p.trust("-cacert"), []string{url, out}),
	}
	if p.h2 {
		return rows
	}
	return append(rows,
		bench.Command(toolAria2Sum,
			[]string{"aria2c", "-q", "--no-conf", "--file-allocation=none", "--checksum=sha-256=" + f.sha256},
			p.trust("--ca-certificate"), []string{"-d", b.out, "-o", f.name, url}),
		bench.Command(toolWget, []string{"wget", "-q"}, p.trust("--ca-certificate"), []string{"-O", out, url}),
	)
}

// rowsOfMany are the programs that fetch a list of small files.
func (b *benchmark) rowsOfMany(l lists, p protocol) []*bench.Row {
	curl := slices.Concat([]string{"curl", "-sSf"}, p.trust("--cacert"), []string{"-K", l.curl})
	rows := []*bench.Row{
		bench.Command(toolCurlParallel, curl, []string{"-Z", "--parallel-max", "16"}),
		bench.Command(toolCurlKeepSum, thenSum(curl, l)),
	}
	if p.h2 {
		return rows
	}
	return append(rows,
		bench.Command(toolAria2List, []string{"aria2c", "-q", "--no-conf", "--file-allocation=none", "-j16"},
			p.trust("--ca-certificate"), []string{"-d", b.out, "-i", l.aria2}),
	)
}

// startupGroups compare the cost of doing nothing.
func (b *benchmark) startupGroups() []*bench.Group {
	set := writeFiles(b.T, filepath.Join(b.Dir, "www"), inPlaceWorkload, 1, 1<<10)
	p := b.server.protocols[0]
	l, root := b.writeLists(set, p.origin, slug(inPlaceWorkload)), filepath.Join(b.Dir, "inplace")
	version := func() *bench.Row { return bench.Command(toolCurlVersion, []string{"curl", "--version"}) }
	return []*bench.Group{
		{
			Workload: helpWorkload, Rounds: startupRounds,
			Rows: []*bench.Row{bench.Command(toolDepfetch, []string{b.Bin, "--help"}), version()},
		},
		{
			Workload: inPlaceWorkload, Rounds: startupRounds,
			// Round 0, which does not count, fetches the file; the others find it.
			Rows:  []*bench.Row{b.depfetch(l, root, p), version()},
			Check: checkDepfetch(set, root),
		},
	}
}

// checkDepfetch checks what depfetch has fetched into dir.
func checkDepfetch(set *fileset, dir string) func(*bench.Row) error {
	return func(r *bench.Row) error {
		if r.Tool != toolDepfetch {
			return nil
		}
		return set.check(dir)
	}
}
