package shim_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/curl"
	"depfetch/fetch/cmdline/wget"
)

// TestCommands reads command lines of the forms that are in use, and holds what
// they must do.
func TestCommands(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "shim", "commands.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 3 {
			t.Fatalf("%q: want a repository, a command line and what it does", line)
		}
		n++
		if got := outcome(words(fields[1])); got != fields[2] {
			t.Errorf("%s (%s)\n got %s\nwant %s", fields[1], fields[0], got, fields[2])
		}
	}
	if n < 300 {
		t.Errorf("only %d command lines", n)
	}
}

// outcome says what a command line does.
func outcome(args []string) string {
	parse := func(args []string) (*cmdline.Job, error) { return curl.Parse(args, "", strings.NewReader("")) }
	if args[0] == "wget" {
		parse = func(args []string) (*cmdline.Job, error) { return wget.Parse(args, nil, strings.NewReader("")) }
	}
	job, err := parse(args[1:])
	var refused *cmdline.RefusedError
	switch {
	case errors.As(err, &refused):
		return "refused: " + refused.Name
	case err != nil:
		return "error: " + err.Error()
	}
	var all []string
	for _, o := range job.Operations {
		for _, t := range o.Transfers {
			all = append(all, t.URL+" > "+t.Output)
		}
	}
	return strings.Join(all, ", ")
}

// words splits a command line at spaces that are not between single quotes.
func words(line string) (words []string) {
	for i, part := range strings.Split(line, "'") {
		switch {
		case i%2 == 0:
			fields := strings.Fields(part)
			if i > 0 && part != "" && part[0] != ' ' && len(fields) > 0 {
				words[len(words)-1] += fields[0]
				fields = fields[1:]
			}
			words = append(words, fields...)
		default:
			words = append(words, part)
		}
	}
	return words
}
