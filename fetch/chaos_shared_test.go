//go:build unix

package fetch_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/digest"
	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
)

// TestChaosShared has processes and calls within one share a cache. Some are killed,
// interrupted or stopped, some are of another user, and the cache holds what others have
// left there. Those that are let end succeed, and the last run leaves nothing but blobs.
func TestChaosShared(t *testing.T) {
	count, limit := uint64(24), 3*time.Second
	if testing.Short() {
		count = 6
	}
	scenarios(t, count, limit, 4, func(t *testing.T, seed uint64) error {
		return newSharedChaos(t, seed, filepath.Join(t.TempDir(), "cache"), false).run()
	})
}

// sharedChaos is one scenario, made from a seed.
type sharedChaos struct {
	t         *testing.T
	rand      *rand.Rand
	server    *fetchtest.Server
	cache     string
	artifacts []fetch.Artifact
	bodies    []string
	faults    []int // of the server, for each artifact
	actors    []*actor

	noLocks  bool // there are no locks
	readOnly bool // nobody can write to the cache
	full     bool // the cache may have no room, which leaves nothing
	once     bool // nothing keeps each file from being downloaded once
}

// actor is one run.
type actor struct {
	crashPlan
	within bool // this process
	fate   fate
	after  time.Duration // when it comes
	err    error
}

// fate is what happens to an actor.
type fate int

const (
	fateNone fate = iota
	fateKilled
	fateInterrupted
	fateStopped // and continued when the others have ended
	fateStoppedAndKilled
)

// stranger is the user that some actors run as.
const stranger = 12345

// newSharedChaos makes a scenario with a cache in dir, which may be full.
func newSharedChaos(t *testing.T, seed uint64, dir string, full bool) *sharedChaos {
	rnd := rand.New(rand.NewPCG(seed, 4))
	c := &sharedChaos{t: t, rand: rnd, server: fetchtest.New(t), cache: dir, full: full, once: !full}
	open(t, filepath.Dir(dir))
	switch rnd.IntN(8) {
	case 0:
		c.noLocks = canRestrict
	case 1:
		c.readOnly = os.Getuid() != 0 // who may write anywhere
	}
	for i := range 1 + rnd.IntN(5) {
		c.addFile(i, seed)
	}
	calm := rnd.IntN(4) == 0 // nothing goes wrong
	if !calm {
		c.plantAll()
	}
	for i := range 2 + rnd.IntN(3) {
		c.addActor(i, calm)
	}
	if c.readOnly {
		mustWrite(t, filepath.Join(dir, "keep"), "")
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(dir, 0o755) })
	}
	c.once = c.once && !c.noLocks && !c.readOnly
	return c
}

// open lets other users into the directories of the test.
func open(t *testing.T, dir string) {
	t.Helper()
	for ; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *sharedChaos) addFile(i int, seed uint64) {
	rnd := c.rand
	b := make([]byte, []int{rnd.IntN(2000), rnd.IntN(60_000), 200_000, 1<<20 + rnd.IntN(300_000), 1<<20 + rnd.IntN(300_000)}[rnd.IntN(5)])
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	key[31] = byte(i)
	rand.NewChaCha8(key).Read(b)
	body := string(b)
	right := []fetchtest.Step{
		fetchtest.Ranged(`"one"`, body), fetchtest.Ranged(`"two"`, body), fetchtest.Body(body),
		fetchtest.Throttled(32<<10, time.Duration(1+rnd.IntN(8))*time.Millisecond, fetchtest.Ranged(`"one"`, body)),
		fetchtest.Throttled(32<<10, time.Duration(1+rnd.IntN(8))*time.Millisecond, fetchtest.Ranged(`"one"`, body)),
	}[rnd.IntN(5)]
	var steps []fetchtest.Step
	if rnd.IntN(3) == 0 {
		for range rnd.IntN(3) { // no more than each actor tries again
			n := rnd.IntN(len(body) + 1)
			steps = append(steps, []fetchtest.Step{
				fetchtest.RangedCut(`"one"`, body, n), fetchtest.RangedCut(`"two"`, body, n), fetchtest.Reset(body, n),
				fetchtest.Status(503), c.server.Stalled(body, n),
			}[rnd.IntN(5)])
		}
	}
	name := fmt.Sprintf("f%d", i)
	a := pin(name, c.server.Script("/"+name, append(steps, right)...), body)
	if rnd.IntN(6) == 0 {
		a.Size = fetch.SizeUnknown
	}
	c.artifacts, c.bodies, c.faults = append(c.artifacts, a), append(c.bodies, body), append(c.faults, len(steps))
}

// plantAll puts into the cache what others may have left there.
func (c *sharedChaos) plantAll() {
	if c.noLocks || c.readOnly || c.full {
		return // what is left there stays, or has no room
	}
	for i, a := range c.artifacts {
		if c.rand.IntN(2) == 0 {
			c.plant(a, c.bodies[i])
		}
	}
}

// plant leaves something for one file.
func (c *sharedChaos) plant(a fetch.Artifact, body string) {
	rnd := c.rand
	part := filepath.Join(c.cache, ".partial-"+a.Digest.String())
	n := rnd.IntN(len(body) + 1)
	key := digest.Of([]byte(a.URL)).String()
	record := []string{
		key + " \"one\"\n", key + " \"one\"\n", key + " \"two\"\n", digest.Of(nil).String() + " \"one\"\n",
		key + " \"one\"", key + " W/\"one\"\n", key + " \"o\r\nX: y\"\n", "", "\x00", strings.Repeat("x", 10<<10),
	}[rnd.IntN(10)]
	wrong := []byte(body[:n])
	if n > 0 {
		wrong[rnd.IntN(n)] ^= 1
	}
	content := []string{body[:n], body[:n], body, body + "more", "", string(wrong), strings.Repeat("\x00", n)}[rnd.IntN(7)]
	mustWrite(c.t, part, content)
	mustWrite(c.t, part+".from", record)
	var err error
	switch rnd.IntN(12) {
	case 0:
		err = os.Remove(part)
	case 1:
		err = os.Remove(part + ".from")
	case 2:
		mustWrite(c.t, filepath.Join(c.cache, cache.Dir, a.Digest.String()), string(wrong)+"x")
		c.once = false
	case 3:
		mustWrite(c.t, filepath.Join(c.cache, cache.Dir, a.Digest.String()), body)
	case 4:
		err = os.Link(part, filepath.Join(c.t.TempDir(), "link"))
	case 5:
		at := time.Now().Add(time.Duration(rnd.IntN(97)-48) * time.Hour)
		err = os.Chtimes(part, at, at)
	case 6:
		err = os.Chmod(part, 0o000)
	case 7, 8:
		if os.Getuid() == 0 {
			err = errors.Join(os.Chown(part, stranger, stranger), os.Chown(part+".from", stranger, stranger))
		}
	case 9:
		mustWrite(c.t, filepath.Join(c.cache, fmt.Sprintf(".depfetch-%032x", rnd.Uint64())), "left")
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *sharedChaos) addActor(i int, calm bool) {
	rnd := c.rand
	a := &actor{crashPlan: crashPlan{
		Root: filepath.Join(filepath.Dir(c.cache), fmt.Sprint("root", i)), Cache: c.cache, Jobs: 1 + rnd.IntN(4), Kind: "none",
		Segments: rnd.IntN(2) == 0, NoLocks: c.noLocks, Stall: 2 * time.Second,
	}}
	for _, artifact := range c.artifacts {
		if rnd.IntN(4) > 0 {
			a.Artifacts = append(a.Artifacts, artifact)
		}
	}
	a.within = !c.noLocks && rnd.IntN(3) == 0
	a.Fill = !c.full && !c.readOnly && rnd.IntN(5) == 0
	if !calm {
		a.fate = fate(rnd.IntN(6) - 1)
		a.after = time.Duration(rnd.IntN(250)) * time.Millisecond
		switch {
		case c.noLocks || a.fate < 0:
			a.fate = fateNone // without locks, what killed ones leave stays
		case a.within && a.fate > fateNone || a.fate == fateInterrupted:
			a.fate, a.within = fateInterrupted, true
		}
		if !a.within && !c.noLocks && os.Getuid() == 0 && rnd.IntN(4) == 0 {
			a.User, a.Fill = stranger, false
			c.once = false
		}
	}
	c.once = c.once && a.fate == fateNone && !a.Segments
	mustWrite(c.t, filepath.Join(a.Root, "keep"), "kept")
	for _, artifact := range a.Artifacts {
		if rnd.IntN(3) == 0 {
			mustWrite(c.t, filepath.Join(a.Root, artifact.Path), "old")
		}
	}
	if a.User != 0 {
		mustWrite(c.t, filepath.Join(c.cache, "keep"), "")
		mode := []os.FileMode{0o755, 0o777, 0o777 | os.ModeSticky}[rnd.IntN(3)]
		err := os.Chmod(c.cache, mode)
		filepath.WalkDir(a.Root, func(name string, _ os.DirEntry, _ error) error {
			err = errors.Join(err, os.Chown(name, a.User, a.User))
			return nil
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
	c.actors = append(c.actors, a)
}

// run lets the actors run, and then one that downloads all.
func (c *sharedChaos) run() (err error) {
	var wg sync.WaitGroup
	ended := make(chan struct{}) // when those that are not stopped have
	var moving sync.WaitGroup
	for _, a := range c.actors {
		if a.fate < fateStopped {
			moving.Add(1)
		}
		wg.Go(func() {
			if a.fate < fateStopped {
				defer moving.Done()
			}
			a.err = a.act(c.t, ended)
		})
	}
	moving.Wait()
	close(ended)
	wg.Wait()
	for _, a := range c.actors {
		c.checkActor(a)
	}
	c.checkCache(false)
	c.checkRequests()
	for _, a := range c.actors {
		err = errors.Join(err, a.err)
	}
	c.last()
	if c.t.Failed() {
		for _, a := range c.actors {
			c.t.Logf("%+v", *a)
		}
	}
	return err
}

// longest is how long an actor may take: all of its retries may stall, and so may others
// that it waits for.
const longest = time.Minute

// act runs a, and returns the error that it ends with.
func (a *actor) act(t *testing.T, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeoutCause(t.Context(), longest, errHung)
	defer cancel()
	if a.within {
		ctx, stop := context.WithCancelCause(ctx)
		defer stop(nil)
		if a.fate == fateInterrupted {
			defer time.AfterFunc(a.after, func() { stop(errCancelled) }).Stop()
		}
		return a.call(ctx, a.client())
	}
	var out strings.Builder
	cmd := a.command(ctx, t)
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		return err
	}
	switch a.fate {
	case fateKilled:
		defer time.AfterFunc(a.after, func() { cmd.Process.Kill() }).Stop()
	case fateStopped, fateStoppedAndKilled:
		time.Sleep(a.after)
		cmd.Process.Signal(syscall.SIGSTOP)
		<-ended
		if a.fate == fateStoppedAndKilled {
			cmd.Process.Kill()
		}
		cmd.Process.Signal(syscall.SIGCONT)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &exit) && exit.ExitCode() < 0:
		return errCancelled // by the signal
	case err != nil:
		return fmt.Errorf("%w: %s", err, out.String())
	}
	return nil
}

// checkActor checks what a run has left.
func (c *sharedChaos) checkActor(a *actor) {
	ends := a.fate == fateNone || a.fate == fateStopped
	if a.err != nil && (ends || !errors.Is(a.err, errCancelled)) {
		c.t.Errorf("%+v: %v", a.crashPlan, a.err)
	}
	c.checkRoot(a, a.err == nil)
}

// checkRoot checks the destinations of a run, all of which must be new if it has ended.
func (c *sharedChaos) checkRoot(a *actor, ended bool) {
	root, err := snapshot(a.Root)
	if err != nil {
		c.t.Fatal(err)
	}
	if left := litter(root); left != nil && (ended || a.within) {
		c.t.Errorf("temporary files are left: %q", left)
	}
	for i, artifact := range c.artifacts {
		e, exists := root["opt/"+artifact.Name]
		wanted := ended && !a.Fill && contains(a.Artifacts, artifact)
		right := exists && e.digest == artifact.Digest
		old := !exists || e.digest == digest.Of([]byte("old"))
		if wanted && !right || !right && !old {
			c.t.Errorf("%s of %d bytes is %v (%v), after %v", artifact.Name, len(c.bodies[i]), e, exists, a.err)
		}
	}
}

func contains(all []fetch.Artifact, a fetch.Artifact) bool {
	for i := range all {
		if all[i].Name == a.Name {
			return true
		}
	}
	return false
}

// checkCache checks that all blobs are right, except those that were planted, and at the
// end that there is nothing else.
func (c *sharedChaos) checkCache(end bool) {
	all, err := snapshot(c.cache)
	if err != nil {
		c.t.Fatal(err)
	}
	blobs := 0
	for name, e := range all {
		hex, isBlob := strings.CutPrefix(name, cache.Dir+"/")
		switch {
		case e.mode.IsDir(), name == "keep":
		case isBlob && fmt.Sprintf("%x", e.digest) == hex:
			blobs++
		case isBlob && !end && e.mode.Perm() == 0o644 && c.planted(hex, e):
		case isBlob:
			c.t.Errorf("the cache holds as %s what is %v", hex, e)
		case end || c.noLocks || c.readOnly:
			c.t.Errorf("in the cache: %s %v", name, e)
		}
	}
	if end && !c.full && blobs != c.distinct() {
		c.t.Errorf("%d blobs in the cache, of %d", blobs, c.distinct())
	}
}

// planted reports whether a wrong blob is one of plant, which ends in an x.
func (c *sharedChaos) planted(hex string, e entry) bool {
	text, err := os.ReadFile(filepath.Join(c.cache, cache.Dir, hex))
	return err == nil && strings.HasSuffix(string(text), "x") && e.digest == digest.Of(text)
}

func (c *sharedChaos) distinct() int {
	digests := make(map[fetch.Digest]bool)
	for _, a := range c.artifacts {
		digests[a.Digest] = true
	}
	return len(digests)
}

// checkRequests checks how often the server was asked for each file.
func (c *sharedChaos) checkRequests() {
	for i, a := range c.artifacts {
		asking := 0
		for _, actor := range c.actors {
			if contains(actor.Artifacts, a) {
				asking++
			}
		}
		n, most := len(c.server.Requests("/"+a.Name)), asking*(2*4+1)
		for _, actor := range c.actors {
			if actor.Segments {
				most += len(c.bodies[i])/(16<<10) + 64
			}
		}
		if c.once && c.faults[i] == 0 {
			most = min(asking, 1)
		}
		if n > most {
			c.t.Errorf("%s was asked for %d times by %d", a.Name, n, asking)
		}
	}
}

// last runs once more into each root, with all files, after which there is nothing but
// files and blobs.
func (c *sharedChaos) last() {
	if c.noLocks || c.readOnly {
		return // the sweep needs locks, and a cache to sweep
	}
	// The last one finds nothing in place.
	for _, a := range append(c.actors, &actor{crashPlan: crashPlan{Root: c.t.TempDir(), Cache: c.cache}}) {
		client := a.client()
		client.Source = source.New(source.Config{StallTimeout: time.Minute})
		if _, err := client.Fetch(c.t.Context(), c.artifacts); err != nil {
			c.t.Errorf("the last run: %v", err)
		}
		a.Artifacts, a.err, a.within, a.Fill = c.artifacts, nil, true, false
		c.checkRoot(a, true)
	}
	c.checkCache(true)
	c.checkOpen()
}

// checkOpen checks that this process has no file of the scenario open, where that can be
// told.
func (c *sharedChaos) checkOpen() {
	fds, _ := filepath.Glob("/proc/self/fd/*")
	for _, fd := range fds {
		if name, err := os.Readlink(fd); err == nil && strings.HasPrefix(name, filepath.Dir(c.cache)+"/") {
			c.t.Errorf("%s is still open", name)
		}
	}
}
