package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
)

func (c *command) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify [NAME…]",
		Short: "Hash what is in place and compare it with the lockfile; touches no network",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, names []string) error {
			_, artifacts, err := c.selection(names)
			if err == nil {
				artifacts, err = placed(artifacts, names)
			}
			if err != nil {
				return err
			}
			client := &fetch.Client{Root: c.rootDir, Trees: c.trees()}
			findings, err := client.Verify(cmd.Context(), artifacts)
			if err != nil {
				return err
			}
			if len(findings) == 0 {
				fmt.Fprintf(c.stdout, "%d in place as pinned\n", len(artifacts))
				return nil
			}
			return c.reportFindings(findings)
		},
	}
}

// reportFindings prints what is not in place. Other bytes end with their own
// exit code; a missing file or another mode is a failure like any.
func (c *command) reportFindings(findings []fetch.Finding) error {
	c.code = exit.Failure
	hint := "to put it right: depfetch fetch"
	for _, f := range findings {
		c.console.Errorf("%s: %s: %s", f.Artifact.Name, f.Path, f.Detail)
		hint += " " + f.Artifact.Name
		if f.Wrong {
			c.code = exit.WrongBytes
		}
	}
	c.console.Hintf("%s", hint)
	c.reported = true
	return errors.New("verify has findings")
}
