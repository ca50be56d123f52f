package fetch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"depfetch/fetch/cache"
	"depfetch/fetch/source"
)

// candidate is a place where the bytes of a blob may be had.
type candidate struct {
	kind SourceKind
	url  string // or the name of a file, for SourceLocal and SourceCache
	get  func(ctx context.Context, s *sink) (source.Response, error)
}

// acquired says where the right bytes came from.
type acquired struct {
	kind     SourceKind
	url      string
	bytes    int64
	response source.Response
}

// candidates returns where b may be had, best first.
func (r *run) candidates(b *blob) []candidate {
	var cs []candidate
	for _, name := range b.local {
		cs = append(cs, fileCandidate(SourceLocal, name, func() (*os.File, error) { return os.Open(name) }))
	}
	if r.Cache != nil {
		hex := b.digest.String()
		cs = append(cs, fileCandidate(SourceCache, "the cache", func() (*os.File, error) { return r.Cache.Open(hex) }))
	}
	if r.Offline {
		return cs
	}
	asked := make(map[string]bool)
	remote := func(kind SourceKind, urls ...string) {
		for _, u := range urls {
			if !asked[u] {
				asked[u] = true
				cs = append(cs, r.remoteCandidate(kind, u, b))
			}
		}
	}
	for _, d := range b.dests {
		remote(SourceOrigin, d.URL)
	}
	for _, d := range b.dests {
		remote(SourceMirror, d.Mirrors...)
	}
	for _, m := range r.Mirrors {
		remote(SourceMirror, mirrorURL(m, b.digest))
	}
	return cs
}

// mirrorURL returns the address of a blob in the tree that a mirror serves.
func mirrorURL(base string, d Digest) string {
	return strings.TrimRight(base, "/") + "/" + cache.Dir + "/" + d.String()
}

func fileCandidate(kind SourceKind, name string, open func() (*os.File, error)) candidate {
	return candidate{kind, name, func(ctx context.Context, s *sink) (source.Response, error) {
		f, err := open()
		if err != nil {
			return source.Response{}, err
		}
		defer f.Close()
		return source.Response{URL: name, Length: SizeUnknown}, s.copy(ctx, f)
	}}
}

func (r *run) remoteCandidate(kind SourceKind, url string, b *blob) candidate {
	return candidate{kind, url, func(ctx context.Context, s *sink) (source.Response, error) {
		return r.Source.Get(ctx, source.Request{URL: url, Limit: b.size, Dst: s})
	}}
}

// acquire writes the right bytes of b into f.
func (r *run) acquire(ctx context.Context, b *blob, f *os.File) (got acquired, err error) {
	err = r.ask(ctx, b.dests[0].Artifact, r.candidates(b), func(c candidate) error {
		got, err = r.attempt(ctx, b, c, f)
		return err
	})
	return got, err
}

// ask tries the candidates for an artifact in order until one does, and those
// that failed in passing again after a while, up to Retries times. One that
// served wrong bytes, or that can never serve the right ones, is not asked
// again.
func (r *run) ask(ctx context.Context, a Artifact, live []candidate, try func(candidate) error) error {
	failed := &TransferError{Artifact: a}
	for round := 1; len(live) > 0; round++ {
		var again []candidate
		var pause time.Duration
		for _, c := range live {
			r.emit(Event{Kind: EventStart, Artifact: a, Source: c.kind, URL: c.url, Attempt: round})
			err := try(c)
			var unwritable *DestinationError
			switch {
			case err == nil:
				return nil
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case errors.As(err, &unwritable):
				return err // no other source would do better
			case c.kind == SourceCache && errors.Is(err, fs.ErrNotExist):
				continue // a miss is no failure
			}
			delay := r.retryDelay(err, round)
			if delay > 0 {
				again = append(again, c)
				pause = max(pause, delay)
			}
			failed.Attempts = append(failed.Attempts, Attempt{c.kind, c.url, err})
			r.emit(Event{Kind: EventFailed, Artifact: a, Source: c.kind, URL: c.url, Attempt: round, Err: err, Delay: delay})
		}
		if live = again; len(live) > 0 {
			if err := sleep(ctx, pause); err != nil {
				return err
			}
		}
	}
	if r.Offline && len(failed.Attempts) == 0 {
		failed.Attempts = []Attempt{{SourceCache, a.URL, ErrOffline}}
	}
	return failed
}

// attempt writes the bytes that c has of b into f and checks them.
func (r *run) attempt(ctx context.Context, b *blob, c candidate, f *os.File) (acquired, error) {
	a := b.dests[0].Artifact
	s := r.hashers.newSink(f, b.size)
	s.progress = func(n int) {
		if c.kind == SourceOrigin || c.kind == SourceMirror {
			r.bytes.Add(int64(n))
		}
		r.emit(Event{Kind: EventProgress, Artifact: a, Source: c.kind, URL: c.url, Bytes: s.n})
	}
	resp, err := c.get(ctx, s)
	digest := s.close()
	if s.err != nil {
		d := b.dests[0]
		return acquired{}, &DestinationError{a, d.file, fmt.Errorf("cannot write in %s: %w", d.dir, cause(s.err))}
	}
	if err == nil {
		err = s.check(b, digest, resp)
	}
	if err != nil {
		var wrong *MismatchError
		if c.kind == SourceCache && errors.As(err, &wrong) {
			r.dropCached(a, b.digest)
		}
		return acquired{}, err
	}
	return acquired{c.kind, c.url, s.n, resp}, nil
}

// dropCached removes a blob whose bytes are wrong.
func (r *run) dropCached(a Artifact, d Digest) {
	if err := r.Cache.Remove(d.String()); err != nil {
		r.emit(Event{Kind: EventCacheFailed, Artifact: a, Err: err})
	}
}

// maxRetryAfter is the longest that a server can make us wait.
const maxRetryAfter = time.Minute

// retryDelay returns how long to wait before a source that failed with err is
// asked again, or 0 if it is not to be.
func (r *run) retryDelay(err error, round int) time.Duration {
	var e *source.Error
	if !errors.As(err, &e) || !e.Temporary || round > r.Retries {
		return 0
	}
	backoff := r.Backoff
	if backoff == nil {
		backoff = Backoff
	}
	return max(backoff(round), min(e.RetryAfter, maxRetryAfter), 1)
}

// Backoff returns how long to wait before retry n, counted from 1: up to half a
// second at first, twice as long each time, up to 10 seconds. Half of it is
// chance, so that many clients do not come back at the same moment.
func Backoff(n int) time.Duration {
	longest := min(500*time.Millisecond<<min(n-1, 10), 10*time.Second)
	return longest/2 + rand.N(longest/2)
}

// sleep waits for d, or until ctx ends, whose cause it returns.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
