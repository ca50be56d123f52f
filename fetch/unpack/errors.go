package unpack

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnknownFormat says that the bytes are no archive and no compressed file.
var ErrUnknownFormat = errors.New("not an archive: neither tar, zip, .deb nor .rpm, nor compressed with gzip, bzip2, xz or zstd")

// ErrNoTree says that a compressed file is no archive, but one file, which
// Member can write.
var ErrNoTree = errors.New("a compressed file, and no archive: it has no tree to unpack")

// UnsupportedError says that the bytes are an archive of a kind that is not read here.
type UnsupportedError struct {
	What string // such archives, in the plural
}

func (e *UnsupportedError) Error() string { return e.What + " are not supported" }

//go:noinline
func unsupported(what string) error { return &UnsupportedError{what} }

// RefusedError says that an archive holds what is never unpacked.
type RefusedError struct {
	Name   string // as the archive has it
	Reason string
	Allow  string // the field of Options, as lockfiles spell it, that allows it, or that is at fault if it is "modes"; or empty
}

func (e *RefusedError) Error() string { return fmt.Sprintf("refused %q: %s", e.Name, e.Reason) }

// refuse returns a RefusedError. It is called so often that inlining it would cost
// 5 kB.
//
//go:noinline
func refuse(name, format string, args ...any) error {
	return &RefusedError{Name: name, Reason: fmt.Sprintf(format, args...)}
}

// LimitError says that an archive goes over one of the Limits.
type LimitError struct {
	Limit string // "bytes", "entries", "depth", "ratio" or "window"
	Max   int64
	Name  string // of the member; empty when it is the archive as a whole
}

func (e *LimitError) Error() string {
	over := fmt.Sprintf("over the limit of %d %s", e.Max, e.Limit)
	switch e.Limit {
	case "depth":
		over = fmt.Sprintf("over the limit of %d elements in a name", e.Max)
	case "ratio":
		over = fmt.Sprintf("more than %d times the size of the archive", e.Max)
	case "window":
		over = fmt.Sprintf("decompression needs a window of more than %d bytes", e.Max)
	}
	if e.Name != "" {
		return fmt.Sprintf("refused %q: %s", e.Name, over)
	}
	return "refused the archive: " + over
}

// DamagedError says that an archive is truncated, corrupt or malformed.
type DamagedError struct {
	Format string // "tar", "gzip", …
	Name   string // of the member, if it is the member's fault
	Err    error
}

func (e *DamagedError) Error() string {
	if e.Name != "" {
		return fmt.Sprintf("damaged %s archive: %q: %v", e.Format, e.Name, e.Err)
	}
	return fmt.Sprintf("damaged %s archive: %v", e.Format, e.Err)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// errTruncated is the cause of a DamagedError where the archive ends early.
var errTruncated = errors.New("it ends early")

// NoMatchError says that nothing in an archive has the wanted name.
type NoMatchError struct {
	Pattern string
	Near    []string // names that the archive holds, the likeliest first
	Detail  string   // why what bears the name is no match, or empty
}

func (e *NoMatchError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the archive holds no %q", e.Pattern)
	if e.Detail != "" {
		fmt.Fprintf(&b, ": %s", e.Detail)
	}
	if len(e.Near) > 0 {
		fmt.Fprintf(&b, "; it holds %s", quoteAll(e.Near))
	}
	return b.String()
}

// AmbiguousError says that a pattern for one file matches more than one.
type AmbiguousError struct {
	Pattern string
	Matches []string // in the order of the archive, not necessarily all
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q names more than one file: %s", e.Pattern, quoteAll(e.Matches))
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(quoted, ", ")
}
