package fetch

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"

	"depfetch/fetch/source"
)

// inlinePiece is the size of one read, hash and write of a transfer that hashes
// as it writes.
const inlinePiece = 256 << 10

var inlineBuffers = sync.Pool{New: func() any { b := make([]byte, inlinePiece); return &b }}

// hashers says how the transfers of a run hash. Where they are fewer than the
// processors, each gives its pieces to a goroutine that does nothing else, since
// hashing takes as long as all the rest; where they are not, that would only cost.
type hashers struct {
	apart   bool
	buffers *sync.Pool
}

// apartMemory is what the pieces of all transfers that hash apart take together,
// half of it being filled or written while the other half is hashed.
const apartMemory = 8 << 20

// newHashers returns how transfers of which so many go on at once are to hash.
func newHashers(transfers int) hashers {
	if transfers >= runtime.GOMAXPROCS(0) {
		return hashers{buffers: &inlineBuffers}
	}
	piece := max(apartMemory/2/max(transfers, 1), inlinePiece)
	return hashers{apart: true, buffers: &sync.Pool{New: func() any { b := make([]byte, piece); return &b }}}
}

// sink writes bytes to a file and hashes them in the same pass, whatever attempts
// they come from. It is the source.Sink of a transfer.
type sink struct {
	file     *os.File // nil to hash alone
	hash     hash.Hash
	n        int64  // bytes taken
	head     []byte // the first ones, to tell what they are
	resumed  bool   // they come from several attempts
	begun    bool   // by the attempt under way
	cloned   bool   // they are in the file already
	written  bool   // the file may hold something
	err      error  // of the file
	progress func(n int)

	apart   bool
	buffers *sync.Pool
	buffer  *[]byte      // being filled
	free    chan *[]byte // may be filled; nil stands for one not yet made
	full    chan piece   // to be hashed; nil when the writer does it
	done    chan struct{}
}

// piece is what has been committed of a buffer.
type piece struct {
	buffer *[]byte
	n      int
}

// newSink returns a sink that fills file, an empty one, with so many bytes, or
// SizeUnknown.
func (h hashers) newSink(file *os.File, size int64) *sink {
	s := &sink{file: file, hash: sha256.New(), apart: h.apart, buffers: h.buffers, progress: func(int) {}}
	if size != SizeUnknown && size <= inlinePiece {
		s.apart, s.buffers = false, &inlineBuffers
	}
	return s
}

// Begin implements source.Sink: what comes next are the bytes from offset on,
// which is how many there are or 0. close ends what it begins.
func (s *sink) Begin(offset int64) error {
	s.begun, s.cloned = true, false
	s.resumed = offset > 0
	if offset == 0 {
		s.n, s.head = 0, s.head[:0]
		s.hash.Reset()
	}
	if s.file != nil && s.written {
		if _, s.err = s.file.Seek(s.n, io.SeekStart); s.err == nil {
			s.err = s.file.Truncate(s.n)
		}
	}
	s.written = true
	if s.apart {
		s.hashApart()
	}
	return s.err
}

// hashApart starts the goroutine that hashes, which close ends.
func (s *sink) hashApart() {
	s.free, s.full, s.done = make(chan *[]byte, 2), make(chan piece, 2), make(chan struct{})
	s.free <- nil
	s.free <- nil
	go func() {
		defer close(s.done)
		for p := range s.full {
			s.hash.Write((*p.buffer)[:p.n])
			s.free <- p.buffer
		}
	}()
}

// Buffer implements source.Sink.
func (s *sink) Buffer() []byte {
	if s.buffer == nil && s.full != nil {
		s.buffer = <-s.free
	}
	if s.buffer == nil {
		s.buffer = s.buffers.Get().(*[]byte)
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
	if s.file != nil && !s.cloned {
		n, s.err = s.file.Write(b)
	}
	s.n += int64(n)
	s.progress(n)
	return s.err
}

// copy takes what src holds, up to limit bytes unless that is SizeUnknown. overlong
// says that src has more, in which case nothing of it need have been taken, and
// length how many bytes it has as far as is known.
func (s *sink) copy(ctx context.Context, src *os.File, limit int64) (overlong bool, length int64, err error) {
	if err := s.Begin(0); err != nil {
		return false, SizeUnknown, err
	}
	tooLong := func(f *os.File) bool {
		info, err := f.Stat()
		if err == nil {
			length = info.Size()
		}
		return limit != SizeUnknown && (err != nil || length > limit)
	}
	if tooLong(src) {
		return true, length, nil
	}
	if s.file != nil && clone(s.file, src) {
		// The bytes to hash are those of the clone, which nobody else can change.
		s.cloned, src = true, s.file
		if tooLong(src) {
			return true, length, nil
		}
	}
	for ctx.Err() == nil {
		buf := s.Buffer()
		if left := limit - s.n; limit != SizeUnknown && left < int64(len(buf)) {
			buf = buf[:left+1] // one more tells a file that has grown
		}
		n, err := src.Read(buf)
		if limit != SizeUnknown && s.n+int64(n) > limit {
			return true, SizeUnknown, nil
		}
		if n > 0 {
			if err := s.Commit(n); err != nil {
				return false, length, err
			}
		}
		if err == io.EOF {
			return false, s.n, nil
		}
		if err != nil {
			return false, length, err
		}
	}
	return false, length, context.Cause(ctx)
}

// close ends an attempt and returns the digest of all bytes that were taken.
func (s *sink) close() Digest {
	if s.full != nil {
		close(s.full)
		<-s.done
		close(s.free)
		for b := range s.free {
			if b != nil {
				s.buffers.Put(b)
			}
		}
		s.full = nil
	}
	if s.buffer != nil {
		s.buffers.Put(s.buffer)
		s.buffer = nil
	}
	return Digest(s.hash.Sum(nil))
}

// check compares what came into s with what is pinned.
func (t *acquisition) check(s *sink, got Digest, resp source.Response) error {
	b, size := t.blob, s.n
	if resp.Overlong && b.size == SizeUnknown {
		return t.tooLarge()
	}
	if resp.Overlong {
		got, size = Digest{}, resp.Length
	}
	if got == b.digest && (b.size == SizeUnknown || size == b.size) {
		return nil
	}
	return &MismatchError{
		Response: resp, WantDigest: b.digest, GotDigest: got, WantSize: b.size, GotSize: size,
		HTML: s.html(),
	}
}

// html reports whether what came is a web page.
func (s *sink) html() bool {
	return strings.HasPrefix(http.DetectContentType(s.head), "text/html")
}
