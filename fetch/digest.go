package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Digest is the sha256 of a file's bytes. Values are comparable; the zero
// Digest is no file's and stands for "unknown".
type Digest [sha256.Size]byte

// DigestOf returns the digest of bytes.
func DigestOf(b []byte) Digest { return sha256.Sum256(b) }

// ParseDigest reads the 64 lower-case hexadecimal digits of a sha256, the only
// form in which a lockfile may hold one.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != hex.EncodedLen(len(d)) {
		return Digest{}, fmt.Errorf("a sha256 has %d hexadecimal digits, this has %d", hex.EncodedLen(len(d)), len(s))
	}
	if strings.ToLower(s) != s {
		return Digest{}, fmt.Errorf("a sha256 is written in lower case")
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return Digest{}, fmt.Errorf("a sha256 holds hexadecimal digits only")
	}
	if d.IsZero() {
		return Digest{}, fmt.Errorf("a sha256 of zeros is a placeholder, not a digest")
	}
	return d, nil
}

// String returns the 64 lower-case hexadecimal digits of d. Inlining it would cost
// 4 kB.
//
//go:noinline
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether d is the zero Digest.
func (d Digest) IsZero() bool { return d == Digest{} }
