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
// zero. store has the bytes, which are read for any but a sha256.
func (p published) compute(store *cache.Store, m fetch.Measurement) (string, error) {
	switch p.sum.Algorithm {
	case "":
		return "", nil
	case "sha256":
		return m.Digest.String(), nil
	}
	other := sha512.New()
	if p.sum.Algorithm == "sha384" {
		other = sha512.New384()
	}
	f, err := store.Open(m.Digest)
	if err != nil {
		return "", err
	}
	defer f.Close()
	// Others may write to the store, so its sha256 is computed as well.
	own := sha256.New()
	if _, err := io.Copy(io.MultiWriter(own, other), f); err != nil {
		return "", err
	}
	if fetch.Digest(own.Sum(nil)) != m.Digest {
		return "", &BlobError{File: f.Name()}
	}
	return hex.EncodeToString(other.Sum(nil)), nil
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
// lockfile names, else in GitHub's API. A list is read once, but for each dependency that
// has a signature of it; signed has these.
func (c *Client) findPublished(ctx context.Context, items []*item, signed map[*item][]check) {
	lists := make(map[string]func() (*sums.List, error))
	signedLists := make(map[string]func() signedList)
	for _, it := range items {
		checks := signed[it]
		if key := listKey(it, checks); len(checks) > 0 && signedLists[key] == nil {
			signedLists[key] = sync.OnceValue(func() signedList { return c.readSigned(ctx, it, checks) })
		} else if len(checks) == 0 && it.sums != "" && lists[it.sums] == nil {
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
			var (
				list *sums.List
				err  error
			)
			if checks := signed[it]; len(checks) > 0 {
				list, err = signedLists[listKey(it, checks)]().take(it, checks)
			} else {
				list, err = lists[it.sums]()
			}
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
	text, err := c.readText(ctx, it)
	if err != nil {
		return nil, err
	}
	return it.parseList(text)
}

// readText downloads the list of an item.
func (c *Client) readText(ctx context.Context, it *item) ([]byte, error) {
	address, _, _ := strings.Cut(it.sums, "#")
	return c.Fetch.Read(ctx, it.artifact(address), maxList)
}

// parseList reads the list of an item.
func (i *item) parseList(text []byte) (*sums.List, error) {
	if _, pointer, pointed := strings.Cut(i.sums, "#"); pointed {
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
