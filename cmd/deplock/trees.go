package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch"
	"depfetch/fetch/scratch"
	"depfetch/lock"
	"depfetch/lock/export"
	"depfetch/lock/update"
)

// trees returns the directory of the manifests that belongs to the lockfile.
func (c *command) trees() string { return lockfile.Trees(c.name()) }

// writeTrees writes the manifests of what has been locked.
func (c *command) writeTrees(results []update.Result) error {
	for _, r := range results {
		for _, ch := range r.Changes {
			if ch.Manifest == nil {
				continue
			}
			if err := writeTree(c.trees(), ch.New.Unpacked, ch.Manifest); err != nil {
				return fmt.Errorf("writing the manifest of %s: %w", r.Dep.Name, err)
			}
		}
	}
	return nil
}

func writeTree(dir string, digest fetch.Digest, text []byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	scratch.Sweep(dir)
	f, err := scratch.File(dir)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(text); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	return scratch.Place(f, filepath.Join(dir, digest.String()))
}

// pruneTrees removes the manifests that the lockfile does not name.
func (c *command) pruneTrees() error {
	entries, err := os.ReadDir(c.trees())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	file, err := lockfile.Read(c.name())
	if err != nil {
		return err
	}
	named := make(map[string]bool)
	for _, l := range export.Lines(file.Deps) {
		named[l.Unpacked.String()] = true
	}
	var errs []error
	for _, e := range entries {
		if _, err := fetch.ParseDigest(e.Name()); err == nil && !named[e.Name()] {
			errs = append(errs, os.Remove(filepath.Join(c.trees(), e.Name())))
		}
	}
	os.Remove(c.trees()) // if it is empty now
	return errors.Join(errs...)
}

// checkTrees reports the trees whose manifest is missing or another one.
func (c *command) checkTrees(file *lock.File) error {
	var errs []error
	for _, l := range export.Lines(file.Deps) {
		if l.Dep.Unpack == nil || l.Unpacked.IsZero() {
			continue
		}
		name := filepath.Join(c.trees(), l.Unpacked.String())
		text, err := os.ReadFile(name)
		if err == nil && fetch.Digest(sha256.Sum256(text)) != l.Unpacked {
			err = fmt.Errorf("%s has been changed", name)
		}
		if err != nil {
			errs = append(errs, &console.Error{
				Err:  fmt.Errorf("%s, %s: the manifest of its tree: %w", l.Dep.Name, l.Platform, err),
				Hint: "deplock update " + l.Dep.Name, Code: exit.Failure,
			})
		}
	}
	return errors.Join(errs...)
}
