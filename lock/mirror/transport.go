package mirror

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// guarded keeps what is sent, tokens included, from going anywhere in plain text. A registry, its
// token service and its uploads may all lie at other addresses, so that each request counts.
// It also ends redirects, since go-containerregistry follows any number of them.
type guarded struct {
	http.RoundTripper
	stall time.Duration // zero means any time
	after afterFunc     // nil means time.AfterFunc
}

// afterFunc is time.AfterFunc, or the clock of a test.
type afterFunc func(d time.Duration, f func()) timer

type timer interface {
	Reset(d time.Duration) bool
	Stop() bool
}

// maxRedirects is how many redirects a request follows.
const maxRedirects = 10

// errRedirects says that a redirect was not followed.
var errRedirects = fmt.Errorf("more than %d redirects", maxRedirects)

// errPlain says why a request was not sent.
var errPlain = errors.New("plain http is used to this machine alone; give the registry a certificate, and name its authority by --cacert")

func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	hops := 0
	// A redirected request has the answer that has caused it.
	for cause := r.Response; cause != nil && cause.Request != nil; cause = cause.Request.Response {
		hops++
	}
	if hops > maxRedirects {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, errRedirects
	}
	if r.URL.Scheme == "http" {
		host := r.URL.Hostname()
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			if r.Body != nil {
				r.Body.Close()
			}
			return nil, fmt.Errorf("%s: %w", r.URL.Host, errPlain)
		}
	}
	// go-containerregistry sends a request with the body that it has sent before, once it has
	// a new token and after errors that may pass.
	if r.GetBody != nil {
		body, err := r.GetBody()
		r.Body.Close()
		if err != nil {
			return nil, err
		}
		again := *r
		again.Body = body
		r = &again
	}
	send := g.RoundTripper.RoundTrip
	if g.stall > 0 {
		send = g.watched
	}
	resp, err := send(r)
	if err != nil {
		return nil, err
	}
	if err := checkStored(r, resp); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// checkStored returns an error if a registry says that it has stored other bytes than it
// was sent, as those do that convert manifests: nobody would find them by their digest.
func checkStored(r *http.Request, resp *http.Response) error {
	got := resp.Header.Get("Docker-Content-Digest")
	if r.Method != http.MethodPut || resp.StatusCode != http.StatusCreated || !strings.HasPrefix(got, "sha256:") {
		return nil
	}
	want := r.URL.Query().Get("digest") // of a blob
	if want == "" && r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return err
		}
		defer body.Close()
		h := sha256.New()
		if _, err := io.Copy(h, body); err != nil {
			return err
		}
		want = fmt.Sprintf("sha256:%x", h.Sum(nil))
	}
	if want != "" && got != want {
		return fmt.Errorf("%s was sent %s and says that it has stored %s", r.URL.Host, want, got)
	}
	return nil
}

// StallError says that a request to a registry has been given up since no byte went either
// way for a time. It may be tried again.
type StallError struct {
	Host   string
	Sent   bool // all had been sent, and no answer came
	Upload bool
	After  time.Duration
}

func (e *StallError) Error() string {
	switch {
	case e.Upload && e.Sent:
		return fmt.Sprintf("%s: no answer for %s after the upload", e.Host, e.After)
	case e.Upload:
		return fmt.Sprintf("%s: the upload stalled: no byte was taken for %s", e.Host, e.After)
	}
	return fmt.Sprintf("%s: no byte came for %s", e.Host, e.After)
}

type sizeKey struct{}

// withSize says how large the blob is that the requests of ctx send.
func withSize(ctx context.Context, size int64) context.Context {
	return context.WithValue(ctx, sizeKey{}, size)
}

// digestRate is how many bytes of a blob a registry stores and hashes in a second, at the
// least, once it has them all: what stands before it may take them long before it does.
const digestRate = 4 << 20

// watched sends a request, and ends it when no byte goes either way for a time.
func (g guarded) watched(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	w := &watch{ctx: ctx, cancel: cancel, stall: g.stall, err: StallError{Host: r.URL.Host, After: g.stall}}
	if g.after != nil {
		w.timer = g.after(g.stall, w.end)
	} else {
		w.timer = time.AfterFunc(g.stall, w.end)
	}
	size, upload := ctx.Value(sizeKey{}).(int64)
	body, again := r.Body, r.GetBody
	r = r.WithContext(ctx)
	switch {
	case !upload || r.Method != http.MethodPatch && r.Method != http.MethodPut:
	case body == nil || body == http.NoBody:
		w.sent(size) // the request that ends an upload
	default:
		w.err.Upload = true
		r.Body = &watchedBody{body, w, size}
		// The transport may begin again on another connection.
		if again != nil {
			r.GetBody = func() (io.ReadCloser, error) {
				body, err := again()
				return &watchedBody{body, w, size}, err
			}
		}
	}
	resp, err := g.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, w.done(err)
	}
	w.answered()
	resp.Body = &watchedAnswer{resp.Body, w}
	return resp, nil
}

// watch ends a request that stands still.
type watch struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	stall  time.Duration
	timer  timer

	mu  sync.Mutex
	err StallError // if it ends now
}

func (w *watch) end() {
	w.mu.Lock()
	err := w.err
	w.mu.Unlock()
	w.cancel(&err)
}

// sent says that all of a blob has been sent, so that the registry now works on it.
func (w *watch) sent(size int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err.Upload, w.err.Sent = true, true
	w.err.After = w.stall + time.Duration(size/digestRate)*time.Second
	w.timer.Reset(w.err.After)
}

// answered says that an answer has begun.
func (w *watch) answered() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = StallError{Host: w.err.Host, After: w.stall}
	w.timer.Reset(w.stall)
}

// done ends the watch, and returns why the request has failed.
func (w *watch) done(err error) error {
	w.timer.Stop()
	var stalled *StallError
	if errors.As(context.Cause(w.ctx), &stalled) {
		return stalled
	}
	w.cancel(nil)
	return err
}

// watchedBody is what is sent.
type watchedBody struct {
	io.ReadCloser
	w    *watch
	size int64
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.w.sent(b.size)
	} else {
		b.w.timer.Reset(b.w.stall)
	}
	return n, err
}

// watchedAnswer is the body of an answer. What its reader does between the reads is not
// the registry's fault.
type watchedAnswer struct {
	io.ReadCloser
	w *watch
}

func (b *watchedAnswer) Read(p []byte) (int, error) {
	b.w.timer.Reset(b.w.stall)
	n, err := b.ReadCloser.Read(p)
	b.w.timer.Stop()
	if err != nil && err != io.EOF {
		err = b.w.done(err)
	}
	return n, err
}

func (b *watchedAnswer) Close() error {
	b.w.timer.Stop()
	err := b.ReadCloser.Close()
	b.w.cancel(nil)
	return err
}
