package update

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"sync"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/source"
	"depfetch/fetch/tempfile"
	"depfetch/lock"
	"depfetch/lock/edit"
)

// PinChange is one line of urls, before and after.
type PinChange struct{ Old, New lock.Pin }

// Same reports whether there is nothing to write.
func (c PinChange) Same() bool {
	return c.Old.Unpinned == "" && c.Old.Digest == c.New.Digest && c.Old.Size == c.New.Size &&
		c.Old.Trust == c.New.Trust && c.Old.Modified.Equal(c.New.Modified)
}

// LockPins downloads what lines of urls are for, from the addresses alone, and
// returns a PinChange for each, in their order. The addresses are asked for as curl -L
// does, without header fields of their own. The error joins what went wrong with each,
// of the types of this package and *fetch.TransferError.
func (c *Client) LockPins(ctx context.Context, f *lock.File, pins []lock.Pin) ([]PinChange, error) {
	if len(pins) == 0 {
		return nil, nil
	}
	client, done, err := c.Keep()
	if err != nil {
		return nil, err
	}
	defer done()
	var (
		artifacts []fetch.Artifact
		errs      []error
	)
	for _, p := range pins {
		if strings.HasPrefix(p.URL, "http://") && !c.AllowHTTP {
			errs = append(errs, &InsecureError{"urls", p.URL})
		}
		artifacts = append(artifacts, fetch.Artifact{Name: source.Redact(p.URL), Platform: lock.Any.String(), URL: p.URL, Size: fetch.SizeUnknown})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	measured, err := client.Measure(ctx, artifacts)
	if err != nil {
		return nil, err
	}
	var (
		beside  Beside
		changes = make([]PinChange, len(pins))
		asking  sync.WaitGroup
	)
	errs = make([]error, len(pins))
	for i, p := range pins {
		asking.Go(func() { changes[i], errs[i] = c.pinChange(ctx, f, client, &beside, p, measured[i]) })
	}
	asking.Wait()
	return changes, errors.Join(errs...)
}

// pinChange decides what a line of urls says of what its address has served.
func (c *Client) pinChange(ctx context.Context, f *lock.File, client *fetch.Client, beside *Beside, old lock.Pin, m fetch.Measurement) (PinChange, error) {
	ch := PinChange{Old: old}
	switch name, _, _ := strings.Cut(old.URL, "?"); {
	case m.Err != nil:
		return ch, m.Err
	case m.HTML && !strings.HasPrefix(path.Ext(name), ".htm"):
		return ch, &PageError{"urls", old.URL}
	}
	trust, err := c.PublishedTrust(ctx, client, beside, old.URL, m)
	if err != nil {
		return ch, err
	}
	if old.Unpinned == "" && old.Digest == m.Digest {
		trust = max(trust, min(old.Trust, lock.Published))
	}
	if trust < f.Policy.Trust {
		return ch, &TrustError{source.Redact(old.URL), lock.Any, trust, f.Policy.Trust}
	}
	ch.New = lock.Pin{URL: old.URL, Digest: m.Digest, Size: m.Size, Trust: trust, Mirrors: old.Mirrors, Modified: m.Response.Modified}
	return ch, nil
}

// PublishedTrust returns the trust that what an address has served deserves:
// published if GitHub computed the same digest of a release's asset, or if a list
// beside the file names it, and tofu if nobody publishes a sum. One that differs is a
// *PublishedError. What has been served is in the client's cache.
func (c *Client) PublishedTrust(ctx context.Context, client *fetch.Client, beside *Beside, address string, m fetch.Measurement) (lock.Trust, error) {
	var p published
	if c.Release != nil {
		if digest, err := c.Release.AssetDigest(ctx, address); err == nil && !digest.IsZero() {
			p = published{digest: digest, from: "GitHub's API"}
		}
	}
	if p.from == "" {
		p = beside.published(ctx, client, address, m)
	}
	it := &item{dep: &lock.Dep{Name: "urls"}, platform: lock.Any, expanded: expanded{url: address}, published: p, measured: m}
	switch err := it.compareSHA512(client.Cache); {
	case err != nil:
		return lock.TOFU, err
	case it.published.digest.IsZero():
		return lock.TOFU, nil
	case it.published.digest != m.Digest:
		return lock.TOFU, &PublishedError{"urls", lock.Any, address, p.from, p.digest.String(), m.Digest.String(), m}
	}
	return lock.Published, nil
}

// ApplyPins writes changes into a lockfile. A line that somebody has changed since is
// an error.
func ApplyPins(doc *edit.Document, changes []PinChange) error {
	var pins []lock.Pin
	for _, ch := range changes {
		now, ok := doc.File().Pin(ch.Old.URL)
		if !ok || now.Digest != ch.Old.Digest || now.Unpinned != ch.Old.Unpinned {
			return fmt.Errorf("%s has been changed in the lockfile in the meantime; run the command again", source.Redact(ch.Old.URL))
		}
		if !ch.Same() {
			pins = append(pins, ch.New)
		}
	}
	return doc.SetPins(pins...)
}

// Keep returns a client that keeps what it downloads: c.Fetch itself if it does, or
// else one with a cache for the time being, which done removes.
func (c *Client) Keep() (client *fetch.Client, done func(), err error) {
	if c.Fetch.Cache != nil {
		return c.Fetch, func() {}, nil
	}
	tempfile.Sweep(os.TempDir()) // of what a killed run has left
	dir, err := tempfile.NewDir(os.TempDir())
	if err != nil {
		return nil, nil, err
	}
	with := *c.Fetch
	with.Cache = &cache.Store{Root: dir.Path}
	return &with, func() { dir.Remove() }, nil
}
