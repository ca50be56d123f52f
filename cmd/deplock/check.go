package main

import (
	"errors"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/lockfile"
	"depfetch/lock/export"
)

func (c *command) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE…]",
		Short: "Check the lockfile: its format, stale lines, missing platforms, policy; offline",
		Args:  cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error {
			file, err := lockfile.Read(c.name())
			if err != nil {
				return err
			}
			if err := errors.Join(file.Check(), file.CheckComplete(), c.checkTrees(file)); err != nil {
				return err
			}
			for _, remark := range file.Remarks() {
				c.console.Warnf("%v", remark)
			}
			c.printf("%s: %d dependencies, %d locked lines, all in order\n",
				c.name(), len(file.Deps), len(export.Lines(file.Deps)))
			return nil
		},
	}
}
