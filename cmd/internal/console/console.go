// Package console prints the errors, hints, warnings and progress of depfetch and
// deplock. Nothing else does.
//
// A message says what happened, to which dependency, and which command to run next:
//
//	depfetch: error: helm: could not download
//	depfetch: hint: …
//
// Messages begin in lower case and end without a full stop. They never hold
// credentials or the values of a URL's query.
package console

import (
	"fmt"
	"io"
	"strings"

	"depfetch/fetch/printable"
)

// Console prints for one program. Its methods are not safe for concurrent use.
type Console struct {
	Program string // "depfetch" or "deplock"
	Stdout  io.Writer
	Stderr  io.Writer
	Columns func() int // of the terminal that Stderr is; nil if it is none

	// Color says that the word which tells errors, warnings and hints apart is
	// coloured on Stderr.
	Color bool

	// ColorFindings says that Mark colours, for Stdout.
	ColorFindings bool

	// Command, if not nil, returns a hint with the commands in it as they have to be typed.
	Command func(hint string) string

	hinted map[string]bool
}

// Errorf prints an error. Further lines of the message are indented.
func (c *Console) Errorf(format string, args ...any) { c.message("error", format, args) }

// Warnf prints a warning.
func (c *Console) Warnf(format string, args ...any) { c.message("warning", format, args) }

// Hintf prints a hint. The same hint is printed once.
func (c *Console) Hintf(format string, args ...any) {
	hint := fmt.Sprintf(format, args...)
	if c.Command != nil {
		hint = c.Command(hint)
	}
	if hint == "" || c.hinted[hint] {
		return
	}
	if c.hinted == nil {
		c.hinted = make(map[string]bool)
	}
	c.hinted[hint] = true
	c.message("hint", "%s", []any{hint})
}

func (c *Console) message(kind, format string, args []any) {
	text := strings.ReplaceAll(shown(fmt.Sprintf(format, args...)), "\n", "\n  ")
	word := kind + ":"
	if c.Color {
		word = painted(kind, word)
	}
	fmt.Fprintf(c.Stderr, "%s: %s %s\n", c.Program, word, text)
}

// Marked is a word that may be coloured, and is printed as it is.
type Marked string

// Mark returns a word of a finding on Stdout. kind is "error", "warning" or something less.
func (c *Console) Mark(kind, word string) Marked {
	word = printable.String(word)
	if c.ColorFindings {
		word = painted(kind, word)
	}
	return Marked(word)
}

// painted returns a text in the colour of a kind of message.
func painted(kind, text string) string {
	color := "36"
	switch kind {
	case "error":
		color = "31"
	case "warning":
		color = "33"
	}
	return "\x1b[1;" + color + "m" + text + "\x1b[0m"
}

// Color reports whether a stream is coloured: on a terminal, unless NO_COLOR is set
// (no-color.org), which overrides the others, or CLICOLOR is 0; and elsewhere if
// FORCE_COLOR or CLICOLOR_FORCE is set.
func Color(terminal bool, getenv func(string) string) bool {
	set := func(name string) bool { v := getenv(name); return v != "" && v != "0" }
	switch {
	case getenv("NO_COLOR") != "":
		return false
	case set("FORCE_COLOR") || set("CLICOLOR_FORCE"):
		return true
	}
	return terminal && getenv("CLICOLOR") != "0"
}

// shown returns the lines of a message as a terminal may get them: parts of it may come
// from servers and files, so control characters are escaped.
func shown(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = printable.String(lines[i])
	}
	return strings.Join(lines, "\n")
}

// Bytes returns a number of bytes in decimal units, as "17.4 MB".
func Bytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n), ""
	for _, unit = range []string{"kB", "MB", "GB", "TB"} {
		if f /= 1000; f < 999.95 {
			break
		}
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}
