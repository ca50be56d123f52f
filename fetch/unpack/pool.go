package unpack

import (
	"context"
	"io"
	"sync"
)

// pool runs jobs in several goroutines, until the first of them fails.
type pool struct {
	cancel context.CancelCauseFunc
	jobs   chan func() error
	wg     sync.WaitGroup
}

// newPool starts the goroutines. The context that it returns, which is the one
// for do and wait, ends when a job fails or wait returns.
func newPool(ctx context.Context, workers int) (*pool, context.Context) {
	p := &pool{jobs: make(chan func() error, 4*workers)}
	ctx, p.cancel = context.WithCancelCause(ctx)
	for range workers {
		p.wg.Go(func() {
			for job := range p.jobs {
				if ctx.Err() != nil {
					continue
				}
				if err := job(); err != nil {
					p.cancel(err)
				}
			}
		})
	}
	return p, ctx
}

// do has job run. It returns an error if one has failed already.
func (p *pool) do(ctx context.Context, job func() error) error {
	select {
	case p.jobs <- job:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// wait ends the goroutines. It returns err, which is what ended the caller's
// work, or the error of the first job that failed if that came before.
func (p *pool) wait(ctx context.Context, err error) error {
	if err != nil {
		p.cancel(err)
	}
	close(p.jobs)
	p.wg.Wait()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	p.cancel(nil)
	return err
}

const (
	bufferSize  = 64 << 10
	bufferCount = 128
	smallFile   = 16 * bufferSize
)

// buffers hold files between reading and writing. They bound how much is read
// ahead of what is written.
type buffers chan []byte

func newBuffers() buffers {
	b := make(buffers, bufferCount)
	for range bufferCount {
		b <- nil // made when first used
	}
	return b
}

// read returns the size bytes that r has left, in buffers.
func (b buffers) read(ctx context.Context, r io.Reader, size int64) ([][]byte, error) {
	var parts [][]byte
	for size > 0 {
		var buf []byte
		select {
		case buf = <-b:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if buf == nil {
			buf = make([]byte, bufferSize)
		}
		buf = buf[:min(size, bufferSize)]
		if _, err := io.ReadFull(r, buf); err != nil {
			return nil, err
		}
		size -= int64(len(buf))
		parts = append(parts, buf)
	}
	return parts, nil
}

func (b buffers) release(parts [][]byte) {
	for _, p := range parts {
		b <- p[:bufferSize]
	}
}

// copyContext copies r to w. It uses nothing but Read and Write, and looks at the
// context between them.
func copyContext(ctx context.Context, w io.Writer, r io.Reader, buf []byte) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := r.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
