package catalogue

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/digest"
	"depfetch/fetch/regular"
	"depfetch/lock"
)

// Store gives the registries that a lockfile pins. Its methods are safe for concurrent
// use.
type Store struct {
	Folder string       // of the lockfile, for registries with a path
	Cache  *cache.Store // where registries with an address are kept; nil keeps none
	// Read returns what an address serves. Nil asks nobody: what is not kept is a
	// [*NotKeptError].
	Read func(ctx context.Context, address string) ([]byte, error)
}

// DigestError reports a registry whose bytes are not those that are pinned.
type DigestError struct {
	Name, From string // the address or the file that it comes from
	Want, Got  fetch.Digest
}

func (e *DigestError) Error() string {
	return fmt.Sprintf("catalogue %s: %s\nwant  sha256 %s\ngot   sha256 %s", e.Name, e.From, e.Want, e.Got)
}

// NotKeptError reports a registry that is not in the cache.
type NotKeptError struct{ Name string }

func (e *NotKeptError) Error() string {
	return "catalogue " + e.Name + " has not been downloaded to this machine"
}

// Load returns a registry, whose bytes have the pinned sha256. One that is in the cache
// is asked for again only if its bytes have another.
func (s Store) Load(ctx context.Context, r lock.Registry) (*Registry, error) {
	data, err := s.bytes(ctx, r)
	if err != nil {
		return nil, err
	}
	return Parse(r.Name, data)
}

func (s Store) bytes(ctx context.Context, r lock.Registry) ([]byte, error) {
	if r.Path != "" {
		from := filepath.Join(s.Folder, filepath.FromSlash(r.Path))
		data, err := regular.Read(from, MaxSize)
		if err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", r.Name, err)
		}
		return verified(r, from, data)
	}
	if s.Cache != nil {
		if data, err := regular.Read(s.Cache.File(r.Digest), MaxSize); err == nil && fetch.Digest(sha256.Sum256(data)) == r.Digest {
			s.used(r.Digest)
			return data, nil
		}
	}
	if s.Read == nil {
		return nil, &NotKeptError{Name: r.Name}
	}
	data, err := s.Read(ctx, r.URL)
	if err == nil {
		data, err = verified(r, r.URL, data)
	}
	if err != nil {
		return nil, err
	}
	s.Keep(data)
	return data, nil
}

// verified returns data if it has the sha256 that r pins.
func verified(r lock.Registry, from string, data []byte) ([]byte, error) {
	if got := fetch.Digest(sha256.Sum256(data)); got != r.Digest {
		return nil, &DigestError{Name: r.Name, From: from, Want: r.Digest, Got: got}
	}
	return data, nil
}

// Keep puts the bytes of a registry into the cache. A cache that cannot be written to
// keeps nothing, and the next run downloads again. Registries that have not been used for
// 30 days are removed.
func (s Store) Keep(data []byte) {
	if s.Cache == nil {
		return
	}
	f, err := s.Cache.Temp()
	if err != nil {
		return
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(data); err == nil {
		s.Cache.Commit(sha256.Sum256(data), f)
	}
	s.prune()
}

// keptFor is how long a registry stays in the cache after its last use, and usedEvery how
// exactly the use is recorded, as the file's time.
const (
	keptFor   = 30 * 24 * time.Hour
	usedEvery = 24 * time.Hour
)

// used records that a registry is in use.
func (s Store) used(d fetch.Digest) {
	name, now := s.Cache.File(d), time.Now()
	if info, err := os.Stat(name); err == nil && now.Sub(info.ModTime()) > usedEvery {
		os.Chtimes(name, now, now)
	}
}

// prune removes the registries that have not been used for long, as those that lockfiles
// have pinned before. One that another program is about to read is read, or downloaded
// again. What cannot be removed stays.
func (s Store) prune() {
	dir := filepath.Dir(s.Cache.File(fetch.Digest{}))
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		d, err := digest.Parse(f.Name())
		info, err2 := f.Info()
		if err != nil || err2 != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < keptFor {
			continue
		}
		os.Remove(s.Cache.File(d))
	}
}
