package lock

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kind says what an [Error] means for whoever has to fix it.
type Kind int

const (
	KindSyntax   Kind = iota // the file is not TOML
	KindFormat               // the file is TOML, but breaks a rule of FORMAT.md
	KindStale                // a locked line is not what its template and version expand to
	KindPolicy               // a locked line is less than the file's policy demands
	KindUnlocked             // a platform that is asked for is not locked
)

// Error is one fault of a lockfile, at one place.
type Error struct {
	File      string
	Line, Col int // both from 1; Col counts characters, not bytes
	Kind      Kind
	Key       string // the dotted key at fault, as TOML writes it; may be empty
	Dep       string // the dependency that it belongs to; may be empty
	Msg       string
	Hint      string // the exact command, or what to type; may be empty
}

// Error returns "file:line:col: key: message".
func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Msg)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", e.File, e.Line, e.Col, e.Key, e.Msg)
}

// ErrorList is every fault of one lockfile, by position. The errors that
// [Parse] and [File.Check] return are never an empty ErrorList.
type ErrorList []*Error

// Error returns the errors of l, a line each.
func (l ErrorList) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the errors of l for errors.As and errors.Is.
func (l ErrorList) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// err returns l sorted and without repetitions, or nil if it is empty.
func (l ErrorList) err() error {
	if len(l) == 0 {
		return nil
	}
	slices.SortFunc(l, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col),
			cmp.Compare(a.Key, b.Key), cmp.Compare(a.Msg, b.Msg))
	})
	return slices.CompactFunc(l, func(a, b *Error) bool { return *a == *b })
}
