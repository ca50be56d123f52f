// Package printable shows text that comes from elsewhere: names, addresses, files,
// what servers send.
//
// It guarantees that what it returns is one line of what a terminal and a log show
// as it is: control characters, line feeds, bytes that are no UTF-8, and characters
// that are invisible or change the direction of others are written as escapes, and
// what a GitHub job takes for a workflow command is none. It is for people: the
// escapes cannot be told from a text that holds a backslash.
package printable

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// String returns s with escapes for what is not printed as it is.
func String(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	begun := false // something other than a blank has been written
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !strconv.IsPrint(r), r == ':' && !begun && strings.HasPrefix(s[i:], "::"), r == '#' && strings.HasPrefix(s[i:], "#["):
			b.WriteString(escape(r))
		default:
			b.WriteRune(r)
		}
		begun = begun || r != ' '
		i += size
	}
	return b.String()
}

// plain reports whether s is printed as it is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return !strings.Contains(s, "#[") && !strings.HasPrefix(strings.TrimLeft(s, " "), "::")
}

func escape(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	switch {
	case r < utf8.RuneSelf:
		return fmt.Sprintf(`\x%02x`, r)
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// JSON returns a writer of JSON for w: what String escapes is escaped in the way of
// JSON, so that the values stay the same. Each Write has to begin and end between
// characters, as those of a json.Encoder do.
func JSON(w io.Writer) io.Writer { return jsonWriter{w} }

type jsonWriter struct{ w io.Writer }

func (j jsonWriter) Write(p []byte) (int, error) {
	var b strings.Builder
	for i := 0; i < len(p); {
		r, size := utf8.DecodeRune(p[i:])
		switch {
		case r == '#' && i+1 < len(p) && p[i+1] == '[', r != '\n' && !strconv.IsPrint(r) && r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		case r > 0xffff && !strconv.IsPrint(r):
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			b.Write(p[i : i+size])
		}
		i += size
	}
	if _, err := io.WriteString(j.w, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// AppendJSON appends s as a string of JSON (RFC 8259), with escapes for what could affect
// a terminal. Bytes that are not UTF-8 become U+FFFD. It is for a program that is to be
// smaller than one with package encoding/json, by 168 kB.
func AppendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case ' ' <= r && r < 0x7f && r != '"' && r != '\\': // nearly all
			b = append(b, byte(r))
		case r > 0xffff && !strconv.IsPrint(r):
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		case !strconv.IsPrint(r):
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			if r == '"' || r == '\\' {
				b = append(b, '\\')
			}
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
