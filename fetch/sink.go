package fetch

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"

	"depfetch/fetch/source"
)

const (
	// smallFile is up to which size a file is hashed by the goroutine that
	// writes it. Above, another one hashes: it takes as long as all the rest.
	smallFile = 128 << 10
	// pieceSize is the size of one read, hash and write of a larger file. Two
	// pieces are under way, one of them being hashed.
	pieceSize = 1 << 20
	pieces    = 2
)

var (
	smallBuffers = sync.Pool{New: func() any { b := make([]byte, smallFile); return &b }}
	largeBuffers = sync.Pool{New: func() any { b := make([]byte, pieceSize); return &b }}
)

// sink writes the bytes of one attempt to a file and hashes them in the same
// pass. It is the source.Sink of a transfer.
type sink struct {
	file     *os.File // nil to hash alone
	hash     hash.Hash
	n        int64
	head     []byte // the first bytes, to tell what they are
	err      error  // of the file
	progress func(n int)

	pool   *sync.Pool
	buffer *[]byte // being filled
	free   chan *[]byte
	full   chan piece // to be hashed; nil when the writer does it
	done   chan struct{}
}

// piece is what has been committed of a buffer.
type piece struct {
	buffer *[]byte
	n      int
}

// newSink returns a sink that fills file from its start, which an earlier
// attempt may have filled.
func newSink(file *os.File, size int64) *sink {
	s := &sink{file: file, hash: sha256.New(), pool: &smallBuffers}
	if file != nil {
		if _, s.err = file.Seek(0, io.SeekStart); s.err == nil {
			s.err = file.Truncate(0)
		}
	}
	if size != SizeUnknown && size <= smallFile {
		return s
	}
	s.pool = &largeBuffers
	s.free, s.full, s.done = make(chan *[]byte, pieces), make(chan piece, pieces), make(chan struct{})
	for range pieces {
		s.free <- nil // got from the pool when it is needed
	}
	go func() {
		defer close(s.done)
		for p := range s.full {
			s.hash.Write((*p.buffer)[:p.n])
			s.free <- p.buffer
		}
	}()
	return s
}

// Buffer implements source.Sink.
func (s *sink) Buffer() []byte {
	if s.buffer == nil && s.full != nil {
		s.buffer = <-s.free
	}
	if s.buffer == nil {
		s.buffer = s.pool.Get().(*[]byte)
	}
	return *s.buffer
}

const headSize = 512 // what http.DetectContentType looks at

// Commit implements source.Sink.
func (s *sink) Commit(n int) error {
	if s.err != nil {
		return s.err
	}
	b := (*s.buffer)[:n]
	if room := headSize - len(s.head); room > 0 {
		s.head = append(s.head, b[:min(room, n)]...)
	}
	if s.full == nil {
		s.hash.Write(b)
	} else {
		s.full <- piece{s.buffer, n}
		s.buffer = nil
	}
	if s.file != nil {
		n, s.err = s.file.Write(b)
	}
	s.n += int64(n)
	s.progress(n)
	return s.err
}

// copy commits all that r holds.
func (s *sink) copy(ctx context.Context, r io.Reader) error {
	for ctx.Err() == nil {
		n, err := r.Read(s.Buffer())
		if n > 0 {
			if err := s.Commit(n); err != nil {
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
	return context.Cause(ctx)
}

// close ends the sink and returns the digest of what it was given.
func (s *sink) close() Digest {
	if s.full != nil {
		close(s.full)
		<-s.done
		close(s.free)
		for b := range s.free {
			if b != nil {
				s.pool.Put(b)
			}
		}
	}
	if s.buffer != nil {
		s.pool.Put(s.buffer)
		s.buffer = nil
	}
	return Digest(s.hash.Sum(nil))
}

// check compares what came with what b is pinned to.
func (s *sink) check(b *blob, got Digest, resp source.Response) error {
	e := &MismatchError{
		Response: resp, WantDigest: b.digest, GotDigest: got, WantSize: b.size, GotSize: s.n,
		HTML: s.html(),
	}
	if resp.Overlong {
		e.GotDigest, e.GotSize = Digest{}, resp.Length
	}
	if e.GotDigest == e.WantDigest && (e.WantSize == SizeUnknown || e.GotSize == e.WantSize) {
		return nil
	}
	return e
}

// html reports whether what came is a web page.
func (s *sink) html() bool {
	return strings.HasPrefix(http.DetectContentType(s.head), "text/html")
}
