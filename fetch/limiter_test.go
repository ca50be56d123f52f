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

// newLimiter returns a limiter that lets a host alone for n seconds after its n-th try.
func newLimiter(retries int) *limiter {
	return &limiter{retries: retries, backoff: func(n int) time.Duration { return time.Duration(n) * time.Second }}
}

func acquire(t *testing.T, l *limiter) *lease {
	t.Helper()
	v, err := l.acquire(t.Context(), hostName, true)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// waits returns how long acquiring takes.
func waits(t *testing.T, l *limiter) time.Duration {
	t.Helper()
	began := time.Now()
	acquire(t, l).release(false, 0)
	return time.Since(began)
}

func TestLimiterRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(9)
		acquire(t, l).release(true, 0)
		if d := waits(t, l); d != 0 {
			t.Errorf("one failure: waits %v", d)
		}
		acquire(t, l).release(true, 0)
		acquire(t, l).release(true, 0)
		if !l.open(hostName) {
			t.Error("two failures in a row, and the breaker is not open")
		}
		if d := waits(t, l); d != 2*time.Second {
			t.Errorf("two failures in a row: waits %v", d)
		}
		acquire(t, l).release(true, 7*time.Second)
		if d := waits(t, l); d != 7*time.Second {
			t.Errorf("asked to wait: waits %v", d)
		}
		// Of those under way at once, each further one is no further try.
		l = newLimiter(9)
		leases := []*lease{acquire(t, l), acquire(t, l)}
		for _, v := range leases {
			v.release(true, 0)
		}
		if d := waits(t, l); d != time.Second {
			t.Errorf("two failures at once: waits %v", d)
		}
	})
}

func TestLimiterDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(2)
		for range 3 {
			acquire(t, l).release(true, 0)
		}
		var down *HostDownError
		if _, err := l.acquire(t.Context(), hostName, true); !errors.As(err, &down) || down.Host != hostName || down.Failures != 3 {
			t.Errorf("asked again: %v", err)
		}
		v, err := l.acquire(t.Context(), hostName, false)
		if err != nil {
			t.Fatalf("asked for the first time: %v", err)
		}
		v.begin() // it sends something, though it breaks off
		v.release(true, 0)
		if d := waits(t, l); d != time.Second {
			t.Errorf("after a sign of life: waits %v", d)
		}
	})
}

// TestLimiterLimit: a host that takes four at once is soon asked for four at once,
// and no transfer fails often.
func TestLimiterLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const takes, files = 4, 2000
		l := newLimiter(5)
		var inFlight, failed, next atomic.Int64
		transfer := func() {
			for try := 0; ; try++ {
				v := acquire(t, l)
				if inFlight.Add(1) > takes {
					inFlight.Add(-1)
					v.release(true, 0)
					failed.Add(1)
					if try == 5 {
						t.Error("a transfer has failed for good")
						return
					}
					time.Sleep(l.backoff(try + 1))
					continue
				}
				v.begin()
				time.Sleep(10 * time.Millisecond)
				inFlight.Add(-1)
				v.release(false, 0)
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
		if next.Load() < files || inFlight.Load() != 0 {
			t.Fatalf("%d of %d were begun, %d are in flight", next.Load(), files, inFlight.Load())
		}
		if failed.Load() > files/4 {
			t.Errorf("%d failures for %d files", failed.Load(), files)
		}
		t.Logf("%d failures, %v", failed.Load(), time.Since(began))
	})
}

func TestLimiterCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(9)
		acquire(t, l).release(true, time.Hour)
		cause := errors.New("cancelled by the test")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if _, err := l.acquire(ctx, hostName, false); !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
	})
}
