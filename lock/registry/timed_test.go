package registry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// dripping sends a byte each second, or nothing at all.
type dripping struct{ silent bool }

func (d dripping) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.silent {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(dripped{r.Context()})}, nil
}

type dripped struct{ ctx context.Context }

func (d dripped) Read(p []byte) (int, error) {
	select {
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	case <-time.After(time.Second):
		return copy(p, "x"), nil
	}
}

// TestTimed: neither silence nor a byte now and then keeps an answer going for ever.
func TestTimed(t *testing.T) {
	for _, silent := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com/v2/a/manifests/b", nil)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			resp, err := Timed{RoundTripper: dripping{silent}}.RoundTrip(r)
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			slow, ok := errors.AsType[*SlowError](err)
			if !ok || slow.Error() != "example.com: the whole answer has not come within 2m0s" || time.Since(began) != AnswerTime {
				t.Errorf("silent %v: %v, after %s", silent, err, time.Since(began))
			}
		})
	}
}

// TestTimedBlobs: only who reads small blobs alone limits them.
func TestTimedBlobs(t *testing.T) {
	for _, limited := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			first, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com/v2/a/blobs/b", nil)
			if err != nil {
				t.Fatal(err)
			}
			r := first.Clone(t.Context())
			r.URL.Path, r.Response = "/bucket/b", &http.Response{Request: first}
			resp, err := Timed{RoundTripper: dripping{}, Blobs: limited}.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.CopyN(io.Discard, resp.Body, 1000)
			resp.Body.Close()
			if (err != nil) != limited || !limited && n != 1000 {
				t.Errorf("limited %v: %d bytes, %v", limited, n, err)
			}
		})
	}
}
