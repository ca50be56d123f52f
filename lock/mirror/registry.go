package mirror

import (
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
	answer "depfetch/lock/registry"
)

// Registry is how registries are asked (OCI distribution specification).
type Registry struct {
	Keychain  authn.Keychain
	Transport http.RoundTripper // nil means that of go-containerregistry
	UserAgent string
	// Wait is the first wait between tries to send; zero means a second.
	Wait time.Duration
	// Stall is how long no byte may go either way; zero means any time.
	Stall time.Duration
	after afterFunc // of a test
	// Temp is the directory of files that are being sent; empty means the system's.
	Temp string
}

// connection is what asks registries, with the logins that they have been asked for.
type connection struct {
	temp   string
	puller *remote.Puller
	pusher *remote.Pusher
}

// registry is a repository of a registry.
type registry struct {
	*connection
	repo name.Repository
	tag  string // that of the target
	// origin says that an image is read from here to be copied elsewhere.
	origin bool
}

func (r Registry) connect(jobs, retries int) (*connection, error) {
	under := r.Transport
	if under == nil {
		under = remote.DefaultTransport
	}
	wait := r.Wait
	if wait == 0 {
		wait = time.Second
	}
	options := []remote.Option{
		remote.WithAuthFromKeychain(r.Keychain), remote.WithTransport(guarded{answer.Timed{RoundTripper: under}, r.Stall, r.after}), remote.WithUserAgent(r.UserAgent),
		remote.WithJobs(max(jobs, 1)),
		remote.WithRetryBackoff(remote.Backoff{Duration: wait, Factor: 2, Jitter: 0.1, Steps: retries + 1, Cap: 30 * time.Second}),
		remote.WithRetryPredicate(func(err error) bool { return temporary(err) }),
	}
	// What reads is tried again by the caller, who verifies it, too.
	puller, err := remote.NewPuller(append(options[:len(options):len(options)], remote.WithRetryBackoff(remote.Backoff{Steps: 1}))...)
	if err != nil {
		return nil, err
	}
	pusher, err := remote.NewPusher(options...)
	if err != nil {
		return nil, err
	}
	return &connection{r.Temp, puller, pusher}, nil
}

func (r *registry) layer(ctx context.Context, d fetch.Digest) (v1.Layer, error) {
	return r.puller.Layer(ctx, r.repo.Digest(hash(d).String()))
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

func (r *connection) file() (*os.File, error) {
	f, err := os.CreateTemp(r.temp, "deplock-*")
	if err == nil && runtime.GOOS != "windows" {
		os.Remove(f.Name()) // now, so that a killed push leaves nothing
	}
	return f, err
}

func (r *registry) put(ctx context.Context, d fetch.Digest, f *os.File, size int64, sent func(int64)) error {
	return r.pusher.Upload(withSize(ctx, size), r.repo, fileLayer{f, hash(d), size, sent})
}

func (r *registry) String() string {
	return "oci://" + registryName(r.repo.Registry) + "/" + r.repo.RepositoryStr()
}

// setTags sends a manifest and sets its own tag and that of the target to it. It returns
// the tags that were not so before.
func (r *registry) setTags(ctx context.Context, retry func(context.Context, func() error) error, m Manifest) (set []string, err error) {
	for i, tag := range []string{m.Tag(), r.tag} {
		var there bool
		err := retry(ctx, func() (err error) {
			there, err = r.has(ctx, tag, m.Digest)
			return err
		})
		if err != nil {
			return set, err
		}
		if there {
			continue
		}
		if i == 0 {
			if err := r.pusher.Upload(ctx, r.repo, static.NewLayer(emptyConfig, types.OCIEmptyJSON)); err != nil {
				return set, err
			}
		}
		if err := r.pusher.Put(ctx, r.repo.Tag(tag), m); err != nil {
			return set, err
		}
		set = append(set, tag)
	}
	return set, nil
}

// has reports whether a tag is of a manifest.
func (r *registry) has(ctx context.Context, tag string, digest v1.Hash) (bool, error) {
	ref := r.repo.Tag(tag)
	d, err := r.puller.Head(ctx, ref)
	if err == nil {
		return d.Digest == digest, nil
	}
	if err = absent(err); !errors.Is(err, fs.ErrNotExist) {
		// Some registries do not support HEAD, or answer it without the digest.
		var full *remote.Descriptor
		if full, err = r.puller.Get(ctx, ref); err == nil {
			return full.Digest == digest, nil
		}
		err = absent(err)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return false, err
}

func (r *registry) manifest(ctx context.Context, d fetch.Digest) ([]byte, error) {
	full, err := r.puller.Get(ctx, r.repo.Digest(hash(d).String()))
	switch {
	case err == nil:
		return full.Manifest, nil
	case strings.Contains(err.Error(), "does not match requested digest"): // an error without a type
		return nil, &wrongError{fmt.Errorf("sha256:%s has other bytes", d)}
	}
	return nil, absent(err)
}

func (r *registry) putManifest(ctx context.Context, p *part) error {
	return r.pusher.Put(ctx, r.repo.Digest(hash(p.digest).String()), p)
}

func (r *registry) keep(ctx context.Context, i Image, root *part) error {
	return r.pusher.Put(ctx, r.repo.Tag(i.Tag()), root)
}

func (r *registry) kept(ctx context.Context, i Image) (bool, error) {
	return r.has(ctx, i.Tag(), hash(i.Digest))
}

// absent turns the error of a registry that lacks something into fs.ErrNotExist.
func absent(err error) error {
	if answer.Status(err) == http.StatusNotFound {
		return fs.ErrNotExist
	}
	return err
}

// temporary reports whether the same request may succeed later.
func temporary(err error) bool {
	var (
		e       *transport.Error
		stalled *StallError
		network net.Error
		op      *net.OpError
	)
	switch {
	case errors.As(err, &stalled):
		return true
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
	sent   func(int64)
}

func (l fileLayer) Digest() (v1.Hash, error)             { return l.digest, nil }
func (l fileLayer) DiffID() (v1.Hash, error)             { return l.digest, nil }
func (l fileLayer) Size() (int64, error)                 { return l.size, nil }
func (l fileLayer) MediaType() (types.MediaType, error)  { return "application/octet-stream", nil }
func (l fileLayer) Uncompressed() (io.ReadCloser, error) { return l.Compressed() }
func (l fileLayer) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(&counted{ctx: context.Background(), r: io.NewSectionReader(l.f, 0, l.size), told: l.sent}), nil
}
