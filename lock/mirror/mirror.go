// Package mirror keeps copies of what a lockfile pins in a registry or in a directory,
// from which builds take them when an upstream fails.
//
// It guarantees that nothing is sent whose sha256 and size have not been verified, that
// nothing is sent twice, and that nothing is ever removed. In a registry the blobs are the
// layers of one artifact manifest, which comes last, so that a push that was cut short has
// changed nothing for those who pull, and so that a garbage collection keeps the blobs. One lockfile
// makes one manifest, byte for byte. In a directory a blob appears whole or not at all.
//
// Images are copied by their digest and whole: each manifest after all that it names, all
// platforms and attestations of an index included, since its digest is of all of them, but
// not layers that only their maker may distribute. They keep their media types and bytes.
//
// It refuses plain http but to this machine.
package mirror

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cache"
)

// Client copies blobs to a target and from it. It is safe for concurrent use.
type Client struct {
	Target Target
	// Registry is how a registry is asked.
	Registry Registry
	// Fetch gets the bytes that a target lacks.
	Fetch *fetch.Client
	// Jobs is how many blobs are worked on at once.
	Jobs int
	// Retries is how often a target is asked again after a failure that may pass, and
	// Backoff how long to wait before retry n, counted from 1.
	Retries int
	Backoff func(n int) time.Duration
	// Copied and CopiedImage, if not nil, are called for each blob and image that has been
	// copied. Calls do not overlap.
	Copied      func(b Blob, elapsed time.Duration)
	CopiedImage func(i ImageResult, elapsed time.Duration)

	reporting sync.Mutex // keeps the calls apart
}

// Status says what a target has of a blob.
type Status string

// The statuses.
const (
	Present     Status = "present"     // it was there
	Copied      Status = "copied"      // it was not, and is now
	Missing     Status = "missing"     // it is not there
	Wrong       Status = "wrong"       // there are other bytes in its place
	Unreachable Status = "unreachable" // unknown: the target could not be asked
)

// Result is the status of one blob.
type Result struct {
	Blob
	Status Status
	Err    error // if Unreachable, or Wrong
}

// Pushed is what Push has done.
type Pushed struct {
	Results  []Result
	Manifest Manifest // zero for a directory
	Tagged   []string // the tags that were set, and were not so before
}

// Push copies to the target what it lacks of the blobs. After an error, which joins one
// for each blob that failed, the target has no new manifest.
func (c *Client) Push(ctx context.Context, blobs []Blob) (Pushed, error) {
	s, err := c.store()
	if err != nil {
		return Pushed{}, err
	}
	if local, ok := s.(directory); ok {
		local.Sweep() // what a killed push has left
	}
	results := make([]Result, len(blobs))
	err = c.each(ctx, len(blobs), func(ctx context.Context, i int) error {
		results[i].Blob = blobs[i]
		return c.push(ctx, s, &results[i])
	})
	if err != nil {
		return Pushed{}, err
	}
	p := Pushed{Results: results}
	if r, ok := s.(*registry); ok {
		if p.Manifest, err = newManifest(results); err != nil {
			return Pushed{}, err
		}
		if p.Tagged, err = r.setTags(ctx, c.retry, p.Manifest); err != nil {
			return Pushed{}, c.failed(ctx, "the manifest", err)
		}
	}
	return p, nil
}

// push copies one blob unless the target has it, and completes its size.
func (c *Client) push(ctx context.Context, s store, r *Result) error {
	if _, local := s.(directory); local {
		// A disk is read as fast as it is asked, so the bytes themselves are compared.
		c.verify(ctx, s, r)
	} else {
		c.look(ctx, s, r)
	}
	switch {
	case r.Status == Present:
		return nil
	case r.Err != nil && r.Status == Unreachable:
		return &Error{What: r.Artifact.Name, Target: c.Target, Err: r.Err}
	case r.Status == Wrong && c.Target.IsRegistry():
		return &Error{What: r.Artifact.Name, Target: c.Target, Err: fmt.Errorf("%w; a registry does not let them be replaced", r.Err)}
	}
	began := time.Now()
	f, err := s.file()
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	origin, err := c.Fetch.Into(ctx, &r.Artifact, f)
	if err != nil {
		return err
	}
	// Into tells of attempts alone.
	c.emit(fetch.Event{Kind: fetch.EventVerified, Artifact: &r.Artifact, Source: origin.Source, URL: origin.URL, Asked: origin.Asked, Bytes: origin.Bytes, Elapsed: time.Since(began)})
	if want := r.Artifact.Size; want != fetch.SizeUnknown && want != origin.Bytes {
		return &fetch.TransferError{Artifact: &r.Artifact, Attempts: []fetch.Attempt{{Source: origin.Source, URL: origin.URL,
			Err: &fetch.MismatchError{Response: origin.Response, WantDigest: r.Artifact.Digest, GotDigest: r.Artifact.Digest, WantSize: want, GotSize: origin.Bytes}}}}
	}
	r.Artifact.Size = origin.Bytes
	if err := c.send(ctx, s, r.Artifact, f); err != nil {
		return c.failed(ctx, r.Artifact.Name, err)
	}
	r.Status, r.Err = Copied, nil
	r.report(c, began)
	return nil
}

// Check says which of the blobs the target has, and in the size that is pinned. With deep
// it reads them all and compares their bytes. If all are in a registry, kept says whether
// a manifest keeps them there. Its error is that none of it could be asked.
func (c *Client) Check(ctx context.Context, blobs []Blob, deep bool) (results []Result, kept bool, err error) {
	s, err := c.store()
	if err != nil {
		return nil, false, err
	}
	results, kept = make([]Result, len(blobs)), true
	err = c.each(ctx, len(blobs), func(ctx context.Context, i int) error {
		results[i].Blob = blobs[i]
		if deep {
			c.verify(ctx, s, &results[i])
		} else {
			c.look(ctx, s, &results[i])
		}
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	for _, r := range results {
		if r.Status != Present {
			return results, true, nil
		}
	}
	if r, ok := s.(*registry); ok {
		m, err := newManifest(results)
		if err == nil {
			err = c.retry(ctx, func() (err error) {
				kept, err = r.has(ctx, m.Tag(), m.Digest)
				return err
			})
		}
		if err != nil {
			return nil, false, c.failed(ctx, "the manifest", err)
		}
	}
	return results, kept, nil
}

// Pull copies from the target to a cache what the cache lacks of the blobs. The bytes that
// the cache has are compared, too.
func (c *Client) Pull(ctx context.Context, blobs []Blob, to *cache.Store) ([]Result, error) {
	s, err := c.store()
	if err != nil {
		return nil, err
	}
	to.Sweep()
	local := directory{to}
	results := make([]Result, len(blobs))
	return results, c.each(ctx, len(blobs), func(ctx context.Context, i int) error {
		r := &results[i]
		r.Blob = blobs[i]
		if c.verify(ctx, local, r); r.Status == Present {
			return nil
		}
		began := time.Now()
		size, err := c.copy(ctx, []store{s}, local, r.Artifact)
		if err != nil {
			return c.failed(ctx, r.Artifact.Name, err)
		}
		r.Status, r.Artifact.Size, r.Err = Copied, size, nil
		r.report(c, began)
		return nil
	})
}

// store returns the target of c.
func (c *Client) store() (store, error) {
	if !c.Target.IsRegistry() {
		return directory{&cache.Store{Root: c.Target.dir}}, nil
	}
	conn, err := c.Registry.connect(c.Jobs, c.Retries)
	if err != nil {
		return nil, err
	}
	return &registry{connection: conn, repo: c.Target.tag.Context(), tag: c.Target.tag.TagStr()}, nil
}

func (r *Result) report(c *Client, began time.Time) {
	if c.Copied != nil {
		c.reporting.Lock()
		defer c.reporting.Unlock()
		c.Copied(r.Blob, time.Since(began))
	}
}

// ErrMissing says that a target does not have a blob.
var ErrMissing = errors.New("the mirror does not have it")

var errGone = errors.New("the registry does not have it")

// Error says what could not be copied, and why.
type Error struct {
	What   string // of a blob, the name that its dependency has
	Target Target
	Origin string // the registry that is at fault, if it is not the target
	File   string // of a directory, the target's or a cache's, if that has other bytes than its name says
	Err    error
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s: %v", e.What, cmp.Or(e.File, e.Origin, e.Target.String()), e.Err)
}

func (e *Error) Unwrap() error { return e.Err }
