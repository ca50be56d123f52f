package update

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/lock/release"
	"depfetch/lock/sums"
)

// published is the sum that upstream publishes of a file.
type published struct {
	digest fetch.Digest // zero if there is none
	sha512 string       // in place of digest, where there is that alone
	from   string       // the address that says so
	err    error        // why there is none where there should be one
}

// maxList is the size of the longest checksum list that is read.
const maxList = 8 << 20

// findPublished finds out what upstream publishes about each item: in the list
// that the lockfile names, else in GitHub's API. A list is read once.
func (c *Client) findPublished(ctx context.Context, items []*item) {
	lists := make(map[string]func() (*sums.List, error))
	for _, it := range items {
		if it.sums != "" && lists[it.sums] == nil {
			lists[it.sums] = sync.OnceValues(func() (*sums.List, error) { return c.readList(ctx, it) })
		}
	}
	var g errgroup.Group
	g.SetLimit(max(c.Fetch.Jobs, 1))
	for _, it := range items {
		g.Go(func() error {
			if it.sums != "" {
				it.published = lookup(it, lists[it.sums])
			} else {
				it.published = c.askGitHub(ctx, it)
			}
			return nil
		})
	}
	g.Wait()
}

func (c *Client) readList(ctx context.Context, it *item) (*sums.List, error) {
	address, pointer, pointed := strings.Cut(it.sums, "#")
	text, err := c.Fetch.Read(ctx, it.artifact(address), maxList)
	if err != nil {
		return nil, err
	}
	if pointed {
		return sums.ParsePointer(text, pointer)
	}
	return sums.Parse(text)
}

func lookup(it *item, list func() (*sums.List, error)) published {
	p := published{from: it.sums}
	l, err := list()
	if err == nil {
		p.digest, err = l.Lookup(it.url)
		var none *sums.NotListedError
		if errors.As(err, &none) {
			if other, err512 := l.LookupSHA512(it.url); err512 == nil {
				p.sha512, err = other, nil
			} else if !errors.As(err512, &none) || len(none.Near) > 0 {
				err = err512
			}
		}
	}
	p.err = err
	return p
}

// compareSHA512 compares what is in store with the sha512 that upstream publishes.
func (it *item) compareSHA512(store *cache.Store) error {
	p := &it.published
	if p.sha512 == "" || it.measured.Err != nil {
		return nil
	}
	f, err := store.Open(it.measured.Digest)
	if err != nil {
		return err
	}
	defer f.Close()
	// What is hashed is what was measured, whatever the store has become.
	weak, strong := sha256.New(), sha512.New()
	if _, err := io.Copy(io.MultiWriter(weak, strong), f); err != nil {
		return err
	}
	if fetch.Digest(weak.Sum(nil)) != it.measured.Digest {
		return fmt.Errorf("%s: the cache has changed meanwhile", it.dep.Name)
	}
	if got := hex.EncodeToString(strong.Sum(nil)); got != p.sha512 {
		return &PublishedError{it.dep.Name, it.platform, it.url, p.from, p.sha512, got, it.measured}
	}
	p.digest = it.measured.Digest
	return nil
}

// askGitHub returns the digest that GitHub computed of a release's asset. That it
// cannot be asked is a warning: the lockfile does not count on it, and where the
// policy does, the line is refused for its trust.
func (c *Client) askGitHub(ctx context.Context, it *item) published {
	if c.Release == nil {
		return published{}
	}
	digest, err := c.Release.AssetDigest(ctx, it.url)
	var none *release.NotFoundError // the download tells what there is
	if err != nil && !errors.As(err, &none) {
		c.warn(fmt.Errorf("%s, %s: no digest from GitHub: %w", it.dep.Name, it.platform, err))
	}
	if err != nil || digest.IsZero() {
		return published{}
	}
	return published{digest: digest, from: "GitHub's API"}
}

func (c *Client) warn(err error) {
	if c.Warn != nil {
		c.Warn(err)
	}
}
