package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"depfetch/fetch"
)

// Registry is how registries are asked (OCI distribution specification).
type Registry struct {
	Keychain  authn.Keychain
	Transport http.RoundTripper // nil means that of go-containerregistry
	UserAgent string
	// Wait is the first wait between tries to send; zero means a second.
	Wait time.Duration
	// Temp is the directory of files that are being sent; empty means the system's.
	Temp string
}

// registry is a target in a registry.
type registry struct {
	target name.Tag
	temp   string
	puller *remote.Puller
	pusher *remote.Pusher
}

func (r Registry) open(t Target, jobs, retries int) (*registry, error) {
	under := r.Transport
	if under == nil {
		under = remote.DefaultTransport
	}
	wait := r.Wait
	if wait == 0 {
		wait = time.Second
	}
	options := []remote.Option{
		remote.WithAuthFromKeychain(r.Keychain), remote.WithTransport(guarded{under}), remote.WithUserAgent(r.UserAgent),
		remote.WithJobs(max(jobs, 1)),
		remote.WithRetryBackoff(remote.Backoff{Duration: wait, Factor: 2, Jitter: 0.1, Steps: retries + 1, Cap: 30 * time.Second}),
		remote.WithRetryPredicate(func(err error) bool { return temporary(err) }),
	}
	puller, err := remote.NewPuller(options...)
	if err != nil {
		return nil, err
	}
	pusher, err := remote.NewPusher(options...)
	if err != nil {
		return nil, err
	}
	return &registry{t.tag, r.Temp, puller, pusher}, nil
}

// guarded keeps what is sent, tokens included, from going anywhere in plain text. A registry, its
// token service and its uploads may all lie at other addresses, so that each request counts.
// It also ends redirects, since go-containerregistry follows any number of them.
type guarded struct{ http.RoundTripper }

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
	return g.RoundTripper.RoundTrip(r)
}

func (r *registry) layer(ctx context.Context, d fetch.Digest) (v1.Layer, error) {
	return r.puller.Layer(ctx, r.target.Digest(hash(d).String()))
}

func (r *registry) size(ctx context.Context, d fetch.Digest) (int64, error) {
	l, err := r.layer(ctx, d)
	if err != nil {
		return 0, absent(err)
	}
	size, err := l.Size()
	return size, absent(err)
}

func (r *registry) open(ctx context.Context, d fetch.Digest) (io.ReadCloser, error) {
	l, err := r.layer(ctx, d)
	if err != nil {
		return nil, absent(err)
	}
	body, err := l.Compressed()
	return unverified{body}, absent(err)
}

// unverified is a body that go-containerregistry compares with its digest, too. What it
// finds is left to the caller, who says it better: the error has no type of its own, and
// would pass for one of the network.
type unverified struct{ io.ReadCloser }

func (u unverified) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if err != nil && strings.HasPrefix(err.Error(), "error verifying ") {
		err = io.EOF
	}
	return n, err
}

func (r *registry) file() (*os.File, error) {
	f, err := os.CreateTemp(r.temp, "deplock-*")
	if err == nil && runtime.GOOS != "windows" {
		os.Remove(f.Name()) // now, so that a killed push leaves nothing
	}
	return f, err
}

func (r *registry) put(ctx context.Context, d fetch.Digest, f *os.File, size int64) error {
	return r.pusher.Upload(ctx, r.target.Context(), fileLayer{f, hash(d), size})
}

// tag sends a manifest and sets its own tag and that of the target to it. It returns the
// tags that were not so before.
func (r *registry) tag(ctx context.Context, m Manifest) (set []string, err error) {
	for i, tag := range []string{m.Tag(), r.target.TagStr()} {
		ref := r.target.Context().Tag(tag)
		if there, err := r.has(ctx, ref, m); err != nil {
			return set, err
		} else if there {
			continue
		}
		if i == 0 {
			if err := r.pusher.Upload(ctx, r.target.Context(), static.NewLayer(emptyConfig, types.OCIEmptyJSON)); err != nil {
				return set, err
			}
		}
		if err := r.pusher.Put(ctx, ref, m); err != nil {
			return set, err
		}
		set = append(set, tag)
	}
	return set, nil
}

// keeps reports whether the manifest is there under its own tag.
func (r *registry) keeps(ctx context.Context, m Manifest) (bool, error) {
	return r.has(ctx, r.target.Context().Tag(m.Tag()), m)
}

func (r *registry) has(ctx context.Context, tag name.Tag, m Manifest) (bool, error) {
	d, err := r.puller.Head(ctx, tag)
	if err = absent(err); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		// Some registries do not support HEAD, or answer it without the digest.
		full, err := r.puller.Get(ctx, tag)
		if err = absent(err); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		return bytes.Equal(full.Manifest, m.text), nil
	}
	return d.Digest == m.Digest, nil
}

// absent turns the error of a registry that lacks something into fs.ErrNotExist.
func absent(err error) error {
	if StatusOf(err) == http.StatusNotFound {
		return fs.ErrNotExist
	}
	return err
}

// StatusOf returns the HTTP status of an error of a registry, or 0.
func StatusOf(err error) int {
	var e *transport.Error
	if errors.As(err, &e) {
		return e.StatusCode
	}
	return 0
}

// temporary reports whether the same request may succeed later.
func temporary(err error) bool {
	var (
		e       *transport.Error
		network net.Error
		op      *net.OpError
	)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, errPlain), errors.Is(err, errRedirects):
		return false
	case errors.As(err, &e):
		return e.Temporary() || e.StatusCode >= 500 || e.StatusCode == http.StatusTooManyRequests
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET):
		return true
	}
	return errors.As(err, &op) || errors.As(err, &network) && network.Timeout()
}

// fileLayer is a blob in a file, as go-containerregistry sends it. Each try reads it from
// its start.
type fileLayer struct {
	f      *os.File
	digest v1.Hash
	size   int64
}

func (l fileLayer) Digest() (v1.Hash, error)             { return l.digest, nil }
func (l fileLayer) DiffID() (v1.Hash, error)             { return l.digest, nil }
func (l fileLayer) Size() (int64, error)                 { return l.size, nil }
func (l fileLayer) MediaType() (types.MediaType, error)  { return "application/octet-stream", nil }
func (l fileLayer) Uncompressed() (io.ReadCloser, error) { return l.Compressed() }
func (l fileLayer) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(l.f, 0, l.size)), nil
}
