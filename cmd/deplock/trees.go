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
	"depfetch/fetch/atomicfile"
	"depfetch/fetch/digest"
	"depfetch/fetch/regular"
	"depfetch/fetch/unpack"
	"depfetch/lock"
	"depfetch/lock/export"
	"depfetch/lock/update"
)

// trees returns the directory of the manifests that belongs to the lockfile.
func (c *command) trees() string { return lockfile.Trees(c.name()) }

// writeTrees writes the manifests of what has been locked.
func (c *command) writeTrees(results []update.Result) error {
	if _, err := ownTrees(c.trees()); err != nil {
		return err
	}
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

// maxManifest is how large the manifest of a tree may be, in bytes.
const maxManifest = 1 << 30

// ownTrees reports whether the directory of the manifests is there. A link in its
// place is an error: nothing is written or removed where it leads.
func ownTrees(dir string) (there bool, err error) {
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !info.IsDir():
		return false, console.Usagef("move it away; deplock makes a directory of that name",
			"%s is not a directory, and what it may lead to is left alone", dir)
	}
	return true, nil
}

func writeTree(dir string, digest fetch.Digest, text []byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	name := filepath.Join(dir, digest.String())
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %w", name, regular.ErrOther)
	}
	return atomicfile.Write(name, text, 0o644)
}

// pruneTrees removes the manifests that the lockfile does not name.
func (c *command) pruneTrees() error {
	there, err := ownTrees(c.trees())
	if err != nil || !there {
		return err
	}
	entries, err := os.ReadDir(c.trees())
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
		name := filepath.Join(c.trees(), e.Name())
		if !named[e.Name()] && e.Type().IsRegular() && isManifest(name) {
			errs = append(errs, os.Remove(name))
		}
	}
	os.Remove(c.trees()) // if it is empty now
	return errors.Join(errs...)
}

// isManifest reports whether a file is a manifest under the name that deplock gives
// it. Whatever else lies there is somebody's.
func isManifest(name string) bool {
	digest, err := digest.Parse(filepath.Base(name))
	if err != nil {
		return false
	}
	text, err := readManifest(name, digest)
	if err != nil {
		return false
	}
	_, err = unpack.ParseManifest(text)
	return err == nil
}

// readManifest reads the manifest with a digest.
func readManifest(name string, digest fetch.Digest) ([]byte, error) {
	text, err := regular.Read(name, maxManifest)
	if err == nil && fetch.Digest(sha256.Sum256(text)) != digest {
		err = fmt.Errorf("%s has been changed", name)
	}
	return text, err
}

// checkTrees reports the trees whose manifest is missing or another one.
func (c *command) checkTrees(file *lock.File) error {
	var errs []error
	for _, l := range export.Lines(file.Deps) {
		if l.Dep.Unpack == nil || l.Unpacked.IsZero() {
			continue
		}
		name := filepath.Join(c.trees(), l.Unpacked.String())
		if _, err := readManifest(name, l.Unpacked); err != nil {
			errs = append(errs, &console.Error{
				Err:  fmt.Errorf("%s, %s: the manifest of its tree: %w", l.Dep.Name, l.Platform, err),
				Hint: "deplock update " + l.Dep.Name, Code: exit.Failure,
			})
		}
	}
	return errors.Join(errs...)
}
