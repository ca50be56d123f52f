package fetch_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
)

// TestChaosSegments is TestChaos for files that come in segments: whatever is wrong with
// the answers for parts, the files come, as long as the one stream that each begins with
// breaks no more often than it is tried.
func TestChaosSegments(t *testing.T) {
	count, limit := uint64(40), 3*time.Second
	if testing.Short() {
		count = 10
	}
	scenarios(t, count, limit, 12, func(t *testing.T, seed uint64) error { return newSegmentChaos(t, seed).run() })
}

// segmentChaos is one scenario, made from a seed.
type segmentChaos struct {
	t          *testing.T
	rand       *rand.Rand
	server     *fetchtest.Server
	elsewhere  *fetchtest.Server // where parts are redirected to
	cfg        source.Config
	client     *fetch.Client
	connection gauge
	files      []*partedFile
	artifacts  []fetch.Artifact
}

// partedFile is a file on a server that limits each connection.
type partedFile struct {
	c              *segmentChaos
	uri, body, tag string
	piece          int // what comes at once
	pause          time.Duration

	mu     sync.Mutex // guards what follows
	rand   *rand.Rand
	faulty int  // how many of a hundred answers for parts are wrong
	breaks int  // how often the one stream is still going to break
	early  bool // it may break before its first byte
	broken int  // how often it has
	stalls int  // and how often of these by standing still
	banned int  // after so many requests, those for parts are refused
	parts  int  // requests for parts
	loops  bool // there have been redirects in a circle
}

// parted is what a request asks for.
type parted struct {
	from, to int // to is where it ends
	isPart   bool
}

func newSegmentChaos(t *testing.T, seed uint64) *segmentChaos {
	rnd := rand.New(rand.NewPCG(seed, 2))
	c := &segmentChaos{t: t, rand: rnd, server: fetchtest.New(t), elsewhere: fetchtest.New(t), client: client(t)}
	cfg := &c.cfg
	cfg.StallTimeout = 2 * time.Second
	if rnd.IntN(4) == 0 {
		c.server = fetchtest.NewTLS(t)
		if err := cfg.Roots.Add("the test's CA", c.server.CA()); err != nil {
			t.Fatal(err)
		}
	}
	c.client.Source = source.New(*cfg)
	c.client.Connections = []int{0, 0, 2, 5}[rnd.IntN(4)]
	c.client.SegmentSoon()
	if rnd.IntN(2) == 0 {
		c.client.Cache = &cache.Store{Root: filepath.Join(t.TempDir(), "cache")}
	}
	n := 1 + rnd.IntN(3)
	for i := range n {
		b := make([]byte, 150_000+rnd.IntN(500_000))
		if rnd.IntN(4) == 0 { // so large that it is resumed by another run
			b = make([]byte, 1<<20+rnd.IntN(200_000))
		}
		var key [32]byte
		binary.LittleEndian.PutUint64(key[:], rnd.Uint64())
		rand.NewChaCha8(key).Read(b)
		f := &partedFile{
			c: c, rand: rand.New(rand.NewPCG(seed, uint64(3+i))), uri: fmt.Sprintf("/f%d", i), body: string(b), tag: `"one"`,
			piece: 8<<10 + rnd.IntN(24<<10), pause: time.Duration(4+rnd.IntN(8)) * time.Millisecond,
			faulty: []int{0, 10, 40, 100}[rnd.IntN(4)], breaks: max(0, rnd.IntN(6)-2), early: n == 1, banned: 1 << 30,
		}
		if rnd.IntN(4) == 0 {
			f.banned = 1 + rnd.IntN(12)
		}
		a := pin(f.uri[1:], c.server.Script(f.uri, c.connection.count(f.serve)), f.body)
		c.elsewhere.Script(f.uri, f.part)
		c.files, c.artifacts = append(c.files, f), append(c.artifacts, a)
	}
	return c
}

func (f *partedFile) asked(r *http.Request) parted {
	field := strings.TrimPrefix(r.Header.Get("Range"), "bytes=")
	first, last, _ := strings.Cut(field, "-")
	from, _ := strconv.Atoi(first)
	to, err := strconv.Atoi(last)
	if err != nil {
		return parted{from, len(f.body), false}
	}
	return parted{from, to + 1, true}
}

// serve answers a request.
func (f *partedFile) serve(w http.ResponseWriter, r *http.Request) {
	if !f.asked(r).isPart {
		f.stream(w, r)
		return
	}
	f.mu.Lock()
	f.parts++
	refused, wrong := f.parts > f.banned, f.rand.IntN(100) < f.faulty
	f.mu.Unlock()
	switch {
	case refused:
		http.Error(w, "too many", http.StatusTooManyRequests)
	case wrong:
		f.fault(w, r)
	default:
		f.part(w, r)
	}
}

func (f *partedFile) isBanned() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.parts > f.banned
}

func (f *partedFile) intN(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rand.IntN(n)
}

// part serves what is asked for, as it should.
func (f *partedFile) part(w http.ResponseWriter, r *http.Request) {
	fetchtest.Throttled(f.piece, f.pause, fetchtest.Ranged(f.tag, f.body))(w, r)
}

// stream serves the file, or the rest of it, and may break.
func (f *partedFile) stream(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	breaks := f.breaks > 0
	if breaks {
		f.breaks--
		f.broken++
	}
	f.mu.Unlock()
	asked := f.asked(r)
	switch kind := f.intN(6); {
	case !breaks:
		f.part(w, r)
	case kind == 0 && f.early:
		fetchtest.Status([]int{408, 429, 500, 503}[f.intN(4)], "Retry-After", "0")(w, r)
	case kind == 2 && f.early && f.isBanned():
		fetchtest.Status(http.StatusForbidden)(w, r)
	default:
		// At least some bytes come, so that the host does not count as down.
		left := 1 + f.intN(asked.to-asked.from)
		if kind == 1 {
			f.mu.Lock()
			f.stalls++
			f.mu.Unlock()
			f.part(&stopping{w, r.Context(), left}, r)
		} else {
			f.part(&breaking{w, left}, r)
		}
	}
}

// fault answers a request for a part with something else, or not to its end.
func (f *partedFile) fault(w http.ResponseWriter, r *http.Request) {
	asked := f.asked(r)
	n := asked.to - asked.from
	other := func(from, to int) { // serve another part
		r = r.Clone(r.Context())
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", max(from, 0), to-1))
		f.part(w, r)
	}
	flipped := func() string {
		b := []byte(f.body)
		b[asked.from+f.intN(n)] ^= 1
		return string(b)
	}
	switch f.intN(22) {
	case 0:
		f.hijack(w, "", true)
	case 1:
		f.hijack(w, "", false)
	case 2:
		f.hijack(w, "HTTP/1.1 206 Partial\r\nno colon\r\n\r\n", false)
	case 3, 4: // cut off, properly or not
		f.part(&breaking{w, f.intN(n)}, r)
	case 5:
		f.hijack(w, f.head(asked)+f.body[asked.from:asked.from+f.intN(n)], f.intN(2) == 0)
	case 6: // no answer
		<-r.Context().Done()
	case 7:
		f.part(&stopping{w, r.Context(), f.intN(n)}, r)
	case 8: // another version
		fetchtest.Ranged(`"two"`, flipped())(w, r)
	case 9:
		r.Header.Del("If-Range")
		fetchtest.Ranged(`"two"`, flipped())(w, r)
	case 10: // wrong bytes
		fetchtest.Ranged(f.tag, flipped())(w, r)
	case 11:
		io.WriteString(w, "") // an empty answer
	case 12:
		fetchtest.Body(f.body)(w, r)
	case 13:
		other(asked.from+1-f.intN(3), asked.to)
	case 14:
		other(asked.from, asked.to+1-f.intN(3))
	case 15: // another part under the right label
		shift := min(asked.from, 1+f.intN(9))
		f.hijack(w, f.head(asked)+f.body[asked.from-shift:asked.to-shift], false)
	case 16:
		fetchtest.Status([]int{204, 206, 304, 400, 401, 403, 404, 408, 410, 416, 425, 429, 500, 502, 503, 504}[f.intN(16)], "Retry-After", "100")(w, r)
	case 17:
		fetchtest.Status([]int{403, 429, 503}[f.intN(3)])(w, r)
	case 18:
		uri := f.uri
		if f.intN(3) == 0 {
			uri = "/nothing"
		}
		fetchtest.Redirect(302, f.c.elsewhere.URL+uri)(w, r)
	case 19:
		f.mu.Lock()
		f.loops = true
		f.mu.Unlock()
		fetchtest.Redirect(307, r.RequestURI)(w, r)
	case 20:
		fetchtest.Throttled(64, 50*time.Millisecond, fetchtest.Ranged(f.tag, f.body))(w, r)
	default:
		fetchtest.Page("<!DOCTYPE html><title>Sign in</title>")(w, r)
	}
}

// head is the head of the answer for a part.
func (f *partedFile) head(p parted) string {
	return fmt.Sprintf("HTTP/1.1 206 Partial Content\r\nETag: %s\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n",
		f.tag, p.from, p.to-1, len(f.body), p.to-p.from)
}

// hijack sends text, and closes or resets the connection.
func (f *partedFile) hijack(w http.ResponseWriter, text string, reset bool) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	io.WriteString(conn, text)
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		tcp.SetLinger(0)
	}
}

// run fetches the files, perhaps interrupted, and then once more from a server without
// faults. It returns what the first Fetch did.
func (c *segmentChaos) run() error {
	ctx, cancel := context.WithCancelCause(c.t.Context())
	defer cancel(nil)
	ctx, stop := context.WithTimeoutCause(ctx, time.Minute, errHung)
	defer stop()
	if c.rand.IntN(4) == 0 {
		defer time.AfterFunc(time.Duration(c.rand.IntN(400))*time.Millisecond, func() { cancel(errCancelled) }).Stop()
	}
	var failures []string
	tries := make(map[string]int) // that failed
	c.client.Events = func(e fetch.Event) {
		if e.Kind == fetch.EventFailed {
			tries[e.Artifact.Name]++
			failures = append(failures, fmt.Sprint(e.Artifact.Name, " ", e.Attempt, ": ", e.Err))
		}
	}
	began := time.Now()
	_, err := c.client.Fetch(ctx, c.artifacts)
	took := time.Since(began)
	switch {
	case err == nil:
	case ctx.Err() != nil && !errors.Is(err, errCancelled), ctx.Err() == nil && !c.down(err) && !c.starved(failures):
		c.t.Errorf("after %s: %v", took, err)
	}
	c.check(err == nil)
	if most := c.most(); c.connection.peak() > most {
		c.t.Errorf("%d connections at once, of %d", c.connection.peak(), most)
	}
	for _, f := range c.files {
		f.checkRequests(tries[f.uri[1:]])
	}
	if c.t.Failed() {
		c.t.Logf("it took %s; failures:\n%s", took, strings.Join(failures, "\n"))
	}
	if err == nil {
		return nil
	}
	for _, f := range c.files {
		f.mu.Lock()
		f.faulty, f.breaks, f.banned = 0, 0, 1<<30
		f.mu.Unlock()
	}
	cfg := c.cfg
	cfg.StallTimeout = time.Minute
	c.client.Source = source.New(cfg)
	if _, err := c.client.Fetch(c.t.Context(), c.artifacts); err != nil {
		c.t.Errorf("the run after it: %v", err)
	}
	c.check(true)
	return err
}

// most is how many requests a server may have to answer at once. It takes a moment until
// it sees that a connection is closed.
func (c *segmentChaos) most() int { return 8 + len(c.files)*(1+c.client.Retries) }

// down reports whether a host was not asked again, since several files had failed.
func (c *segmentChaos) down(err error) bool {
	var down *fetch.HostDownError
	broken := 0
	for _, f := range c.files {
		broken += f.broken
	}
	return errors.As(err, &down) && broken > c.client.Retries
}

// starved reports whether a connection seemed to stand still more often than it did: the
// machine had no time for it.
func (c *segmentChaos) starved(failures []string) bool {
	stalls := 0
	for _, f := range c.files {
		stalls += f.stalls
	}
	for _, f := range failures {
		if strings.Contains(f, "stalled") {
			stalls--
		}
	}
	return stalls < 0
}

// checkRequests checks how often f was asked for, where so many tries failed.
func (f *partedFile) checkRequests(failed int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := len(f.c.server.Requests(f.uri))
	parts := 0
	for _, r := range f.c.server.Requests(f.uri) {
		if f.asked(r).isPart {
			parts++
		}
	}
	tries := min(failed, f.c.client.Retries) + 1
	if failed > tries {
		f.c.t.Errorf("%s has failed %d times", f.uri, failed)
	}
	// Each try ends in one stream at the latest, and wrong bytes lead to one more.
	if streams := all - parts; streams > 2*tries+1 {
		f.c.t.Errorf("%s was asked %d times for all or the rest, in %d tries", f.uri, streams, tries)
	}
	most := tries * (len(f.body)/(16<<10) + 1 + 2*16 + 8)
	if f.loops {
		most *= 12
	}
	if parts > most {
		f.c.t.Errorf("%s was asked %d times for parts, with %d tries; %d bytes", f.uri, parts, tries, len(f.body))
	}
}

// check checks the destinations and the cache after a run.
func (c *segmentChaos) check(placed bool) {
	c.t.Helper()
	want := []string{}
	if placed {
		want = append(want, "opt/")
		for _, f := range c.files {
			want = append(want, "opt"+f.uri)
			wantFile(c.t, filepath.Join(c.client.Root, "opt", f.uri), f.body)
		}
	}
	wantTree(c.t, c.client.Root, want...)
	if c.client.Cache == nil {
		return
	}
	cached, err := snapshot(c.client.Cache.Root)
	if err != nil {
		c.t.Fatal(err)
	}
	blobs := 0
	for name, e := range cached {
		hex, isBlob := strings.CutPrefix(name, cache.Dir+"/")
		switch {
		case isBlob:
			blobs++
			if fmt.Sprintf("%x", e.digest) != hex {
				c.t.Errorf("the cache holds as %s what is %v", hex, e)
			}
		case e.mode.IsDir():
		case !placed && strings.HasPrefix(name, ".partial-"):
		default:
			c.t.Errorf("in the cache: %s %v", name, e)
		}
	}
	if placed && blobs != len(c.files) {
		c.t.Errorf("%d blobs in the cache, of %d", blobs, len(c.files))
	}
}
