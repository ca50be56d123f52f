// Package registry reads the errors of container registries, as go-containerregistry
// returns them, and limits the time of their answers.
package registry

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"depfetch/fetch/source"
)

// Status returns the HTTP status of an error of a registry, or 0.
func Status(err error) int {
	var e *transport.Error
	if errors.As(err, &e) {
		return e.StatusCode
	}
	return 0
}

// maxMessage is how much of what a registry says an error repeats, in bytes.
const maxMessage = 200

// Brief returns an error whose text says which request has failed, with which status, and
// what the registry says of it in a line. The rest of the answer, which may be a page of
// HTML, is left out. Other errors are returned as they are.
func Brief(err error) error {
	var e *transport.Error
	if !errors.As(err, &e) {
		return err
	}
	var b strings.Builder
	if e.Request != nil {
		fmt.Fprintf(&b, "%s %s: ", e.Request.Method, source.Redact(e.Request.URL.String()))
	}
	fmt.Fprintf(&b, "HTTP %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	if len(e.Errors) > 0 {
		d := e.Errors[0]
		for _, text := range []string{string(d.Code), d.Message} {
			if text = line(text); text != "" {
				b.WriteString(": " + text)
			}
		}
	}
	if more := len(e.Errors) - 1; more > 0 {
		fmt.Fprintf(&b, " (and %d more)", more)
	}
	return &briefError{b.String(), err}
}

// line returns the first line of a text, or its beginning.
func line(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	if len(text) <= maxMessage {
		return strings.TrimSpace(text)
	}
	n := maxMessage
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}

type briefError struct {
	text string
	err  error
}

func (e *briefError) Error() string { return e.text }
func (e *briefError) Unwrap() error { return e.err }
