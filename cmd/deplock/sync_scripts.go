package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/update"
)

// scriptDepth is how deep scripts that download scripts are followed.
const scriptDepth = 4

// maxScript is how much of a script is read, in bytes.
const maxScript = 1 << 20

// readScripts reads the scripts that RUNs download and run, and reports whether
// there were any. What was pinned before is read only where that decides something.
func readScripts(ctx context.Context, f syncFlags, g *group, client *update.Client, book *pins) (more bool, err error) {
	for _, u := range g.units {
		for _, run := range u.reading.Runs {
			for _, r := range run.Scripts() {
				pin, ok := book.Pin(r.URL)
				decides := f.prune || !run.Adopted() && run.Judge(book).Adopt
				if !ok || pin.Unpinned != "" || book.old[r.URL] && !decides {
					continue
				}
				text, err := fetchScript(ctx, client.Fetch, pin)
				if err != nil {
					return more, err
				}
				run.ReadScript(r, text)
				more = true
			}
		}
	}
	return more, nil
}

// fetchScript returns the beginning of what is pinned, out of the cache or from upstream.
func fetchScript(ctx context.Context, client *fetch.Client, pin lock.Pin) ([]byte, error) {
	a := fetch.Artifact{Name: source.Redact(pin.URL), Platform: lock.Any.String(), URL: pin.URL, Mirrors: pin.Mirrors, Digest: pin.Digest, Size: pin.Size}
	if _, err := client.Fill(ctx, []fetch.Artifact{a}); err != nil {
		return nil, err
	}
	return cachedScript(client.Cache, pin)
}

// readCached reads the pinned scripts that RUNs run out of the cache, offline, and
// returns the addresses of those that are not there.
func (c *command) readCached(f syncFlags, g *group, book *pins) (unread []string) {
	store := &cache.Store{Root: cmp.Or(f.cache, c.getenv("DEPFETCH_CACHE"))}
	for depth := 0; ; depth++ {
		more := false
		for _, u := range slices.Concat(g.units, g.others) {
			for _, run := range u.reading.Runs {
				for _, r := range run.Scripts() {
					pin, ok := book.Pin(r.URL)
					if !ok || pin.Unpinned != "" {
						continue
					}
					if text, err := cachedScript(store, pin); err == nil && depth < scriptDepth {
						run.ReadScript(r, text)
						more = true
					} else if shown := source.Redact(r.URL); !slices.Contains(unread, shown) {
						unread = append(unread, shown)
					}
				}
			}
		}
		if !more {
			return unread
		}
		unread = nil
	}
}

// cachedScript returns the beginning of what is pinned, if a cache has it whole.
func cachedScript(store *cache.Store, pin lock.Pin) ([]byte, error) {
	if store.Root == "" {
		return nil, fs.ErrNotExist
	}
	file, err := store.Open(pin.Digest)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	hash := sha256.New()
	text, err := io.ReadAll(io.LimitReader(io.TeeReader(file, hash), maxScript+1))
	if err == nil {
		_, err = io.Copy(hash, file)
	}
	if err == nil && fetch.Digest(hash.Sum(nil)) != pin.Digest {
		err = fmt.Errorf("%s: the cache holds other bytes under its name", source.Redact(pin.URL))
	}
	return text, err
}
