package fetch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"depfetch/fetch/source"
)

// hosts keeps the transfers of a run from hammering a host that fails. After two
// failures in a row nothing more is asked of it until the time has come for the
// next try. A host that fails before it begins to answer is then asked for no more
// at once than it had under way, and for more again as that goes well. One that
// goes on failing, try after try, as often as a transfer may ask it, is down: nobody
// asks it again, but each may ask once.
//
// A host is the origin (scheme, host and port) of an address before redirects.
type hosts struct {
	retries int
	backoff func(n int) time.Duration

	mu     sync.Mutex
	byName map[string]*host
}

type host struct {
	busy     int // transfers under way
	most     int // how many may be under way; 0 is any number
	ceiling  int // how many were, when one of them failed and others did not; 0 is unknown
	eased    int // transfers that went well since most has changed
	failures int // in a row
	tries    int // in a row that failed, each begun after the one before had
	until    time.Time
	changed  chan struct{} // closed when waiting may have come to an end
}

// tripping is how many failures in a row make a host rest.
const tripping = 2

// HostDownError says that a host was not asked again, since it has failed others
// too.
type HostDownError struct {
	Host     string // scheme, host and port
	Failures int    // in a row
}

func (e *HostDownError) Error() string {
	return fmt.Sprintf("not asked again: %s has failed %d times in a row", e.Host, e.Failures)
}

// hostOf returns the host of an address, or "" for one that has none.
func hostOf(address string) string {
	o, err := source.ParseOrigin(address)
	if err != nil {
		return ""
	}
	return o.String()
}

// down reports whether a host is not to be asked again.
func (h *hosts) down(o *host) bool { return o.failures >= tripping && o.tries > h.retries }

func (h *hosts) get(name string) *host {
	if h.byName == nil {
		h.byName = make(map[string]*host)
	}
	if h.byName[name] == nil {
		h.byName[name] = &host{changed: make(chan struct{})}
	}
	return h.byName[name]
}

// resting reports whether a host is not to be asked now.
func (h *hosts) resting(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.get(name)
	return h.down(one) || time.Now().Before(one.until)
}

// enter waits until a host may be asked; again says that it is not the first time.
// The error is a *HostDownError, or the cause with which ctx ended. The visit that
// it begins is to be ended.
func (h *hosts) enter(ctx context.Context, name string, again bool) (*visit, error) {
	for {
		h.mu.Lock()
		one := h.get(name)
		rest := time.Until(one.until)
		switch {
		case again && h.down(one):
			defer h.mu.Unlock()
			return nil, &HostDownError{name, one.failures}
		case rest <= 0 && (one.most == 0 || one.busy < one.most):
			defer h.mu.Unlock()
			one.busy++
			return &visit{hosts: h, host: one, try: one.tries}, nil
		}
		changed := one.changed
		h.mu.Unlock()
		if rest <= 0 {
			rest = time.Hour // what it waits for is that others leave
		}
		if err := sleep(ctx, rest, changed); err != nil {
			return nil, err
		}
	}
}

func (o *host) change() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// visit is one transfer from a host.
type visit struct {
	hosts *hosts
	host  *host
	try   int  // the host's tries when it began
	began bool // the host has begun to send a body
}

// begin notes that the host begins to send a body.
func (v *visit) begin() {
	v.hosts.mu.Lock()
	defer v.hosts.mu.Unlock()
	v.began = true
	v.host.tries = 0
}

// settling is how long a connection whose answer has been read may take until the
// next request can use it.
const settling = time.Millisecond

// end ends a visit. failed says that the transfer did in a way that may pass, and
// after is how long the host then asks to be let alone.
func (v *visit) end(failed bool, after time.Duration) {
	v.hosts.mu.Lock()
	defer v.hosts.mu.Unlock()
	o := v.host
	switch {
	case failed:
		o.leave()
		v.fail(after)
	case o.most == 0:
		o.failures, o.tries = 0, 0
		o.leave()
	default:
		// Who comes next is not to open one more where connections are few.
		o.failures, o.tries = 0, 0
		o.ease()
		time.AfterFunc(settling, func() {
			v.hosts.mu.Lock()
			defer v.hosts.mu.Unlock()
			o.leave()
		})
	}
}

func (o *host) leave() {
	o.busy--
	o.change()
}

func (v *visit) fail(after time.Duration) {
	o := v.host
	o.failures++
	if v.try >= o.tries {
		o.tries++
	}
	if !v.began {
		o.most, o.eased = max(o.busy, 1), 0
		if o.failures == 1 {
			o.ceiling = o.most
		}
	}
	if after > 0 || o.failures >= tripping {
		until := time.Now().Add(max(v.hosts.backoff(o.tries), after))
		if until.After(o.until) {
			o.until = until
		}
	}
}

// ease lets more transfers be under way after one went well: one more each time
// below the ceiling, and beyond it only after many.
func (o *host) ease() {
	o.eased++
	switch {
	case o.ceiling == 0 || o.most < o.ceiling:
		o.most, o.eased = o.most+1, 0
	case o.eased >= 2*o.most:
		o.most, o.eased = o.most+1, 0
		o.ceiling = o.most
	}
}
