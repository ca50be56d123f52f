package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/lock/export"
	"depfetch/lock/mirror"
)

func (c *command) cacheCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "Look after a cache of depfetch",
		Args:  cobra.ArbitraryArgs,
		RunE:  commandsOnly,
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
		Short: "Remove from the cache what no lockfile of --lock names, and no image there has",
		Args:  arguments(0, 0, "no arguments"),
		// What one of several lockfiles names is kept.
		Annotations: map[string]string{manyLockfiles: "yes"},
		RunE: func(*cobra.Command, []string) error {
			dir = cmp.Or(dir, c.getenv("DEPFETCH_CACHE"))
			if dir == "" {
				return console.Usagef("name it with --cache DIR or DEPFETCH_CACHE", "which cache?")
			}
			store := cache.Store{Root: dir}
			if !isCache(store) {
				return console.Usagef("name it with --cache DIR or DEPFETCH_CACHE", "%s is no cache: there is no directory %s in it", dir, cache.Dir)
			}
			// What mirror pull --images has put there belongs to no lockfile.
			locked, err := mirror.Held(dir)
			if err != nil {
				return err
			}
			for _, name := range c.names() {
				file, err := lockfile.Read(name)
				if err != nil {
					return err
				}
				for _, l := range export.Lines(file.Deps) {
					locked[l.Digest] = true
				}
				for _, p := range file.URLs {
					locked[p.Digest] = true
				}
			}
			removed, err := store.Prune(func(d fetch.Digest) bool { return locked[d] }, dryRun)
			verb := "removed"
			if dryRun {
				verb = "would remove"
			}
			var bytes int64
			for _, b := range removed {
				c.printf("%s %s  %s\n", verb, b.Digest, console.Bytes(b.Size))
				bytes += b.Size
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(c.stdout, "%s %s, %s\n", verb, count(len(removed), "blob"), console.Bytes(bytes))
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "cache", "", "the directory of the cache (default $DEPFETCH_CACHE)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be removed")
	return cmd
}

// isCache reports whether a directory is a cache, or empty, as a new one is.
func isCache(store cache.Store) bool {
	if info, err := os.Stat(filepath.Join(store.Root, cache.Dir)); err == nil {
		return info.IsDir()
	}
	entries, err := os.ReadDir(store.Root)
	return err == nil && len(entries) == 0
}
