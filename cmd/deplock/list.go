package main

import (
	"github.com/spf13/cobra"

	"depfetch/lock/export"
)

func (c *command) listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [NAME…]",
		Short: "Show what is locked, for every platform",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, names []string) error {
			_, deps, err := c.lawful(names)
			if err != nil {
				return err
			}
			return c.console.List(export.Artifacts(export.Lines(deps)), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "an object a line")
	return cmd
}
