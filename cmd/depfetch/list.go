package main

import (
	"errors"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/fetch"
	"depfetch/lock"
)

func (c *command) listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [NAME…]",
		Short: "Show what is pinned for this platform",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, names []string) error {
			artifacts, err := c.pinned(names)
			if err != nil {
				return err
			}
			return c.console.List(artifacts, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "an object a line")
	return cmd
}

// pinned returns what is pinned for the platform. A dependency that is not is
// left out with a warning, since the list is of what is.
func (c *command) pinned(names []string) ([]fetch.Artifact, error) {
	_, artifacts, err := c.selection(names)
	for _, e := range console.Flatten(err) {
		var unpinned *lock.NotPinnedError
		if !errors.As(e, &unpinned) {
			return nil, err
		}
		c.console.Warnf("%v", unpinned)
	}
	return artifacts, nil
}
