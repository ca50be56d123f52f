package fetch_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
)

// crashEnv holds what a process that is to be killed does, in JSON.
const crashEnv = "DEPFETCH_TEST_CRASH"

// TestMain lets the test binary be the process that TestCrash kills.
func TestMain(m *testing.M) {
	if plan := os.Getenv(crashEnv); plan != "" {
		if err := fetchUntilKilled(plan); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// crashPlan is a run, and the moment of its death: Delay after the event of a
// kind that comes as number N, counted from 0.
type crashPlan struct {
	Root, Cache string
	Jobs        int
	Segments    bool // files come in segments soon
	Fill        bool // into the cache alone
	NoLocks     bool // flock(2) fails
	User        int  // to run as, if not 0
	Stall       time.Duration
	Artifacts   []fetch.Artifact
	Files       map[string]fetch.Digest // what the trees hold, by path

	Kind  fetch.EventKind
	Whole bool // of the progress events, only those of all bytes count
	N     int
	Delay time.Duration
}

func (p crashPlan) client() *fetch.Client {
	c := &fetch.Client{
		Root: p.Root, Cache: &cache.Store{Root: p.Cache}, Jobs: p.Jobs,
		Source: source.New(source.Config{StallTimeout: p.Stall}), Retries: 3, Backoff: func(int) time.Duration { return time.Millisecond },
	}
	if p.Segments {
		c.SegmentSoon()
	}
	return c
}

func fetchUntilKilled(plan string) error {
	var p crashPlan
	if err := json.Unmarshal([]byte(plan), &p); err != nil {
		return err
	}
	if err := p.restrict(); err != nil {
		return err
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	n := 0
	c := p.client()
	c.Events = func(e fetch.Event) {
		if e.Kind != p.Kind || p.Whole && e.Bytes != e.Artifact.Size {
			return
		}
		if n++; n != p.N+1 {
			return
		}
		if p.Delay == 0 {
			self.Kill()
			select {}
		}
		time.AfterFunc(p.Delay, func() { self.Kill() })
	}
	return p.call(context.Background(), c)
}

func (p crashPlan) call(ctx context.Context, c *fetch.Client) (err error) {
	if p.Fill {
		_, err = c.Fill(ctx, p.Artifacts)
	} else {
		_, err = c.Fetch(ctx, p.Artifacts)
	}
	return err
}

// TestCrash kills runs at random moments, and checks that each destination is
// old or right after each, that the cache holds right bytes only, and that the
// next run succeeds. CHAOS_SEED replays one series, CHAOS_TIME is how long to go
// on with seeds that are new each time.
func TestCrash(t *testing.T) {
	kills, first, limit := int64(100), uint64(1), time.Duration(0)
	if testing.Short() {
		kills = 20
	}
	if s := os.Getenv("CHAOS_TIME"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		kills, first, limit = 1<<40, rand.Uint64N(1<<40), d
	}
	if s := os.Getenv("CHAOS_SEED"); s != "" {
		if _, err := fmt.Sscan(s, &first); err != nil {
			t.Fatal(err)
		}
		kills = 1
	}
	began := time.Now()
	var total crashFigures
	var next atomic.Uint64
	var wg sync.WaitGroup
	for range min(4, kills) {
		wg.Go(func() {
			for total.killed.Load() < kills && (limit == 0 || time.Since(began) < limit) && !t.Failed() {
				seed := first + next.Add(1) - 1
				t.Run(fmt.Sprintf("CHAOS_SEED=%d", seed), func(t *testing.T) { crash(t, seed, &total) })
			}
		})
	}
	wg.Wait()
	t.Logf("%d kills and %d runs that ended before theirs, from seed %d in %s; after %d kills a destination was new, after %d the cache held blobs",
		total.killed.Load(), total.ended.Load(), first, time.Since(began).Round(time.Millisecond), total.placed.Load(), total.cached.Load())
	t.Logf("%d of %d kills left temporary files, %d in all", total.littered.Load(), total.killed.Load(), total.litter.Load())
	if kills > 1 && (total.killed.Load() < min(kills, 20) || total.litter.Load() == 0) {
		t.Error("the kills come too late or too early to show anything")
	}
}

// crashFigures counts what the kills did.
type crashFigures struct {
	killed, ended    atomic.Int64
	placed, cached   atomic.Int64
	littered, litter atomic.Int64 // after the kills
}

// crash kills up to three runs into one root, one after the other, and then lets
// one end.
func crash(t *testing.T, seed uint64, total *crashFigures) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	s := fetchtest.New(t)
	dir := t.TempDir()
	p := crashPlan{Root: filepath.Join(dir, "root"), Cache: filepath.Join(dir, "cache"), Jobs: 1 + rnd.IntN(8)}
	old := make(map[string]string) // by path below the root
	for i := range 2 + rnd.IntN(11) {
		b := make([]byte, rnd.IntN(200<<10))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		body := string(b)
		step := fetchtest.Body(body)
		if rnd.IntN(3) == 0 {
			step = fetchtest.Slow(body, len(body)/4+1, time.Duration(rnd.IntN(2000))*time.Microsecond)
		}
		name := fmt.Sprintf("f%d", i)
		a := pin(name, s.Script("/"+name, step), body)
		a.Mode = 0o755
		if i%2 == 0 {
			a.Path = "/opt/new/" + name
		}
		if i%3 != 0 {
			old[a.Path] = "the old bytes of " + name
			mustWrite(t, filepath.Join(p.Root, a.Path), old[a.Path])
		}
		p.Artifacts = append(p.Artifacts, a)
		if rnd.IntN(5) == 0 { // the same bytes elsewhere
			a.Name, a.Path = name+"twin", "/srv/"+name
			p.Artifacts = append(p.Artifacts, a)
		}
	}
	p.addTrees(t, s, rnd, old)
	if err := os.MkdirAll(p.Root, 0o755); err != nil {
		t.Fatal(err)
	}

	for range 1 + rnd.IntN(3) {
		p.Kind, p.Whole, p.Delay = "", false, 0
		switch rnd.IntN(7) {
		case 0:
			p.Kind = fetch.EventStart
		case 1:
			p.Kind = fetch.EventProgress
		case 2: // what follows is the put into the cache, and the staging
			p.Kind, p.Whole = fetch.EventProgress, true
		case 3:
			p.Kind = fetch.EventVerified
		case 4: // what follows are the renames
			p.Kind = fetch.EventVerified
			p.N = len(p.Artifacts) - 1
		case 5:
			p.Kind = fetch.EventPlaced
		default:
			p.Kind = fetch.EventPlan
			p.Delay = time.Duration(1 + rnd.IntN(10_000_000))
		}
		if p.N == 0 {
			p.N = rnd.IntN(len(p.Artifacts))
		}
		if p.Kind == fetch.EventPlan {
			p.N = 0
		}
		// The time between two renames is too short for another timer.
		if p.Delay == 0 && p.Kind != fetch.EventPlaced && rnd.IntN(3) > 0 {
			p.Delay = time.Duration(1 + rnd.IntN(500_000))
		}
		killed := p.run(t)
		if killed {
			total.killed.Add(1)
		} else {
			total.ended.Add(1)
		}
		inRoot, inCache := p.check(t, old, !killed, total)
		if killed && inRoot+inCache > 0 {
			total.littered.Add(1)
			total.litter.Add(int64(inRoot + inCache))
		}
		p.N = 0
	}

	if _, err := p.client().Fetch(t.Context(), p.Artifacts); err != nil {
		t.Errorf("the run after the kills: %v", err)
	}
	inRoot, inCache := p.check(t, old, true, total)
	if inRoot+inCache > 0 {
		t.Errorf("the run after the kills has left %d temporary files in the root and %d in the cache", inRoot, inCache)
	}
}

// addTrees adds an archive that is merged into /tree, one that replaces /own, and a
// member of the first one.
func (p *crashPlan) addTrees(t *testing.T, s *fetchtest.Server, rnd *rand.Rand, old map[string]string) {
	files := make(map[string]string)
	for i := range 1 + rnd.IntN(40) {
		files[fmt.Sprintf("top/d%d/f%d", i%4, i)] = fmt.Sprintln("the new bytes of", i, strings.Repeat("x", rnd.IntN(5000)))
		if rnd.IntN(3) == 0 {
			path := fmt.Sprintf("/tree/d%d/f%d", i%4, i)
			old[path] = "the old bytes of " + path
			mustWrite(t, filepath.Join(p.Root, path), old[path])
		}
	}
	p.Files = make(map[string]fetch.Digest)
	for name, content := range files {
		p.Files[strings.Replace(name, "top", "/tree", 1)] = sha256.Sum256([]byte(content))
		p.Files[strings.Replace(name, "top", "/own", 1)] = sha256.Sum256([]byte(content))
	}
	mustWrite(t, filepath.Join(p.Root, "own/old"), "the old bytes")
	merged := unpacked(s, "merged", files)
	merged.Path = "/tree"
	own := merged
	own.Name, own.Path, own.Unpack = "own", "/own", &fetch.Unpack{Strip: 1, Replace: true}
	member := merged
	member.Name, member.Path, member.Mode, member.Unpack, member.Member = "member", "/opt/member", 0o755, nil, "top/d0/f0"
	member.Unpacked = sha256.Sum256([]byte(files["top/d0/f0"]))
	p.Artifacts = append(p.Artifacts, merged, own, member)
}

// run runs p in a process of its own, and reports whether it was killed.
func (p crashPlan) run(t *testing.T) bool {
	plan, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), crashEnv+"="+string(plan))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("the process hung: %s", out)
	case err == nil:
		return false
	case !errors.As(err, &exit) || exit.ExitCode() >= 0 || len(out) > 0: // -1 is death by a signal
		t.Fatalf("the process ended with %v: %s", err, out)
	}
	return true
}

// check checks the destinations and the cache, and counts the temporary files in
// both.
func (p crashPlan) check(t *testing.T, old map[string]string, all bool, total *crashFigures) (inRoot, inCache int) {
	t.Helper()
	root, err := snapshot(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	placed := p.checkTrees(t, root, old, all)
	for _, a := range p.Artifacts {
		if a.Unpack != nil {
			continue
		}
		if a.Member != "" {
			a.Digest = a.Unpacked
		}
		rel := strings.TrimPrefix(a.Path, "/")
		e, exists := root[rel]
		right := exists && e.mode == a.Mode && e.digest == a.Digest && e.mtime.Equal(fetch.DefaultMtime)
		before, existed := old[a.Path]
		asBefore := exists == existed && (!exists || e == unchanged(e, before))
		if !right && (all || !asBefore) {
			t.Errorf("%s is %v (%v)", a.Path, e, exists)
		}
		placed = placed || right
		delete(root, rel)
	}
	left := litter(root)
	for _, name := range left {
		delete(root, name)
	}
	for name, e := range root {
		if !e.mode.IsDir() {
			t.Errorf("a stray file: %s %v", name, e)
		}
	}

	blobs, err := snapshot(p.Cache)
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for name, e := range blobs {
		if hex, ok := strings.CutPrefix(name, cache.Dir+"/"); ok {
			held++
			if fmt.Sprintf("%x", e.digest) != hex || e.mode != fs.FileMode(0o644) {
				t.Errorf("the cache holds as %s what is %v", hex, e)
			}
		}
	}
	if !all && placed {
		total.placed.Add(1)
	}
	if !all && held > 0 {
		total.cached.Add(1)
	}
	return len(left), len(litter(blobs))
}

// checkTrees checks what lies in the trees, takes it out of the snapshot, and
// reports whether any of it is new.
func (p crashPlan) checkTrees(t *testing.T, root map[string]entry, old map[string]string, all bool) (placed bool) {
	t.Helper()
	_, ownIsOld := root["own/old"]
	if ownIsOld && all {
		t.Error("the tree that was to be replaced is there")
	}
	delete(root, "own/old")
	for path, digest := range p.Files {
		rel := strings.TrimPrefix(path, "/")
		e, exists := root[rel]
		right := exists && e.digest == digest && e.mode == 0o755 && e.mtime.Equal(archiveTime)
		before, existed := old[path]
		asBefore := exists == existed && (!exists || e == unchanged(e, before))
		if strings.HasPrefix(path, "/own/") && !all && right == ownIsOld {
			t.Errorf("%s is %v (%v), beside what was there before: %v", path, e, exists, ownIsOld)
		}
		if !right && (all || !asBefore) {
			t.Errorf("%s is %v (%v)", path, e, exists)
		}
		placed = placed || right
		delete(root, rel)
	}
	return placed
}
