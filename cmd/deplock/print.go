package main

import (
	"fmt"

	"depfetch/fetch/printable"
)

// printf prints on standard output. Its values may come from elsewhere; their line
// feeds and control characters are shown, and only those of the format are obeyed.
func (c *command) printf(format string, args ...any) {
	shown := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case string, error, fmt.Stringer:
			shown[i] = printable.String(fmt.Sprint(a))
		default:
			shown[i] = a
		}
	}
	fmt.Fprintf(c.stdout, format, shown...)
}
