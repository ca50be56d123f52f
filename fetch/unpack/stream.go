package unpack

import (
	"context"
	"io"
)

const (
	chunkSize  = 512 << 10
	chunkCount = 6
)

// stream is what an archive's compression, if any, holds. A goroutine reads
// ahead of it, so that decompressing and writing go on at the same time.
type stream struct {
	format  format // of the compression, or tar
	chunks  chan chunk
	free    chan []byte
	stop    context.CancelFunc
	stopped chan struct{}

	cur []byte // what is left of the chunk that is being read
	buf []byte // that chunk, to be given back
	err error  // what follows it
}

type chunk struct {
	data []byte
	err  error // after data
}

// openStream begins to decompress src. The stream has to be closed.
func openStream(ctx context.Context, f format, src *io.SectionReader, limits Limits, workers int) *stream {
	ctx, stop := context.WithCancel(ctx)
	s := &stream{
		format:  f,
		chunks:  make(chan chunk, chunkCount+1),
		free:    make(chan []byte, chunkCount),
		stop:    stop,
		stopped: make(chan struct{}),
	}
	for range chunkCount {
		s.free <- nil // made when first used
	}
	size := src.Size()
	left := limits.budget(size).stream()
	go func() {
		defer close(s.stopped)
		r, err := newDecompressor(f, src, limits, workers)
		if err != nil {
			s.chunks <- chunk{err: err}
			return
		}
		defer r.Close()
		for err == nil {
			var buf []byte
			select {
			case buf = <-s.free:
			case <-ctx.Done():
				s.chunks <- chunk{err: context.Cause(ctx)}
				return
			}
			if buf == nil {
				buf = make([]byte, chunkSize)
			}
			var n int
			if n, err = readFull(ctx, r, buf); n > 0 || err == nil {
				if over := left.take("", int64(n)); over != nil {
					err, n = over, 0
				}
			}
			s.chunks <- chunk{buf[:n], err} // has room for all there are, and one more
		}
	}()
	return s
}

// readFull fills buf as io.ReadFull does, but keeps the reader's own error.
func readFull(ctx context.Context, r io.Reader, buf []byte) (n int, err error) {
	for idle := 0; n < len(buf) && err == nil; {
		if ctx.Err() != nil {
			return n, context.Cause(ctx)
		}
		var m int
		m, err = r.Read(buf[n:])
		n += m
		if m > 0 {
			idle = 0
		} else if idle++; idle > 100 && err == nil {
			err = io.ErrNoProgress
		}
	}
	return n, err
}

// next makes s.cur hold something, unless there is nothing left.
func (s *stream) next() error {
	for len(s.cur) == 0 {
		if s.err != nil {
			return s.err
		}
		if s.buf != nil {
			s.free <- s.buf // has room for all there are
			s.buf = nil
		}
		c := <-s.chunks
		s.cur, s.buf, s.err = c.data, c.data[:cap(c.data)], c.err
		if s.err != nil && s.err != io.EOF {
			s.err = damaged(s.format, "", s.err)
		}
		if cap(c.data) == 0 {
			s.buf = nil
		}
	}
	return nil
}

func (s *stream) Read(p []byte) (int, error) {
	if err := s.next(); err != nil {
		return 0, err
	}
	n := copy(p, s.cur)
	s.cur = s.cur[n:]
	return n, nil
}

// peek returns the first bytes of what is left, n at most, which fit into a chunk.
func (s *stream) peek(n int) ([]byte, error) {
	if err := s.next(); err != nil && err != io.EOF {
		return nil, err
	}
	return s.cur[:min(n, len(s.cur))], nil
}

// drain reads what is left, so that every checksum is compared.
func (s *stream) drain() error {
	for {
		s.cur = nil
		if err := s.next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// failure returns the error that reading the stream has come to, if that is
// more than its end.
func (s *stream) failure() error {
	if s.err == io.EOF || len(s.cur) > 0 {
		return nil
	}
	return s.err
}

// Close stops reading ahead and waits until it has.
func (s *stream) Close() error {
	s.stop()
	<-s.stopped
	return nil
}
