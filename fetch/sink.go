package fetch

import (
	"cmp"
	"context"
	"io"
	"os"

	"depfetch/fetch/cache"
	"depfetch/fetch/source"
)

// sink writes bytes to a file and hashes them in the same pass, whatever attempts
// they come from. It is the source.Sink of a transfer.
type sink struct {
	file     *os.File       // nil to hash alone
	partial  *cache.Partial // gets a copy of what has been hashed; nil for none
	inPlace  bool           // it is the file
	hasher   hasher
	backlog  *backlog // what is not hashed yet, if that is much
	lost     error    // what was wrong with the backlog; all has to come again
	attempt  attempt
	n        int64  // bytes taken, of all attempts that count
	head     []byte // the first ones, to detect a web page
	written  bool   // the file may hold something
	err      error  // of the file
	progress func(n int)
}

// attempt says what the current attempt does with the bytes that it receives.
type attempt int

const (
	attemptIdle      attempt = iota // it has received none yet
	attemptWhole                    // they are the first ones
	attemptResumed                  // they continue where an earlier attempt ended
	attemptCloned                   // they are already in the file
	attemptFollowing                // others write them into the file, before they are hashed
)

// newSink returns a sink that fills an empty file with size bytes, which may be
// SizeUnknown. A nil file only hashes.
func (h hashers) newSink(file *os.File, size int64) *sink {
	return &sink{file: file, hasher: h.newHasher(size), progress: func(int) {}}
}

// Begin implements source.Sink: what comes next are the bytes from offset on,
// which is how many there are or 0. close ends what it begins.
func (s *sink) Begin(offset int64) error {
	s.attempt = attemptResumed
	if offset == 0 {
		s.attempt = attemptWhole
		s.dropBacklog()
		s.n, s.head = 0, s.head[:0]
		s.hasher.wait()
		s.hasher.reset()
	}
	s.teePartial()
	if s.file != nil && s.written {
		if _, s.err = s.file.Seek(s.n, io.SeekStart); s.err == nil {
			s.err = s.file.Truncate(s.n)
		}
	}
	s.written = true
	s.partial.Truncate(s.n)
	return s.err
}

// teePartial lets the partial get what is hashed from now on.
func (s *sink) teePartial() {
	if s.partial == nil || s.backlog != nil || s.inPlace {
		return
	}
	at := s.n
	s.hasher.tee(func(b []byte) {
		s.partial.Write(b, at)
		at += int64(len(b))
	})
}

// Buffer implements source.Sink. Of a download that breaks off, or that others wait for,
// little is missing in the partial.
func (s *sink) Buffer() []byte {
	if s.settle(false); s.backlog != nil {
		return *s.backlog.buffer
	}
	b := s.hasher.buffer()
	if s.partial != nil {
		room := s.n / 8
		if !s.inPlace {
			room = min(room, int64(len(b)/2)) // there are twice as many, for the processor's cache to hold
		}
		b = b[:min(int64(len(b)), max(inlinePiece, room))]
	}
	return b
}

const headSize = 512 // enough to tell a web page

func (s *sink) keepHead(b []byte) {
	if room := headSize - len(s.head); room > 0 {
		s.head = append(s.head, b[:min(room, len(b))]...)
	}
}

// Commit implements source.Sink.
func (s *sink) Commit(n int) error {
	if err := cmp.Or(s.err, s.lost); err != nil {
		return err
	}
	var b []byte
	if s.backlog != nil {
		b = (*s.backlog.buffer)[:n]
		if !s.inPlace {
			s.partial.Write(b, s.n)
		}
	} else {
		b = s.hasher.buffer()[:n]
		s.keepHead(b)
		s.hasher.commit(n)
	}
	if s.file != nil && s.attempt < attemptCloned {
		var k int
		if k, s.err = s.file.Write(b); s.err != nil && s.backlog != nil {
			s.backlog.fail(s.err)
			s.err = nil
		} else if s.err != nil && s.partial != nil && !s.inPlace {
			// The cache can do without: the partial may have taken the room.
			s.hasher.wait()
			s.partial.Close(false)
			s.partial = nil
			_, s.err = s.file.Write(b[k:])
		}
	}
	s.n += int64(n)
	s.progress(n)
	if s.err == nil && s.backlog != nil {
		return s.backlog.arrived(n)
	}
	return s.err
}

// follow hashes the bytes up to end, which others have written into the file.
func (s *sink) follow(end int64) error {
	if err := s.settle(true); err != nil {
		return err
	}
	s.attempt = attemptFollowing
	for s.err == nil && s.n < end {
		b := s.Buffer()
		n, err := s.file.ReadAt(b[:min(int64(len(b)), end-s.n)], s.n)
		if n == 0 {
			s.err = err
			break
		}
		s.Commit(n)
	}
	return s.err
}

// copy copies src, up to limit bytes unless that is SizeUnknown. overlong means that src
// has more; then it may not have copied anything. length is the length of src, or
// SizeUnknown.
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
		s.attempt, src = attemptCloned, s.file
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
	s.settle(true)
	return s.hasher.sum()
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
		HTML: webPage(s.head),
	}
}
