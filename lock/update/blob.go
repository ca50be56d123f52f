package update

import (
	"context"
	"crypto/sha256"
	"hash"
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

// hashedBlob is a file of a cache that is opened when it is first read, and hashed as it
// is read: whoever reads it gets bytes of which close says whether they were the right ones.
type hashedBlob struct {
	ctx    context.Context
	store  *cache.Store
	digest fetch.Digest
	size   int64 // in bytes; may be fetch.SizeUnknown

	file *os.File
	from io.Reader
	hash hash.Hash
}

func (b *hashedBlob) Read(p []byte) (n int, err error) {
	if b.file == nil {
		if b.file, err = b.store.Open(b.digest); err != nil {
			b.file = nil
			return 0, err
		}
		b.from, b.hash = b.file, sha256.New()
		if b.size != fetch.SizeUnknown {
			b.from = io.LimitReader(b.file, b.size+1)
		}
	}
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err = b.from.Read(p)
	b.hash.Write(p[:n])
	return n, err
}

// close returns an error, a *BlobError, if the file was read and other bytes are in it.
func (b *hashedBlob) close() error {
	if b.file == nil {
		return nil
	}
	defer b.file.Close()
	if _, err := io.Copy(io.Discard, b); err != nil {
		return err
	}
	if fetch.Digest(b.hash.Sum(nil)) != b.digest {
		return &BlobError{File: b.store.File(b.digest)}
	}
	return nil
}
