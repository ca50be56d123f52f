package catalogue

import (
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"depfetch/lock"
	"depfetch/lock/edit"
)

// snapshotVariable names the file of a whole registry, which is then measured.
const snapshotVariable = "DEPFETCH_AQUA_REGISTRY"

func snapshot(t *testing.T) []byte {
	t.Helper()
	name := os.Getenv(snapshotVariable)
	if name == "" {
		t.Skipf("%s names no registry", snapshotVariable)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSnapshot holds that nearly all downloads for Linux of a whole registry map, and
// says how long that takes.
func TestSnapshot(t *testing.T) {
	data := snapshot(t)
	begin := time.Now()
	r, err := Parse("snapshot", data)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := r.Entries()
	if err != nil {
		t.Fatal(err)
	}
	read := time.Since(begin)
	failures := make([]error, len(entries))
	mappings := make([]*Mapping, len(entries))
	var g sync.WaitGroup
	n := runtime.GOMAXPROCS(0)
	for worker := range n {
		g.Go(func() {
			for i := worker; i < len(entries); i += n {
				e := entries[i]
				platforms := slices.DeleteFunc(e.Platforms(), func(p lock.Platform) bool { return !strings.HasPrefix(p.String(), "linux/") })
				if len(platforms) > 0 {
					mappings[i], failures[i] = e.Map(Want{Tag: e.Tags("99999.8.7")[0], Platforms: platforms})
				}
			}
		})
	}
	g.Wait()
	took := time.Since(begin)
	counts := make(map[string]int)
	for i, e := range entries {
		switch m := mappings[i]; {
		case failures[i] != nil:
			counts["refused"]++
			t.Logf("%s: %T: %v", e.FullName(), failures[i], failures[i])
		case m != nil:
			counts["mapped"]++
			for what, has := range map[string]bool{
				"with an alias": m.Dep.Alias != nil, "with an alias of several parts": strings.Contains(m.Dep.URL+m.Dep.Member+m.Dep.Sums, "alias|"),
				"with sums": m.Dep.Sums != "", "signed": m.Dep.Signature != nil, "one file": m.Dep.Member == "",
				"signed by whom the signature must say": m.Unsettled != nil,
			} {
				if has {
					counts[what]++
				}
			}
			for _, table := range m.Dep.Signature {
				counts["signed: "+kindOf(table)]++
			}
			for _, u := range m.Unsettled {
				counts["signed by whom the signature must say: "+kindOf(u.Table)]++
			}
			for _, remark := range m.Remarks {
				if strings.Contains(remark, "upstream signs it") {
					counts[remark]++
				}
			}
		}
	}
	share := 100 * float64(counts["mapped"]) / float64(counts["mapped"]+counts["refused"])
	t.Logf("%d entries, read in %v, mapped in %v: %.1f %% of the downloads for Linux", len(entries), read, took, share)
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%5d  %s", counts[what], what)
	}
	if share < 98 {
		t.Errorf("%.1f %% map", share)
	}
}

// kindOf returns of which kind the table of a signature is.
func kindOf(table []edit.Entry) string {
	kind := table[0].Key
	for _, e := range table {
		if nested, ok := e.Value.([]edit.Entry); ok {
			kind += " " + nested[0].Key
		}
		if e.Key == "attestation" {
			kind += " file"
		}
	}
	return kind
}

// TestReadings holds that a second reading of registries gives the same addresses as
// the lockfile's templates: of all entries of the test's own, and of 200 of a whole one.
func TestReadings(t *testing.T) {
	data, err := os.ReadFile("testdata/registry.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if n := readings(t, data, 0); n < 60 {
		t.Errorf("%d addresses were compared", n)
	}
}

// TestSnapshotReadings is TestReadings of a whole registry.
func TestSnapshotReadings(t *testing.T) {
	n := readings(t, snapshot(t), 200)
	t.Logf("%d addresses compared", n)
	if n < 200*2*3/2 {
		t.Errorf("%d addresses were compared", n)
	}
}

func readings(t *testing.T, data []byte, sample int) (compared int) {
	t.Helper()
	r, err := Parse("registry", data)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := r.Entries()
	if err != nil {
		t.Fatal(err)
	}
	plain := plainEntries(t, data)
	entries = slices.DeleteFunc(slices.Clone(entries), func(e *Entry) bool { return e.fault != "" })
	if sample > 0 {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		entries = entries[:sample]
	}
	for _, e := range entries {
		tags := make(map[string]bool)
		for _, x := range e.expressions() { // versions at the edges of branches
			for _, m := range quoted.FindAllStringSubmatch(x, -1) {
				v := strings.TrimLeft(m[2], "<>=! ")
				if strings.HasPrefix(m[1], "semver") {
					v = e.Tags(strings.TrimPrefix(v, "v"))[0]
				}
				tags[v] = true
			}
		}
		some := slices.Sorted(maps.Keys(tags))
		some = append(some[:min(len(some), 4)], e.Tags("99999.8.7")[0], e.Tags("7.8.9")[0], e.Tags("0.1.0-rc.1")[0])
		compared += compareReadings(t, e, plain[e.FullName()], some)
	}
	return compared
}
