package update

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/tempfile"
)

// BlobError says that a cache holds other bytes than those that a name in it stands
// for, and that they could not be replaced.
type BlobError struct {
	File string
}

func (e *BlobError) Error() string {
	return fmt.Sprintf("%s holds other bytes than its name says, and is not used", e.File)
}

// openBlob opens a blob of size bytes, which may be fetch.SizeUnknown, whose sha256 has matched. Of a
// cache that others may write to it is a copy, which nobody changes any more.
func (c *Client) openBlob(ctx context.Context, store *cache.Store, digest fetch.Digest, size int64) (*os.File, error) {
	f, err := store.Open(digest)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*os.File, error) {
		f.Close()
		return nil, err
	}
	var src io.Reader = contextReader{ctx, f}
	if size != fetch.SizeUnknown {
		src = io.LimitReader(src, size+1)
	}
	hash := sha256.New()
	to := io.Writer(hash)
	var private *os.File
	if store == c.Fetch.Cache {
		if private, err = tempfile.New(os.TempDir()); err != nil {
			return fail(err)
		}
		defer os.Remove(private.Name())
		to = io.MultiWriter(hash, private)
	}
	_, err = io.Copy(to, src)
	if private != nil {
		f.Close()
		f = private
	}
	if err != nil {
		return fail(err)
	}
	if fetch.Digest(hash.Sum(nil)) != digest {
		return fail(&BlobError{store.File(digest)})
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fail(err)
	}
	return f, nil
}

// contextReader stops reading when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
