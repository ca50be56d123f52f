package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
)

func (c *command) verifyCommand() *subcommand {
	return &subcommand{
		name: "verify", args: "[NAME…]", short: "Hash what is in place and compare it with the lockfile; touches no network",
		flags: pflag.NewFlagSet("", pflag.ContinueOnError),
		run: func(ctx context.Context, flags *pflag.FlagSet, names []string) error {
			_, artifacts, err := c.selection(names)
			if err == nil {
				artifacts, err = placed(artifacts, names)
			}
			if err != nil {
				return err
			}
			client := &fetch.Client{Root: c.rootDir, Trees: c.trees()}
			findings, err := client.Verify(ctx, artifacts)
			if err != nil {
				return err
			}
			if len(findings) == 0 {
				fmt.Fprintf(c.console.Stdout, "%d in place as pinned\n", len(artifacts))
				return nil
			}
			return c.reportFindings(flags, findings)
		},
	}
}

// reportFindings prints what is not in place. Other bytes end with their own
// exit code; a missing file or another mode is a failure like any.
func (c *command) reportFindings(flags *pflag.FlagSet, findings []fetch.Finding) error {
	c.code = exit.Failure
	hint := "to put it right: depfetch fetch"
	for _, name := range []string{"lock", "platform", "root"} {
		if f := flags.Lookup(name); f != nil && f.Changed {
			hint += " --" + name + " " + f.Value.String()
		}
	}
	var names []string
	for _, f := range findings {
		c.console.Errorf("%s: %s: %s", f.Artifact.Name, f.Path, f.Detail)
		if !slices.Contains(names, f.Artifact.Name) {
			names = append(names, f.Artifact.Name)
		}
		if f.Wrong {
			c.code = exit.WrongBytes
		}
	}
	c.console.Hintf("%s %s", hint, strings.Join(names, " "))
	c.reported = true
	return errors.New("verify has findings")
}
