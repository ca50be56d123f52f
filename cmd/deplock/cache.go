package main

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/cache"
	"depfetch/lock/export"
)

func (c *command) cacheCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "Look after a cache of depfetch",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(c.pruneCommand())
	return cmd
}

func (c *command) pruneCommand() *cobra.Command {
	var (
		dir    string
		dryRun bool
	)
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove from the cache what the lockfile does not name",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir = cmp.Or(dir, c.getenv("DEPFETCH_CACHE"))
			if dir == "" {
				return console.Usagef("name it with --cache DIR or DEPFETCH_CACHE", "which cache?")
			}
			_, deps, err := c.dependencies(nil)
			if err != nil {
				return err
			}
			locked := make(map[string]bool)
			for _, l := range export.Lines(deps) {
				locked[l.Digest.String()] = true
			}
			store := cache.Store{Root: dir}
			blobs, bytes, err := store.Prune(func(hex string) bool { return locked[hex] }, dryRun)
			if err != nil {
				return err
			}
			verb := "removed"
			if dryRun {
				verb = "would remove"
			}
			fmt.Fprintf(c.stdout, "%s %d blobs, %s\n", verb, blobs, console.Bytes(bytes))
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "cache", "", "the directory of the cache (default $DEPFETCH_CACHE)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be removed")
	return cmd
}
