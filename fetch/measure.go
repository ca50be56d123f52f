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
	HTML     bool   // the body is a web page
	Head     []byte // its first bytes, 512 at most
	Err      error  // a *TransferError if the download failed; the rest is then zero
}

// Measure downloads the URL of each artifact, whatever its digest, and returns the
// measurements in the order of the artifacts. It asks only the origins, no cache and no
// mirror, and places nothing; with a Cache, it adds what it downloads. The error is the
// cause with which ctx ended.
func (c *Client) Measure(ctx context.Context, artifacts []Artifact) ([]Measurement, error) {
	r := c.newRun()
	r.hashers = newHashers(min(c.jobs(), len(artifacts)))
	all := make([]Measurement, len(artifacts))
	err := each(ctx, c.jobs(), len(artifacts), func(i int) error {
		began, a := time.Now(), &artifacts[i]
		m := r.measure(ctx, a)
		all[i] = m
		if m.Err == nil {
			r.emit(Event{Kind: EventVerified, Artifact: a, Source: SourceOrigin, URL: a.URL,
				Bytes: m.Size, Elapsed: time.Since(began)})
		}
		return nil
	})
	return all, err
}

func (r *run) measure(ctx context.Context, a *Artifact) (m Measurement) {
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
	s.progress = func(int) {
		r.emit(Event{Kind: EventProgress, Artifact: a, Source: SourceOrigin, URL: a.URL, Bytes: s.n})
	}
	// Nothing is pinned yet, so parts of two different files could not be
	// detected: each attempt starts from the beginning.
	err := r.ask(ctx, a, origin(a), func(c candidate, l *lease) error {
		resp, err := r.get(ctx, l, source.Request{URL: c.url, Limit: r.unpinned(), AtMost: true, Dst: s})
		if err == nil && resp.Overlong {
			err = r.tooLarge()
		}
		m = Measurement{Digest: s.close(), Size: s.n, Response: resp, HTML: s.html(), Head: s.head}
		return err
	})
	if err != nil {
		return Measurement{Err: err}
	}
	if kept != nil {
		r.toCache(a, func() error { return r.Cache.Commit(m.Digest, kept) })
	}
	return m
}

// origin returns the address of an artifact as the one candidate for it.
func origin(a *Artifact) []candidate {
	return []candidate{{kind: SourceOrigin, url: a.URL, host: hostOf(a.URL)}}
}

// Read returns what the URL of an artifact serves, whatever its digest: a list
// of checksums, say. More than limit bytes are an error. Errors are of type
// *TransferError, or the cause with which ctx ended.
func (c *Client) Read(ctx context.Context, a Artifact, limit int64) (text []byte, err error) {
	r := c.newRun()
	err = r.ask(ctx, &a, origin(&a), func(c candidate, l *lease) error {
		s := &memory{}
		resp, err := r.get(ctx, l, source.Request{URL: c.url, Limit: limit, AtMost: true, Dst: s})
		if err == nil && resp.Overlong {
			err = fmt.Errorf("more than %d bytes", limit)
		}
		text = s.text
		return err
	})
	return text, err
}

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
