package fetch

import (
	"bytes"
	"crypto/sha256"
	"sync"
	"testing"
)

// TestHasherTee holds that what is committed is hashed and copied in order, over several
// uses of a hasher, whichever goroutine does it.
func TestHasherTee(t *testing.T) {
	async := &sync.Pool{New: func() any { b := make([]byte, inlinePiece); return &b }}
	for name, h := range map[string]hasher{
		"inline": hashers{}.newHasher(SizeUnknown), "async": hashers{async}.newHasher(SizeUnknown),
	} {
		t.Run(name, func(t *testing.T) {
			var want, got []byte
			commit := func(pieces int) {
				for i := range pieces {
					b := h.buffer()
					n := len(b) - i
					for j := range n {
						b[j] = byte(len(want) + j>>8)
					}
					want = append(want, b[:n]...)
					h.commit(n)
				}
			}
			commit(2)
			before := len(want)
			h.tee(func(b []byte) { got = append(got, b...) })
			commit(9)
			h.wait()
			if !bytes.Equal(got, want[before:]) {
				t.Errorf("%d bytes were copied, not the %d that were committed", len(got), len(want)-before)
			}
			h.buffer()
			if sum := h.sum(); sum != Digest(sha256.Sum256(want)) {
				t.Errorf("sum %s", sum)
			}
			commit(1)
			if sum := h.sum(); sum != Digest(sha256.Sum256(want)) || !bytes.Equal(got, want[before:]) {
				t.Errorf("after more: sum %s, %d bytes copied", sum, len(got))
			}
			h.reset()
			h.tee(nil)
			want, got = nil, nil
			commit(1)
			if sum := h.sum(); sum != Digest(sha256.Sum256(want)) || got != nil {
				t.Errorf("after reset: sum %s, %d bytes copied", sum, len(got))
			}
		})
	}
}
