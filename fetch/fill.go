package fetch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"depfetch/fetch/osfile"
)

// Fill puts the bytes of every artifact into the Cache, which must be set, and
// places nothing: the cache can then be kept as a vendored tree, or serve as a
// mirror. Blobs that are already there are hashed again. The error is as for Fetch;
// what was added before it remains in the cache.
func (c *Client) Fill(ctx context.Context, artifacts []Artifact) (Summary, error) {
	r := c.newRun()
	r.cacheOnly = true
	var blobs []*blob
	seen := make(map[Digest]bool)
	for i := range artifacts {
		a := &artifacts[i]
		if !seen[a.Digest] {
			seen[a.Digest] = true
			blobs = append(blobs, newBlob(a))
		}
	}
	r.hashers = newHashers(min(r.jobs(), len(blobs)))
	present := make([]bool, len(blobs))
	err := each(ctx, r.jobs(), len(blobs), func(i int) bool { return r.elsewhere(blobs[i]) }, func(i int) (err error) {
		present[i], err = r.fill(ctx, blobs[i])
		return err
	})
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Bytes: r.bytes.Load(), InCache: true}
	for _, p := range present {
		if p {
			s.Present++
		} else {
			s.Placed++
		}
	}
	return s, nil
}

// fill puts b into the cache, and reports whether it was there already.
func (r *run) fill(ctx context.Context, b *blob) (present bool, err error) {
	a := b.name()
	if old, err := r.Cache.Open(b.digest); err == nil {
		digest, err := hashOpen(ctx, old, r.limit(b))
		old.Close()
		switch {
		case ctx.Err() != nil:
			return false, context.Cause(ctx)
		case err == nil && digest == b.digest:
			r.emit(Event{Kind: EventPresent, Artifact: a})
			return true, nil
		}
	}
	f, err := r.Cache.Temp() // for what is not downloaded, or in a place without locks
	if err != nil {
		return false, r.cannotCache(a, err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	began := time.Now()
	got, err := r.acquire(ctx, b, f)
	var unwritable *writeError
	switch {
	case errors.As(err, &unwritable):
		return false, r.cannotCache(a, unwritable.error)
	case err != nil:
		return false, err
	}
	if !got.cached() {
		if err := r.Cache.Commit(b.digest, f); err != nil {
			return false, r.cannotCache(a, err)
		}
	}
	r.emit(Event{Kind: EventVerified, Artifact: a, Source: got.kind, URL: got.url, Asked: got.asked,
		Bytes: got.bytes, Elapsed: time.Since(began)})
	return false, nil
}

// cannotCache returns the error for a file of the cache that cannot be written.
func (r *run) cannotCache(a *Artifact, err error) error {
	path := r.Cache.Root
	var (
		file *fs.PathError
		link *os.LinkError
	)
	switch {
	case errors.As(err, &file):
		path = file.Path
	case errors.As(err, &link):
		path = link.New
	}
	return &DestinationError{Artifact: a, Path: path, Err: osfile.Cause(err), InCache: true}
}
