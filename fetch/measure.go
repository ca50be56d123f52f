package fetch

import (
	"context"
	"fmt"
	"os"
	"time"

	"depfetch/fetch/source"
)

// Measurement is what an address serves now.
type Measurement struct {
	Digest   Digest
	Size     int64
	Response source.Response
	Asked    string // where a rule of the Source has sent the request; empty for the URL itself
	HTML     bool   // the body is a web page
	Head     []byte // its first bytes, 512 at most
	Err      error  // a *TransferError if the download failed; the rest is then zero
}

// Measure downloads the URL of each artifact, whatever its digest, and returns the
// measurements in the order of the artifacts. It asks the origins, or where the rules of
// the Source lead, but no cache and no mirror, and places nothing; with a Cache, it adds
// what it downloads. The error is the cause with which ctx ended.
func (c *Client) Measure(ctx context.Context, artifacts []Artifact) ([]Measurement, error) {
	r := c.newRun()
	r.hashers = newHashers(min(c.jobs(), len(artifacts)))
	all := make([]Measurement, len(artifacts))
	err := each(ctx, c.jobs(), len(artifacts), nil, func(i int) error {
		all[i] = r.measure(ctx, &artifacts[i])
		return nil
	})
	return all, err
}

func (r *run) measure(ctx context.Context, a *Artifact) (m Measurement) {
	began := time.Now()
	var kept *os.File
	r.toCache(a, func() (err error) {
		kept, err = r.Cache.Temp()
		return err
	})
	if kept != nil {
		defer os.Remove(kept.Name())
		defer kept.Close()
	}
	s := r.hashers.newSink(kept, SizeUnknown)
	got := Event{Artifact: a, Source: SourceOrigin, URL: a.URL}
	s.progress = func(int) {
		got.Kind, got.Bytes = EventProgress, s.n
		r.emit(got)
	}
	// Nothing is pinned yet, so parts of two different files could not be
	// detected: each attempt starts from the beginning.
	err := r.ask(ctx, a, r.origin(a.URL), func(c candidate, l *lease) error {
		got.Asked = c.asked
		resp, err := r.get(ctx, l, source.Request{URL: c.url, Direct: c.direct, Limit: r.unpinned(), AtMost: true, Dst: s})
		if err == nil && resp.Overlong {
			err = r.tooLarge()
		}
		m = Measurement{Digest: s.close(), Size: s.n, Response: resp, Asked: c.asked, HTML: webPage(s.head), Head: s.head}
		return err
	})
	if err != nil {
		return Measurement{Err: err}
	}
	got.Kind, got.Bytes, got.Elapsed = EventVerified, m.Size, time.Since(began)
	r.emit(got)
	if kept != nil {
		r.toCache(a, func() error { return r.Cache.Commit(m.Digest, kept) })
	}
	return m
}

// origin returns the candidates for an address that nothing else has the bytes of.
func (r *run) origin(address string) []candidate {
	l := candidates{source: r.Source}
	l.address(SourceOrigin, address)
	return append(l.list, l.fallbacks...)
}

// Read returns what the URL of an artifact serves, whatever its digest: a list
// of checksums, say. More than limit bytes are an error, and so is what has not come as a
// whole within ReadTime: a server that sends a byte now and then never stalls. Errors are of
// type *TransferError, or the cause with which ctx ended.
func (c *Client) Read(ctx context.Context, a Artifact, limit int64) (text []byte, err error) {
	r := c.newRun()
	whole := c.ReadTime
	if whole == 0 {
		whole = readTime + time.Duration(limit/readRate)*time.Second
	}
	slow := fmt.Errorf("the whole answer has not come within %s", whole)
	err = r.ask(ctx, &a, r.origin(a.URL), func(c candidate, l *lease) error {
		s := &memory{}
		ctx, cancel := context.WithTimeoutCause(ctx, whole, slow)
		defer cancel()
		resp, err := r.get(ctx, l, source.Request{URL: c.url, Direct: c.direct, Limit: limit, AtMost: true, Dst: s})
		if err == nil && resp.Overlong {
			err = fmt.Errorf("more than %d bytes", limit)
		}
		text = s.text
		return err
	})
	if err == nil {
		r.emit(Event{Kind: EventRead, Artifact: &a, Source: SourceOrigin, URL: a.URL})
	}
	return text, err
}

// readTime is how long what Read reads may take, and a second more for each readRate bytes
// that it may have.
const (
	readTime = 2 * time.Minute
	readRate = 64 << 10
)

// memory is a source.Sink that collects the bytes in memory.
type memory struct {
	text []byte
	room [32 << 10]byte
}

func (m *memory) Begin(int64) error { return nil }

func (m *memory) Buffer() []byte { return m.room[:] }

func (m *memory) Commit(n int) error {
	m.text = append(m.text, m.room[:n]...)
	return nil
}
