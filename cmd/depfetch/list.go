package main

import (
	"context"
	"errors"

	"github.com/spf13/pflag"

	"depfetch/cmd/internal/console"
	"depfetch/fetch"
	"depfetch/lock"
)

func (c *command) listCommand() *subcommand {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	asJSON := flags.Bool("json", false, "an object a line")
	return &subcommand{
		name: "list", args: "[NAME…]", short: "Show what is pinned for this platform", flags: flags,
		run: func(_ context.Context, _ *pflag.FlagSet, names []string) error {
			artifacts, unpinned, err := c.pinned(names)
			if err != nil {
				return err
			}
			return c.console.List(artifacts, unpinned, *asJSON)
		},
	}
}

// pinned returns what is pinned for the platform, and the lines of urls that pin
// nothing. A dependency that is not pinned is left out with a warning, since the list
// is of what is.
func (c *command) pinned(names []string) (artifacts []fetch.Artifact, unpinned []lock.Pin, err error) {
	file, artifacts, err := c.selection(names)
	for _, e := range console.Flatten(err) {
		var missing *lock.NotPinnedError
		if !errors.As(e, &missing) {
			return nil, nil, err
		}
		c.console.Warnf("%v", missing)
	}
	if len(names) == 0 {
		for _, p := range file.URLs {
			if p.Unpinned != "" {
				unpinned = append(unpinned, p)
			}
		}
	}
	return artifacts, unpinned, nil
}
