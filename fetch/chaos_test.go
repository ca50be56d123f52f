package fetch_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/source"
)

// TestChaos runs scenarios that are made from seeds, and checks what Fetch
// promises after each. CHAOS_SEED replays one; CHAOS_TIME, a duration, is how long
// to run with seeds that are new each time.
func TestChaos(t *testing.T) {
	count, limit := uint64(1000), 10*time.Second
	if testing.Short() {
		count, limit = 100, 3*time.Second
	}
	const together = 16 // they wait more than they work
	scenarios(t, count, limit, together, func(t *testing.T, seed uint64) error { return newChaos(t, seed).run() })
}

// scenarios calls run with one seed after the other, so many at once, until it has been
// called count times or the time is over.
func scenarios(t *testing.T, count uint64, limit time.Duration, together uint64, run func(*testing.T, uint64) error) {
	first := uint64(1)
	if s := os.Getenv("CHAOS_TIME"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		first, count, limit = rand.Uint64N(1<<40), 1<<40, d
	}
	if s := os.Getenv("CHAOS_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		first, count = seed, 1
	}
	log.SetOutput(io.Discard) // net/http reports there what servers send unasked
	defer log.SetOutput(os.Stderr)
	began := time.Now()
	var next, right, wrong atomic.Uint64
	var wg sync.WaitGroup
	for range min(together, count) {
		wg.Go(func() {
			for n := next.Add(1) - 1; n < count && time.Since(began) < limit; n = next.Add(1) - 1 {
				t.Run(fmt.Sprintf("CHAOS_SEED=%d", first+n), func(t *testing.T) {
					if run(t, first+n) == nil {
						right.Add(1)
					} else {
						wrong.Add(1)
					}
				})
			}
		})
	}
	wg.Wait()
	wantNoGoroutines(t)
	n := right.Load() + wrong.Load()
	t.Logf("%d scenarios (%d placed all, %d failed) from seed %d in %s: %.0f a second",
		n, right.Load(), wrong.Load(), first, time.Since(began).Round(time.Millisecond), float64(n)/time.Since(began).Seconds())
	if count > 1 && (right.Load() == 0 || wrong.Load() == 0) {
		t.Error("the scenarios are all of one kind")
	}
}

// wantNoGoroutines waits until no goroutine of the engine is left. Those of
// connections end when the servers have closed them.
func wantNoGoroutines(t *testing.T) {
	t.Helper()
	var left []string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		left = nil
		stacks := make([]byte, 16<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for s := range strings.SplitSeq(string(stacks), "\n\n") {
			engine := strings.Contains(s, "depfetch/fetch.") || strings.Contains(s, "depfetch/fetch/source.") || strings.Contains(s, "net/http.(*persistConn)") ||
				strings.Contains(s, "net/http.(*http2ClientConn)") || strings.Contains(s, "net/http.(*Transport)")
			if engine && !strings.Contains(s, "wantNoGoroutines") {
				left = append(left, s)
			}
		}
		if len(left) == 0 {
			return
		}
	}
	t.Errorf("%d goroutines are left:\n%s", len(left), strings.Join(left[:min(len(left), 5)], "\n\n"))
}

var (
	errCancelled = errors.New("cancelled by the test")
	errHung      = errors.New("the run did not end")
)

// run runs the scenario and checks it. It returns what Fetch did.
func (c *chaos) run() error {
	before := c.snapshot(c.client.Root)
	cached := c.cached()

	ctx, cancel := context.WithCancelCause(c.t.Context())
	defer cancel(nil)
	ctx, stop := context.WithTimeoutCause(ctx, time.Minute, errHung)
	defer stop()
	if c.cancelAfter > 0 {
		defer time.AfterFunc(c.cancelAfter, func() { cancel(errCancelled) }).Stop()
	}
	o := &c.events
	o.starts, o.placed, o.verified = make(map[string]int), make(map[string]bool), make(map[string]bool)
	c.client.Events = func(e fetch.Event) {
		c.observe(e)
		if o.n == c.cancelAt {
			cancel(errCancelled)
		}
		o.n++
	}
	sum, err := c.client.Fetch(ctx, c.artifacts)
	o.over.Store(true)

	if errors.Is(err, errHung) {
		c.t.Errorf("%v", err)
	}
	c.t.Log("Fetch returned:", err)
	for _, f := range o.faults {
		c.t.Error(f)
	}
	after := c.snapshot(c.client.Root)
	c.checkTree(before, after, sum, err)
	c.checkError(ctx, err)
	c.checkCache(cached, err)
	c.checkRequests()
	c.checkSecrets(err)
	if c.t.Failed() {
		c.t.Logf("retries %d, jobs %d; events:\n%s", c.client.Retries, c.client.Jobs, strings.Join(o.texts, ""))
	}
	return err
}

// observe notes an event, and what is wrong with it.
func (c *chaos) observe(e fetch.Event) {
	o := &c.events
	fault := func(format string, args ...any) { o.faults = append(o.faults, fmt.Sprintf(format, args...)) }
	if o.at.Add(1) != 1 {
		panic("events overlap")
	}
	defer o.at.Add(-1)
	if o.over.Load() {
		panic("an event after Fetch has returned")
	}
	if (e.Kind == fetch.EventPlan) != (o.n == 0) {
		fault("event %d is %q", o.n, e.Kind)
	}
	if e.Kind != fetch.EventProgress {
		o.texts = append(o.texts, fmt.Sprintln(e.Kind, e.Artifact.Name, e.Source, source.Redact(e.URL), e.Attempt, e.Err))
	}
	switch e.Kind {
	case fetch.EventStart:
		key := e.Artifact.Name + " " + e.URL
		o.starts[key]++
		if o.starts[key] > c.client.Retries+1 || e.Attempt > c.client.Retries+1 {
			fault("%s is tried for the %d. time, as attempt %d, with %d retries", key, o.starts[key], e.Attempt, c.client.Retries)
		}
		if c.client.Offline && e.Source != fetch.SourceCache && e.Source != fetch.SourceLocal {
			fault("asked a %s while offline", e.Source)
		}
	case fetch.EventFailed:
		if e.Err == nil {
			fault("a failure without a cause: %+v", e)
		}
	case fetch.EventCacheFailed:
		o.noCache = true
	case fetch.EventVerified:
		o.verified[e.Artifact.Name] = true
	case fetch.EventPlaced:
		if !o.verified[e.Artifact.Name] || o.placed[e.Artifact.Name] {
			fault("%s is placed, but was not verified, or was placed before", e.Artifact.Name)
		}
		o.placed[e.Artifact.Name] = true
		if c.interfere {
			c.interfere = false
			c.obstruct(*e.Artifact)
		}
	}
}

// obstruct makes a directory where a file other than that of a is about to go.
func (c *chaos) obstruct(a fetch.Artifact) {
	for _, b := range c.artifacts {
		if _, err := os.Lstat(c.file(b)); b.Name != a.Name && errors.Is(err, fs.ErrNotExist) {
			if err := os.Mkdir(c.file(b), 0o755); err == nil {
				c.hopeless = true
				return
			}
		}
	}
}

func (c *chaos) snapshot(dir string) map[string]entry {
	all, err := snapshot(dir)
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

func (c *chaos) cached() map[string]entry {
	if c.client.Cache == nil {
		return nil
	}
	return c.snapshot(c.client.Cache.Root)
}

// checkTree checks what lies below the root.
func (c *chaos) checkTree(before, after map[string]entry, sum fetch.Summary, err error) {
	if left := litter(after); left != nil {
		c.t.Errorf("temporary files are left: %q", left)
	}
	var place *fetch.PlaceError
	placed := make(map[string]fetch.Artifact) // by path
	missing := make(map[string]bool)
	switch {
	case err == nil:
		for _, a := range c.artifacts {
			placed[c.rel(a)] = a
		}
		if sum.Present+sum.Placed != len(c.artifacts) || len(c.events.placed) != sum.Placed {
			c.t.Errorf("%d artifacts, %d placed by the events, summary %+v", len(c.artifacts), len(c.events.placed), sum)
		}
	case errors.As(err, &place):
		for _, a := range place.Placed {
			placed[c.rel(*a)] = *a
		}
		for _, a := range place.Missing {
			missing[c.rel(*a)] = true
		}
	default:
		if len(c.events.placed) > 0 {
			c.t.Errorf("%d files were placed, but the error is %v", len(c.events.placed), err)
		}
	}

	made := make(map[string]bool) // directories that may be new
	for p := range placed {
		for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
			made[dir] = true
		}
	}
	if place != nil {
		for p := range missing {
			for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
				made[dir] = true
			}
		}
	}
	for _, p := range slices.Sorted(maps.Keys(merged(before, after))) {
		was, existed := before[p]
		is, exists := after[p]
		a, wanted := placed[p]
		switch {
		case wanted:
			c.checkPlaced(a, was, is, existed)
		case missing[p] && is.mode.IsDir(): // what obstructed it
		case existed != exists && exists && made[p] && is.mode.IsDir():
			if !is.mtime.Equal(fetch.DefaultMtime) {
				c.t.Errorf("the new directory %s is of %v", p, is.mtime)
			}
		case existed != exists || was != is:
			c.t.Errorf("%s was %v (%v) and is %v (%v) after %v", p, was, existed, is, exists, err)
		}
	}
}

func merged(a, b map[string]entry) map[string]entry {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// rel returns the path of an artifact in a snapshot.
func (c *chaos) rel(a fetch.Artifact) string {
	rel, err := filepath.Rel(c.client.Root, c.file(a))
	if err != nil {
		c.t.Fatal(err)
	}
	return filepath.ToSlash(rel)
}

func (c *chaos) checkPlaced(a fetch.Artifact, was, is entry, existed bool) {
	want := sha256.Sum256([]byte(c.content(a)))
	right := func(e entry) bool {
		return e.mode.IsRegular() && (e.mode == a.Mode || runtime.GOOS == "windows") && e.digest == want
	}
	mtime := fetch.DefaultMtime
	if existed && right(was) {
		mtime = was.mtime
	}
	if !right(is) || !is.mtime.Equal(mtime) {
		c.t.Errorf("%s is %v; want %x, mode %v, of %v", a.Name, is, want, a.Mode, mtime)
	}
}

// checkError checks that the error is of a kind that is documented, and that
// there is none without a reason.
func (c *chaos) checkError(ctx context.Context, err error) {
	if err == nil {
		if c.hopeless {
			c.t.Error("what could not succeed did")
		}
		return
	}
	var (
		transfer *fetch.TransferError
		dest     *fetch.DestinationError
		place    *fetch.PlaceError
	)
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
	case !errors.As(err, &transfer) && !errors.As(err, &dest) && !errors.As(err, &place):
		c.t.Errorf("an error of type %T: %v", err, err)
	case c.hopeless || c.unsure || ctx.Err() != nil:
	case c.starved(err):
	case c.gaveUp(err):
	default:
		c.t.Errorf("every blob has a source that is right within %d retries: %v", c.client.Retries, err)
	}
}

// starved reports whether a source seemed to stall more often than its script
// says: the machine had no time for it.
func (c *chaos) starved(err error) bool {
	switch e := err.(type) {
	case *fetch.TransferError:
		seen := make(map[string]int)
		for _, a := range e.Attempts {
			if strings.Contains(a.Err.Error(), "stalled") {
				seen[a.URL]++
			}
			if seen[a.URL] > c.stalling[a.URL] {
				return true
			}
		}
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), c.starved)
	}
	return false
}

// gaveUp reports whether a host was not asked again, which has to have failed as
// often as is allowed.
func (c *chaos) gaveUp(err error) bool {
	var down *fetch.HostDownError
	if !errors.As(err, &down) {
		return false
	}
	failed := 0
	for _, e := range c.events.texts {
		if strings.HasPrefix(e, "failed") && strings.Contains(e, " "+down.Host+"/") && !strings.Contains(e, "not asked again") {
			failed++
		}
	}
	return failed > c.client.Retries
}

// checkCache checks that what is new in the cache is right, and that what was
// fetched is there.
func (c *chaos) checkCache(before map[string]entry, err error) {
	if c.client.Cache == nil {
		return
	}
	after := c.cached()
	if left := litter(after); left != nil {
		c.t.Errorf("temporary files are left in the cache: %q", left)
	}
	for p, is := range after {
		hex, isBlob := strings.CutPrefix(p, cache.Dir+"/")
		if was, existed := before[p]; !isBlob || existed && was == is {
			continue
		}
		if fmt.Sprintf("%x", is.digest) != hex || !is.mode.IsRegular() {
			c.t.Errorf("the cache now holds as %s what is %v", hex, is)
		}
	}
	for p := range before {
		if _, ok := after[p]; !ok && !strings.HasPrefix(p, cache.Dir+"/") {
			c.t.Errorf("%s is gone from the cache", p)
		}
	}
	if err != nil || c.events.noCache {
		return
	}
	for _, a := range c.artifacts {
		name := cache.Dir + "/" + a.Digest.String()
		if is, ok := after[name]; c.events.placed[a.Name] && (!ok || is.digest != [sha256.Size]byte(a.Digest)) {
			c.t.Errorf("%s was fetched, but is not in the cache: %v", a.Name, is)
		}
	}
}

// checkRequests checks what the servers were asked.
func (c *chaos) checkRequests() {
	for _, s := range c.scripted {
		asked := s.server.Requests(s.uri)
		// In one try a part that does not fit is followed by the whole.
		asked = slices.DeleteFunc(slices.Clone(asked), func(r *http.Request) bool { return r.Header.Get("Range") != "" })
		most := (c.client.Retries + 1) * s.perTry
		if c.closes {
			// The transport asks again by itself for each connection that it
			// uses again and that is closed before a byte came. It keeps up
			// to three here, and others may add to them meanwhile.
			most *= 8
		}
		if len(asked) > most {
			c.t.Errorf("%s%s was asked %d times, with %d retries", s.server.URL, source.Redact(s.uri), len(asked), c.client.Retries)
		}
		if c.policed && s.server == c.elsewhere && len(asked) > 0 {
			c.t.Errorf("%s%s was asked against the policy", s.server.URL, source.Redact(s.uri))
		}
	}
	for _, h := range c.hops {
		for _, r := range h.server.Requests(h.uri) {
			if r.Header.Get("Authorization") != "" {
				c.t.Errorf("%s%s was sent credentials of another origin", h.server.URL, source.Redact(h.uri))
			}
		}
	}
}

// checkSecrets checks that no secret is in what may be shown.
func (c *chaos) checkSecrets(err error) {
	for _, text := range append(c.events.texts, fmt.Sprint(err), fmt.Sprintf("%v", errors.Unwrap(err))) {
		for _, s := range c.secrets {
			if strings.Contains(strings.ToLower(text), s) {
				c.t.Errorf("a secret (%s) is in: %s", s, text)
			}
		}
	}
}
