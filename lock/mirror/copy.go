package mirror

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"depfetch/fetch"
	answer "depfetch/lock/registry"
)

// store is a target, or another place, with its blobs.
type store interface {
	// size returns the size of a blob in bytes, or -1 if the store does not say. The
	// error is fs.ErrNotExist if there is none.
	size(ctx context.Context, d fetch.Digest) (int64, error)
	// open streams a blob, whose bytes the caller verifies.
	open(ctx context.Context, d fetch.Digest) (io.ReadCloser, error)
	// file makes an empty private file for a blob, which put then takes.
	file() (*os.File, error)
	// put adds a blob, whose bytes in f are verified. It calls sent, if not nil, with how
	// many have been sent; a second try begins again.
	put(ctx context.Context, d fetch.Digest, f *os.File, size int64, sent func(int64)) error
	// String returns the address of the store.
	String() string
}

// copy copies a blob to a store from the first of others that has it, and returns its
// size. What a directory has in its place that is not it counts as nothing.
func (c *Client) copy(ctx context.Context, from []store, to store, a fetch.Artifact) (int64, error) {
	f, err := to.file()
	if err != nil {
		return 0, &localError{err}
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var size int64
	err = fs.ErrNotExist
	for _, s := range from {
		got := a
		if _, local := s.(directory); !local {
			got.URL = s.String()
			c.emit(fetch.Event{Kind: fetch.EventStart, Artifact: &got, URL: got.URL, Attempt: 1})
		}
		size, err = c.read(ctx, s, &got, f)
		c.emit(fetch.Event{Kind: fetch.EventRead, Artifact: &got})
		err = readFailed(s, a.Digest, err)
		if !passed(s, err) {
			break
		}
	}
	if err != nil {
		return 0, err
	}
	a.Size = size
	return size, c.send(ctx, to, a, f)
}

// passed reports whether a store lacks a blob, so that the next one is asked.
func passed(s store, err error) bool {
	_, local := s.(directory)
	return errors.Is(err, fs.ErrNotExist) || local && IsWrong(err)
}

// send puts the verified bytes of f into a store, and tells how far it is.
func (c *Client) send(ctx context.Context, to store, a fetch.Artifact, f *os.File) error {
	if _, local := to.(directory); local {
		if err := to.put(ctx, a.Digest, f, a.Size, nil); err != nil {
			return &localError{err}
		}
		return nil
	}
	c.emit(fetch.Event{Kind: fetch.EventSending, Artifact: &a, URL: to.String()})
	defer c.emit(fetch.Event{Kind: fetch.EventRead, Artifact: &a})
	return to.put(ctx, a.Digest, f, a.Size, func(n int64) {
		c.emit(fetch.Event{Kind: fetch.EventProgress, Artifact: &a, URL: to.String(), Bytes: n})
	})
}

func (c *Client) emit(e fetch.Event) {
	if c.Fetch != nil && c.Fetch.Events != nil {
		c.Fetch.Events(e)
	}
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
	size, err := c.read(ctx, s, &r.Artifact, nil)
	if err != nil {
		r.fail(err)
		return
	}
	r.Status, r.Artifact.Size = Present, size
}

func (r *Result) fail(err error) { r.Status, r.Err = statusOf(err) }

// statusOf returns what an error says of the thing asked for. What is just missing has no
// further error.
func statusOf(err error) (Status, error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Missing, nil
	case IsWrong(err):
		return Wrong, err
	}
	return Unreachable, brief(err)
}

// brief returns an error of a registry without what surrounds it.
func brief(err error) error {
	var stalled *StallError
	if errors.As(err, &stalled) {
		return stalled
	}
	return answer.Brief(err)
}

// failed returns the error of what could not be copied or asked, or why ctx has ended.
func (c *Client) failed(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var local *localError
	if errors.As(err, &local) {
		return local.error
	}
	failed := &Error{What: what, Target: c.Target, Err: brief(err)}
	if file, ok := errors.AsType[*fileError](err); ok {
		failed.File = file.file
	}
	var origin *originError
	switch gone := errors.Is(err, fs.ErrNotExist); {
	case errors.As(err, &origin) && gone:
		failed.Origin, failed.Err = origin.registry, errGone
	case errors.As(err, &origin):
		failed.Origin = origin.registry
	case gone:
		failed.Err = ErrMissing
	}
	return failed
}

// localError says that this machine could not write a file, whatever the target does.
type localError struct{ error }

// localWriter writes to a file. Its errors are *localError.
type localWriter struct{ file *os.File }

func (w localWriter) Write(b []byte) (int, error) {
	n, err := w.file.Write(b)
	if err != nil {
		err = &localError{err}
	}
	return n, err
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
func (c *Client) read(ctx context.Context, s store, a *fetch.Artifact, f *os.File) (size int64, err error) {
	err = c.retry(ctx, func() error {
		if f != nil {
			if err := f.Truncate(0); err != nil {
				return err
			}
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return err
			}
		}
		size, err = c.readOnce(ctx, s, a, f)
		return err
	})
	return size, err
}

func (c *Client) readOnce(ctx context.Context, s store, a *fetch.Artifact, f *os.File) (int64, error) {
	body, err := s.open(ctx, a.Digest)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	h := sha256.New()
	var to io.Writer = h
	var told func(int64)
	if f != nil {
		to = io.MultiWriter(h, localWriter{f})
		told = func(n int64) {
			c.emit(fetch.Event{Kind: fetch.EventProgress, Artifact: a, URL: a.URL, Bytes: n})
		}
	}
	limit := int64(fetch.DefaultUnpinned)
	if a.Size != fetch.SizeUnknown {
		limit = a.Size
	}
	size, err := io.CopyBuffer(to, &counted{ctx: ctx, r: io.LimitReader(body, limit+1), told: told}, make([]byte, 1<<20))
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

// counted reads until ctx ends, and tells how much every step bytes and at the end. It
// hides other methods from io.CopyBuffer.
type counted struct {
	ctx     context.Context
	r       io.Reader
	told    func(int64) // may be nil
	n, last int64
}

// step is how many bytes are told of at once.
const step = 1 << 20

func (c *counted) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.told != nil && (c.n-c.last >= step || err == io.EOF && c.n > c.last) {
		c.last = c.n
		c.told(c.n)
	}
	return n, err
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

// each calls f for the numbers below n, several at once, and joins the errors. What keeps
// one thing from being copied does not keep the others.
func (c *Client) each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	var group errgroup.Group
	group.SetLimit(max(c.Jobs, 1))
	errs := make([]error, n)
	for i := range n {
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
