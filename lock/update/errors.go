package update

import (
	"errors"
	"fmt"

	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/content"
)

// TemplateError reports that the templates of a dependency do not expand.
type TemplateError struct {
	Dep      string
	Platform lock.Platform
	Err      error
}

func (e *TemplateError) Error() string { return fmt.Sprintf("%s, %s: %v", e.Dep, e.Platform, e.Err) }
func (e *TemplateError) Unwrap() error { return e.Err }

// UnversionedError reports that another version of a dependency has the same address.
type UnversionedError struct {
	Dep, Version, URL string
	Part              bool // the template contains a part of the version, which is the same
}

func (e *UnversionedError) Error() string {
	if e.Part {
		return fmt.Sprintf("%s@%s: the address is the same as for the version before: %s", e.Dep, e.Version, source.Redact(e.URL))
	}
	return fmt.Sprintf("%s@%s: the url does not hold {version}, so its address is the same for every version: %s", e.Dep, e.Version, source.Redact(e.URL))
}

// InsecureError reports an address of plain http.
type InsecureError struct{ Dep, URL string }

func (e *InsecureError) Error() string {
	return fmt.Sprintf("%s: will not lock what comes over plain http: %s", e.Dep, source.Redact(e.URL))
}

// PageError reports that an address serves a web page.
type PageError struct {
	Dep, URL string
	Asked    string // where a rule has led in the place of URL, or empty
}

func (e *PageError) Error() string {
	return fmt.Sprintf("%s: %s serves a web page, not a file", e.Dep, fetch.ShowAddress(e.URL, e.Asked))
}

// SubstituteError reports that an address serves something else than the file.
type SubstituteError struct {
	Dep      string
	Platform lock.Platform
	URL      string
	What     content.Substitute
	Why      string // why a file of another kind is expected
}

func (e *SubstituteError) Error() string {
	return fmt.Sprintf("%s, %s: %s serves %s; %s", e.Dep, e.Platform, source.Redact(e.URL), e.What, e.Why)
}

// MachineError reports a program for other platforms than the one that it would be
// locked for.
type MachineError struct {
	Dep      string
	Platform lock.Platform
	URL      string
	File     string // in the archive, or empty
	Machines []content.Machine
}

func (e *MachineError) Error() string {
	return fmt.Sprintf("%s, %s: %s is a program for %s", e.Dep, e.Platform,
		program{name: e.File}.in(e.URL), content.Join(e.Machines))
}

// ContentsError reports that the archive of a dependency does not give what the
// dependency takes out of it. It unwraps to an error of package unpack.
type ContentsError struct {
	Dep      string
	Platform lock.Platform
	Err      error
}

func (e *ContentsError) Error() string { return fmt.Sprintf("%s, %s: %v", e.Dep, e.Platform, e.Err) }
func (e *ContentsError) Unwrap() error { return e.Err }

// cause returns why what stands beside a file, and is not pinned, could not be downloaded,
// where its address has been named.
func cause(err error) error {
	if t, ok := errors.AsType[*fetch.TransferError](err); ok {
		if a := t.Deciding(); a.Asked != "" {
			return fmt.Errorf("asked at %s: %w", source.Redact(a.Asked), a.Err)
		}
		return t.Deciding().Err
	}
	return err
}

// SumsError reports that the sum which upstream should publish was not found.
type SumsError struct {
	Dep      string
	Platform lock.Platform
	From     string // the address of the list
	Err      error
}

func (e *SumsError) Error() string {
	return fmt.Sprintf("%s, %s: no published sum from %s: %v", e.Dep, e.Platform, source.Redact(e.From), cause(e.Err))
}

func (e *SumsError) Unwrap() error { return e.Err }

// PublishedError reports bytes whose sum is not the one that upstream publishes.
type PublishedError struct {
	Dep       string
	Platform  lock.Platform
	URL, From string // of the file, and of the list
	Algorithm string // of the sums: "sha256", "sha512" or "sha384"
	Published string // in lower-case hexadecimal digits
	Computed  string // of the bytes
	Got       fetch.Measurement
}

func (e *PublishedError) Error() string {
	return fmt.Sprintf("%s, %s: the bytes are not those that upstream publishes the sum of\n%s\n  published  %s %s (%s)\n  got        %s %s  %d bytes",
		e.Dep, e.Platform, source.Redact(e.URL), e.Algorithm, e.Published, source.Redact(e.From), e.Algorithm, e.Computed, e.Got.Size)
}

// TrustError reports a line that would be trusted less than the policy demands.
type TrustError struct {
	Dep       string
	Platform  lock.Platform
	Got, Want lock.Trust
}

func (e *TrustError) Error() string {
	return fmt.Sprintf("%s, %s: trust would be %s, and policy.trust demands %s", e.Dep, e.Platform, e.Got, e.Want)
}

// UnsignedError reports a line that nobody has signed, where that is required.
type UnsignedError struct {
	Dep      string
	Platform lock.Platform
	Got      lock.Trust
}

func (e *UnsignedError) Error() string {
	return fmt.Sprintf("%s, %s: no signature of it has been verified: trust would be %s", e.Dep, e.Platform, e.Got)
}

// MissingError reports the platforms for which upstream does not have a dependency.
type MissingError struct {
	Dep, Version string
	Platforms    []lock.Platform
	URLs         []string // by platform
	Asked        []string // where rules have led, by platform; empty where upstream itself has said so
	All          bool     // there is nothing for any platform
}

func (e *MissingError) Error() string {
	s := e.Dep
	if e.Version != "" {
		s += " " + e.Version
	}
	s += " is not published"
	if !e.All {
		s += " for some platforms"
	}
	for i, p := range e.Platforms {
		if p == lock.Any {
			s += fmt.Sprintf(": nothing at %s", fetch.ShowAddress(e.URLs[i], e.Asked[i]))
			continue
		}
		s += fmt.Sprintf("\n%s: nothing at %s", p, fetch.ShowAddress(e.URLs[i], e.Asked[i]))
	}
	return s
}

// NewMissingError returns the error for the changes of r that are Missing, or nil if none is.
func NewMissingError(r Result) *MissingError {
	e := &MissingError{Dep: r.Dep.Name, Version: r.Version, All: true}
	for _, c := range r.Changes {
		if !c.Missing {
			e.All = false
			continue
		}
		e.Platforms, e.URLs, e.Asked = append(e.Platforms, c.Platform), append(e.URLs, c.URL), append(e.Asked, c.Asked)
	}
	if len(e.Platforms) == 0 {
		return nil
	}
	return e
}

// BlobError reports a file of a cache that does not have the digest in its name, and
// that could not be replaced.
type BlobError struct {
	File string
}

func (e *BlobError) Error() string {
	return fmt.Sprintf("%s holds other bytes than its name says, and is not used", e.File)
}
