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
	if len(c.lockFiles) == 1 {
		c.console.Command = withLockfile(cmd.Root(), c.lockFile)
	}
	return nil
}

// withLockfile returns what names a lockfile, which was named this time, in the commands of
// hints: without it they would be about another one.
func withLockfile(root *cobra.Command, name string) func(string) string {
	var words []string
	for _, cmd := range root.Commands() {
		words = append(words, cmd.Name())
	}
	commands := regexp.MustCompile(`\bdeplock (` + strings.Join(words, "|") + `)\b`)
	return func(hint string) string {
		if strings.Contains(hint, " -f ") {
			return hint
		}
		return commands.ReplaceAllString(hint, "deplock -f "+strings.ReplaceAll(word(name), "$", "$$")+" $1")
	}
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
			errs = append(errs, run(cmd, args))
			worst = max(worst, c.code)
		}
		c.code = worst
		return errors.Join(errs...)
	}
	return cmd
}

// names returns the lockfiles that the options name, or the one that there is.
func (c *command) names() []string {
	if len(c.lockFiles) > 0 {
		return c.lockFiles
	}
	return []string{c.name()}
}
