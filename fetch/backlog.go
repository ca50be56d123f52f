package fetch

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
)

// backlog is what a sink has taken and not yet hashed: the bytes that a killed run has
// left, and those that arrive meanwhile. It hashes them in a goroutine, so that the rest
// of a file is waited for while its beginning is read.
type backlog struct {
	s      *sink
	from   *os.File // has the first bytes
	left   int64    // how many
	buffer *[]byte  // for those that arrive

	mu      sync.Mutex
	changed sync.Cond
	end     int64 // what the file of the sink has, or will have of left
	at      int64 // what is hashed
	quit    bool  // nothing is to be hashed any more
	err     error // why not all could be
	ended   sync.WaitGroup
}

// catchUp lets the sink go on behind the first n bytes of a partial, which it has not
// looked at yet.
func (s *sink) catchUp(ctx context.Context, from *os.File, n int64) {
	l := &backlog{s: s, from: from, left: n, end: n, buffer: inlineBuffers.Get().(*[]byte)}
	l.changed.L = &l.mu
	s.n, s.written, s.backlog = n, true, l
	stop := context.AfterFunc(ctx, func() { l.fail(context.Cause(ctx)) })
	l.ended.Go(func() {
		defer stop()
		for l.fail(l.hash()) {
		}
	})
}

// hash hashes the next piece. The error is io.EOF if there will be no more.
func (l *backlog) hash() error {
	l.mu.Lock()
	for l.at == l.end && !l.quit {
		l.changed.Wait()
	}
	at, end, quit := l.at, l.end, l.quit
	l.mu.Unlock()
	if quit {
		return io.EOF
	}
	src := l.s.file
	if at < l.left {
		src, end = l.from, l.left
	}
	b := l.s.hasher.buffer()
	n, err := src.ReadAt(b[:min(int64(len(b)), end-at)], at)
	if n == 0 {
		return errors.Join(errMissing, err)
	}
	b = b[:n]
	l.s.keepHead(b)
	l.s.hasher.commit(n)
	if src != l.s.file {
		if _, err := l.s.file.WriteAt(b, at); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at += int64(n)
	l.changed.Broadcast()
	return nil
}

var errMissing = errors.New("bytes of the partial download are missing")

// fail ends l if err is an error, and reports whether there is more to do.
func (l *backlog) fail(err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil && !l.quit {
		l.quit, l.err = true, err
		l.changed.Broadcast()
	}
	return !l.quit
}

// arrived notes that there are n bytes more.
func (l *backlog) arrived(n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end += int64(n)
	l.changed.Broadcast()
	return l.err
}

// settle lets the sink hash by itself what arrives from now on, if there is nothing else
// to hash. With wait, it waits until that is so. The error says why it will not be.
func (s *sink) settle(wait bool) error {
	l := s.backlog
	if l == nil {
		return s.lost
	}
	l.mu.Lock()
	for wait && l.at < l.end && !l.quit {
		l.changed.Wait()
	}
	if l.at == l.end {
		l.quit = true
		l.changed.Broadcast()
	}
	quit := l.quit
	l.mu.Unlock()
	if quit {
		l.ended.Wait()
		inlineBuffers.Put(l.buffer)
		s.backlog = nil
		if s.lost = l.err; s.lost == nil {
			s.teePartial()
		}
	}
	return s.lost
}

// dropBacklog ends the backlog, if there is still one.
func (s *sink) dropBacklog() {
	if s.backlog != nil {
		s.backlog.fail(io.EOF)
		s.settle(true)
		s.hasher.sum()
		s.lost = nil
	}
}
