//go:build bench

package main_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"depfetch/cmd/internal/bench"
)

// The workloads, as the report and the aims know them.
const (
	bigWorkload     = "1 GiB file"
	smallWorkload   = "300 × 100 KiB"
	tinyWorkload    = "2,000 × 1 KiB"
	slowWorkload    = smallWorkload + ", 30 ms"
	resetWorkload   = smallWorkload + ", 5 % reset"
	limitWorkload   = smallWorkload + ", 64 jobs, 4 connections"
	hugeWorkload    = "8 GiB file"
	inCache         = ", in the cache"
	inPlace         = ", in place"
	helpWorkload    = "start-up: --help"
	startupWorkload = "start-up: 1 file in place"

	shimTinyWorkload = "depfetch curl -o, 1 KiB"
	shimBigWorkload  = "depfetch curl | cat, 1 GiB"
)

// The rounds that count. Those of the longest runs are the fewest.
const (
	fetchRounds   = 5
	h2Rounds      = 3
	cachedRounds  = 7
	hugeRounds    = 1
	startupRounds = 20
)

// groups lists everything that is measured.
func (b *benchmark) groups(ctx context.Context) []*bench.Group {
	www := filepath.Join(b.Dir, "www")
	big := writeFiles(b.T, www, 1, 1<<30)
	small := writeFiles(b.T, www, 300, 100<<10)
	tiny := writeFiles(b.T, www, 2000, 1<<10)

	var groups []*bench.Group
	for _, p := range b.server.protocols {
		l := b.writeLists(big, p.origin, slug(bigWorkload, p.name))
		groups = append(groups, b.fetchGroup(bigWorkload, big, l, p, b.rowsOfOne(big.files[0], l, p)))
		l = b.writeLists(small, p.origin, slug(smallWorkload, p.name))
		groups = append(groups, b.fetchGroup(smallWorkload, small, l, p, b.rowsOfMany(l, p)))
		if p.h2 {
			continue
		}
		l = b.writeLists(tiny, p.origin, slug(tinyWorkload, p.name))
		groups = append(groups, b.fetchGroup(tinyWorkload, tiny, l, p, b.rowsInParallel(l, p)))
	}
	for _, p := range b.startOther(ctx, small, bench.ServerConfig{Delay: 30 * time.Millisecond}) {
		l := b.writeLists(small, p.origin, slug(slowWorkload, p.name))
		groups = append(groups, b.fetchGroup(slowWorkload, small, l, p, b.rowsInParallel(l, p)))
	}
	retry := []string{"--retry", "5", "--retry-all-errors"}
	for _, p := range b.startOther(ctx, small, bench.ServerConfig{Resets: 20}) {
		l := b.writeLists(small, p.origin, slug(resetWorkload, p.name))
		groups = append(groups, b.fetchGroup(resetWorkload, small, l, p,
			[]*bench.Row{b.curlParallel(toolCurlRetry, l, p, "16", retry...)}))
	}
	p := b.startOther(ctx, small, bench.ServerConfig{Connections: 4})[0]
	l := b.writeLists(small, p.origin, slug(limitWorkload, p.name))
	groups = append(groups, b.fetchGroup(limitWorkload, small, l, p,
		[]*bench.Row{b.curlParallel(toolCurlRetry64, l, p, "64", retry...)}, "--jobs", "64"))

	groups = append(groups, b.localGroups(bigWorkload, big)...)
	groups = append(groups, b.localGroups(smallWorkload, small)...)
	groups = append(groups, b.hugeGroups()...)
	groups = append(groups, b.shimGroups(big, tiny)...)
	return append(groups, b.startupGroups()...)
}

// startOther starts a server that is not nginx, for files of a set, and returns
// the ways to reach it: http and https.
func (b *benchmark) startOther(ctx context.Context, set *fileset, c bench.ServerConfig) []protocol {
	c.Files = filepath.Join(b.Dir, "www", set.pattern())
	c.Cert, c.Key = b.server.cert, b.server.key
	s := b.StartServer(ctx, c)
	return []protocol{
		{name: "http", origin: s.HTTP},
		{name: "https", origin: s.HTTPS, cacert: b.server.cacert},
	}
}

// fetchGroup is depfetch beside others that fetch a set of files.
func (b *benchmark) fetchGroup(workload string, set *fileset, l lists, p protocol, others []*bench.Row, flags ...string) *bench.Group {
	if flags == nil {
		flags = []string{"--jobs", "16"}
	}
	rounds := fetchRounds
	if p.h2 {
		rounds = h2Rounds
	}
	return &bench.Group{
		Workload: workload, Protocol: p.name, Rounds: rounds,
		Rows:  append([]*bench.Row{b.depfetch(l, b.out, p, flags...)}, others...),
		Reset: func() { b.empty(b.out) }, Check: checkDepfetch(set, b.out),
	}
}

// localGroups compare having files already with hashing them. There is no server
// at the addresses.
func (b *benchmark) localGroups(workload string, set *fileset) []*bench.Group {
	l := b.writeLists(set, "http://127.0.0.1:1", slug(workload, "local"))
	cache, placed := filepath.Join(b.Dir, "cache"), filepath.Join(b.Dir, slug(workload, "placed"))
	for _, f := range set.files {
		served := filepath.Join(b.Dir, "www", f.name)
		b.link(served, filepath.Join(cache, "blobs", "sha256", f.sha256))
		b.link(served, filepath.Join(placed, f.name))
	}
	hash := func() *bench.Row { return bench.Command(toolGoHash, []string{b.hasher, placed}) }
	return []*bench.Group{
		{
			Workload: workload + inCache, Rounds: cachedRounds,
			Rows:  []*bench.Row{b.depfetch(l, b.out, protocol{}, "--cache", cache, "--offline"), hash()},
			Reset: func() { b.empty(b.out) }, Check: checkDepfetch(set, b.out),
		},
		{
			Workload: workload + inPlace, Rounds: cachedRounds,
			Rows: []*bench.Row{b.depfetch(l, placed, protocol{}, "--offline"), hash()},
			Check: func(*bench.Row) error {
				for _, f := range set.files {
					now, err := os.Stat(filepath.Join(placed, f.name))
					if err != nil {
						return err
					}
					if was, err := os.Stat(filepath.Join(b.Dir, "www", f.name)); err != nil || !os.SameFile(was, now) {
						return fmt.Errorf("%s has been replaced: %v", f.name, err)
					}
				}
				return nil
			},
		},
	}
}

// link gives a file another name, so that it takes no more room.
func (b *benchmark) link(file, name string) {
	b.T.Helper()
	err := os.MkdirAll(filepath.Dir(name), 0o755)
	if err == nil {
		err = os.Link(file, name)
	}
	if err != nil {
		b.T.Fatal(err)
	}
}

const (
	hugeSize   = 8 << 30
	hugeSHA256 = "ebfb4ef19ae410f190327b5ebd312711263bc7579970e87d9c1e2d84e06b3c25" // of so many zeros
)

// hugeGroups fetch a file that is larger than most memories, a hole on the
// server, where there is room for it at the destination.
func (b *benchmark) hugeGroups() []*bench.Group {
	dirs := []string{b.Dir, b.T.TempDir()}
	i := slices.IndexFunc(dirs, func(dir string) bool { return bench.Free(dir) > hugeSize+hugeSize/4 })
	if i < 0 {
		b.T.Logf("%s: left out, there is no room", hugeWorkload)
		return nil
	}
	out := filepath.Join(dirs[i], "huge")
	set := &fileset{files: []servedFile{{"huge.bin", hugeSHA256, hugeSize}}}
	hole := b.Write(filepath.Join("www", "huge.bin"), nil)
	if err := os.Truncate(hole, hugeSize); err != nil {
		b.T.Fatal(err)
	}
	b.empty(out)
	p := b.server.protocols[0]
	l := b.writeLists(set, p.origin, slug(hugeWorkload))
	curl := []string{"curl", "-sSf", "-o", filepath.Join(out, "huge.bin"), p.url(set.files[0])}
	return []*bench.Group{{
		Workload: hugeWorkload, Protocol: p.name, Rounds: hugeRounds,
		Rows:  []*bench.Row{b.depfetch(l, out, p), bench.Command(toolCurl, curl)},
		Reset: func() { b.empty(out) }, Check: checkDepfetch(set, out),
	}}
}

// shimGroups are depfetch in the place of curl, as Dockerfiles call it.
func (b *benchmark) shimGroups(big, tiny *fileset) []*bench.Group {
	p := b.server.protocols[0]
	row := func(tool, program, url, rest string) *bench.Row {
		return bench.Command(tool, []string{"sh", "-c", program + " -sSf " + url + rest})
	}
	group := func(workload string, set *fileset, rest string) *bench.Group {
		one := &fileset{files: set.files[:1]}
		l := b.writeLists(one, p.origin, slug(workload))
		shim := "DEPFETCH_LOCK=" + l.lock + " " + b.Bin + " curl"
		return &bench.Group{
			Workload: workload, Rounds: cachedRounds, Reset: func() { b.empty(b.out) },
			Rows:  []*bench.Row{row(toolShim, shim, p.url(one.files[0]), rest), row(toolRealCurl, "curl", p.url(one.files[0]), rest)},
			Check: func(*bench.Row) error { return one.check(b.out) },
		}
	}
	out := filepath.Join(b.out, tiny.files[0].name)
	return []*bench.Group{
		group(shimTinyWorkload, tiny, " -o "+out),
		group(shimBigWorkload, big, " | cat > "+filepath.Join(b.out, big.files[0].name)),
	}
}

// startupGroups compare the cost of doing nothing.
func (b *benchmark) startupGroups() []*bench.Group {
	set := writeFiles(b.T, filepath.Join(b.Dir, "www"), 1, 4<<10)
	p := b.server.protocols[0]
	l, root := b.writeLists(set, p.origin, slug(startupWorkload)), filepath.Join(b.Dir, "inplace")
	version := func() *bench.Row { return bench.Command(toolCurlVersion, []string{"curl", "--version"}) }
	return []*bench.Group{
		{
			Workload: helpWorkload, Rounds: startupRounds,
			Rows: []*bench.Row{bench.Command(toolDepfetch, []string{b.Bin, "--help"}), version()},
		},
		{
			Workload: startupWorkload, Rounds: startupRounds,
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
