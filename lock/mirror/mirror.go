// Package mirror keeps copies of what a lockfile pins in a registry or in a directory,
// from which builds take them when an upstream fails.
//
// It guarantees that nothing is sent whose sha256 and size have not been verified, that
// nothing is sent twice, and that nothing is ever removed. In a registry the blobs are the
// layers of one artifact manifest, which comes last, so that a push that was cut short has
// changed nothing for those who pull, and so that a garbage collection keeps the blobs. One lockfile
// makes one manifest, byte for byte. In a directory a blob appears whole or not at all.
//
// It refuses plain http but to this machine.
package mirror

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

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
	// Copied, if not nil, is called for each blob that has been copied. Calls do not
	// overlap.
	Copied func(b Blob, elapsed time.Duration)

	reporting sync.Mutex // keeps the calls of Copied apart
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

// store is a target with its blobs.
type store interface {
	// size returns the size of a blob in bytes, or -1 if the target does not say. The
	// error is fs.ErrNotExist if there is none.
	size(ctx context.Context, d fetch.Digest) (int64, error)
	// open streams a blob, whose bytes the caller verifies.
	open(ctx context.Context, d fetch.Digest) (io.ReadCloser, error)
	// file makes an empty private file for a blob, which put then takes.
	file() (*os.File, error)
	// put adds a blob, whose bytes in f are verified.
	put(ctx context.Context, d fetch.Digest, f *os.File, size int64) error
}

// store returns the target of c.
func (c *Client) store() (store, error) {
	if !c.Target.IsRegistry() {
		return directory{&cache.Store{Root: c.Target.dir}}, nil
	}
	return c.Registry.open(c.Target, c.Jobs, c.Retries)
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
	results := make([]Result, len(blobs))
	err = c.each(ctx, blobs, func(ctx context.Context, i int) error {
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
		if p.Tagged, err = r.tag(ctx, p.Manifest); err != nil {
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
		return &Error{r.Artifact.Name, c.Target, r.Err}
	case r.Status == Wrong && c.Target.IsRegistry():
		return &Error{r.Artifact.Name, c.Target, fmt.Errorf("%w; a registry does not let them be replaced", r.Err)}
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
	if c.Fetch.Events != nil { // Into tells of attempts alone
		c.Fetch.Events(fetch.Event{Kind: fetch.EventVerified, Artifact: &r.Artifact, Source: origin.Source, URL: origin.URL, Bytes: origin.Bytes, Elapsed: time.Since(began)})
	}
	if want := r.Artifact.Size; want != fetch.SizeUnknown && want != origin.Bytes {
		return &fetch.TransferError{Artifact: &r.Artifact, Attempts: []fetch.Attempt{{Source: origin.Source, URL: origin.URL,
			Err: &fetch.MismatchError{Response: origin.Response, WantDigest: r.Artifact.Digest, GotDigest: r.Artifact.Digest, WantSize: want, GotSize: origin.Bytes}}}}
	}
	if err := s.put(ctx, r.Artifact.Digest, f, origin.Bytes); err != nil {
		return c.failed(ctx, r.Artifact.Name, err)
	}
	r.Status, r.Artifact.Size, r.Err = Copied, origin.Bytes, nil
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
	err = c.each(ctx, blobs, func(ctx context.Context, i int) error {
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
			kept, err = r.keeps(ctx, m)
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
	return results, c.each(ctx, blobs, func(ctx context.Context, i int) error {
		r := &results[i]
		r.Blob = blobs[i]
		if c.verify(ctx, local, r); r.Status == Present {
			return nil
		}
		began := time.Now()
		f, err := local.file()
		if err != nil {
			return err
		}
		defer os.Remove(f.Name())
		defer f.Close()
		size, err := c.read(ctx, s, r.Artifact, f)
		if err != nil {
			return c.failed(ctx, r.Artifact.Name, err)
		}
		if err := local.put(ctx, r.Artifact.Digest, f, size); err != nil {
			return err
		}
		r.Status, r.Artifact.Size, r.Err = Copied, size, nil
		r.report(c, began)
		return nil
	})
}

// look asks for the size of a blob.
func (c *Client) look(ctx context.Context, s store, r *Result) {
	var size int64
	err := c.retry(ctx, func() (err error) {
		size, err = s.size(ctx, r.Artifact.Digest)
		return err
	})
	switch want := r.Artifact.Size; {
	case err != nil:
		r.fail(err)
	case size < 0:
		c.verify(ctx, s, r) // the target does not say
	case want != fetch.SizeUnknown && want != size:
		r.fail(&wrongError{fmt.Errorf("it has %d bytes, and %d are pinned", size, want)})
	default:
		r.Status, r.Artifact.Size = Present, size
	}
}

// verify reads a blob and compares its bytes.
func (c *Client) verify(ctx context.Context, s store, r *Result) {
	size, err := c.read(ctx, s, r.Artifact, nil)
	if err != nil {
		r.fail(err)
		return
	}
	r.Status, r.Artifact.Size = Present, size
}

func (r *Result) fail(err error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.Status = Missing
	case IsWrong(err):
		r.Status, r.Err = Wrong, err
	default:
		r.Status, r.Err = Unreachable, err
	}
}

// failed returns the error of what could not be copied or asked, or why ctx has ended.
func (c *Client) failed(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrMissing
	}
	return &Error{what, c.Target, err}
}

// wrongError says that a target has other bytes than those pinned.
type wrongError struct{ error }

// IsWrong reports whether an error is that a target has other bytes than those pinned.
func IsWrong(err error) bool {
	var wrong *wrongError
	return errors.As(err, &wrong)
}

// read verifies the bytes of a blob, and writes them to f unless it is nil. It returns their
// number. After an error the content of f must not be used.
func (c *Client) read(ctx context.Context, s store, a fetch.Artifact, f *os.File) (size int64, err error) {
	err = c.retry(ctx, func() error {
		if f != nil {
			if err := f.Truncate(0); err != nil {
				return err
			}
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return err
			}
		}
		size, err = readOnce(ctx, s, a, f)
		return err
	})
	return size, err
}

func readOnce(ctx context.Context, s store, a fetch.Artifact, f *os.File) (int64, error) {
	body, err := s.open(ctx, a.Digest)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	h := sha256.New()
	var to io.Writer = h
	if f != nil {
		to = io.MultiWriter(h, f)
	}
	limit := int64(fetch.DefaultUnpinned)
	if a.Size != fetch.SizeUnknown {
		limit = a.Size
	}
	size, err := io.CopyBuffer(to, onlyReader{ctx, io.LimitReader(body, limit+1)}, make([]byte, 1<<20))
	if err != nil {
		return 0, err
	}
	var got fetch.Digest
	h.Sum(got[:0])
	switch {
	case size > limit, a.Size != fetch.SizeUnknown && size != a.Size:
		return 0, &wrongError{fmt.Errorf("its size is not the %d bytes that are pinned", limit)}
	case got != a.Digest:
		return 0, &wrongError{fmt.Errorf("its sha256 is %s", got)}
	}
	return size, nil
}

// onlyReader reads until ctx ends, and hides other methods from io.CopyBuffer.
type onlyReader struct {
	ctx context.Context
	r   io.Reader
}

func (r onlyReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}

// retry calls f again after errors that may pass.
func (c *Client) retry(ctx context.Context, f func() error) error {
	for n := 1; ; n++ {
		err := f()
		if err == nil || n > c.Retries || !temporary(err) {
			return err
		}
		wait := fetch.Backoff(n)
		if c.Backoff != nil {
			wait = c.Backoff(n)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// each calls f for every blob, and joins the errors. What keeps one blob from being copied
// does not keep the others.
func (c *Client) each(ctx context.Context, blobs []Blob, f func(ctx context.Context, i int) error) error {
	var group errgroup.Group
	group.SetLimit(max(c.Jobs, 1))
	errs := make([]error, len(blobs))
	for i := range blobs {
		group.Go(func() error {
			if ctx.Err() == nil {
				errs[i] = f(ctx, i)
			}
			return nil
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(errs...)
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

// Error says what could not be copied, and why.
type Error struct {
	What   string // of a blob, the name that its dependency has
	Target Target
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s: %v", e.What, e.Target, e.Err) }
func (e *Error) Unwrap() error { return e.Err }
