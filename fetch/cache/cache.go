// Package cache is a content-addressed store in a directory: blobs/sha256/<hex>
// below it, as in an OCI image layout, so that a registry or a plain web server
// can serve the same tree.
//
// Blobs appear whole or not at all, whoever else uses the directory at the same
// time. The store does not vouch for their bytes: who opens a blob hashes it,
// and removes it when it is wrong.
package cache

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Dir is the directory of the blobs below a store's root, and below the address
// of a mirror that serves such a tree.
const Dir = "blobs/sha256"

// Store is a cache in the directory Root, which is made when it is first
// written to. Its methods are safe for concurrent use, by many processes too.
type Store struct {
	Root string
}

// Open opens the blob with a sha256, given in hexadecimal digits. The error is
// fs.ErrNotExist when there is none.
func (s *Store) Open(hex string) (*os.File, error) { return os.Open(s.file(hex)) }

// Remove removes a blob, of which the bytes have been found to be wrong.
func (s *Store) Remove(hex string) error { return os.Remove(s.file(hex)) }

// Temp makes an empty private file within the store. The caller closes and
// removes it.
func (s *Store) Temp() (*os.File, error) {
	if err := os.MkdirAll(s.Root, 0o755); err != nil {
		return nil, err
	}
	return os.CreateTemp(s.Root, ".depfetch-*")
}

// Put adds a blob: all that src holds, from its start, which the caller has
// verified. An earlier one is replaced.
func (s *Store) Put(hex string, src *os.File) (err error) {
	file := s.file(hex)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	tmp, err := s.Temp()
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
		}
	}()
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(tmp, src); err != nil {
		return err
	}
	// Stages of a build share a cache, and need not run as one user.
	if err := tmp.Chmod(0o644); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), file); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}

func (s *Store) file(hex string) string {
	return filepath.Join(s.Root, filepath.FromSlash(Dir), hex)
}
