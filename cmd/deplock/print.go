package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/atomicfile"
	"depfetch/fetch/printable"
)

// outputName returns the file that --output names, or "" for standard output. A name that is
// given and empty, as of a variable that is not set, is an error: nothing would be where it
// is looked for.
func outputName(cmd *cobra.Command) (string, error) {
	flag := cmd.Flags().Lookup("output")
	name := flag.Value.String()
	switch {
	case flag.Changed && name == "":
		return "", console.Usagef("leave it out, or write -, for standard output", "--output names no file")
	case name == "-":
		return "", nil
	}
	return name, nil
}

// writeOutput writes a text to a file, or to standard output if that has no name.
func (c *command) writeOutput(name string, text []byte) error {
	if name != "" {
		return atomicfile.Write(name, text, 0o644)
	}
	_, err := c.stdout.Write(text)
	return err
}

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
