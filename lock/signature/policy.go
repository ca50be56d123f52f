// Package signature verifies what upstream signs: files and lists of checksums, with
// minisign, OpenPGP, the signatures of ssh-keygen or the bundles of Sigstore.
//
// It guarantees that a Result comes back only if the bytes that were read have been
// signed by the key that the policy names, and that this key is valid at the given time.
// A key that has expired or is revoked counts for nothing, also for what it signed
// before: nobody else says when that was. Signatures over SHA-1 or MD5 are refused, and
// so are short keys.
//
// A signature says who has signed these bytes, not which version they are. Whoever can
// serve an old file with its old signature in the place of a new one is noticed if the
// signed list does not name the file, or if the signature itself names another, as those
// of minisign do.
//
// The package opens no files and asks nobody: keys and signatures are given to it. A
// Policy is safe for concurrent use.
package signature

import (
	"fmt"
	"io"
	"time"

	"depfetch/lock"
)

// MaxSize is how large a signature or a key file may be, in bytes.
const MaxSize = 4 << 20

// Policy says who must have signed.
type Policy struct {
	verifier
	inline inliner // nil if signatures of the kind stand in files of their own
}

// verifier verifies the signatures of one kind and key.
type verifier interface {
	verify(s Subject, signature []byte, now time.Time) (Result, error)
}

// inliner verifies texts that hold their signature.
type inliner interface {
	verifyText(text []byte, now time.Time) ([]byte, Result, error)
}

// Subject is what must have been signed.
type Subject struct {
	Name  string // of the file, without directories
	Bytes io.Reader
}

// Result is what has been verified.
type Result struct {
	By string    // who has signed, as a locked line says it
	At time.Time // when, by what the signature says; zero if it does not
}

// New returns the policy of a signature in a lockfile. identity is what the template of
// its identity expands to. file reads a key file, by its slash-separated path from the
// lockfile's folder. The error is a *KeyError.
func New(s lock.Signature, identity string, file func(path string) ([]byte, error)) (Policy, error) {
	var (
		p   Policy
		err error
	)
	switch s.Kind {
	case "minisign":
		p.verifier, err = newMinisign(s)
	case "ssh":
		p.verifier, err = newSSH(s)
	case "sigstore":
		p.verifier, err = newSigstore(s, identity)
	case "gpg":
		var g *gpg
		if g, err = newGPG(s, file); err == nil {
			p = Policy{verifier: g, inline: g}
		}
	default:
		err = fmt.Errorf("no signatures of the kind %q can be verified", s.Kind)
	}
	if err != nil {
		return Policy{}, &KeyError{Kind: s.Kind, Key: s.Key, Err: err}
	}
	return p, nil
}

// Verify reads a subject and verifies a signature of it. The error is an *Error, or that
// of reading.
func (p Policy) Verify(s Subject, signature []byte, now time.Time) (Result, error) {
	return p.verify(s, signature, now)
}

// Inline reports whether the policy is for signatures that may stand in the text that
// they sign.
func (p Policy) Inline() bool { return p.inline != nil }

// VerifyText verifies a text that holds its own signature, and returns the signed part
// alone. The error is an *Error.
func (p Policy) VerifyText(text []byte, now time.Time) (signed []byte, r Result, err error) {
	return p.inline.verifyText(text, now)
}

// Error reports a signature that does not hold.
type Error struct {
	Problem  string // in a few words
	Expected string
	Found    string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s\n  expected  %s\n  found     %s", e.Problem, e.Expected, e.Found)
}

// KeyError reports a key of the lockfile with which nothing can be verified.
type KeyError struct {
	Kind, Key string // as in the lockfile
	Err       error
}

func (e *KeyError) Error() string { return fmt.Sprintf("key of %s %q: %v", e.Kind, e.Key, e.Err) }
func (e *KeyError) Unwrap() error { return e.Err }

// notASignature returns the error of a text that is no signature of a kind.
func notASignature(what string, text []byte) *Error {
	const few = 40
	found := fmt.Sprintf("%q", text[:min(len(text), few)])
	if len(text) > few {
		found = fmt.Sprintf("%d bytes that begin with %s", len(text), found)
	}
	return &Error{Problem: "this is no signature", Expected: what, Found: found}
}

// otherBytes returns the error of a signature that does not fit.
func otherBytes(name, by string) *Error {
	return &Error{
		Problem: "the signature is not one of these bytes", Expected: "a signature of " + name + " by " + by,
		Found: "one of other bytes, or a damaged one, with the name of that key on it",
	}
}
