package fetch

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const hostName = "https://example.com"

// newHosts returns hosts that let one alone for n seconds after its n-th try.
func newHosts(retries int) *hosts {
	return &hosts{retries: retries, backoff: func(n int) time.Duration { return time.Duration(n) * time.Second }}
}

func enter(t *testing.T, h *hosts) *visit {
	t.Helper()
	v, err := h.enter(t.Context(), hostName, true)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// waits returns how long entering takes.
func waits(t *testing.T, h *hosts) time.Duration {
	t.Helper()
	began := time.Now()
	enter(t, h).end(false, 0)
	return time.Since(began)
}

func TestHostsRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(9)
		enter(t, h).end(true, 0)
		if d := waits(t, h); d != 0 {
			t.Errorf("one failure: waits %v", d)
		}
		enter(t, h).end(true, 0)
		enter(t, h).end(true, 0)
		if !h.resting(hostName) {
			t.Error("two failures in a row, and it does not rest")
		}
		if d := waits(t, h); d != 2*time.Second {
			t.Errorf("two failures in a row: waits %v", d)
		}
		enter(t, h).end(true, 7*time.Second)
		if d := waits(t, h); d != 7*time.Second {
			t.Errorf("asked to wait: waits %v", d)
		}
		// Of those under way at once, each further one is no further try.
		h = newHosts(9)
		visits := []*visit{enter(t, h), enter(t, h)}
		for _, v := range visits {
			v.end(true, 0)
		}
		if d := waits(t, h); d != time.Second {
			t.Errorf("two failures at once: waits %v", d)
		}
	})
}

func TestHostsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(2)
		for range 3 {
			enter(t, h).end(true, 0)
		}
		var down *HostDownError
		if _, err := h.enter(t.Context(), hostName, true); !errors.As(err, &down) || down.Host != hostName || down.Failures != 3 {
			t.Errorf("asked again: %v", err)
		}
		v, err := h.enter(t.Context(), hostName, false)
		if err != nil {
			t.Fatalf("asked for the first time: %v", err)
		}
		v.begin() // it sends something, though it breaks off
		v.end(true, 0)
		if d := waits(t, h); d != time.Second {
			t.Errorf("after a sign of life: waits %v", d)
		}
	})
}

// TestHostsLimit: a host that takes four at once is soon asked for four at once,
// and no transfer fails often.
func TestHostsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const takes, files = 4, 2000
		h := newHosts(5)
		var busy, failed, next atomic.Int64
		transfer := func() {
			for try := 0; ; try++ {
				v := enter(t, h)
				if busy.Add(1) > takes {
					busy.Add(-1)
					v.end(true, 0)
					failed.Add(1)
					if try == 5 {
						t.Error("a transfer has failed for good")
						return
					}
					time.Sleep(h.backoff(try + 1))
					continue
				}
				v.begin()
				time.Sleep(10 * time.Millisecond)
				busy.Add(-1)
				v.end(false, 0)
				return
			}
		}
		began := time.Now()
		for range 64 {
			go func() {
				for next.Add(1) <= files {
					transfer()
				}
			}()
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if next.Load() < files || busy.Load() != 0 {
			t.Fatalf("%d of %d were begun, %d are under way", next.Load(), files, busy.Load())
		}
		if failed.Load() > files/4 {
			t.Errorf("%d failures for %d files", failed.Load(), files)
		}
		t.Logf("%d failures, %v", failed.Load(), time.Since(began))
	})
}

func TestHostsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(9)
		enter(t, h).end(true, time.Hour)
		cause := errors.New("cancelled by the test")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if _, err := h.enter(ctx, hostName, false); !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
	})
}
