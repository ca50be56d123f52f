// Package signature verifies what upstream signs: files and lists of checksums, with
// minisign, OpenPGP, the signatures of ssh-keygen, the bundles of Sigstore, the older files
// of cosign, or attestations of GitHub.
//
// It guarantees that a Result comes back only if the bytes that were read have been
// signed by the key or the identity that the policy names, and that a key of OpenPGP is
// valid at the given time. One that has expired or is revoked counts for nothing, also for
// what it signed before: nobody else says when that was. Signatures over SHA-1 or MD5 are
// refused, and so are short keys.
//
// A signature says who has signed these bytes, not which version they are. Whoever can
// serve an old file with its old signature in the place of a new one is noticed if the
// signed list does not name the file, if the signature itself names another, as those of
// minisign do, or if the identity has the version in it.
//
// The package opens no files and asks nobody: keys, signatures and the answers of logs are
// given to it. A Policy is safe for concurrent use.
package signature

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"depfetch/fetch"
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
	verify(s Subject, m Material, now time.Time) (Result, error)
}

// querier says what must be asked of a log before a signature can be verified.
type querier interface {
	query(s Subject, m Material) ([]byte, error)
}

// inliner verifies texts that hold their signature.
type inliner interface {
	verifyText(text []byte, now time.Time) ([]byte, Result, error)
}

// Subject is what must have been signed.
type Subject struct {
	Name   string       // of the file, without directories
	Digest fetch.Digest // of its bytes
	// Bytes reads them. It is not read where the digest is all that is signed.
	Bytes io.Reader
}

// TextSubject returns the subject of a text.
func TextSubject(name string, text []byte) Subject {
	return Subject{Name: name, Digest: sha256.Sum256(text), Bytes: bytes.NewReader(text)}
}

// digestSubject returns a subject of which nothing but the sha256 counts.
func digestSubject(name string, digest fetch.Digest) Subject {
	return Subject{Name: name, Digest: digest, Bytes: unread(name + "@sha256:" + digest.String())}
}

// unread is read for a signature that is not of the sha256, which it names.
type unread string

func (u unread) Read([]byte) (int, error) {
	return 0, &Error{Problem: "the signature is not of a sha256", Expected: "one of " + string(u), Found: "another digest, or a key that signs without one"}
}

// Material is what there is of a signature.
type Material struct {
	// Signature is the signature, the bundle, or attestations one after another.
	Signature   []byte
	Certificate []byte // if it has a file of its own
	Log         []byte // what a log has answered to Policy.Query
}

// Given is what a policy needs besides what the lockfile says.
type Given struct {
	Identity, Ref string // what their templates expand to
	// File reads a key file, by its slash-separated path from the lockfile's folder.
	File  func(path string) ([]byte, error)
	Roots *Roots // of Sigstore; nil means those that are embedded
}

// Result is what has been verified.
type Result struct {
	By string    // who has signed, as a locked line says it
	At time.Time // when, by what the signature says; zero if it does not
}

// New returns the policy of a signature in a lockfile. The error is a *KeyError.
func New(s lock.Signature, g Given) (Policy, error) {
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
		p.verifier, err = newBundles(s, g)
	case "github":
		p.verifier, err = newAttestations(s, g)
	case "cosign":
		var signer *Signer
		signer, err = newSigner(s, g)
		p.verifier = &cosign{Signer: signer, bundle: s.Bundle}
	case "gpg":
		var keys *gpg
		if keys, err = newGPG(s, g.File); err == nil {
			p = Policy{verifier: keys, inline: keys}
		}
	default:
		err = fmt.Errorf("no signatures of the kind %q can be verified", s.Kind)
	}
	if err != nil {
		return Policy{}, &KeyError{Kind: s.Kind, Key: s.Key, Err: err}
	}
	return p, nil
}

// Query returns the body of the request that a log of Rekor must be asked before a
// signature can be verified (POST /api/v1/log/entries/retrieve), or nil if none need be.
// The error is an *Error.
func (p Policy) Query(s Subject, m Material) ([]byte, error) {
	q, ok := p.verifier.(querier)
	if !ok {
		return nil, nil
	}
	return q.query(s, m)
}

// Verify verifies a signature of a subject. The error is an *Error, or that of reading.
func (p Policy) Verify(s Subject, m Material, now time.Time) (Result, error) {
	return p.verify(s, m, now)
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

	OtherBytes bool // the signer is the right one, and has signed other bytes
	// Identity and Issuer are those of the certificate, verified or not, if another
	// identity than the expected one has signed.
	Identity, Issuer string
	// Unlogged says that no log has an entry by which it could be verified.
	Unlogged bool
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
		Found: "one of other bytes, or a damaged one, with the name of that key on it", OtherBytes: true,
	}
}
