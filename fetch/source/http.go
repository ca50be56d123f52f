package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// receiveWindow is how much of one HTTP/2 stream a server may send ahead; the
// transport's default halves the throughput of a fast connection.
const receiveWindow = 2 << 20

// newTransport returns the transport for requests. It is used without http.Client, which
// follows redirects by its own rules, and whose errors quote a Location that cannot be
// parsed. Inlining it would cost 2 kB.
//
//go:noinline
func newTransport(cfg Config, roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		Proxy:                  cfg.Proxy,
		DialContext:            dialFunc(cfg.ConnectTimeout),
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    cfg.ConnectTimeout,
		MaxIdleConnsPerHost:    max(cfg.Connections, 1),
		IdleConnTimeout:        time.Minute,
		OnProxyConnectResponse: checkProxy,
		ForceAttemptHTTP2:      true,
		// A server that labels .gz files "Content-Encoding: gzip" must not
		// change the bytes.
		DisableCompression: true,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream:     receiveWindow,
			MaxReceiveBufferPerConnection: 4 * receiveWindow,
			MaxReadFrameSize:              1 << 20,
		},
	}
}

// RoundTrip implements http.RoundTripper: it sends one request, with the proxy
// and the CA roots of c, and follows no redirect. It gives none of the other guarantees of Get,
// except that it refuses a host that is not what would be dialled, and that its errors say
// by which proxy the request went and which roots do not hold.
func (c *Client) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.roundTrip(r, false)
	if err != nil {
		return nil, c.describe(r, err)
	}
	return resp, nil
}

func (c *Client) roundTrip(r *http.Request, part bool) (*http.Response, error) {
	if _, err := OriginOf(r.URL); err != nil {
		return nil, &unsentError{err}
	}
	secure := r.URL.Scheme == "https"
	if !secure && c.cfg.Proxy != nil {
		proxy, err := c.cfg.Proxy(r)
		secure = err == nil && proxy != nil && proxy.Scheme == "https"
	}
	if !secure {
		return c.plain.RoundTrip(r)
	}
	transports, err := c.tls()
	if err != nil {
		return nil, &unsentError{err}
	}
	if part {
		return transports.parts.RoundTrip(r)
	}
	return transports.all.RoundTrip(r)
}

// http gets an http or https URL (RFC 9110).
func (t *transfer) http(ctx context.Context) error {
	ctx, s, stop := watch(ctx, t.client.cfg.StallTimeout)
	defer stop()
	resp, err := t.follow(ctx, s)
	if err != nil {
		return err
	}
	if t.req.End > 0 {
		defer resp.Body.Close()
		if resp.StatusCode < http.StatusBadRequest && (resp.StatusCode != http.StatusPartialContent || !t.continues(resp)) {
			return t.fail(ErrNotPart, false)
		}
		t.req.Limit = t.req.End
		return t.take(ctx, resp, s)
	}
	if t.req.Offset > 0 && t.misfits(resp) {
		resp.Body.Close()
		t.req.Offset = 0
		if resp, err = t.follow(ctx, s); err != nil {
			return err
		}
	}
	defer resp.Body.Close()
	return t.take(ctx, resp, s)
}

// take streams the body of an answer.
func (t *transfer) take(ctx context.Context, resp *http.Response, s stall) error {
	t.resp.Status = resp.StatusCode
	if resp.TLS == nil {
		t.resp.Proxy = t.proxy
	}
	offset := int64(0)
	switch {
	case resp.StatusCode == http.StatusOK:
	case t.req.Offset > 0 && resp.StatusCode == http.StatusPartialContent:
		offset = t.req.Offset
	default:
		return t.failStatus(resp)
	}
	t.resp.Validator = strongValidator(resp)
	if resp.ContentLength >= 0 {
		t.resp.Length = offset + resp.ContentLength
	}
	if t.req.Started != nil {
		t.req.Started(&t.resp)
	}
	counted := &countingReader{r: resp.Body, n: offset}
	err := t.stream(counted, offset, s)
	var body errBody
	switch {
	case errors.As(err, &body):
		if errors.Is(body.error, io.ErrUnexpectedEOF) && t.resp.Length >= 0 {
			return t.fail(fmt.Errorf("%w: the connection ended after %d of %d bytes", ErrTruncated, counted.n, t.resp.Length), true)
		}
		return t.failNetwork(ctx, body.error)
	case err != nil:
		return err
	case endsWithConnection(resp) && counted.n < t.req.Limit && !t.req.AtMost:
		// Nothing but the connection's end marks the end of such a body, so
		// one that is too short has most likely been cut off.
		return t.fail(fmt.Errorf("the connection ended after %d bytes, and %d are pinned; the server did not say how many there are", counted.n, t.req.Limit), true)
	}
	return nil
}

// endsWithConnection reports whether the body's length was neither declared nor
// marked by chunks or frames.
func endsWithConnection(r *http.Response) bool {
	return r.ProtoMajor == 1 && r.ContentLength < 0 && len(r.TransferEncoding) == 0
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// follow sends the request and follows redirects, as long as they lead to allowed
// hosts. It returns the first answer that is not a redirect.
func (t *transfer) follow(ctx context.Context, s stall) (*http.Response, error) {
	var (
		sent      error // the error of the last request
		hops      int
		permanent = true
	)
	rewrites := t.client.cfg.Rewrites
	if t.req.Direct {
		rewrites = nil
	}
	t.ruled, t.strayed = false, false
	resp, err := rewrites.Follow(t.req.URL, func(h Hop) (resp *http.Response, err error) {
		defer func() { sent = err }()
		if !t.ruled || h.rewritten() {
			t.resp.URL, t.resp.Redirects = h.Named.String(), hops
			if hops > 0 && permanent {
				t.resp.Moved = t.resp.URL
			}
		}
		hops++
		if !t.ruled && !t.allowed(h.Named) {
			e := t.fail(fmt.Errorf("host %q is not in the lockfile's policy.hosts", h.Named.Host), false)
			e.Refused = true
			return nil, e
		}
		t.ruled = t.ruled || h.rewritten()
		t.strayed = t.ruled && !h.Home
		if t.ruled {
			t.resp.Asked = h.URL.String()
		}
		if resp, err = t.exchange(ctx, h, s); err != nil {
			return nil, err
		}
		s.reset()
		t.client.cfg.Cookies.take(h.URL, resp.Header)
		permanent = permanent && (resp.StatusCode == http.StatusMovedPermanently || resp.StatusCode == http.StatusPermanentRedirect)
		return resp, nil
	})
	switch {
	case sent != nil:
		return nil, sent
	case err != nil:
		return nil, t.fail(err, false)
	}
	t.resp.Modified, _ = http.ParseTime(resp.Header.Get("Last-Modified"))
	return resp, nil
}

func (t *transfer) request(ctx context.Context, u *url.URL, home bool) *http.Request {
	// An empty User-Agent keeps net/http from sending its own.
	header := http.Header{"User-Agent": {t.client.cfg.UserAgent}, "Accept": {"*/*"}}
	r := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: header}).WithContext(ctx)
	if t.req.Offset > 0 {
		last := ""
		if t.req.End > 0 {
			last = strconv.FormatInt(t.req.End-1, 10)
		}
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-%s", t.req.Offset, last))
		r.Header.Set("If-Range", t.req.Validator)
	}
	t.known = false
	if home {
		t.known = t.authorize(r)
	}
	t.client.cfg.Cookies.set(r)
	return r
}

// Authorize adds the credentials and header fields for the origin of r, and reports
// whether there are any.
func (c *Client) Authorize(r *http.Request) bool {
	c.cfg.Netrc.authorize(r, r.URL)
	return c.cfg.Headers.set(r, r.URL) || r.Header.Get("Authorization") != ""
}

func (t *transfer) allowed(u *url.URL) bool {
	for _, p := range t.client.cfg.Hosts {
		if p.Match(u) {
			return true
		}
	}
	return len(t.client.cfg.Hosts) == 0
}

// failStatus makes the error of an answer that is not a success.
func (t *transfer) failStatus(r *http.Response) error {
	text := statusText(r.StatusCode)
	if t.note != "" {
		text += ", " + t.note
	}
	e := t.fail(errors.New(text), temporaryStatus(r.StatusCode))
	e.Status = r.StatusCode
	if r.TLS == nil {
		e.Proxy = t.proxy
	}
	e.Authorized = t.known
	e.RetryAfter = retryAfter(r.Header.Get("Retry-After"), time.Now())
	if r.StatusCode == http.StatusForbidden {
		// Rate limiters say 403 too, and then say for how long.
		e.Temporary = e.RetryAfter > 0
	}
	return e
}

func statusText(code int) string { return fmt.Sprintf("HTTP %d %s", code, http.StatusText(code)) }

// temporaryStatus reports whether a request with this status may succeed later.
func temporaryStatus(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return code >= 500
}

// retryAfter reads a Retry-After field (RFC 9110, section 10.2.3): seconds or a
// date.
func retryAfter(field string, now time.Time) time.Duration {
	if s, err := strconv.Atoi(field); err == nil {
		return max(0, time.Duration(min(s, 1<<20))*time.Second)
	}
	if at, err := http.ParseTime(field); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
