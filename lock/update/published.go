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
	"depfetch/lock"
	"depfetch/lock/release"
	"depfetch/lock/sums"
)

// published is the sum that upstream publishes of a file.
type published struct {
	sum  sums.Sum // zero if there is none
	from string   // the address that publishes it
	err  error    // why a sum that should be published was not found
}

// gitHub returns the published sum for a digest of GitHub's API, which may be zero.
func gitHub(d fetch.Digest) published {
	if d.IsZero() {
		return published{}
	}
	return published{sum: sums.Sum{Algorithm: "sha256", Hex: d.String()}, from: "GitHub's API"}
}

// trust returns the trust in bytes that match p.
func (p published) trust() lock.Trust {
	if p.sum.IsZero() {
		return lock.TOFU
	}
	return lock.Published
}

// compute returns the sum of what was downloaded, in the algorithm of p, or "" if p is
// zero. store has the bytes, which are read for a sha512.
func (p published) compute(store *cache.Store, m fetch.Measurement) (string, error) {
	switch p.sum.Algorithm {
	case "":
		return "", nil
	case "sha256":
		return m.Digest.String(), nil
	}
	f, err := store.Open(m.Digest)
	if err != nil {
		return "", err
	}
	defer f.Close()
	// Others may write to the store, so its sha256 is computed as well.
	weak, strong := sha256.New(), sha512.New()
	if _, err := io.Copy(io.MultiWriter(weak, strong), f); err != nil {
		return "", err
	}
	if fetch.Digest(weak.Sum(nil)) != m.Digest {
		return "", &BlobError{File: f.Name()}
	}
	return hex.EncodeToString(strong.Sum(nil)), nil
}

// error returns the error that bytes have another sum than p.
func (p published) error(dep string, platform lock.Platform, url, computed string, m fetch.Measurement) error {
	return &PublishedError{
		Dep: dep, Platform: platform, URL: url, From: p.from,
		Algorithm: p.sum.Algorithm, Published: p.sum.Hex, Computed: computed, Got: m,
	}
}

// maxList is the size of the largest checksum list that is read, in bytes.
const maxList = 8 << 20

// findPublished finds what upstream publishes about each item: in the list that the
// lockfile names, else in GitHub's API. A list is read once.
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
			if it.sums == "" {
				it.published = c.askGitHub(ctx, it)
				return nil
			}
			it.published.from = it.sums
			list, err := lists[it.sums]()
			if err == nil {
				it.published.sum, err = list.Lookup(it.url)
			}
			it.published.err = err
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

// askGitHub returns the digest that GitHub computed of a release's asset. If it cannot
// be asked, that is a warning: the lockfile does not depend on it, and a policy that
// demands a published sum refuses the line.
func (c *Client) askGitHub(ctx context.Context, it *item) published {
	if c.Release == nil {
		return published{}
	}
	digest, err := c.Release.AssetDigest(ctx, it.url)
	// If there is no such release, the download fails and reports that.
	if _, none := errors.AsType[*release.NotFoundError](err); err != nil && !none {
		c.warn(fmt.Errorf("%s, %s: no digest from GitHub: %w", it.dep.Name, it.platform, err))
	}
	return gitHub(digest)
}

func (c *Client) warn(err error) {
	if c.Warn != nil {
		c.Warn(err)
	}
}
