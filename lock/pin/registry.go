package pin

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	answer "depfetch/lock/registry"
)

// Registry asks registries through the API of the OCI distribution specification. It is
// safe for concurrent use.
type Registry struct {
	Keychain  authn.Keychain    // nil means no credentials
	Transport http.RoundTripper // nil means that of go-containerregistry
	UserAgent string
}

// concurrency is how many images are asked for at the same time.
const concurrency = 8

// forEach calls f once for each distinct image, with limited concurrency.
func forEach(images []string, f func(image string)) {
	var group errgroup.Group
	group.SetLimit(concurrency)
	started := make(map[string]bool)
	for _, image := range images {
		if !started[image] {
			started[image] = true
			group.Go(func() error {
				f(image)
				return nil
			})
		}
	}
	group.Wait()
}

// NotFoundError reports that a registry does not have an image.
type NotFoundError struct{ Image string }

func (e *NotFoundError) Error() string { return e.Image + ": the registry has no such image" }

// DeniedError reports that a registry refuses the credentials.
type DeniedError struct {
	Image, Registry string
	Status          int
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("%s: %s refuses access (HTTP %d)", e.Image, e.Registry, e.Status)
}

// UnavailableError reports that a registry gave no usable answer.
type UnavailableError struct {
	Image string
	Err   error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("%s: asking the registry: %v", e.Image, answer.Brief(e.Err))
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// Digests returns the current digest of each image, or the error why there is none. The
// errors are of the types of this package, unless an image is not a valid reference.
func (r *Registry) Digests(ctx context.Context, images []string) (digests map[string]v1.Hash, errs map[string]error) {
	var mu sync.Mutex
	digests, errs = make(map[string]v1.Hash), make(map[string]error)
	forEach(images, func(image string) {
		digest, err := r.digest(ctx, image)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			errs[image] = err
			return
		}
		digests[image] = digest
	})
	return digests, errs
}

func (r *Registry) digest(ctx context.Context, image string) (v1.Hash, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return v1.Hash{}, fmt.Errorf("%s: %w", image, err)
	}
	opts := r.options(ctx)
	d, err := remote.Head(ref, opts...)
	if err == nil {
		return d.Digest, nil
	}
	if answer.Status(err) != http.StatusUnauthorized && ctx.Err() == nil {
		// Some registries do not support HEAD, or answer it without the digest.
		var full *remote.Descriptor
		if full, err = remote.Get(ref, opts...); err == nil {
			return full.Digest, nil
		}
	}
	if answer.Status(err) == http.StatusNotFound {
		return v1.Hash{}, &NotFoundError{Image: image}
	}
	return v1.Hash{}, unavailable(image, ref.Context(), err)
}

// unavailable returns why a registry did not say what it was asked about an image.
func unavailable(image string, at name.Repository, err error) error {
	switch s := answer.Status(err); s {
	case http.StatusUnauthorized, http.StatusForbidden:
		return &DeniedError{Image: image, Registry: at.RegistryStr(), Status: s}
	}
	return &UnavailableError{Image: image, Err: err}
}
