// Package document has what the documents that depfetch writes have in common: JSON that is
// made without package encoding/json, which would make depfetch larger by 168 kB.
//
// It guarantees that the same calls make the same text, in which nothing affects a terminal.
package document

import (
	"errors"

	"depfetch/fetch/printable"
)

// ErrForeign says that a text is not a document of the kind that is to be written, or has
// been changed.
var ErrForeign = errors.New("it is not a document that depfetch has written")

// Object is a JSON object (RFC 8259) but for its end, a brace. Its methods are called so
// often that inlining them would cost room in the program.
type Object []byte

// Text adds a string, unless it is empty.
//
//go:noinline
func (o *Object) Text(key, value string) {
	if value != "" {
		o.Raw(key, "")
		*o = printable.AppendJSON(*o, value)
	}
}

// Raw adds a value that is JSON already.
//
//go:noinline
func (o *Object) Raw(key, value string) {
	begin := byte(',')
	if len(*o) == 0 {
		begin = '{'
	}
	*o = append(printable.AppendJSON(append(*o, begin), key), ':')
	*o = append(*o, value...)
}
