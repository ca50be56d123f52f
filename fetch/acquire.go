package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
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
	kind   SourceKind
	url    string                                  // or the name of a file, for SourceLocal and SourceCache
	asked  string                                  // where a rule of the source sends the request; empty for url itself
	direct bool                                    // no rule of the source is to hold
	host   string                                  // as the limiter knows it; empty for a file
	open   func(context.Context) (*os.File, error) // for SourceLocal and SourceCache
}

// address returns where the request is sent.
func (c candidate) address() string { return cmp.Or(c.asked, c.url) }

// acquired says where the pinned bytes came from.
type acquired struct {
	kind     SourceKind
	url      string
	asked    string // if that is not url
	bytes    int64
	response source.Response
	inCache  bool // they have been put there
}

// candidates returns the sources of the blob, best first.
func (t *acquisition) candidates() []candidate {
	b := t.blob
	l := candidates{source: t.Source, digest: b.digest.String()}
	for _, name := range b.local {
		l.add(candidate{kind: SourceLocal, url: name, open: func(context.Context) (*os.File, error) { return regular.Open(name) }})
	}
	if t.Cache != nil {
		l.add(candidate{kind: SourceCache, url: t.Cache.File(t.blob.digest), open: t.openCache})
	}
	if t.Offline {
		return l.list
	}
	mirrors := func() {
		for _, m := range t.Mirrors {
			l.address(SourceMirror, mirrorURL(m, b.digest))
		}
	}
	if t.MirrorFirst {
		mirrors()
	}
	for _, a := range b.artifacts {
		l.address(SourceOrigin, a.URL)
	}
	for _, a := range b.artifacts {
		for _, u := range a.Mirrors {
			l.address(SourceMirror, u)
		}
	}
	mirrors()
	return append(l.list, l.fallbacks...)
}

// candidates collects candidates. Addresses that a rule of the source sends elsewhere
// are asked themselves only after all others, if at all.
type candidates struct {
	source          *source.Client
	digest          string // of the blob, if it is known
	list, fallbacks []candidate
}

func (l *candidates) add(c candidate) { l.list = append(l.list, c) }

// address adds an address, unless it is there.
func (l *candidates) address(kind SourceKind, u string) {
	if l.digest != "" {
		u = source.BlobIn(u, l.digest)
	}
	for i := range l.list {
		if l.list[i].url == u {
			return
		}
	}
	c := candidate{kind: kind, url: u, asked: l.source.Rewrite(u)}
	if c.asked != "" && l.source.Fallback() {
		l.fallbacks = append(l.fallbacks, candidate{kind: kind, url: u, direct: true, host: hostOf(u)})
	}
	c.host = hostOf(c.address())
	l.add(c)
}

// mirrorURL returns the address of a blob in the tree that a mirror serves.
func mirrorURL(base string, d Digest) string {
	if source.InRegistry(base) {
		return base // which address completes
	}
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
	t.sources = t.candidates()
	err = r.ask(ctx, b.name(), t.sources, func(c candidate, l *lease) error {
		got, err = t.attempt(ctx, c, l)
		return err
	})
	t.sink.dropBacklog()
	switch {
	case err != nil:
		t.sink.partial.Truncate(t.sink.n) // segments have come out of order
	case t.sink.inPlace:
		if err = t.sink.partial.Commit(t.sink.n); err != nil {
			err = &writeError{err}
		}
		got.inCache = true
	case t.sink.partial != nil:
		r.toCache(b.name(), func() error {
			if p := t.sink.partial.File(); p != nil && f != nil {
				clone(p, f) // where the disk can, the two share their blocks
			}
			err := t.sink.partial.Commit(t.sink.n)
			got.inCache = err == nil
			return err
		})
	}
	t.sink.partial.Close(err != nil && t.validator != "")
	return got, err
}

// acquisition is the state that the attempts to get one blob share.
type acquisition struct {
	*run
	blob    *blob
	sink    *sink
	sources []candidate
	// from is the address of the bytes in the sink, and validator its strong
	// validator, if an interrupted transfer can be resumed.
	from, validator string
	// oneStream says that there are to be no segments, and patched that the bytes in the
	// sink are partly of segments, or of a killed run.
	oneStream, patched bool
	// parted is the address that has been asked for segments.
	parted string
	// tried says that a server has been asked.
	tried bool
}

// attempt gets the bytes of c and verifies them. If they come from several answers, and are
// wrong together, each answer may be right, of a file that has changed in between. All
// of it is then asked for again, in one stream.
func (t *acquisition) attempt(ctx context.Context, c candidate, l *lease) (acquired, error) {
	if t.tried && t.Cache != nil {
		// While a server failed, or this process was stopped, another may have been quicker.
		if f, err := t.Cache.Open(t.blob.digest); err == nil {
			again := func(context.Context) (*os.File, error) { return f, nil }
			resp, err := t.getVerified(ctx, candidate{kind: SourceCache, url: "the cache", open: again}, nil)
			if err == nil {
				return acquired{kind: SourceCache, url: "the cache", bytes: t.sink.n, response: resp}, nil
			}
		}
	}
	t.tried = t.tried || c.open == nil
	resp, err := t.getVerified(ctx, c, l)
	if t.sink.lost != nil && ctx.Err() == nil {
		t.forget()
		resp, err = t.getVerified(ctx, c, l)
	}
	var wrong *MismatchError
	if errors.As(err, &wrong) && (t.patched || t.sink.attempt == attemptResumed) {
		t.oneStream, t.patched = true, false
		resp, err = t.getVerified(ctx, c, l)
	}
	return acquired{kind: c.kind, url: c.url, asked: c.asked, bytes: t.sink.n, response: resp}, err
}

// forget gives up what a killed run has left. If the disk is full, that makes room.
func (t *acquisition) forget() {
	t.from, t.validator, t.patched = "", "", false
	t.sink.lost, t.sink.err = nil, nil
	if !t.sink.inPlace {
		t.sink.partial.Close(false)
		t.sink.partial = nil
	}
}

// getVerified writes the bytes of c into the file and verifies them.
func (t *acquisition) getVerified(ctx context.Context, c candidate, l *lease) (source.Response, error) {
	s := t.sink
	s.attempt = attemptIdle
	s.progress = func(n int) {
		if c.open == nil && s.attempt != attemptFollowing {
			t.bytes.Add(int64(n))
		}
		t.emit(Event{Kind: EventProgress, Artifact: t.blob.name(), Source: c.kind, URL: c.url, Asked: c.asked, Bytes: s.n})
	}
	resp, err := t.get(ctx, c, l)
	var digest Digest
	if s.backlog == nil || s.attempt != attemptIdle {
		digest = s.close()
	}
	if s.lost != nil {
		return resp, s.lost
	}
	if t.parted == c.address() {
		err = perhapsLater(err)
	}
	if s.err != nil && c.open != nil && t.blob.size == SizeUnknown && errors.Is(s.err, syscall.ENOSPC) {
		return resp, fmt.Errorf("it does not fit on the disk: %w", osfile.Cause(s.err)) // perhaps the right one does
	}
	if s.err != nil {
		return resp, &writeError{s.err}
	}
	if s.attempt == attemptWhole {
		t.patched = false
	}
	if s.attempt != attemptIdle {
		t.from, t.validator = c.address(), resp.Validator
	}
	if err != nil {
		return resp, err
	}
	t.validator = "" // the body is complete
	return resp, t.check(s, digest, resp)
}

// perhapsLater makes a refusal temporary. It is of a server that has begun to send the file,
// and may have refused because of the requests for segments.
func perhapsLater(err error) error {
	var e *source.Error
	if !errors.As(err, &e) || e.Status != http.StatusForbidden {
		return err
	}
	later := *e
	later.Temporary = true
	return &later
}

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
		req := source.Request{URL: c.url, Direct: c.direct, Limit: t.limit(t.blob), AtMost: t.blob.size == SizeUnknown, Dst: t.sink}
		if t.from == c.address() && t.validator != "" {
			req.Offset, req.Validator = t.sink.n, t.validator
		}
		if t.sink.partial != nil && (t.blob.size == SizeUnknown || t.blob.size >= worthResuming) {
			key := addressKey(c.address())
			req.Started = func(r *source.Response) { t.sink.partial.Record(key, r.Validator) }
		}
		if l != nil && t.segmentable() {
			return t.getSegments(ctx, c, l, req)
		}
		return t.run.get(ctx, l, req)
	}
	f, err := c.open(ctx)
	if err != nil {
		return source.Response{}, err
	}
	defer f.Close()
	resp := source.Response{URL: c.url}
	resp.Overlong, resp.Length, err = t.sink.copy(ctx, f, t.limit(t.blob))
	return resp, err
}
