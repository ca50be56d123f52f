package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/lock"
	"depfetch/lock/release"
	"depfetch/lock/update"
)

func (c *command) outdatedCommand() *cobra.Command {
	var (
		o      online
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "outdated [NAME…]",
		Short: "Show which versions are behind; exits 1 if one is",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, names []string) error {
			file, deps, err := c.dependencies(names)
			if err != nil {
				return err
			}
			wants := make([]update.Want, len(deps))
			for i, d := range deps {
				wants[i].Dep = d
			}
			if !asJSON {
				c.warnNowhere(wants, false)
			}
			newest, err := c.latest(cmd.Context(), o, file, deps)
			switch {
			case err != nil:
				return err
			case asJSON:
				return c.outdatedJSON(deps, newest)
			}
			return c.outdated(newest)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "an object a line, for every dependency")
	o.register(cmd)
	return cmd
}

// latest asks for the latest versions of dependencies.
func (c *command) latest(ctx context.Context, o online, file *lock.File, deps []*lock.Dep) ([]update.Newest, error) {
	client, err := c.client(o, file)
	if err != nil {
		return nil, err
	}
	if err := c.accept(client, c.entriesOf(ctx, o, file), deps); err != nil {
		return nil, err
	}
	return client.Newest(ctx, deps), nil
}

func (c *command) outdated(all []update.Newest) error {
	var errs []error
	verdict := "none is behind"
	t := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for _, n := range all {
		switch {
		case n.Err != nil:
			errs = append(errs, explainNewest(n))
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

// explainNewest says why the newest version of a dependency is not known.
func explainNewest(n update.Newest) error {
	err := explainOne(fmt.Errorf("%s: %w", n.Dep.Name, n.Err))
	if line, ok := errors.AsType[*release.LineError](n.Err); ok {
		err = &console.Error{Err: err, Code: exit.Failure, Hint: lineHint(line)}
	}
	return err
}

// jsonNewest is a line of outdated --json.
type jsonNewest struct {
	// Status is behind, or current; unknown if nothing says where versions are listed, or if
	// some of them cannot be compared; and error.
	Status    string     `json:"status"`
	Name      string     `json:"name"`
	Version   string     `json:"version,omitempty"`
	Latest    string     `json:"latest,omitempty"`
	Published *time.Time `json:"published,omitempty"`
	Held      []string   `json:"held,omitempty"`      // newer versions that are younger than min-age
	Unordered []string   `json:"unordered,omitempty"` // that cannot be compared
	Error     string     `json:"error,omitempty"`
	File      string     `json:"file"`
}

func (c *command) outdatedJSON(deps []*lock.Dep, all []update.Newest) error {
	var errs []error
	enc := newEncoder(c.stdout)
	for _, d := range deps {
		line := jsonNewest{Status: "unknown", Name: d.Name, Version: d.Version, File: c.name()}
		if i := slices.IndexFunc(all, func(n update.Newest) bool { return n.Dep == d }); i >= 0 {
			n := all[i]
			line.Latest, line.Unordered = n.Version, n.Unordered
			if !n.Published.IsZero() {
				line.Published = &n.Published
			}
			for _, h := range n.Held {
				line.Held = append(line.Held, h.Version)
			}
			switch {
			case n.Err != nil:
				errs = append(errs, explainNewest(n))
				line.Status, line.Error = "error", n.Err.Error()
			case n.Newer:
				c.code = exit.Failure
				line.Status = "behind"
			case len(n.Unordered) == 0:
				line.Status = "current"
			}
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}
