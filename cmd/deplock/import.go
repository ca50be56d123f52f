package main

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch/cache"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/migrate"
	"depfetch/lock/update"
)

// importFlags are the options of import.
type importFlags struct {
	online
	rewrite bool
	dryRun  bool
}

const importLong = `import moves the downloads of a Dockerfile into the lockfile: every one whose
address can be resolved, for each platform of the lockfile, with its version if that
comes from an ARG or ENV, where it lands, its mode, and what tar or unzip takes out of
it. Everything is downloaded and locked; a sum that the Dockerfile has is compared
with the bytes, and a difference is an error. What cannot be resolved is listed with
the reason.

--rewrite puts a depfetch step in the place of the downloads, where it is sure that
this gives the same files, and says of the others why they stay. Every other byte of
the Dockerfile survives. Unpacked files belong to root, as with tar's
--no-same-owner. The step takes depfetch from the build context of that name, and
the lockfile from the build's own.`

func (c *command) importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import DOCKERFILE",
		Short: "Move the downloads of a Dockerfile into the lockfile",
		Long:  importLong,
		Args:  exactly(1, "a Dockerfile"),
		RunE:  func(cmd *cobra.Command, args []string) error { return c.importFrom(cmd, f, args[0]) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.rewrite, "rewrite", false, "edit the Dockerfile too, so that depfetch fetches them")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the changes and do not write them")
	flags.BoolVar(&f.allowHTTP, "allow-http", false, "lock over plain http")
	f.register(cmd)
	return cmd
}

// imported is a download that becomes a dependency.
type imported struct {
	*migrate.Download
	result update.Result
}

func (c *command) importFrom(cmd *cobra.Command, f importFlags, name string) error {
	ctx := cmd.Context()
	dockerfile, err := readDockerfile(name)
	if err != nil {
		return err
	}
	file, err := lockfile.Read(c.name())
	if err != nil {
		return err
	}
	platforms := file.Platforms
	if len(platforms) == 0 {
		platforms = update.DefaultPlatforms
	}
	plan := migrate.Make(dockerfile, platforms, file.Deps)
	var (
		all   []imported
		wants []update.Want
	)
	for _, d := range plan.Downloads {
		if d.Dep.Name == "" || d.Have {
			continue
		}
		draft, err := draftOf(file, d.Dep)
		if err != nil {
			d.Why, d.Keep = err.Error(), err.Error()
			continue
		}
		all = append(all, imported{Download: d})
		wants = append(wants, update.Want{Dep: draft, Platforms: update.Platforms(file, draft)})
	}
	if err := compareLocked(file, plan); err != nil {
		return err
	}
	if len(all) > 0 {
		client, done, err := c.importer(f, file)
		if err != nil {
			return err
		}
		defer done()
		results, err := client.Lock(ctx, file, wants)
		if err != nil {
			return err
		}
		var errs []error
		for i := range all {
			all[i].result = results[i]
			var err error
			if all[i].Dep.Platforms, all[i].Dep.Locked, err = lockedOf(results[i], all[i].Dep.Platforms, false); err != nil {
				errs = append(errs, err)
				continue
			}
			errs = append(errs, all[i].compare(client.Fetch.Cache))
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		err = c.write(ctx, f.dryRun, results, func(doc *edit.Document) error {
			for _, d := range all {
				if err := doc.Add(d.Dep); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if f.rewrite {
		if err := c.rewrite(plan, name, dockerfile.Data, f.dryRun); err != nil {
			return err
		}
	}
	c.tellLeft(plan, name, f.rewrite)
	if len(all) == 0 && !f.rewrite {
		fmt.Fprintln(c.stdout, "nothing to import")
	}
	return nil
}

// compareLocked compares the sums of downloads that the lockfile has already with
// what is locked.
func compareLocked(file *lock.File, plan *migrate.Plan) error {
	var errs []error
	for _, d := range plan.Downloads {
		if !d.Have {
			continue
		}
		have := imported{Download: &migrate.Download{Dep: edit.NewDep{Name: d.Dep.Name, Locked: file.Dep(d.Dep.Name).Locked}}}
		have.Sums = make(map[lock.Platform][]migrate.Sum)
		for platform, sums := range d.Sums {
			// There are no bytes at hand for other algorithms.
			have.Sums[platform] = slices.DeleteFunc(slices.Clone(sums), func(s migrate.Sum) bool { return s.Algorithm != "sha256" })
		}
		errs = append(errs, have.compare(nil))
	}
	return errors.Join(errs...)
}

// importer makes a client that keeps what it downloads, so that sums of any
// algorithm can be compared with it.
func (c *command) importer(f importFlags, file *lock.File) (client *update.Client, done func(), err error) {
	if client, err = c.client(f.online, file); err != nil {
		return nil, nil, err
	}
	if client.Fetch.Cache != nil {
		return client, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "deplock-")
	if err != nil {
		return nil, nil, err
	}
	client.Fetch.Cache = &cache.Store{Root: dir}
	return client, func() { os.RemoveAll(dir) }, nil
}

// hashes are those of the sums that Dockerfiles have, beside sha256.
var hashes = map[string]func() hash.Hash{
	"sha512": sha512.New, "sha384": sha512.New384, "sha1": sha1.New, "md5": md5.New,
}

// compare compares the sums of the Dockerfile with the bytes that were downloaded.
func (d imported) compare(store *cache.Store) error {
	var errs []error
	compared := make(map[migrate.Sum]bool) // of a line for every platform
	for _, line := range d.Dep.Locked {
		for _, platform := range slices.Sorted(maps.Keys(d.Sums)) {
			if line.Platform != platform && line.Platform != lock.Any {
				continue
			}
			for _, sum := range d.Sums[platform] {
				if line.Platform == lock.Any && compared[sum] {
					continue
				}
				compared[sum] = true
				got, err := sumOf(store, line, sum.Algorithm)
				switch {
				case err != nil:
					errs = append(errs, fmt.Errorf("%s, %s: %w", d.Dep.Name, platform, err))
				case got != sum.Hex && got != "":
					errs = append(errs, &console.Error{
						Err: fmt.Errorf("%s, %s: the bytes are not those that the Dockerfile has the sum of\n%s\n  Dockerfile  %s %s\n  got         %s %s",
							d.Dep.Name, platform, source.Redact(line.URL), sum.Algorithm, sum.Hex, sum.Algorithm, got),
						Hint: "nothing has been written; one of the two is wrong, so ask upstream before trusting either",
						Code: exit.WrongBytes,
					})
				}
			}
		}
	}
	return errors.Join(errs...)
}

// sumOf returns a checksum of what is locked, or "" for an algorithm that is not
// known.
func sumOf(store *cache.Store, line lock.Line, algorithm string) (string, error) {
	if algorithm == "sha256" {
		return line.Digest.String(), nil
	}
	newHash, ok := hashes[algorithm]
	if !ok {
		return "", nil
	}
	blob, err := store.Open(line.Digest.String())
	if err != nil {
		return "", err
	}
	defer blob.Close()
	h := newHash()
	if _, err := io.Copy(h, blob); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// rewrite edits the Dockerfile, or prints how it would.
func (c *command) rewrite(plan *migrate.Plan, name string, before []byte, dryRun bool) error {
	at := filepath.ToSlash(c.name())
	if filepath.IsAbs(c.name()) || !filepath.IsLocal(c.name()) {
		at = filepath.Base(c.name())
	}
	after, err := plan.Rewrite(at)
	if err != nil {
		return err
	}
	switch {
	case bytes.Equal(before, after):
		fmt.Fprintf(c.stdout, "%s stays as it is\n", name)
		return nil
	case dryRun:
		c.stdout.Write(diff.Diff(name, before, name+" (new)", after))
		return nil
	}
	if err := replace(name, after); err != nil {
		return err
	}
	taken := slices.DeleteFunc(slices.Clone(plan.Downloads), func(d *migrate.Download) bool { return d.Keep != "" })
	fmt.Fprintf(c.stdout, "%s: depfetch fetches %s now; build it with --build-context depfetch=DIR, the directory that holds depfetch\n", name, count(len(taken), "file"))
	return nil
}

// tellLeft lists what has not been imported or rewritten, with the reason.
func (c *command) tellLeft(plan *migrate.Plan, name string, rewrite bool) {
	for _, d := range plan.Downloads {
		where := fmt.Sprintf("%s:%d:%d: %s", name, d.At.Line, d.At.Col, source.Redact(d.URL()))
		switch {
		case d.Why != "":
			c.warn(fmt.Errorf("%s is not imported: %s", where, d.Why))
		case rewrite && d.Keep != "":
			c.warn(fmt.Errorf("%s stays in the Dockerfile: %s", where, d.Keep))
		}
	}
}
