package source

import (
	"context"
	"errors"
	"io"
	"time"
)

// sniffSize is how many bytes are read of a body that is not the pinned file, enough to
// detect a web page.
const sniffSize = 512

// stall ends a transfer on which no byte arrives in time.
type stall struct {
	timer *time.Timer
	after time.Duration
}

// watch returns a context that ends with ErrStalled when the stall it returns
// is not reset in time. The caller calls stop.
func watch(ctx context.Context, after time.Duration) (_ context.Context, s stall, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	s = stall{timer: time.AfterFunc(after, func() { cancel(ErrStalled) }), after: after}
	return ctx, s, func() { s.timer.Stop(); cancel(context.Canceled) }
}

func (s stall) reset() { s.timer.Reset(s.after) }

// errBody marks an error of reading a body, as opposed to one of writing it.
type errBody struct{ error }

// stream copies body, which begins at offset, to t.req.Dst, up to the limit, and
// notes an overlong body.
func (t *transfer) stream(body io.Reader, offset int64, s stall) error {
	limit := t.req.Limit
	if limit >= 0 && t.resp.Length > limit {
		t.resp.Overlong = true
		limit = max(sniffSize, offset)
	}
	if err := t.req.Dst.Begin(offset); err != nil {
		return err
	}
	for taken := offset; ; {
		buf := t.req.Dst.Buffer()
		if limit >= 0 && limit-taken < int64(len(buf)) {
			buf = buf[:limit-taken]
		}
		n, err := fill(body, buf, s)
		if n > 0 {
			// A slow disk is not a stalled server.
			s.timer.Stop()
			if err := t.req.Dst.Commit(n); err != nil {
				return err
			}
			s.reset()
			taken += int64(n)
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return errBody{err}
		case t.resp.Overlong && taken == limit:
			return nil
		case taken == limit:
			t.resp.Overlong, err = more(body)
			if err != nil {
				return errBody{err}
			}
			return nil
		}
	}
}

// fillTime is how long what a slow server has sent may wait for more before it is written.
// Otherwise nobody would see for minutes that it moves.
const fillTime = 500 * time.Millisecond

// fill reads until buf is full, the body ends or what has been read is old enough, so that
// each write and each hash is as large a one as may be. Every arrival counts as movement.
func fill(body io.Reader, buf []byte, s stall) (n int, err error) {
	for began := time.Now(); n < len(buf) && err == nil && (n == 0 || time.Since(began) < fillTime); {
		var k int
		k, err = body.Read(buf[n:])
		if k > 0 {
			s.reset()
		}
		n += k
	}
	return n, err
}

// more reports whether body holds another byte. Reading on to the end also
// lets an HTTP connection be used again.
func more(body io.Reader) (bool, error) {
	var b [1]byte
	n, err := io.ReadFull(body, b[:])
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n > 0, err
}
