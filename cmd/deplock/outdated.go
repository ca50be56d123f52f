package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/lock/release"
	"depfetch/lock/update"
)

func (c *command) outdatedCommand() *cobra.Command {
	var o online
	cmd := &cobra.Command{
		Use:   "outdated [NAME…]",
		Short: "Show which versions are behind; exits 1 if one is",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, names []string) error {
			file, deps, err := c.dependencies(names)
			if err != nil {
				return err
			}
			client, err := c.client(o, file)
			if err != nil {
				return err
			}
			wants := make([]update.Want, len(deps))
			for i, d := range deps {
				wants[i].Dep = d
			}
			if err := c.accept(client, c.entriesOf(cmd.Context(), o, file), deps); err != nil {
				return err
			}
			c.warnNowhere(wants, false)
			return c.outdated(client.Newest(cmd.Context(), deps))
		},
	}
	o.register(cmd)
	return cmd
}

func (c *command) outdated(all []update.Newest) error {
	var errs []error
	verdict := "none is behind"
	t := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for _, n := range all {
		switch {
		case n.Err != nil:
			err := explainOne(fmt.Errorf("%s: %w", n.Dep.Name, n.Err))
			if line, ok := errors.AsType[*release.LineError](n.Err); ok {
				err = &console.Error{Err: err, Code: exit.Failure, Hint: lineHint(line)}
			}
			errs = append(errs, err)
			continue
		case n.Newer:
			if c.code == exit.OK {
				fmt.Fprintf(t, "NAME\tLOCKED\t%s\tSINCE\n", c.console.Mark("warning", "LATEST")) // a column is coloured whole, for its width
			}
			c.code = exit.Failure
			since := "-"
			if !n.Published.IsZero() {
				since = n.Published.Format("2006-01-02")
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", n.Dep.Name, n.Dep.Version, c.console.Mark("warning", n.Version), since)
		}
		c.warnUnordered(n)
		if len(n.Unordered) > 0 {
			verdict = "none is known to be behind"
		}
		for _, h := range n.Held {
			c.console.Warnf("%s %s is held back: it is younger than min-age (%s)", n.Dep.Name, h.Version, h.Published.Format("2006-01-02"))
		}
	}
	t.Flush()
	if len(errs) == 0 && c.code == exit.OK {
		fmt.Fprintf(c.stdout, "%s checked; %s\n", count(len(all), "dependency"), verdict)
	}
	return errors.Join(errs...)
}
