package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// Error says why an address did not yield its bytes.
type Error struct {
	URL    string // the address asked, after redirects; print it with Redact
	Status int    // of HTTP, when an answer came and was not a success
	// Temporary is set when the same request may succeed later.
	Temporary bool
	// RetryAfter is how long the server asked to wait; zero if it did not.
	RetryAfter time.Duration
	// Authorized is set when credentials were sent.
	Authorized bool
	// Refused is set when the policy's list of hosts forbade the request.
	Refused bool
	Err     error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// errStalled is the cause with which a transfer that stands still is ended.
var errStalled = errors.New("stalled")

// fail makes the error of t.
func (t *transfer) fail(err error, temporary bool) *Error {
	return &Error{URL: t.resp.URL, Temporary: temporary, Err: err}
}

// failNetwork makes the error of t from an error of the network, of which all
// but a few kinds may be gone at the next try.
func (t *transfer) failNetwork(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errStalled) {
		return cause
	}
	if errors.Is(context.Cause(ctx), errStalled) {
		return t.fail(fmt.Errorf("stalled: no byte came for %s", t.client.cfg.StallTimeout), true)
	}
	if certificateError(err) {
		return t.fail(fmt.Errorf("%w; trusted were %s", err, t.client.cfg.Roots.Describe()), false)
	}
	// What is no HTTP is quoted in the error, and may be a Location with a secret.
	if text := err.Error(); strings.Contains(text, "malformed") || strings.Contains(text, "invalid header") {
		err = errors.New("the answer is not valid HTTP")
	}
	return t.fail(err, !permanent(err))
}

func certificateError(err error) bool {
	var (
		unknown  x509.UnknownAuthorityError
		invalid  x509.CertificateInvalidError
		hostname x509.HostnameError
		verify   *tls.CertificateVerificationError
	)
	return errors.As(err, &verify) || errors.As(err, &unknown) ||
		errors.As(err, &invalid) || errors.As(err, &hostname)
}

// permanent reports whether err will be the same at the next try.
func permanent(err error) bool {
	var (
		dns    *net.DNSError
		addr   *net.AddrError
		record tls.RecordHeaderError // it does not speak TLS
	)
	return errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &addr) || errors.As(err, &record) ||
		errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission)
}

// Redact returns an address that may be shown: without credentials, and with
// the values of its query hidden, since they often are signatures and tokens.
func Redact(address string) string {
	base, fragment, hasFragment := strings.Cut(address, "#")
	base, query, hasQuery := strings.Cut(base, "?")
	if scheme, rest, ok := strings.Cut(base, "://"); ok {
		authority, path, hasPath := strings.Cut(rest, "/")
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			authority = "REDACTED" + authority[at:]
		}
		base = scheme + "://" + authority
		if hasPath {
			base += "/" + path
		}
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
