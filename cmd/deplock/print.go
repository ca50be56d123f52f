package main

import (
	"fmt"
	"strings"

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

// count returns a number of things, in the singular for one.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if stem, ok := strings.CutSuffix(what, "y"); ok {
		what = stem + "ie"
	}
	return fmt.Sprintf("%d %ss", n, what)
}
