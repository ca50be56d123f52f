package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch/source"
	"depfetch/lock/export"
	"depfetch/lock/mirror"
	"depfetch/lock/signature"
)

func (c *command) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE…]",
		Short: "Check the lockfile: its format, stale lines, missing platforms, policy, keys; offline",
		Args:  cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error {
			file, err := lockfile.Read(c.name())
			if err != nil {
				return err
			}
			keys, err := signature.Check(file, time.Now(), c.keyFile)
			_, ignored := file.Ignores()
			if err := errors.Join(ignored, file.Check(), file.CheckComplete(), file.CheckImages(), err, c.checkTrees(file)); err != nil {
				return err
			}
			if _, err := mirror.Blobs(file); err != nil {
				return err
			}
			for _, remark := range slices.Concat(keys, file.Remarks()) {
				c.console.Warnf("%v", remark)
			}
			pins, unpinned := splitPins(file.URLs)
			for _, p := range unpinned {
				c.printf("%s  %s: %s\n", c.console.Mark("warning", "unpinned"), source.Redact(p.URL), p.Unpinned)
			}
			others := ""
			if len(file.URLs) > 0 {
				others = fmt.Sprintf(", %d of urls", len(pins))
			}
			if len(unpinned) > 0 {
				others += fmt.Sprintf(" and %d unpinned", len(unpinned))
			}
			if n := len(file.Images); n > 0 {
				others += ", " + count(n, "image")
			}
			c.printf("%s: %s, %s%s, all in order\n",
				c.name(), count(len(file.Deps), "dependency"), count(len(export.Lines(file.Deps)), "locked line"), others)
			return nil
		},
	}
}
