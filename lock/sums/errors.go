package sums

import (
	"fmt"
	"strings"
)

// NotAListError reports a text without a sha256, sha512 or sha384.
type NotAListError struct {
	Reason string // continues "it", as in "is empty"
}

func (e *NotAListError) Error() string {
	return "not a list of checksums by sha256, sha512 or sha384: it " + e.Reason
}

// NotListedError reports that a list does not name a file.
type NotListedError struct {
	Name string   // of the file
	Near []string // similar names in the list, best first
}

func (e *NotListedError) Error() string {
	if len(e.Near) == 0 {
		return fmt.Sprintf("the checksum list does not name %q", e.Name)
	}
	return fmt.Sprintf("the checksum list does not name %q; it names %s", e.Name, quoted(e.Near))
}

func quoted(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(q, ", ")
}

// ConflictError reports that a list gives several digests for one file.
type ConflictError struct {
	Name    string   // of the file
	Digests []string // two or more
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("the checksum list has %d sums for %q, among them %s and %s",
		len(e.Digests), e.Name, e.Digests[0], e.Digests[1])
}
