package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/atomicfile"
	"depfetch/fetch/digest"
	"depfetch/fetch/regular"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/sync"
)

// findPrograms reads the programs of --vendor for the platforms of all lockfiles, before
// anything is downloaded or written.
func (f syncFlags) findPrograms(groups []*group) (map[lock.Platform][]byte, error) {
	programs := make(map[lock.Platform][]byte)
	for _, g := range groups {
		for _, p := range g.platforms() {
			var err error
			if programs[p] != nil {
				continue
			}
			if programs[p], err = findProgram("--vendor-from", f.binaries, sync.Binary(p), "depfetch", p); err != nil {
				return nil, err
			}
		}
	}
	return programs, nil
}

// vendor puts the programs into the repository, and their digests into the lockfile.
func (c *command) vendor(ctx context.Context, f syncFlags, g *group) error {
	var lines []lock.Vendored
	done := make(map[string]bool)
	for _, u := range g.units {
		dir := filepath.Join(u.context, filepath.FromSlash(f.vendor))
		if done[dir] {
			continue
		}
		done[dir] = true
		for _, p := range g.platforms() {
			program, name := f.programs[p], filepath.Join(dir, sync.Binary(p))
			line, err := g.vendored(name, program)
			if err != nil {
				return err
			}
			lines = append(lines, line)
			have, err := regular.Read(name, maxProgram)
			if f.dryRun || err == nil && slices.Equal(have, program) {
				continue
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			if err := writeProgram(name, program); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			c.printf("put %s there, %s\n", name, console.Bytes(int64(len(program))))
		}
	}
	if f.dryRun {
		return nil
	}
	return g.write(ctx, func(doc *edit.Document) error { return doc.SetVendored(lines...) })
}

// vendored returns the lockfile's line of a program.
func (g *group) vendored(name string, program []byte) (lock.Vendored, error) {
	rel, err := relative(filepath.Dir(g.name), name)
	if err != nil || strings.HasPrefix(rel, "../") {
		return lock.Vendored{}, console.Usagef("put the lockfile at the top of the build context", "%s does not lie below the folder of %s", name, g.name)
	}
	return lock.Vendored{Path: rel, Digest: digest.Of(program)}, nil
}

// relative returns a name relative to a folder, slash-separated.
func relative(dir, name string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if name, err = filepath.Abs(name); err != nil {
		return "", err
	}
	rel, err := filepath.Rel(dir, name)
	return filepath.ToSlash(rel), err
}

// writeProgram writes an executable file.
func writeProgram(name string, program []byte) error {
	if err := atomicfile.Write(name, program, 0o755); err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err == nil && info.Mode().Perm()&0o111 == 0 { // it was there, and was no program
		err = os.Chmod(name, 0o755)
	}
	return err
}

// checkVendored compares the programs in the repository with their digests.
func (c *command) checkVendored(g *group, total *tally) {
	for _, v := range g.file.Vendor {
		name := filepath.Join(filepath.Dir(g.name), filepath.FromSlash(v.Path))
		program, err := regular.Read(name, maxProgram)
		switch {
		case err != nil:
			total.findings++
			c.printf("%s: %s is not there: %v\n    deplock sync --vendor\n", g.name, v.Path, err)
		case digest.Of(program) != v.Digest:
			total.findings++
			c.printf("%s: %s is not what is locked: want sha256 %s, got %s\n    look who has changed it; deplock sync --vendor puts it right\n",
				g.name, v.Path, v.Digest, digest.Of(program))
		}
	}
}
