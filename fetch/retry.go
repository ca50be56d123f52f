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

// ask tries the candidates for an artifact in order until one does, hosts that
// rest last, and those that failed in passing again after a while, up to Retries
// times. One that served wrong bytes, or that can never serve the right ones, is
// not asked again, but for one whose answer was too short: what stands between cuts
// files off and declares what is left of them.
func (r *run) ask(ctx context.Context, a *Artifact, live []candidate, try func(candidate, *visit) error) error {
	failed := &TransferError{Artifact: a}
	for round := 1; len(live) > 0; round++ {
		var again []candidate
		var pause time.Duration
		for _, c := range r.restingLast(live) {
			err := r.once(ctx, a, c, round, try)
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
			var delay time.Duration
			passing, after := passes(err)
			if round <= r.Retries && (passing || round == 1 && tooShort(err)) {
				delay = max(r.backoff(round), after, 1)
				pause = max(pause, delay)
				again = append(again, c)
			}
			failed.Attempts = append(failed.Attempts, Attempt{c.kind, c.url, err})
			r.emit(Event{Kind: EventFailed, Artifact: a, Source: c.kind, URL: c.url, Attempt: round, Err: err, Delay: delay})
		}
		if live = again; len(live) > 0 {
			if err := sleep(ctx, pause, nil); err != nil {
				return err
			}
		}
	}
	if r.Offline && len(failed.Attempts) == 0 {
		failed.Attempts = []Attempt{{SourceCache, a.URL, ErrOffline}}
	}
	return failed
}

// restingLast returns the candidates in order, but those whose host rests after
// all others.
func (r *run) restingLast(candidates []candidate) []candidate {
	var awake, resting []candidate
	for _, c := range candidates {
		if c.host != "" && r.hosts.resting(c.host) {
			resting = append(resting, c)
		} else {
			awake = append(awake, c)
		}
	}
	return slices.Concat(awake, resting)
}

// once tries a candidate when its host may be asked.
func (r *run) once(ctx context.Context, a *Artifact, c candidate, round int, try func(candidate, *visit) error) error {
	var v *visit
	if c.host != "" {
		var err error
		if v, err = r.hosts.enter(ctx, c.host, round > 1); err != nil {
			return err
		}
	}
	r.emit(Event{Kind: EventStart, Artifact: a, Source: c.kind, URL: c.url, Attempt: round})
	err := try(c, v)
	if v != nil {
		v.end(passes(err))
	}
	return err
}

// get gets an address during a visit, which is nil for a file.
func (r *run) get(ctx context.Context, v *visit, req source.Request) (source.Response, error) {
	if v != nil {
		req.Dst = visitSink{req.Dst, v}
	}
	return r.Source.Get(ctx, req)
}

// visitSink tells a visit that a body begins.
type visitSink struct {
	source.Sink
	visit *visit
}

func (s visitSink) Begin(offset int64) error {
	s.visit.begin()
	return s.Sink.Begin(offset)
}

// maxRetryAfter is the longest that a server can make us wait.
const maxRetryAfter = time.Minute

// passes reports whether what err says may be gone at the next try, and how long
// the server asks to wait for that.
func passes(err error) (bool, time.Duration) {
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
// second at first, twice as long each time, up to 10 seconds. Half of it is
// chance, so that many clients do not come back at the same moment.
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
