package update

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"os"
	"slices"

	"depfetch/fetch"
	"depfetch/fetch/cache"
)

// MemberChange is a member in which two archives differ.
type MemberChange struct {
	Name string `json:"name"`
	How  string `json:"how"` // "added", "removed" or "changed"
}

// maxMembers and maxUnpacked bound what is read of an archive to compare it: it
// is not to be trusted, and a comparison is a help and no more.
const (
	maxMembers  = 100_000
	maxUnpacked = 4 << 30
)

// compareMembers compares two archives that are in a cache. It returns nil if one
// is not there or is no tar or zip that can be read.
func compareMembers(store *cache.Store, old, new fetch.Digest) []MemberChange {
	before, err := members(store, old)
	if err != nil {
		return nil
	}
	after, err := members(store, new)
	if err != nil {
		return nil
	}
	var changes []MemberChange
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if digest, ok := after[name]; !ok {
			changes = append(changes, MemberChange{name, "removed"})
		} else if digest != before[name] {
			changes = append(changes, MemberChange{name, "changed"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if _, ok := before[name]; !ok {
			changes = append(changes, MemberChange{name, "added"})
		}
	}
	return changes
}

var errNotArchive = errors.New("not an archive that can be compared")

// members returns the digest of each regular file of an archive.
func members(store *cache.Store, d fetch.Digest) (map[string]fetch.Digest, error) {
	f, err := store.Open(d.String())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 64<<10)
	magic, _ := r.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte("PK\x03\x04")):
		return zipMembers(f)
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		return tarMembers(z)
	case bytes.HasPrefix(magic, []byte("BZh")):
		return tarMembers(bzip2.NewReader(r))
	}
	return tarMembers(r)
}

func tarMembers(r io.Reader) (map[string]fetch.Digest, error) {
	m := make(map[string]fetch.Digest)
	t := tar.NewReader(io.LimitReader(r, maxUnpacked))
	for len(m) < maxMembers {
		h, err := t.Next()
		if err == io.EOF {
			return m, nil
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag == tar.TypeReg {
			if m[h.Name], err = digestOf(t); err != nil {
				return nil, err
			}
		}
	}
	return nil, errNotArchive
}

func zipMembers(f *os.File) (map[string]fetch.Digest, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil || len(z.File) > maxMembers {
		return nil, errNotArchive
	}
	m := make(map[string]fetch.Digest)
	left := int64(maxUnpacked)
	for _, entry := range z.File {
		r, err := entry.Open()
		if err != nil {
			return nil, err
		}
		counted := &io.LimitedReader{R: r, N: left}
		m[entry.Name], err = digestOf(counted)
		r.Close()
		if left = counted.N; err != nil || left == 0 {
			return nil, errNotArchive
		}
	}
	return m, nil
}

func digestOf(r io.Reader) (fetch.Digest, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return fetch.Digest{}, err
	}
	return fetch.Digest(h.Sum(nil)), nil
}
