package fetch

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"depfetch/fetch/source"
)

// Origin says where the bytes of an artifact came from.
type Origin struct {
	Source   SourceKind
	URL      string // print it with source.Redact
	Asked    string // where a rule of the source has sent the request in its place, or empty; print it likewise
	Bytes    int64
	Response source.Response // zero but for URL and Length, if the source is no server
}

// Into writes the bytes of an artifact into f, an empty private file that is open
// for reading and writing, or only verifies them if f is nil. It returns nil only if f
// holds the pinned bytes, from its start; after an error its content must not be used.
// The artifact's path, mode and owner are not used. What is downloaded goes into the
// Cache too, unless f is nil.
//
// The error is a *TransferError, a *DestinationError if f could not be written, or
// the cause with which ctx ended.
func (c *Client) Into(ctx context.Context, a *Artifact, f *os.File) (Origin, error) {
	r := c.newRun()
	r.hashers = newHashers(1)
	got, err := r.acquire(ctx, newBlob(a), f)
	var unwritable *writeError
	switch {
	case errors.As(err, &unwritable):
		return Origin{}, cannotWrite(a, f.Name(), filepath.Dir(f.Name()), unwritable.error)
	case err != nil:
		return Origin{}, err
	}
	if !got.cached() && f != nil {
		r.toCache(a, func() error { return r.Cache.Put(a.Digest, f) })
	}
	return Origin{got.kind, got.url, got.asked, got.bytes, got.response}, nil
}
