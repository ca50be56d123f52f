package fetch

import (
	"crypto/sha256"
	"hash"
	"runtime"
	"sync"
)

// hasher hashes what a transfer writes, piece by piece, in the buffers that it hands
// out.
type hasher interface {
	// buffer returns the buffer to fill next.
	buffer() []byte
	// commit hashes the first n bytes of it. They stay as they are until the next
	// call of buffer.
	commit(n int)
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
// together, half of it being filled or written while the other half is hashed.
const asyncMemory = 8 << 20

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
}

func (h *inlineHasher) buffer() []byte {
	if h.filling == nil {
		h.filling = inlineBuffers.Get().(*[]byte)
	}
	return *h.filling
}

func (h *inlineHasher) commit(n int) { h.Write((*h.filling)[:n]) }

func (h *inlineHasher) reset() { h.Reset() }

func (h *inlineHasher) sum() Digest {
	if h.filling != nil {
		inlineBuffers.Put(h.filling)
		h.filling = nil
	}
	return Digest(h.Sum(nil))
}

// asyncHasher hashes in a goroutine, which the first call of buffer starts, and sum
// waits for.
type asyncHasher struct {
	hash    hash.Hash
	buffers *sync.Pool
	filling *[]byte

	full chan piece    // to be hashed; nil while there is no goroutine
	free chan *[]byte  // may be filled; nil stands for one not yet made
	done chan struct{} // closed by the goroutine at its end
}

// piece is what has been committed of a buffer.
type piece struct {
	buffer *[]byte
	n      int
}

// start starts the goroutine.
func (h *asyncHasher) start() {
	h.free, h.full, h.done = make(chan *[]byte, 2), make(chan piece, 2), make(chan struct{})
	h.free <- nil
	h.free <- nil
	go func() {
		defer close(h.done)
		for p := range h.full {
			h.hash.Write((*p.buffer)[:p.n])
			h.free <- p.buffer
		}
	}()
}

func (h *asyncHasher) buffer() []byte {
	if h.full == nil {
		h.start()
	}
	if h.filling == nil {
		h.filling = <-h.free
	}
	if h.filling == nil {
		h.filling = h.buffers.Get().(*[]byte)
	}
	return *h.filling
}

func (h *asyncHasher) commit(n int) {
	h.full <- piece{h.filling, n}
	h.filling = nil
}

func (h *asyncHasher) reset() { h.hash.Reset() }

func (h *asyncHasher) sum() Digest {
	if h.full != nil {
		close(h.full)
		<-h.done
		close(h.free)
		for b := range h.free {
			if b != nil {
				h.buffers.Put(b)
			}
		}
		h.full = nil
	}
	if h.filling != nil {
		h.buffers.Put(h.filling)
		h.filling = nil
	}
	return Digest(h.hash.Sum(nil))
}
