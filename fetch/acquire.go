package fetch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"depfetch/fetch/cache"
	"depfetch/fetch/osfile"
	"depfetch/fetch/regular"
	"depfetch/fetch/source"
)

// candidate is a source of the bytes of a blob.
type candidate struct {
	kind SourceKind
	url  string                   // or the name of a file, for SourceLocal and SourceCache
	host string                   // as the limiter knows it; empty for a file
	open func() (*os.File, error) // for SourceLocal and SourceCache
}

// acquired says where the pinned bytes came from.
type acquired struct {
	kind     SourceKind
	url      string
	bytes    int64
	response source.Response
}

// candidates returns the sources of b, best first.
func (r *run) candidates(b *blob) []candidate {
	var cs []candidate
	add := func(c candidate) { cs = append(cs, c) }
	for _, name := range b.local {
		add(candidate{kind: SourceLocal, url: name, open: func() (*os.File, error) { return regular.Open(name) }})
	}
	if r.Cache != nil {
		add(candidate{kind: SourceCache, url: "the cache", open: func() (*os.File, error) { return r.Cache.Open(b.digest) }})
	}
	if r.Offline {
		return cs
	}
	var origins, mirrors []string
	for _, a := range b.artifacts {
		origins = append(origins, a.URL)
		mirrors = append(mirrors, a.Mirrors...)
	}
	for _, m := range r.Mirrors {
		mirrors = append(mirrors, mirrorURL(m, b.digest))
	}
	asked := make(map[string]bool)
	for i, u := range append(origins, mirrors...) {
		kind := SourceOrigin
		if i >= len(origins) {
			kind = SourceMirror
		}
		if !asked[u] {
			asked[u] = true
			add(candidate{kind: kind, url: u, host: hostOf(u)})
		}
	}
	return cs
}

// mirrorURL returns the address of a blob in the tree that a mirror serves.
func mirrorURL(base string, d Digest) string {
	return strings.TrimRight(base, "/") + "/" + cache.Dir + "/" + d.String()
}

// writeError says that the output file cannot be written. The caller of acquire adds
// which file that is.
type writeError struct{ error }

func (e *writeError) Unwrap() error { return e.error }

// acquire writes the pinned bytes of b into f, or only verifies them if f is nil. The error
// is a *TransferError, a *writeError, or the cause with which ctx ended.
func (r *run) acquire(ctx context.Context, b *blob, f *os.File) (got acquired, err error) {
	t := &acquisition{run: r, blob: b, sink: r.hashers.newSink(f, b.size)}
	err = r.ask(ctx, b.name(), r.candidates(b), func(c candidate, l *lease) error {
		got, err = t.attempt(ctx, c, l)
		return err
	})
	return got, err
}

// acquisition is the state that the attempts to get one blob share.
type acquisition struct {
	*run
	blob *blob
	sink *sink
	// from is the address of the bytes in the sink, and validator its strong
	// validator, if an interrupted transfer can be resumed.
	from, validator string
}

// attempt writes the bytes of c into the file and verifies them.
func (t *acquisition) attempt(ctx context.Context, c candidate, l *lease) (acquired, error) {
	s := t.sink
	s.attempt = attemptIdle
	s.progress = func(n int) {
		if c.open == nil {
			t.bytes.Add(int64(n))
		}
		t.emit(Event{Kind: EventProgress, Artifact: t.blob.name(), Source: c.kind, URL: c.url, Bytes: s.n})
	}
	resp, err := t.get(ctx, c, l)
	digest := s.close()
	if s.err != nil && c.open != nil && t.blob.size == SizeUnknown && errors.Is(s.err, syscall.ENOSPC) {
		return acquired{}, fmt.Errorf("it does not fit on the disk: %w", osfile.Cause(s.err)) // perhaps the right one does
	}
	if s.err != nil {
		return acquired{}, &writeError{s.err}
	}
	if s.attempt != attemptIdle {
		t.from, t.validator = c.url, resp.Validator
	}
	if err == nil {
		err = t.check(s, digest, resp)
		t.validator = "" // the body is complete
	}
	var wrong *MismatchError
	if s.attempt == attemptResumed && errors.As(err, &wrong) {
		// The file at the server may be right, and the two parts from different
		// versions of it. The next attempt takes all of it.
		return acquired{}, &source.Error{URL: resp.URL, Status: resp.Status, Temporary: true, Err: errSeam}
	}
	return acquired{c.kind, c.url, s.n, resp}, err
}

var errSeam = errors.New("the parts before and after a break make other bytes than those pinned")

// limit returns how many bytes of b are accepted.
func (c *Client) limit(b *blob) int64 {
	if b.size == SizeUnknown {
		return c.unpinned()
	}
	return b.size
}

// get writes the bytes of c into the sink.
func (t *acquisition) get(ctx context.Context, c candidate, l *lease) (source.Response, error) {
	if c.open == nil {
		req := source.Request{URL: c.url, Limit: t.limit(t.blob), AtMost: t.blob.size == SizeUnknown, Dst: t.sink}
		if t.from == c.url && t.validator != "" {
			req.Offset, req.Validator = t.sink.n, t.validator
		}
		return t.run.get(ctx, l, req)
	}
	f, err := c.open()
	if err != nil {
		return source.Response{}, err
	}
	defer f.Close()
	resp := source.Response{URL: c.url}
	resp.Overlong, resp.Length, err = t.sink.copy(ctx, f, t.limit(t.blob))
	return resp, err
}
