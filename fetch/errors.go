package fetch

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"depfetch/fetch/source"
)

// TransferError says that no source had the right bytes of an artifact. It
// unwraps to the errors of its attempts: a *MismatchError where the bytes were
// wrong, a *source.Error where there were none.
type TransferError struct {
	Artifact *Artifact
	Attempts []Attempt
}

// Deciding returns the attempt that says why the artifact's address does not yield its
// bytes: the last one at the address itself, if there was any, since what a rule has asked
// in its place is not that server's answer; else the last one.
func (e *TransferError) Deciding() Attempt {
	for _, a := range slices.Backward(e.Attempts) {
		if a.Asked == "" {
			return a
		}
	}
	return e.Attempts[len(e.Attempts)-1]
}

// Attempt is one try to get an artifact's bytes from one source.
type Attempt struct {
	Source SourceKind
	URL    string // print it with source.Redact
	Asked  string // where a rule of the source has sent the request in its place, or empty; print it likewise
	Err    error
}

func (e *TransferError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: no source has the pinned bytes", e.Artifact.Name)
	for _, a := range e.Attempts {
		fmt.Fprintf(&b, "; %s: %v", a.Address(), a.Err)
	}
	return b.String()
}

// Address returns the address, and the one asked in its place, as they may be shown.
func (a Attempt) Address() string { return ShowAddress(a.URL, a.Asked) }

// ShowAddress returns an address, and the one that is asked in its place unless that is
// empty, as they may be shown.
func ShowAddress(address, asked string) string {
	if asked == "" {
		return source.Redact(address)
	}
	return source.Redact(address) + " (asked at " + source.Redact(asked) + ")"
}

// Unwrap returns the errors of the attempts.
func (e *TransferError) Unwrap() []error {
	errs := make([]error, len(e.Attempts))
	for i, a := range e.Attempts {
		errs[i] = a.Err
	}
	return errs
}

// ErrOffline is the error of the one Attempt to get what is not in the cache
// while Client.Offline is set.
var ErrOffline = errors.New("not in the cache, and offline")

// MismatchError says that a source served other bytes than those pinned.
type MismatchError struct {
	Response   source.Response
	WantDigest Digest
	GotDigest  Digest // zero when not all of the bytes were taken
	WantSize   int64  // or SizeUnknown
	GotSize    int64  // or SizeUnknown, when they were too many to count
	HTML       bool   // what came is a web page
}

func (e *MismatchError) Error() string {
	got := "an unknown digest"
	if !e.GotDigest.IsZero() {
		got = e.GotDigest.String()
	}
	return fmt.Sprintf("wrong bytes: want sha256 %s (%s), got %s (%s)",
		e.WantDigest, sizeText(e.WantSize), got, sizeText(e.GotSize))
}

func sizeText(n int64) string {
	if n == SizeUnknown {
		return "size unknown"
	}
	return fmt.Sprintf("%d bytes", n)
}

// DestinationError says that an artifact cannot lie where it is meant to.
type DestinationError struct {
	Artifact *Artifact
	Path     string // on this machine, Client.Root included
	Err      error
	InCache  bool // Path is one of the cache, which is all that Fill writes to
}

func (e *DestinationError) Error() string {
	if e.InCache {
		return fmt.Sprintf("%s: cannot write to the cache: %s: %v", e.Artifact.Name, e.Path, e.Err)
	}
	return fmt.Sprintf("%s: cannot place %s: %v", e.Artifact.Name, e.Path, e.Err)
}

func (e *DestinationError) Unwrap() error { return e.Err }

// OfDocument reports whether what cannot lie there is one of Client.Documents, and so comes
// from nowhere.
func (e *DestinationError) OfDocument() bool { return e.Artifact.URL == "" }

// ErrNoPath is a DestinationError's cause when the lockfile gives no path.
var ErrNoPath = errors.New("the lockfile gives it no path")

// ArchiveError says that what an artifact asks for cannot be taken out of its
// archive, the bytes of which are right. It unwraps to an error of package unpack,
// among others.
type ArchiveError struct {
	Artifact *Artifact
	Err      error
}

func (e *ArchiveError) Error() string { return fmt.Sprintf("%s: %v", e.Artifact.Name, e.Err) }
func (e *ArchiveError) Unwrap() error { return e.Err }

// ErrOtherContent is an ArchiveError's cause when what member or unpack takes out of the
// archive is not what the locked line records, so that one of them was edited since.
var ErrOtherContent = errors.New("the locked line records something else")

// UnverifiableError says that what lies at a destination cannot be compared with
// what is pinned, since what comes out of the archive is not known.
type UnverifiableError struct {
	Artifact *Artifact
	Err      error
}

func (e *UnverifiableError) Error() string {
	return fmt.Sprintf("%s: cannot be verified: %v", e.Artifact.Name, e.Err)
}

func (e *UnverifiableError) Unwrap() error { return e.Err }

// ErrNotRecorded is an UnverifiableError's cause when the locked line does not
// have the digest of what comes out of the archive.
var ErrNotRecorded = errors.New("the locked line does not say what comes out of the archive")

// PlaceError says that the renames at the end of Fetch failed in the middle.
type PlaceError struct {
	Artifact *Artifact   // whose rename failed
	Placed   []*Artifact // those in place
	Missing  []*Artifact // those not in place, Artifact included
	Err      error
}

func (e *PlaceError) Error() string {
	return fmt.Sprintf("%s: %v; %d of %d files are in place (%s), not in place: %s", e.Artifact.Name, e.Err,
		len(e.Placed), len(e.Placed)+len(e.Missing), names(e.Placed), names(e.Missing))
}

func (e *PlaceError) Unwrap() error { return e.Err }

func names(artifacts []*Artifact) string {
	if len(artifacts) == 0 {
		return "none"
	}
	s := make([]string, len(artifacts))
	for i, a := range artifacts {
		s[i] = a.Name
	}
	return strings.Join(s, ", ")
}
