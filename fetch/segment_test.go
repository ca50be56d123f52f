package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
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

// large is a file that a throttled server sends in about half a second.
var large = func() string {
	b := make([]byte, 1<<20+12345)
	rand.NewChaCha8([32]byte{}).Read(b)
	return string(b)
}()

// throttled limits each connection.
func throttled(next fetchtest.Step) fetchtest.Step {
	return fetchtest.Throttled(16<<10, 8*time.Millisecond, next)
}

// segmenting returns a client that fetches in segments soon, and the events of failures.
func segmenting(t *testing.T) (*fetch.Client, *[]fetch.Event) {
	c := client(t)
	c.Source = source.New(source.Config{}) // none stalls because the machine is busy
	c.SegmentSoon()
	failed := new([]fetch.Event)
	c.Events = func(e fetch.Event) {
		if e.Kind == fetch.EventFailed {
			*failed = append(*failed, e)
		}
	}
	return c, failed
}

// gauge counts the requests that are answered at once.
type gauge struct {
	mu        sync.Mutex
	now, most int
}

func (g *gauge) count(next fetchtest.Step) fetchtest.Step {
	return func(w http.ResponseWriter, r *http.Request) {
		g.add(1)
		defer g.add(-1)
		next(w, r)
	}
}

func (g *gauge) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += n
	g.most = max(g.most, g.now)
}

// peak returns how many were answered at once.
func (g *gauge) peak() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.most
}

func TestSegments(t *testing.T) {
	for _, protocol := range []string{"http", "h2", "redirect"} {
		t.Run(protocol, func(t *testing.T) {
			s := fetchtest.New(t)
			c, failed := segmenting(t)
			if protocol == "h2" {
				s = fetchtest.NewTLS(t)
				var cfg source.Config
				if err := cfg.Roots.Add("the test's", s.CA()); err != nil {
					t.Fatal(err)
				}
				c.Source = source.New(cfg)
			}
			var g gauge
			url := s.Script("/large", g.count(throttled(fetchtest.Ranged(`"one"`, large))))
			if protocol == "redirect" {
				url = s.Script("/moved", fetchtest.Redirect(302, url))
			}
			summary, err := c.Fetch(t.Context(), []fetch.Artifact{pin("large", url, large)})
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, filepath.Join(c.Root, "opt/large"), large)
			if n := g.peak(); n < 4 || n > 8 {
				t.Errorf("%d connections at once", n)
			}
			if len(*failed) > 0 || summary.Bytes < int64(len(large)) || summary.Bytes > int64(len(large))+1<<20 {
				t.Errorf("%d bytes of %d, failures %v", summary.Bytes, len(large), *failed)
			}
			for _, r := range s.Requests("/large")[1:] {
				if r.Header.Get("If-Range") != `"one"` || !strings.HasPrefix(r.Header.Get("Range"), "bytes=") || protocol == "h2" && r.ProtoMajor != 1 {
					t.Errorf("a request for a part over %s: %v", r.Proto, r.Header)
				}
			}
		})
	}
}

// TestSegmentsOfSeveral holds that several files share the connections to a host.
func TestSegmentsOfSeveral(t *testing.T) {
	s := fetchtest.New(t)
	c, failed := segmenting(t)
	var g gauge
	var artifacts []fetch.Artifact
	for i := range 3 {
		name := fmt.Sprintf("f%d", i)
		content := large + name
		artifacts = append(artifacts, pin(name, s.Script("/"+name, g.count(throttled(fetchtest.Ranged(`"one"`, content)))), content))
	}
	if _, err := c.Fetch(t.Context(), artifacts); err != nil || len(*failed) > 0 {
		t.Error(err, *failed)
	}
	if n := g.peak(); n < 4 || n > 8 {
		t.Errorf("%d connections at once", n)
	}
}

// TestSegmentsMisfit holds that whatever is wrong with the answers for parts does not fail
// the file: it comes over the first connection.
func TestSegmentsMisfit(t *testing.T) {
	s := fetchtest.New(t)
	const etag = `"one"`
	ranged := fetchtest.Ranged(etag, large)
	shifted := func(by int) fetchtest.Step {
		return func(w http.ResponseWriter, r *http.Request) {
			var from, last int
			fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &last)
			r = r.Clone(r.Context())
			r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from+by, last))
			ranged(w, r)
		}
	}
	longer := func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.Header.Set("Range", strings.TrimRight(r.Header.Get("Range"), "0123456789"))
		ranged(w, r)
	}
	shorter := func(w http.ResponseWriter, r *http.Request) {
		var from, last int
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &last)
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, last-1))
		ranged(w, r)
	}
	cut := func(w http.ResponseWriter, r *http.Request) { // half of the part, then the end
		var from, last int
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &last)
		fetchtest.Raw(fmt.Sprintf("HTTP/1.1 206 Partial Content\r\nETag: %s\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n%s",
			etag, from, last, len(large), last+1-from, large[from:(from+last)/2]))(w, r)
	}
	tests := []struct {
		name  string
		parts fetchtest.Step
		most  int // requests for parts
	}{
		{"ranges are ignored", fetchtest.Body(large), 8},
		{"another version", fetchtest.Ranged(`"two"`, strings.Repeat("x", len(large))), 8},
		{"another version, If-Range ignored", func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("If-Range")
			fetchtest.Ranged(`"two"`, strings.Repeat("x", len(large)))(w, r)
		}, 8},
		{"another size", func(w http.ResponseWriter, r *http.Request) {
			fetchtest.Ranged(etag, large+"x")(w, r)
		}, 8},
		{"another part", shifted(1), 8},
		{"a longer part", longer, 8},
		{"a shorter part", shorter, 8},
		{"a part cut off", cut, 40},
		{"a page", fetchtest.Page("<html>no"), 8},
		{"reset", fetchtest.Reset("x", 0), 40},
		{"no answer", fetchtest.Raw(""), 40},
		{"stalled", s.Stalled(large, 0), 40},
		{"400", fetchtest.Status(400), 8},
		{"401", fetchtest.Status(401), 8},
		{"403", fetchtest.Status(403), 8},
		{"404", fetchtest.Status(404), 8},
		{"416", fetchtest.Status(416), 8},
		{"429", fetchtest.Status(429, "Retry-After", "100"), 8},
		{"500", fetchtest.Status(500), 8},
		{"503", fetchtest.Status(503, "Retry-After", "100"), 8},
		{"redirected elsewhere", fetchtest.Redirect(302, s.Script("/elsewhere", fetchtest.Body("x"))), 8},
		{"redirected for ever", func(w http.ResponseWriter, r *http.Request) { fetchtest.Redirect(302, r.RequestURI)(w, r) }, 200},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, failed := segmenting(t)
			if test.name == "stalled" {
				c.Source = source.New(source.Config{StallTimeout: 300 * time.Millisecond})
			}
			uri := fmt.Sprintf("/misfit/%d", i)
			url := s.Script(uri, func(w http.ResponseWriter, r *http.Request) {
				if field := r.Header.Get("Range"); field != "" && !strings.HasSuffix(field, "-") {
					test.parts(w, r)
					return
				}
				throttled(ranged)(w, r)
			})
			summary, err := c.Fetch(t.Context(), []fetch.Artifact{pin("large", url, large)})
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, filepath.Join(c.Root, "opt/large"), large)
			n := len(s.Requests(uri))
			if n < 2 || n > 1+test.most {
				t.Errorf("%d requests", n)
			}
			if len(*failed) > 0 || summary.Bytes > 3*int64(len(large)) {
				t.Errorf("%d bytes of %d, failures %v", summary.Bytes, len(large), *failed)
			}
		})
	}
}

// TestSegmentsMainBreaks breaks the first connection while parts come: they end the file,
// or one stream fetches the rest.
func TestSegmentsMainBreaks(t *testing.T) {
	const etag = `"one"`
	for _, parts := range []fetchtest.Step{throttled(fetchtest.Ranged(etag, large)), fetchtest.Status(403)} {
		s := fetchtest.New(t)
		c, _ := segmenting(t)
		url := s.Script("/large", func(w http.ResponseWriter, r *http.Request) {
			switch field := r.Header.Get("Range"); {
			case field == "":
				throttled(fetchtest.Ranged(etag, large))(&breaking{w, 300_000}, r)
			case strings.HasSuffix(field, "-"):
				fetchtest.Ranged(etag, large)(w, r)
			default:
				parts(w, r)
			}
		})
		if _, err := c.Fetch(t.Context(), []fetch.Artifact{pin("large", url, large)}); err != nil {
			t.Fatal(err)
		}
		wantFile(t, filepath.Join(c.Root, "opt/large"), large)
	}
}

// breaking closes the connection after so many bytes.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		panic(http.ErrAbortHandler)
	}
	return b.ResponseWriter.Write(p)
}

func (b *breaking) Flush() { b.ResponseWriter.(http.Flusher).Flush() }

// TestSegmentsWrong has parts of other bytes under the same validator: all of it is
// fetched again, once, in one stream.
func TestSegmentsWrong(t *testing.T) {
	const etag = `"one"`
	flipped := []byte(large)
	for i := range flipped {
		flipped[i] ^= 1
	}
	for _, test := range []struct {
		name  string
		first string
		right bool
	}{{"parts", large, true}, {"all", string(flipped), false}} {
		t.Run(test.name, func(t *testing.T) {
			s := fetchtest.New(t)
			c, _ := segmenting(t)
			wholes := 0
			url := s.Script("/large", func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") == "" {
					wholes++ // one after the other
					throttled(fetchtest.Ranged(etag, test.first))(w, r)
					return
				}
				throttled(fetchtest.Ranged(etag, string(flipped)))(w, r)
			})
			_, err := c.Fetch(t.Context(), []fetch.Artifact{pin("large", url, large)})
			var wrong *fetch.MismatchError
			switch {
			case test.right && err != nil, !test.right && !errors.As(err, &wrong):
				t.Errorf("error %v", err)
			case test.right:
				wantFile(t, filepath.Join(c.Root, "opt/large"), large)
			default:
				wantTree(t, c.Root)
			}
			if wholes != 2 {
				t.Errorf("%d requests for the whole file", wholes)
			}
		})
	}
}

// TestNoSegments has what comes over one connection.
func TestNoSegments(t *testing.T) {
	const etag = `"one"`
	tests := []struct {
		name   string
		step   fetchtest.Step
		change func(*fetch.Client, *fetch.Artifact)
	}{
		{"no validator", throttled(fetchtest.Body(large)), func(*fetch.Client, *fetch.Artifact) {}},
		{"a weak one", throttled(fetchtest.Ranged(`W/"one"`, large)), func(*fetch.Client, *fetch.Artifact) {}},
		{"one connection", throttled(fetchtest.Ranged(etag, large)), func(c *fetch.Client, _ *fetch.Artifact) { c.Connections = 1 }},
		{"no size", throttled(fetchtest.Ranged(etag, large)), func(_ *fetch.Client, a *fetch.Artifact) { a.Size = fetch.SizeUnknown }},
		{"fast", throttled(fetchtest.Ranged(etag, large)), func(c *fetch.Client, _ *fetch.Artifact) { c.FastFrom(1) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := fetchtest.New(t)
			c, _ := segmenting(t)
			a := pin("large", s.Script("/large", test.step), large)
			test.change(c, &a)
			if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
				t.Fatal(err)
			}
			if n := len(s.Requests("/large")); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestSegmentsSlow has one connection of several that hardly moves, which is closed: what
// it should have brought comes over another.
func TestSegmentsSlow(t *testing.T) {
	const etag = `"one"`
	slow := map[string]fetchtest.Step{
		"trickling": fetchtest.Throttled(64, 50*time.Millisecond, fetchtest.Ranged(etag, large)),
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"stalled": func(w http.ResponseWriter, r *http.Request) {
			fetchtest.Throttled(10<<10, time.Millisecond, fetchtest.Ranged(etag, large))(&stopping{w, r.Context(), 12 << 10}, r)
		},
	}
	for name, step := range slow {
		for _, nth := range []int32{1, 2, 6} { // the first is that for the whole file
			if nth == 1 && name != "trickling" {
				continue
			}
			t.Run(fmt.Sprint(name, nth), func(t *testing.T) {
				t.Parallel()
				s := fetchtest.New(t)
				c, failed := segmenting(t)
				var requests atomic.Int32
				url := s.Script("/large", func(w http.ResponseWriter, r *http.Request) {
					n := requests.Add(1)
					switch {
					case n == 1 && nth == 1:
						throttled(fetchtest.Ranged(etag, large))(&slowing{ResponseWriter: w, left: 300 << 10}, r)
					case n == nth:
						step(w, r)
					default:
						throttled(fetchtest.Ranged(etag, large))(w, r)
					}
				})
				began := time.Now()
				if _, err := c.Fetch(t.Context(), []fetch.Artifact{pin("large", url, large)}); err != nil {
					t.Fatal(err)
				}
				wantFile(t, filepath.Join(c.Root, "opt/large"), large)
				if took := time.Since(began); took > 10*time.Second || len(*failed) > 0 {
					t.Errorf("it took %s, failures %v", took, *failed)
				}
			})
		}
	}
}

// stopping sends no more after so many bytes.
type stopping struct {
	http.ResponseWriter
	ctx  context.Context
	left int
}

func (s *stopping) Write(p []byte) (int, error) {
	if s.left -= len(p); s.left < 0 {
		<-s.ctx.Done()
	}
	return s.ResponseWriter.Write(p)
}

func (s *stopping) Flush() { s.ResponseWriter.(http.Flusher).Flush() }

// slowing sends a byte at a time, and waits after each, after so many bytes.
type slowing struct {
	http.ResponseWriter
	left int
}

func (s *slowing) Write(p []byte) (n int, err error) {
	if s.left -= len(p); s.left > 0 {
		return s.ResponseWriter.Write(p)
	}
	for i := range p {
		time.Sleep(20 * time.Millisecond)
		if _, err := s.ResponseWriter.Write(p[i : i+1]); err != nil {
			return i, err
		}
		s.Flush()
	}
	return len(p), nil
}

func (s *slowing) Flush() { s.ResponseWriter.(http.Flusher).Flush() }

// TestSegmentsInterrupted holds that an interrupted run leaves nothing.
func TestSegmentsInterrupted(t *testing.T) {
	s := fetchtest.New(t)
	c, _ := segmenting(t)
	url := s.Script("/large", throttled(fetchtest.Ranged(`"one"`, large)))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	c.Events = func(e fetch.Event) {
		if len(s.Requests("/large")) > 3 {
			stop()
		}
	}
	if _, err := c.Fetch(ctx, []fetch.Artifact{pin("large", url, large)}); err == nil {
		t.Error("no error")
	}
	wantTree(t, c.Root)
}

// TestCrashSegments kills runs in the middle of segments, which leave nothing that the
// next run takes for whole.
func TestCrashSegments(t *testing.T) {
	s := fetchtest.New(t)
	dir := t.TempDir()
	url := s.Script("/large", throttled(fetchtest.Ranged(`"one"`, large)))
	p := crashPlan{Root: filepath.Join(dir, "root"), Cache: filepath.Join(dir, "cache"), Jobs: 1, Segments: true,
		Artifacts: []fetch.Artifact{pin("large", url, large)}, Kind: fetch.EventStart}
	mustWrite(t, filepath.Join(p.Root, "opt/large"), "old")
	for i := range 8 {
		p.Delay = time.Duration(20+20*i) * time.Millisecond
		if !p.run(t) {
			continue
		}
		wantFile(t, filepath.Join(p.Root, "opt/large"), "old")
		if _, err := (&cache.Store{Root: p.Cache}).Open(p.Artifacts[0].Digest); err == nil {
			t.Fatal("the cache has a file that was not fetched to its end")
		}
	}
	if _, err := p.client().Fetch(t.Context(), p.Artifacts); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(p.Root, "opt/large"), large)
	wantTree(t, p.Root, "opt/", "opt/large")
}

// TestSegmentsBanned has a server that serves some parts, and then refuses this client for
// a while, as some do where they see too many connections or requests: the file goes on
// from where it was.
func TestSegmentsBanned(t *testing.T) {
	for _, status := range []int{403, 429, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			s := fetchtest.New(t)
			c, _ := segmenting(t)
			var parts, rests atomic.Int32
			url := s.Script("/large", func(w http.ResponseWriter, r *http.Request) {
				switch field := r.Header.Get("Range"); {
				case field == "":
				case strings.HasSuffix(field, "-"):
					if rests.Add(1) < 3 {
						w.WriteHeader(status)
						return
					}
				case parts.Add(1) > 3:
					w.WriteHeader(http.StatusTooManyRequests)
					return
				}
				throttled(fetchtest.Ranged(`"one"`, large))(w, r)
			})
			summary, err := c.Fetch(t.Context(), []fetch.Artifact{pin("large", url, large)})
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, filepath.Join(c.Root, "opt/large"), large)
			if summary.Bytes > int64(len(large))*5/4 {
				t.Errorf("%d bytes of %d", summary.Bytes, len(large))
			}
		})
	}
}
