package pin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"
)

// Registry asks registries by the API of the OCI distribution specification. It is
// safe for concurrent use.
type Registry struct {
	Keychain  authn.Keychain    // nil is nobody
	Transport http.RoundTripper // nil is that of go-containerregistry
	UserAgent string
}

// concurrency is how many images are asked for at once.
const concurrency = 8

// NotFoundError says that a registry has no such image.
type NotFoundError struct{ Image string }

func (e *NotFoundError) Error() string { return e.Image + ": the registry has no such image" }

// DeniedError says that a registry wants other credentials.
type DeniedError struct {
	Image, Registry string
	Status          int
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("%s: %s refuses access (HTTP %d)", e.Image, e.Registry, e.Status)
}

// UnavailableError says that a registry could not be asked.
type UnavailableError struct {
	Image string
	Err   error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("%s: asking the registry: %v", e.Image, e.Err)
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// Digests returns the digest that each image leads to now, and by image why there is
// none.
func (r *Registry) Digests(ctx context.Context, images []string) (digests map[string]string, errs map[string]error) {
	var (
		group errgroup.Group
		mu    sync.Mutex
	)
	errs = make(map[string]error)
	digests = make(map[string]string)
	asked := make(map[string]bool)
	group.SetLimit(concurrency)
	for _, image := range images {
		if asked[image] {
			continue
		}
		asked[image] = true
		group.Go(func() error {
			digest, err := r.digest(ctx, image)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs[image] = err
				return nil
			}
			digests[image] = digest
			return nil
		})
	}
	group.Wait()
	return digests, errs
}

func (r *Registry) digest(ctx context.Context, image string) (string, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return "", fmt.Errorf("%s: %w", image, err)
	}
	opts := r.options(ctx)
	d, err := remote.Head(ref, opts...)
	if err == nil {
		return d.Digest.String(), nil
	}
	if status(err) != http.StatusUnauthorized && ctx.Err() == nil {
		// Some registries do not answer HEAD, or without the digest.
		var full *remote.Descriptor
		if full, err = remote.Get(ref, opts...); err == nil {
			return full.Digest.String(), nil
		}
	}
	switch s := status(err); s {
	case http.StatusNotFound:
		return "", &NotFoundError{image}
	case http.StatusUnauthorized, http.StatusForbidden:
		return "", &DeniedError{image, ref.Context().RegistryStr(), s}
	}
	return "", &UnavailableError{image, err}
}

// status returns the HTTP status that an error of a registry is of, or 0.
func status(err error) int {
	var e *transport.Error
	if errors.As(err, &e) {
		return e.StatusCode
	}
	return 0
}
