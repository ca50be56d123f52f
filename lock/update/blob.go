package update

import (
	"context"
	"crypto/sha256"
	"io"
	"os"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/tempfile"
)

// openBlob opens a file of a cache after its sha256 has matched. size is in bytes and may
// be fetch.SizeUnknown. From the cache of c.Fetch, which others may write to, the file
// is copied first, so that nobody can change it any more. The error is a *BlobError if
// the sha256 does not match.
func (c *Client) openBlob(ctx context.Context, store *cache.Store, digest fetch.Digest, size int64) (*os.File, error) {
	f, err := store.Open(digest)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*os.File, error) {
		f.Close()
		return nil, err
	}
	var src io.Reader = readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return f.Read(p)
	})
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
		return fail(&BlobError{File: store.File(digest)})
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fail(err)
	}
	return f, nil
}

// readerFunc is a function that reads.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// lazyBlob is a file that is opened when it is first read.
type lazyBlob struct {
	open func() (*os.File, error)
	file *os.File
}

func (b *lazyBlob) Read(p []byte) (n int, err error) {
	if b.file == nil {
		if b.file, err = b.open(); err != nil {
			b.file = nil
			return 0, err
		}
	}
	return b.file.Read(p)
}

func (b *lazyBlob) close() {
	if b.file != nil {
		b.file.Close()
	}
}
