package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"depfetch/cmd/internal/console"
)

// TestFindSubcommand holds which argument names the subcommand: the first one that is
// neither an option nor the value of one.
func TestFindSubcommand(t *testing.T) {
	tests := []struct {
		args, name, rest string
	}{
		{"", "depfetch", ""},
		{"helm", "depfetch", "helm"},
		{"helm verify", "depfetch", "helm verify"},
		{"verify helm", "verify", "helm"},
		{"--lock verify", "depfetch", "--lock verify"},
		{"--lock f verify", "verify", "--lock f"},
		{"--lock=f verify", "verify", "--lock=f"},
		{"-f f verify", "verify", "-f f"},
		{"-ff verify", "verify", "-ff"},
		{"--offline fetch", "fetch", "--offline"},
		{"--json list", "list", "--json"},
		{"-- verify", "depfetch", "-- verify"},
		{"- verify", "depfetch", "- verify"},
		{"curl -o list -f", "curl", "-o list -f"},
		{"--root o curl -f", "curl", "--root o -f"},
	}
	for _, test := range tests {
		c := &command{console: &console.Console{}}
		s, rest := c.commandLine().find(strings.Fields(test.args))
		if s.name != test.name || !slices.Equal(rest, strings.Fields(test.rest)) {
			t.Errorf("%q: %s %q, want %s %q", test.args, s.name, rest, test.name, test.rest)
		}
	}
}

// TestHelp holds that each subcommand has its help, by option and by command.
func TestHelp(t *testing.T) {
	for _, args := range []string{"--help", "help", "-h", "help --lock f", "fetch -h", "help verify", "verify --help x", "list -h"} {
		var out bytes.Buffer
		c := &command{console: &console.Console{}}
		if err := c.commandLine().execute(t.Context(), strings.Fields(args), &out); err != nil {
			t.Errorf("%s: %v", args, err)
		}
		if text := out.String(); !strings.Contains(text, "\nUsage:\n  depfetch ") || !strings.Contains(text, "--lock") || !strings.Contains(text, "help for ") {
			t.Errorf("%s: %s", args, text)
		}
	}
}

// TestHelpShim holds that the help of curl and wget leads to their own options, and names
// none of depfetch's, which they do not have.
func TestHelpShim(t *testing.T) {
	var out bytes.Buffer
	c := &command{console: &console.Console{}}
	if err := c.commandLine().execute(t.Context(), []string{"help", "curl"}, &out); err != nil {
		t.Fatal(err)
	}
	const want = "The command lines of curl, for pinned files alone; also when started under that name\n\n" +
		"Usage:\n  depfetch curl …\n\nUse \"depfetch curl --help\" for its options and exit codes.\n"
	if out.String() != want {
		t.Errorf("%s", out.String())
	}
}
