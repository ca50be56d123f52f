package fetch

import (
	"crypto/sha256"
	"hash"
	"runtime"
	"sync"
	"sync/atomic"
)

// hasher hashes what a transfer writes, piece by piece, in the buffers that it hands
// out.
type hasher interface {
	// buffer returns the buffer to fill next.
	buffer() []byte
	// commit hashes the first n bytes of it. They stay as they are until the next
	// call of buffer.
	commit(n int)
	// tee calls f with each piece that is committed from now on, in order, unless f is
	// nil. What f changes may be looked at after wait or sum.
	tee(f func([]byte))
	// wait waits for what was committed.
	wait()
	// reset forgets what has been hashed.
	reset()
	// sum waits for what was committed and returns the digest of all of it. Buffers
	// are given back; more may be committed after it.
	sum() Digest
}

// inlinePiece is the size of one read, hash and write of a transfer that hashes
// as it writes.
const inlinePiece = 256 << 10

var inlineBuffers = sync.Pool{New: func() any { b := make([]byte, inlinePiece); return &b }}

// hashers says how the transfers of a run hash. Where they are fewer than the
// processors, each gives its pieces to a goroutine that does nothing else, since
// hashing takes as long as all the rest; where they are not, that would only cost.
type hashers struct {
	async *sync.Pool // of *[]byte, for hashing in goroutines; nil is inline
}

// asyncMemory is what the pieces of all transfers that hash asynchronously take
// together, half of it being filled or written while the other half is hashed. It is twice
// that where they are copied too.
const asyncMemory = 4 << 20

// newHashers returns how transfers of which so many go on at once are to hash.
func newHashers(transfers int) hashers {
	if transfers >= runtime.GOMAXPROCS(0) {
		return hashers{}
	}
	piece := max(asyncMemory/2/max(transfers, 1), inlinePiece)
	return hashers{&sync.Pool{New: func() any { b := make([]byte, piece); return &b }}}
}

// newHasher returns a hasher for size bytes, or SizeUnknown.
func (h hashers) newHasher(size int64) hasher {
	if h.async == nil || size != SizeUnknown && size <= inlinePiece {
		return &inlineHasher{Hash: sha256.New()}
	}
	return &asyncHasher{hash: sha256.New(), buffers: h.async}
}

// inlineHasher hashes in the goroutine of its caller.
type inlineHasher struct {
	hash.Hash
	filling *[]byte
	copy    func([]byte)
}

func (h *inlineHasher) buffer() []byte {
	if h.filling == nil {
		h.filling = inlineBuffers.Get().(*[]byte)
	}
	return *h.filling
}

func (h *inlineHasher) commit(n int) {
	b := (*h.filling)[:n]
	h.Write(b)
	if h.copy != nil {
		h.copy(b)
	}
}

func (h *inlineHasher) tee(f func([]byte)) { h.copy = f }

func (h *inlineHasher) wait() {}

func (h *inlineHasher) reset() { h.Reset() }

func (h *inlineHasher) sum() Digest {
	if h.filling != nil {
		inlineBuffers.Put(h.filling)
		h.filling = nil
	}
	return Digest(h.Sum(nil))
}

// asyncHasher hashes in a goroutine, and has another one for tee. The first call of
// buffer starts them, and sum waits for them.
type asyncHasher struct {
	hash    hash.Hash
	buffers *sync.Pool
	copy    func([]byte)
	filling *piece

	free       chan *piece // may be filled; nil while there are no goroutines
	full       chan *piece // to be hashed
	copies     chan *piece // to be copied; nil while there is nothing to
	pending    sync.WaitGroup
	goroutines sync.WaitGroup
}

// piece is a buffer, and what has been committed of it.
type piece struct {
	buffer *[]byte // nil if it is not yet made
	n      int
	uses   atomic.Int32 // by goroutines
}

// start starts the goroutines that use what is committed.
func (h *asyncHasher) start() {
	pieces := 2
	if h.copy != nil {
		pieces = 4
	}
	h.free, h.full, h.copies = make(chan *piece, pieces), make(chan *piece, pieces), nil
	for range pieces {
		h.free <- new(piece)
	}
	h.use(h.full, func(b []byte) { h.hash.Write(b) })
	if h.copy != nil {
		h.copies = make(chan *piece, pieces)
		h.use(h.copies, h.copy)
	}
}

// use calls f with what comes over a channel, until that is closed.
func (h *asyncHasher) use(pieces <-chan *piece, f func([]byte)) {
	h.goroutines.Go(func() {
		for p := range pieces {
			f((*p.buffer)[:p.n])
			if p.uses.Add(-1) == 0 {
				h.free <- p
				h.pending.Done()
			}
		}
	})
}

func (h *asyncHasher) buffer() []byte {
	if h.full == nil {
		h.start()
	}
	if h.filling == nil {
		h.filling = <-h.free
	}
	if h.filling.buffer == nil {
		h.filling.buffer = h.buffers.Get().(*[]byte)
	}
	return *h.filling.buffer
}

func (h *asyncHasher) commit(n int) {
	p := h.filling
	h.filling = nil
	h.pending.Add(1)
	p.n = n
	p.uses.Store(1)
	if h.copies != nil {
		p.uses.Store(2)
		h.copies <- p
	}
	h.full <- p
}

func (h *asyncHasher) tee(f func([]byte)) {
	h.stop()
	h.copy = f
}

func (h *asyncHasher) wait() { h.pending.Wait() }

func (h *asyncHasher) reset() { h.hash.Reset() }

func (h *asyncHasher) sum() Digest {
	h.stop()
	return Digest(h.hash.Sum(nil))
}

// stop ends the goroutines when they are done, and gives the buffers back.
func (h *asyncHasher) stop() {
	if h.full == nil {
		return
	}
	close(h.full)
	if h.copies != nil {
		close(h.copies)
	}
	h.goroutines.Wait()
	if h.filling != nil {
		h.free <- h.filling
		h.filling = nil
	}
	close(h.free)
	for p := range h.free {
		if p.buffer != nil {
			h.buffers.Put(p.buffer)
		}
	}
	h.full = nil
}
