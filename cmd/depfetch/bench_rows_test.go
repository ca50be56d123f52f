//go:build bench

package main_test

import (
	"path/filepath"
	"slices"
	"strings"
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

// groups lists everything that is measured.
func (b *bench) groups(rounds int) []*group {
	var groups []*group
	for _, set := range b.files {
		for _, p := range b.server.protocols {
			l := b.writeLists(set, p.origin, slug(set.workload, p.name))
			rows := []*row{b.depfetch(l, b.out, p)}
			if len(set.files) == 1 {
				rows = append(rows, b.rowsOfOne(set.files[0], l, p)...)
			} else {
				rows = append(rows, b.rowsOfMany(l, p)...)
			}
			groups = append(groups, &group{
				workload: set.workload, protocol: p.name, rounds: rounds, rows: rows, fresh: true,
				check: func() error { return set.check(b.out) },
			})
		}
	}
	return append(groups, b.startupGroups()...)
}

// command makes a row of a command line, whose program may be missing.
func command(tool string, args ...[]string) *row {
	argv := slices.Concat(args...)
	path := lookPath(argv[0])
	if path == "" {
		return &row{tool: tool, broken: "not installed"}
	}
	argv[0] = path
	return &row{tool: tool, argv: argv}
}

// trust gives the flag that makes a program trust the server.
func (p protocol) trust(flag string) []string {
	if p.cacert == "" {
		return nil
	}
	return []string{flag, p.cacert}
}

func (b *bench) depfetch(l lists, root string, p protocol) *row {
	return command(toolDepfetch, []string{
		b.bin, "fetch", "-f", l.lock, "--root", root, "--jobs", "16", "--progress", "quiet", "--platform", "linux/amd64",
	}, p.trust("--cacert"))
}

// thenSum is a shell that runs a command and then sha256sum on what it fetched.
func thenSum(argv []string, l lists) []string {
	return []string{"sh", "-c", strings.Join(argv, " ") + " && sha256sum --quiet -c " + l.sha256}
}

// rowsOfOne are the programs that fetch a single big file. Those that speak
// HTTP/1.1 alone would show nothing new where HTTP/2 is offered.
func (b *bench) rowsOfOne(f servedFile, l lists, p protocol) []*row {
	out, url := filepath.Join(b.out, f.name), p.url(f)
	curl := slices.Concat([]string{"curl", "-sSf"}, p.trust("--cacert"), []string{"-o", out, url})
	rows := []*row{
		command(toolCurl, curl),
		command(toolCurlSum, thenSum(curl, l)),
		command(toolGoCopy, []string{b.copier}, p.trust("-cacert"), []string{url, out}),
	}
	if p.h2 {
		return rows
	}
	return append(rows,
		command(toolAria2Sum,
			[]string{"aria2c", "-q", "--no-conf", "--file-allocation=none", "--checksum=sha-256=" + f.sha256},
			p.trust("--ca-certificate"), []string{"-d", b.out, "-o", f.name, url}),
		command(toolWget, []string{"wget", "-q"}, p.trust("--ca-certificate"), []string{"-O", out, url}),
	)
}

// rowsOfMany are the programs that fetch a list of small files.
func (b *bench) rowsOfMany(l lists, p protocol) []*row {
	curl := slices.Concat([]string{"curl", "-sSf"}, p.trust("--cacert"), []string{"-K", l.curl})
	rows := []*row{
		command(toolCurlParallel, curl, []string{"-Z", "--parallel-max", "16"}),
		command(toolCurlKeepSum, thenSum(curl, l)),
	}
	if p.h2 {
		return rows
	}
	return append(rows,
		command(toolAria2List, []string{"aria2c", "-q", "--no-conf", "--file-allocation=none", "-j16"},
			p.trust("--ca-certificate"), []string{"-d", b.out, "-i", l.aria2}),
	)
}

// startupGroups compare the cost of doing nothing.
func (b *bench) startupGroups() []*group {
	set := writeFiles(b.t, filepath.Join(b.dir, "www"), inPlaceWorkload, 1, 1<<10)
	p := b.server.protocols[0]
	l, root := b.writeLists(set, p.origin, slug(inPlaceWorkload)), filepath.Join(b.dir, "inplace")
	version := func() *row { return command(toolCurlVersion, []string{"curl", "--version"}) }
	return []*group{
		{
			workload: helpWorkload, rounds: startupRounds,
			rows: []*row{command(toolDepfetch, []string{b.bin, "--help"}), version()},
		},
		{
			workload: inPlaceWorkload, rounds: startupRounds,
			// Round 0, which does not count, fetches the file; the others find it.
			rows:  []*row{b.depfetch(l, root, p), version()},
			check: func() error { return set.check(root) },
		},
	}
}
