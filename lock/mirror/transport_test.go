package mirror

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/fetch/source"
)

// stallTime passes when a test says so.
const stallTime = 500 * time.Millisecond

// clock is the time of all requests of a client.
type clock struct {
	mu     sync.Mutex
	timers []*manualTimer
}

type manualTimer struct {
	clock *clock
	f     func()
	armed bool
}

func (c *clock) after(_ time.Duration, f func()) timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &manualTimer{c, f, true}
	c.timers = append(c.timers, t)
	return t
}

func (t *manualTimer) arm(armed bool) (was bool) {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	was, t.armed = t.armed, armed
	return was
}

func (t *manualTimer) Reset(time.Duration) bool { return t.arm(true) }
func (t *manualTimer) Stop() bool               { return t.arm(false) }

// pass lets the time of all requests pass that wait for something.
func (c *clock) pass() {
	c.mu.Lock()
	timers := slices.Clone(c.timers)
	c.mu.Unlock()
	for _, t := range timers {
		if t.arm(false) {
			t.f()
		}
	}
}

// oneFile returns what a lockfile with one file pins.
func oneFile(t *testing.T) []Blob {
	t.Helper()
	data := []byte("some bytes")
	name := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	a := fetch.Artifact{Name: "data", Platform: "any", URL: "file://" + filepath.ToSlash(name), Digest: digest.Of(data), Size: int64(len(data))}
	return []Blob{{a, []fetch.Artifact{a}}}
}

// TestStall: a request that stands still is given up and tried again, and succeeds once the
// registry does what it should.
func TestStall(t *testing.T) {
	blobs := oneFile(t)
	for _, test := range []struct {
		name  string
		hangs func(r *http.Request) bool // after it has taken what it takes
		want  string
	}{
		{"takes nothing", func(r *http.Request) bool { return r.Method == http.MethodPatch }, ": the upload stalled: no byte was taken for 500ms"},
		{"takes a byte", func(r *http.Request) bool {
			if r.Method == http.MethodPatch {
				io.ReadFull(r.Body, make([]byte, 1))
			}
			return r.Method == http.MethodPatch
		}, ": the upload stalled: no byte was taken for 500ms"},
		{"takes all", func(r *http.Request) bool {
			if r.Method == http.MethodPatch {
				io.Copy(io.Discard, r.Body)
			}
			return r.Method == http.MethodPatch
		}, ": no answer for 500ms after the upload"},
		{"does not end it", func(r *http.Request) bool {
			return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/blobs/")
		}, ": no answer for 500ms after the upload"},
		{"does not answer", func(r *http.Request) bool { return r.Method == http.MethodHead }, ": no byte came for 500ms"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t)
			var hung, limit atomic.Int64
			limit.Store(2)
			c := newClient(t, "oci://"+s.host+"/team/deps")
			c.Fetch.Source = source.New(source.Config{})
			var time clock
			c.Registry.Stall, c.Registry.after, c.Retries = stallTime, time.after, 1
			c.Registry.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
				if hung.Load() >= limit.Load() || !test.hangs(r) {
					return http.DefaultTransport.RoundTrip(r)
				}
				hung.Add(1)
				time.pass()
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
			_, err := c.Push(t.Context(), blobs)
			var stalled *StallError
			if !errors.As(err, &stalled) || !strings.HasSuffix(err.Error(), s.host+test.want) || hung.Load() != 2 {
				t.Fatalf("%d tries, %v", hung.Load(), err)
			}
			limit.Store(3)
			c.Retries = 5
			if got, err := c.Push(t.Context(), blobs); err != nil || got.Results[0].Status != Copied || hung.Load() != 3 {
				t.Errorf("%d tries, %v", hung.Load(), err)
			}
		})
	}
}

// TestStallAnswer: an answer that stands still is given up, and one that ends is not.
func TestStallAnswer(t *testing.T) {
	for _, whole := range []bool{true, false} {
		var time clock
		r, err := http.NewRequest(http.MethodGet, "https://example.com/v2/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := guarded{transportFunc(func(r *http.Request) (*http.Response, error) {
			body, w := io.Pipe()
			go func() {
				io.WriteString(w, "begun")
				if !whole {
					// Its reader waits now, or will.
					for r.Context().Err() == nil {
						time.pass()
						runtime.Gosched()
					}
					w.CloseWithError(r.Context().Err())
				}
				w.Close()
			}()
			return &http.Response{Body: body}, nil
		}), stallTime, time.after}.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		var stalled *StallError
		if string(got) != "begun" || whole && err != nil || !whole && !errors.As(err, &stalled) {
			t.Errorf("whole %v: %q, %v", whole, got, err)
		}
	}
}

// TestStallSize: a registry has longer for a large blob once it has it all.
func TestStallSize(t *testing.T) {
	for size, want := range map[int64]time.Duration{0: time.Second, digestRate - 1: time.Second, 10 * digestRate: 11 * time.Second} {
		r, err := http.NewRequestWithContext(withSize(t.Context(), size), http.MethodPut, "https://example.com/v2/", nil)
		if err != nil {
			t.Fatal(err)
		}
		w := &watch{stall: time.Second, timer: time.NewTimer(time.Hour)}
		w.sent(r.Context().Value(sizeKey{}).(int64))
		if w.err.After != want {
			t.Errorf("%d bytes: %s, want %s", size, w.err.After, want)
		}
	}
}
