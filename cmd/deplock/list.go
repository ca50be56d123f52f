package main

import (
	"slices"

	"github.com/spf13/cobra"

	"depfetch/lock/export"
)

func (c *command) listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [NAME|URL…]",
		Short: "Show what is locked, for every platform",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := c.lawfulSelection(args)
			if err != nil {
				return err
			}
			pins, unpinned := splitPins(s.pins)
			return c.console.List(slices.Concat(export.Artifacts(export.Lines(s.deps)), export.PinArtifacts(pins)), unpinned, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "an object a line")
	return cmd
}
