// Package cache is a content-addressed store in a directory: blobs/sha256/<hex>
// below it, as in an OCI image layout, so that a registry or a plain web server
// can serve the same tree.
//
// Blobs appear whole or not at all, whatever other processes do with the directory at
// the same time, and the next program removes what a killed one left. What is being
// downloaded is a Partial, which one process has at a time. The store does not
// verify blobs: the caller that opens one hashes it, and replaces it if it is wrong.
package cache

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"depfetch/fetch/digest"
	"depfetch/fetch/regular"
	"depfetch/fetch/tempfile"
)

// Dir is the directory of the blobs below a store's root, and below the address
// of a mirror that serves such a tree.
const Dir = "blobs/sha256"

// Store is a cache in the directory Root, which is made when it is first
// written to. Its methods are safe for concurrent use, by many processes too.
type Store struct {
	Root string
}

// Open opens a blob. The error is fs.ErrNotExist when there is none, and
// regular.ErrOther when it is not a regular file.
func (s *Store) Open(d digest.SHA256) (*os.File, error) { return regular.Open(s.File(d)) }

// Temp makes an empty private file within the store. The caller closes and
// removes it, or hands it to Commit.
func (s *Store) Temp() (*os.File, error) {
	if err := os.MkdirAll(s.Root, 0o755); err != nil {
		return nil, err
	}
	return tempfile.New(s.Root)
}

// Put adds a blob: a copy of all that src holds, from its start, which the caller
// has verified. An earlier one is replaced. Where the file system can, the copy
// shares its blocks with src. It is never the same file, since the bytes and mode of
// that could be changed later.
func (s *Store) Put(d digest.SHA256, src *os.File) error {
	tmp, err := s.Temp()
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(tmp, src); err != nil {
		return err
	}
	return s.Commit(d, tmp)
}

// Commit makes f, a file of Temp whose bytes the caller has verified, a blob, and
// closes it. An earlier one is replaced.
func (s *Store) Commit(d digest.SHA256, f *os.File) error {
	file := s.File(d)
	if err := s.makeDirs(); err != nil {
		return err
	}
	// Stages of a build share a cache, and may run as different users.
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := tempfile.Rename(f, file); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}

// makeDirs makes the directories of the blobs with the permissions of the root: whoever
// may write there may add blobs, and what is sticky there lets nobody else remove them.
func (s *Store) makeDirs() error {
	root, err := os.Stat(s.Root)
	if err != nil {
		return err
	}
	dir := s.Root
	for name := range strings.SplitSeq(Dir, "/") {
		dir = filepath.Join(dir, name)
		err := os.Mkdir(dir, 0o755)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		// Not all file systems have these; the blobs are then of this user.
		os.Chmod(dir, root.Mode()&(fs.ModePerm|fs.ModeSticky|fs.ModeSetgid))
	}
	return nil
}

// Sweep removes what killed programs have left, but partials only when they are old.
func (s *Store) Sweep() { s.sweep(partialAge) }

func (s *Store) sweep(age time.Duration) {
	tempfile.Sweep(s.Root)
	s.sweepPartials(age)
}

// File returns the path of a blob, whether it exists or not.
func (s *Store) File(d digest.SHA256) string {
	return filepath.Join(s.Root, filepath.FromSlash(Dir), d.String())
}

// Blob is a blob of a store.
type Blob struct {
	Digest digest.SHA256
	Size   int64 // in bytes
}

// Prune removes the blobs that keep does not want, and what killed programs have
// left. It returns the blobs that it removed, also those before an error. With dryRun
// it removes nothing. A store that is not there is empty.
func (s *Store) Prune(keep func(digest.SHA256) bool, dryRun bool) (removed []Blob, err error) {
	entries, err := os.ReadDir(filepath.Join(s.Root, filepath.FromSlash(Dir)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		d, err := digest.Parse(e.Name())
		if err != nil {
			continue // not a blob
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || keep(d) {
			continue
		}
		if !dryRun {
			if err := os.Remove(s.File(d)); err != nil {
				return removed, err
			}
		}
		removed = append(removed, Blob{d, info.Size()})
	}
	if !dryRun {
		s.sweep(0)
	}
	return removed, nil
}
