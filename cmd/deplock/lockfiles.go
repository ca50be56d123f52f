package main

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
)

// manyLockfiles marks the commands that may be about several lockfiles.
const manyLockfiles = "several lockfiles"

// oneLockfile takes the lockfile that the options name, and refuses several where a
// command can be about one.
func (c *command) oneLockfile(cmd *cobra.Command, _ []string) error {
	if slices.Contains(c.lockFiles, "") {
		return console.Usagef("", "--lock: a name is missing")
	}
	if len(c.lockFiles) > 1 && cmd.Annotations[manyLockfiles] == "" {
		return console.Usagef("run it once for each", "%s is about one lockfile, and --lock names %d", cmd.CommandPath(), len(c.lockFiles))
	}
	if len(c.lockFiles) > 0 {
		c.lockFile = c.lockFiles[0]
	}
	c.console.Command = c.typed(cmd)
	return nil
}

// typed returns what completes the commands of hints with the options of cmd without which
// they would be about another lockfile, or refuse what cmd takes.
func (c *command) typed(cmd *cobra.Command) func(string) string {
	var words []string
	insecure := make(map[string]bool) // commands that have --allow-http
	for _, other := range cmd.Root().Commands() {
		words = append(words, other.Name())
		insecure[other.Name()] = other.Flags().Lookup(allowHTTPName) != nil
	}
	lockFile := ""
	if len(c.lockFiles) > 0 {
		lockFile = " -f " + word(c.lockFile)
	}
	plain := cmd.Flags().Lookup(allowHTTPName)
	// What update locks stands behind it at once, as people know the command.
	commands := regexp.MustCompile(`\bdeplock (?:update\b( [^\s;,)-][^\s;,)]*)?|(` + strings.Join(words, "|") + `)\b)`)
	return func(hint string) string {
		name, allow := lockFile, ""
		if strings.Contains(hint, " -f ") {
			name = ""
		}
		if plain != nil && plain.Value.String() == "true" && !strings.Contains(hint, "--"+allowHTTPName) {
			allow = " --" + allowHTTPName
		}
		return commands.ReplaceAllStringFunc(hint, func(text string) string {
			m := commands.FindStringSubmatch(text)
			switch {
			case m[2] == "":
				return "deplock" + name + " update" + m[1] + allow
			case insecure[m[2]]:
				return "deplock" + name + " " + m[2] + allow
			}
			return "deplock" + name + " " + m[2]
		})
	}
}

// about keeps with each error of err the commands of its hints as they are now: an error
// of one of several lockfiles is printed when the others have been looked at.
func (c *command) about(err error) error {
	var all []error
	for _, e := range console.Flatten(err) {
		all = append(all, &console.Typed{Err: e, Command: c.console.Command})
	}
	return errors.Join(all...)
}

// several makes cmd run for each lockfile that the options name. It fails if one of
// them does, and the others are looked at all the same.
func (c *command) several(cmd *cobra.Command) *cobra.Command {
	cmd.Annotations = map[string]string{manyLockfiles: "yes"}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if cmd.Name() == "check" { // its arguments are lockfiles
			c.lockFiles, args = append(c.lockFiles, args...), nil
			if err := c.oneLockfile(cmd, nil); err != nil {
				return err
			}
		}
		if len(c.lockFiles) < 2 {
			return run(cmd, args)
		}
		var errs []error
		worst := exit.OK
		for _, name := range c.lockFiles {
			c.lockFile, c.code = name, exit.OK
			c.console.Command = c.typed(cmd)
			if forPeople(cmd) {
				c.printf("%s\n", name)
			}
			errs = append(errs, c.about(run(cmd, args)))
			worst = max(worst, c.code)
		}
		c.code = worst
		return errors.Join(errs...)
	}
	return cmd
}

// forPeople reports whether a command prints for people what does not name the lockfile.
func forPeople(cmd *cobra.Command) bool {
	for _, name := range []string{"json", "sarif"} {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed && f.Value.String() != "false" {
			return false
		}
	}
	return cmd.Name() != "check"
}

// names returns the lockfiles that the options name, or the one that there is.
func (c *command) names() []string {
	if len(c.lockFiles) > 0 {
		return c.lockFiles
	}
	return []string{c.name()}
}
