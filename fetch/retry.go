package fetch

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"slices"
	"time"

	"depfetch/fetch/source"
)

// ask tries the candidates for an artifact in order until one succeeds; those of hosts
// whose breaker is open come last. Candidates that failed temporarily are tried again
// after a pause, up to Retries times. One that served wrong bytes, or can never serve the
// right ones, is not tried again, except once if its answer was too short: a proxy in
// between may have cut the file off and declared the length of the rest.
func (r *run) ask(ctx context.Context, a *Artifact, live []candidate, try func(candidate, *lease) error) error {
	failed := &TransferError{Artifact: a}
	for round := 1; len(live) > 0; round++ {
		var again []candidate
		var pause time.Duration
		for _, c := range r.openLast(live) {
			err := r.once(ctx, a, c, round, try)
			var unwritable *writeError
			switch {
			case err == nil:
				return nil
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case errors.As(err, &unwritable):
				return err // another source would not help
			case c.kind == SourceCache && errors.Is(err, fs.ErrNotExist):
				continue // a miss is no failure
			}
			var delay time.Duration
			retry, after := temporary(err)
			if round <= r.Retries && (retry || round == 1 && tooShort(err)) {
				delay = max(r.backoff(round), after, 1)
				pause = max(pause, delay)
				again = append(again, c)
			}
			failed.Attempts = append(failed.Attempts, Attempt{c.kind, c.url, c.asked, err})
			r.emit(Event{Kind: EventFailed, Artifact: a, Source: c.kind, URL: c.url, Asked: c.asked, Attempt: round, Err: err, Delay: delay})
		}
		if live = again; len(live) > 0 {
			if err := sleep(ctx, pause, nil); err != nil {
				return err
			}
		}
	}
	if r.Offline && len(failed.Attempts) == 0 {
		failed.Attempts = []Attempt{{SourceCache, a.URL, "", ErrOffline}}
	}
	return failed
}

// openLast returns the candidates in order, but those of a host whose breaker is
// open after all others.
func (r *run) openLast(candidates []candidate) []candidate {
	var closed, open []candidate
	for _, c := range candidates {
		if c.host != "" && r.limiter.open(c.host) {
			open = append(open, c)
		} else {
			closed = append(closed, c)
		}
	}
	return slices.Concat(closed, open)
}

// once tries a candidate when its host may be asked.
func (r *run) once(ctx context.Context, a *Artifact, c candidate, round int, try func(candidate, *lease) error) error {
	var l *lease
	if c.host != "" {
		var err error
		if l, err = r.limiter.acquire(ctx, c.host, round > 1); err != nil {
			return err
		}
	}
	r.emit(Event{Kind: EventStart, Artifact: a, Source: c.kind, URL: c.url, Asked: c.asked, Attempt: round})
	err := try(c, l)
	if l != nil {
		l.release(temporary(err))
	}
	return err
}

// get gets an address under a lease, which is nil for a file.
func (r *run) get(ctx context.Context, l *lease, req source.Request) (source.Response, error) {
	if l != nil {
		req.Dst = leaseSink{req.Dst, l}
	}
	return r.Source.Get(ctx, req)
}

// leaseSink notifies a lease when a body begins.
type leaseSink struct {
	source.Sink
	lease *lease
}

func (s leaseSink) Begin(offset int64) error {
	s.lease.begin()
	return s.Sink.Begin(offset)
}

// maxRetryAfter limits the Retry-After that is followed.
const maxRetryAfter = time.Minute

// temporary reports whether the next try may succeed after err, and how long the
// server asks to wait before it.
func temporary(err error) (bool, time.Duration) {
	var e *source.Error
	if !errors.As(err, &e) || !e.Temporary {
		return false, 0
	}
	return true, min(e.RetryAfter, maxRetryAfter)
}

// tooShort reports whether err is of an answer that has fewer bytes than are
// pinned, and is no web page in their place.
func tooShort(err error) bool {
	var e *MismatchError
	return errors.As(err, &e) && e.Response.Status != 0 && !e.HTML && e.GotSize < e.WantSize
}

// Backoff returns how long to wait before retry n, counted from 1: up to half a
// second at first, twice as long each time, up to 10 seconds. Half of it is random,
// so that many clients do not come back at the same moment.
func Backoff(n int) time.Duration {
	longest := min(500*time.Millisecond<<min(n-1, 10), 10*time.Second)
	return longest/2 + rand.N(longest/2)
}

// sleep waits for d, until early is closed, or until ctx ends, whose cause it
// returns.
func sleep(ctx context.Context, d time.Duration, early <-chan struct{}) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-early:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}
