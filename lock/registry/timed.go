package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// AnswerTime is how long a whole answer of a registry may take that is no blob: a manifest,
// a list or a token. All of these are small.
const AnswerTime = 2 * time.Minute

// Timed limits the time of whole answers, since a server that sends a byte now and then
// never stalls, and one that says nothing at all would be waited for without an end.
type Timed struct {
	http.RoundTripper
	Limit time.Duration // zero means AnswerTime
	// Blobs means that blobs are limited too: those that are read are small.
	Blobs bool
}

// SlowError reports that a whole answer has not come in time.
type SlowError struct {
	Host  string
	Limit time.Duration
}

func (e *SlowError) Error() string {
	return fmt.Sprintf("%s: the whole answer has not come within %s", e.Host, e.Limit)
}

// RoundTrip implements http.RoundTripper.
func (t Timed) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || !t.Blobs && ofBlob(r) {
		return t.RoundTripper.RoundTrip(r)
	}
	limit := t.Limit
	if limit == 0 {
		limit = AnswerTime
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), limit, &SlowError{r.URL.Host, limit})
	resp, err := t.RoundTripper.RoundTrip(r.WithContext(ctx))
	if err != nil {
		err = slow(ctx, err)
		cancel()
		return nil, err
	}
	resp.Body = &timedBody{resp.Body, ctx, cancel}
	return resp, nil
}

// ofBlob reports whether a request is for a blob, wherever a registry has redirected it to.
func ofBlob(r *http.Request) bool {
	for r.Response != nil && r.Response.Request != nil {
		r = r.Response.Request // that which was redirected
	}
	return strings.Contains(r.URL.Path, "/blobs/")
}

// slow returns why a request has failed.
func slow(ctx context.Context, err error) error {
	if late, ok := errors.AsType[*SlowError](context.Cause(ctx)); ok {
		return late
	}
	return err
}

type timedBody struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelFunc
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = slow(b.ctx, err)
	}
	return n, err
}

func (b *timedBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel()
	return err
}
