package main

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/source"
	"depfetch/lock/sync"
)

// hashes are those that Dockerfiles have sums of.
var hashes = map[string]func() hash.Hash{"sha512": sha512.New, "sha384": sha512.New384, "sha1": sha1.New, "md5": md5.New}

// compareSum compares what came with the sum that stands in the Dockerfile.
func compareSum(store *cache.Store, r *sync.Request, m fetch.Measurement) error {
	if r.Sum.IsZero() {
		return nil
	}
	got := m.Digest.String()
	if r.Sum.Algorithm != "sha256" {
		make, ok := hashes[r.Sum.Algorithm]
		if !ok {
			return nil
		}
		f, err := store.Open(m.Digest)
		if err != nil {
			return err
		}
		defer f.Close()
		h := make()
		if _, err := io.Copy(h, f); err != nil {
			return err
		}
		got = hex.EncodeToString(h.Sum(nil))
	}
	if got != r.Sum.Hex {
		return &console.Error{
			Err:  fmt.Errorf("%s: the Dockerfile wants %s %s, and came %s", source.Redact(r.URL), r.Sum.Algorithm, r.Sum.Hex, got),
			Hint: "if upstream has replaced the file and you trust the new one, change the sum in the Dockerfile", Code: exit.WrongBytes,
		}
	}
	return nil
}
