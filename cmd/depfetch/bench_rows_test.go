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
	toolShim         = "depfetch curl"
	toolRealCurl     = "curl"
	toolCurlSum      = "curl -o + sha256sum"
	toolAria2Sum     = "aria2c --checksum"
	toolWget         = "wget -O"
	toolGoCopy       = "Go copy loop, no hash"
	toolCurlParallel = "curl -Z, 16"
	toolCurlKeepSum  = "curl -K + sha256sum"
	toolAria2List    = "aria2c -j16"
	toolCurlRetry    = "curl -Z, 16, --retry 5"
	toolCurlRetry64  = "curl -Z, 64, --retry 5"
	toolGoHash       = "Go's sha256 alone"
	toolCurlVersion  = "curl --version"
)

// trust gives the flag that makes a program trust the server.
func (p protocol) trust(flag string) []string {
	if p.cacert == "" {
		return nil
	}
	return []string{flag, p.cacert}
}

// depfetch is a row of the program itself.
func (b *benchmark) depfetch(l lists, root string, p protocol, flags ...string) *bench.Row {
	return bench.Command(toolDepfetch, []string{
		b.Bin, "fetch", "-f", l.lock, "--root", root, "--progress", "quiet", "--platform", "linux/amd64",
	}, flags, p.trust("--cacert"))
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
	rows := []*bench.Row{
		b.curlParallel(toolCurlParallel, l, p, "16"),
		bench.Command(toolCurlKeepSum, thenSum(b.curlList(l, p), l)),
	}
	if p.h2 {
		return rows
	}
	return append(rows, b.aria2List(l, p))
}

// rowsInParallel are those of rowsOfMany that fetch several files at once.
func (b *benchmark) rowsInParallel(l lists, p protocol) []*bench.Row {
	return []*bench.Row{b.curlParallel(toolCurlParallel, l, p, "16"), b.aria2List(l, p)}
}

func (b *benchmark) curlList(l lists, p protocol) []string {
	return slices.Concat([]string{"curl", "-sSf"}, p.trust("--cacert"), []string{"-K", l.curl})
}

func (b *benchmark) curlParallel(tool string, l lists, p protocol, jobs string, flags ...string) *bench.Row {
	return bench.Command(tool, b.curlList(l, p), []string{"-Z", "--parallel-max", jobs}, flags)
}

func (b *benchmark) aria2List(l lists, p protocol) *bench.Row {
	return bench.Command(toolAria2List, []string{"aria2c", "-q", "--no-conf", "--file-allocation=none", "-j16"},
		p.trust("--ca-certificate"), []string{"-d", b.out, "-i", l.aria2})
}
