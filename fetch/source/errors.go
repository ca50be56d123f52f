package source

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// Error says why an address did not yield its bytes.
type Error struct {
	URL    string // the address asked, after redirects and rules; print it with Redact
	Status int    // of HTTP, when an answer came and was not a success
	// Temporary is set if the same request may succeed later.
	Temporary bool
	// RetryAfter is how long the server asked to wait; zero if it did not.
	RetryAfter time.Duration
	// Authorized is set when credentials were sent.
	Authorized bool
	// Refused is set when the policy's list of hosts forbade the request.
	Refused bool
	// Proxy is the proxy that the request went by, as it may be shown, if the answer
	// or failure may be the proxy's: not when a server answered through a tunnel.
	Proxy string
	// ProxyStatus is the status with which the proxy has refused to connect, or 0.
	ProxyStatus int
	// Strayed is set if the server that a rule chose has redirected to URL, on another
	// server for which no rule holds.
	Strayed bool
	// NoBundle is set when the server's certificate is not trusted and the system has
	// no bundle of roots that an intercepting proxy could have added its own to.
	NoBundle bool
	// Answered is set when an answer had begun to come, and the network failed in it.
	Answered bool
	Err      error
}

func (e *Error) Error() string {
	if e.Proxy == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + " (by the proxy " + e.Proxy + ")"
}
func (e *Error) Unwrap() error { return e.Err }

// ErrStalled says that no byte has arrived for Config.StallTimeout, ErrTruncated that a
// body has ended before its declared length, and ErrNotPart that an answer is not the
// part of the file that was asked for.
//
// ErrNoCipher says that a server has ended the TLS handshake since it accepts nothing that
// it was offered, ErrNoAnswer that the connection has ended where an answer was to come, and
// ErrNotHTTP that what came is none.
var (
	ErrNoAnswer  = errors.New("the connection ended before an answer")
	ErrNotHTTP   = errors.New("the answer is not valid HTTP")
	ErrNoCipher  = errors.New("the server accepts no TLS version or cipher of this program")
	ErrStalled   = errors.New("stalled")
	ErrTruncated = errors.New("truncated")
	ErrNotPart   = errors.New("not the part that was asked for")
)

// RedirectError says why a redirect was not followed.
type RedirectError struct{ Err error }

func (e *RedirectError) Error() string { return e.Err.Error() }
func (e *RedirectError) Unwrap() error { return e.Err }

// unsentError says why a request was not sent. It contains nothing of an answer.
type unsentError struct{ error }

func (e *unsentError) Unwrap() error { return e.error }

// requestError is an error of RoundTrip, with more to say. It is temporary, or a timeout,
// where that one is, since callers look for these methods.
type requestError struct {
	error
	text string
}

func (e *requestError) Error() string { return e.text }
func (e *requestError) Unwrap() error { return e.error }

func (e *requestError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.error, &t) && t.Timeout()
}

func (e *requestError) Temporary() bool {
	var t interface{ Temporary() bool }
	return errors.As(e.error, &t) && t.Temporary()
}

// describe adds to the error of a request what of c it may have come from.
func (c *Client) describe(r *http.Request, err error) error {
	text := err.Error()
	if certificateError(err) {
		text += "; trusted were " + c.cfg.Roots.Describe()
	}
	if proxy := c.proxyOf(r); proxy != "" {
		text += " (by the proxy " + proxy + ")"
	}
	if text == err.Error() {
		return err
	}
	return &requestError{err, text}
}

// fail makes the error of t. Inlining it would cost 4 kB.
//
//go:noinline
func (t *transfer) fail(err error, temporary bool) *Error {
	return &Error{URL: cmp.Or(t.resp.Asked, t.resp.URL), Temporary: temporary, Strayed: t.strayed, Err: err}
}

// failNetwork makes the error of t from an error of the network, of which all
// but a few kinds may be gone at the next try.
func (t *transfer) failNetwork(ctx context.Context, err error) error {
	e := t.networkError(ctx, err)
	var failed *Error
	if errors.As(e, &failed) {
		failed.Proxy, failed.Answered = t.proxy, t.resp.Status != 0
		var refused *proxyError
		if errors.As(err, &refused) {
			failed.ProxyStatus = refused.status
		}
	}
	return e
}

func (t *transfer) networkError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, ErrStalled) {
		return cause
	}
	if errors.Is(context.Cause(ctx), ErrStalled) {
		return t.fail(fmt.Errorf("%w: no byte came for %s", ErrStalled, t.client.cfg.StallTimeout), true)
	}
	var unsent *unsentError
	if errors.As(err, &unsent) {
		return t.fail(unsent.error, false)
	}
	if certificateError(err) {
		e := t.fail(fmt.Errorf("%w; trusted were %s", err, t.client.cfg.Roots.Describe()), false)
		_, file := t.client.cfg.Roots.system()
		e.NoBundle = file == ""
		return e
	}
	if strings.HasSuffix(err.Error(), "remote error: tls: handshake failure") {
		return t.fail(fmt.Errorf("%w: %w", unquoted(err), ErrNoCipher), false)
	}
	return t.fail(unquoted(err), !permanent(err))
}

// unquoted returns an error of the network without the text that a server or proxy sent,
// which net/http quotes and which may repeat a secret: a login, the address of a
// redirect.
func unquoted(err error) error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		switch e := e.(type) {
		case *net.OpError:
			// That of a proxy wraps what the proxy answered.
			if inner := unquoted(e.Err); e.Op == "proxyconnect" && inner != e.Err {
				return inner
			}
			return e
		case syscall.Errno, *os.SyscallError, *net.DNSError, *net.AddrError, tls.AlertError, tls.RecordHeaderError, *proxyError:
			return e
		case net.Error:
			if e.Timeout() {
				return e
			}
		}
		switch text := e.Error(); {
		case e == io.EOF:
			return ErrNoAnswer
		case e == io.ErrUnexpectedEOF, strings.HasPrefix(text, "http: server "), strings.HasPrefix(text, "stream error: "),
			strings.HasPrefix(text, "tls: "), strings.HasPrefix(text, "x509: "):
			return e
		case strings.Contains(text, "GOAWAY"):
			return errors.New("the server has ended the HTTP/2 connection (GOAWAY)")
		case strings.Contains(text, "chunk"):
			return fmt.Errorf("%w: bad chunks", ErrNotHTTP)
		}
	}
	return ErrNotHTTP
}

func certificateError(err error) bool {
	var (
		system   x509.SystemRootsError
		unknown  x509.UnknownAuthorityError
		invalid  x509.CertificateInvalidError
		hostname x509.HostnameError
		verify   *tls.CertificateVerificationError
	)
	return errors.As(err, &verify) || errors.As(err, &unknown) ||
		errors.As(err, &invalid) || errors.As(err, &hostname) || errors.As(err, &system)
}

// permanent reports whether a retry would fail with the same error.
func permanent(err error) bool {
	var (
		dns    *net.DNSError
		addr   *net.AddrError
		record tls.RecordHeaderError // it does not speak TLS
		proxy  *proxyError
	)
	return errors.As(err, &proxy) && !temporaryStatus(proxy.status) || errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &addr) || errors.As(err, &record) ||
		errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission)
}

// Redact returns an address that may be shown: without credentials, and with
// the values of its query hidden, since they often are signatures and tokens.
func Redact(address string) string {
	return redact(hidePassword(address))
}

// RedactOption is Redact for what should be an address without a login: all but the scheme
// is hidden up to the last "@", whatever a password there may consist of.
func RedactOption(text string) string {
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		scheme, _, ok := strings.Cut(text[:at], "://")
		if !ok || strings.ContainsAny(scheme, ":/") {
			return Redact("REDACTED" + text[at:])
		}
		text = scheme + "://REDACTED" + text[at:]
	}
	return Redact(text)
}

// hidePassword hides a password that ends the host early, by one of "/?#" that should have
// been encoded: what stands in front of it is no port then.
func hidePassword(address string) string {
	start := strings.Index(address, "://") + len("://")
	scheme := start >= len("://")
	at := strings.LastIndexByte(address, '@')
	if !scheme {
		start = 0
		if at >= 0 && strings.Contains(address[:at], ":") {
			return "REDACTED" + address[at:] // also where one slash of http:// is missing
		}
	}
	host := address[start:]
	host = host[:strings.IndexAny(host+"/", "/?#")]
	port := strings.IndexByte(host[strings.IndexByte(host, ']')+1:], ':')
	if port < 0 || strings.Contains(host, "@") {
		return address
	}
	port += strings.IndexByte(host, ']') + 2
	if strings.Trim(host[port:], "0123456789") == "" {
		return address
	}
	if at >= 0 {
		return address[:start] + "REDACTED" + address[at:]
	}
	if scheme && host[port] != '$' { // a variable, of a Dockerfile
		return address[:start+port] + "REDACTED" + address[start+len(host):]
	}
	return address
}

func redact(address string) string {
	base, fragment, hasFragment := strings.Cut(address, "#")
	base, query, hasQuery := strings.Cut(base, "?")
	scheme, rest, ok := strings.Cut(base, "://")
	if ok {
		scheme += "://"
	} else {
		scheme, rest = "", base
	}
	authority, path, hasPath := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = "REDACTED" + authority[at:]
	}
	base = scheme + authority
	if hasPath {
		base += "/" + path
	}
	if hasQuery {
		params := strings.Split(query, "&")
		for i, p := range params {
			if k, _, ok := strings.Cut(p, "="); ok {
				params[i] = k + "=REDACTED"
			} else if p != "" {
				params[i] = "REDACTED"
			}
		}
		base += "?" + strings.Join(params, "&")
	}
	if hasFragment && fragment != "" {
		base += "#REDACTED"
	}
	return base
}
