// Package digest is the one type of a sha256 in this module. Text becomes a digest
// once, where it is read, and is refused there unless it is in the one form that a
// lockfile may hold; from then on no digest travels as a string.
package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// SHA256 is the sha256 of some bytes. Values are comparable; the zero value is that
// of no bytes and stands for "unknown".
type SHA256 [sha256.Size]byte

// Of returns the digest of bytes.
func Of(b []byte) SHA256 { return sha256.Sum256(b) }

// Parse reads the 64 lower-case hexadecimal digits of a sha256. Zeros alone are an
// error.
func Parse(s string) (SHA256, error) {
	var d SHA256
	if len(s) != hex.EncodedLen(len(d)) {
		return SHA256{}, fmt.Errorf("a sha256 has %d hexadecimal digits, this has %d", hex.EncodedLen(len(d)), len(s))
	}
	if strings.ToLower(s) != s {
		return SHA256{}, errors.New("a sha256 is written in lower case")
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return SHA256{}, errors.New("a sha256 holds hexadecimal digits only")
	}
	if d.IsZero() {
		return SHA256{}, errors.New("a sha256 of zeros is a placeholder, not a digest")
	}
	return d, nil
}

// String returns the 64 lower-case hexadecimal digits of d. Inlining it would cost
// 4 kB.
//
//go:noinline
func (d SHA256) String() string { return hex.EncodeToString(d[:]) }

// MarshalText returns what String does, and nothing for an unknown digest.
func (d SHA256) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what Parse does; an empty text is an unknown digest.
func (d *SHA256) UnmarshalText(text []byte) (err error) {
	*d = SHA256{}
	if len(text) > 0 {
		*d, err = Parse(string(text))
	}
	return err
}

// IsZero reports whether d is the zero value.
func (d SHA256) IsZero() bool { return d == SHA256{} }
