package fetch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"depfetch/fetch/source"
)

// limiter keeps the transfers of a run from hammering a host that fails. Each host
// has a breaker, which opens after two failures in a row: nothing more is asked of
// the host until the time has come for the next try. A host that fails before it
// begins to answer is then asked for no more at once than was in flight, and for
// more again as that goes well. One that goes on failing, try after try, as often as
// a transfer may ask it, is down: nobody asks it again, but each may ask once.
//
// A host is the origin (scheme, host and port) of the address that is asked, before
// redirects.
type limiter struct {
	retries     int
	backoff     func(n int) time.Duration
	connections int // how many there may be to all hosts, for extra ones to be opened

	mu     sync.Mutex
	hosts  map[string]*breaker
	leases int // that are held
	extras int // connections besides them
}

// breaker is the state of one host.
type breaker struct {
	inFlight  int           // leases that are held or settling
	settling  []time.Time   // when released leases stop counting as in flight, in order
	limit     int           // how many may be in flight; 0 is no limit
	ceiling   int           // how many were in flight when some of them failed; 0 is unknown
	successes int           // since limit has changed
	failures  int           // in a row
	tries     int           // in a row that failed, each begun after the one before had
	opened    time.Time     // until when it is open
	extras    int           // connections for segments, besides those of the leases
	noExtras  bool          // there are to be none
	changed   chan struct{} // closed, and replaced, when a waiter has to look again
}

// tripping is the number of failures in a row that opens a breaker.
const tripping = 2

// HostDownError says that a host was not asked again, since it has also failed other
// transfers.
type HostDownError struct {
	Host     string // scheme, host and port
	Failures int    // in a row
}

func (e *HostDownError) Error() string {
	return fmt.Sprintf("not asked again: %s has failed %d times in a row", e.Host, e.Failures)
}

// hostOf returns the host of an address, or "" for one that has none.
func hostOf(address string) string {
	o, err := source.AskedOrigin(address)
	if err != nil {
		return ""
	}
	return o.String()
}

// down reports whether a host is not to be asked again.
func (l *limiter) down(b *breaker) bool { return b.failures >= tripping && b.tries > l.retries }

func (l *limiter) breaker(host string) *breaker {
	if l.hosts == nil {
		l.hosts = make(map[string]*breaker)
	}
	if l.hosts[host] == nil {
		l.hosts[host] = &breaker{changed: make(chan struct{})}
	}
	return l.hosts[host]
}

// open reports whether a host is not to be asked now.
func (l *limiter) open(host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.breaker(host)
	return l.down(b) || time.Now().Before(b.opened)
}

// acquire waits until a host may be asked; again says that it is not the first time.
// The error is a *HostDownError, or the cause with which ctx ended. The lease is to
// be released.
func (l *limiter) acquire(ctx context.Context, host string, again bool) (*lease, error) {
	for {
		l.mu.Lock()
		b := l.breaker(host)
		b.settle()
		wait := time.Until(b.opened)
		switch {
		case again && l.down(b):
			defer l.mu.Unlock()
			return nil, &HostDownError{host, b.failures}
		case wait > 0:
		case b.limit == 0 || b.inFlight < b.limit:
			defer l.mu.Unlock()
			b.inFlight++
			l.leases++
			return &lease{limiter: l, breaker: b, try: b.tries}, nil
		case len(b.settling) > 0:
			wait = time.Until(b.settling[0])
		default:
			wait = time.Hour // until another lease is released, which closes changed
		}
		changed := b.changed
		l.mu.Unlock()
		if err := sleep(ctx, wait, changed); err != nil {
			return nil, err
		}
	}
}

// settle stops counting leases that have settled.
func (b *breaker) settle() {
	for len(b.settling) > 0 && !time.Now().Before(b.settling[0]) {
		b.settling = b.settling[1:]
		b.inFlight--
	}
}

// lease is the right to one transfer from a host.
type lease struct {
	limiter *limiter
	breaker *breaker
	try     int  // the breaker's tries when it was acquired
	began   bool // the host has begun to send a body
}

// begin notes that the host begins to send a body.
func (l *lease) begin() {
	l.limiter.mu.Lock()
	defer l.limiter.mu.Unlock()
	l.began = true
	l.breaker.tries = 0
}

// settlingTime is how long a connection whose answer has been read may take until the
// next request can use it.
const settlingTime = time.Millisecond

// release ends a lease. failed says that the transfer failed temporarily, and after is
// how long the host then asks to wait.
func (l *lease) release(failed bool, after time.Duration) {
	l.limiter.mu.Lock()
	defer l.limiter.mu.Unlock()
	b := l.breaker
	b.settle()
	l.limiter.leases--
	if failed {
		b.inFlight--
		l.fail(after)
	} else {
		b.failures, b.tries = 0, 0
		if b.limit == 0 {
			b.inFlight--
		} else {
			// The next transfer must not open another connection to such a host.
			b.settling = append(b.settling, time.Now().Add(settlingTime))
			b.raise()
		}
	}
	close(b.changed)
	b.changed = make(chan struct{})
}

func (l *lease) fail(after time.Duration) {
	b := l.breaker
	b.failures++
	if l.try >= b.tries {
		b.tries++
	}
	if !l.began {
		b.limit, b.successes = max(b.inFlight, 1), 0
		if b.failures == 1 {
			b.ceiling = b.limit
		}
	}
	if after > 0 || b.failures >= tripping {
		until := time.Now().Add(max(l.limiter.backoff(b.tries), after))
		if until.After(b.opened) {
			b.opened = until
		}
	}
}

// raise increases the limit after a success: by one each time below the ceiling, and
// above it only after many successes.
func (b *breaker) raise() {
	b.successes++
	switch {
	case b.ceiling == 0 || b.limit < b.ceiling:
		b.limit, b.successes = b.limit+1, 0
	case b.successes >= 2*b.limit:
		b.limit, b.successes = b.limit+1, 0
		b.ceiling = b.limit
	}
}
