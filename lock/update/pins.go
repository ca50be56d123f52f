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

// LockPins downloads the addresses of lines of urls, from the origins alone, and returns
// a PinChange for each, in their order. It asks as curl -L does, without header fields.
// Its error joins the errors of the lines, of the types of this package and
// *fetch.TransferError.
func (c *Client) LockPins(ctx context.Context, f *lock.File, pins []lock.Pin) ([]PinChange, error) {
	if len(pins) == 0 {
		return nil, nil
	}
	client, done, err := c.Keep()
	if err != nil {
		return nil, err
	}
	defer done()
	errs := make([]error, len(pins))
	artifacts := make([]fetch.Artifact, len(pins))
	for i, p := range pins {
		if plain := c.insecure(p.URL); plain != "" {
			errs[i] = &InsecureError{Dep: pinsName, URL: plain}
		}
		artifacts[i] = fetch.Artifact{Name: source.Redact(p.URL), Platform: lock.Any.String(), URL: p.URL, Size: p.Size}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	measured, err := measure(ctx, client, artifacts)
	if err != nil {
		return nil, err
	}
	changes := make([]PinChange, len(pins))
	var asking sync.WaitGroup
	for i, p := range pins {
		asking.Go(func() { changes[i], errs[i] = c.pinChange(ctx, client, f.Policy.Trust, p, measured[p.URL]) })
	}
	asking.Wait()
	return changes, errors.Join(errs...)
}

// pinsName stands for the name of a dependency in errors about lines of urls.
const pinsName = "urls"

// pinChange decides what a line of urls contains after a download. least is the trust
// that the policy demands.
func (c *Client) pinChange(ctx context.Context, client *fetch.Client, least lock.Trust, old lock.Pin, m fetch.Measurement) (PinChange, error) {
	ch := PinChange{Old: old}
	switch name, _, _ := strings.Cut(old.URL, "?"); {
	case m.Err != nil:
		return ch, m.Err
	case m.HTML && !strings.HasPrefix(path.Ext(name), ".htm"):
		return ch, &PageError{Dep: pinsName, URL: old.URL, Asked: m.Asked}
	}
	trust, err := c.PublishedTrust(ctx, client, old.URL, m)
	if err != nil {
		return ch, err
	}
	if old.Unpinned == "" && old.Digest == m.Digest {
		trust = keepTrust(trust, old.Trust)
	}
	if trust < least {
		return ch, &TrustError{Dep: source.Redact(old.URL), Platform: lock.Any, Got: trust, Want: least}
	}
	ch.New = lock.Pin{URL: old.URL, Digest: m.Digest, Size: m.Size, Trust: trust, Mirrors: old.Mirrors, Modified: m.Response.Modified}
	return ch, nil
}

// PublishedTrust returns the trust in what was downloaded from an address: published if
// GitHub computed the same digest of a release's asset, or if a list beside the file has
// the same sum, and tofu if there is no published sum. A sum that differs is a
// *PublishedError. The download is in the cache of client, which also reads the lists.
func (c *Client) PublishedTrust(ctx context.Context, client *fetch.Client, address string, m fetch.Measurement) (lock.Trust, error) {
	var p published
	if c.Release != nil {
		if digest, err := c.Release.AssetDigest(ctx, address); err == nil {
			p = gitHub(digest)
		}
	}
	if p.sum.IsZero() {
		p = c.beside.published(ctx, client, address, m)
	}
	switch computed, err := p.compute(client.Cache, m); {
	case err != nil:
		return lock.TOFU, err
	case computed != p.sum.Hex:
		return lock.TOFU, p.error(pinsName, lock.Any, address, computed, m)
	}
	return p.trust(), nil
}

// ApplyPins writes changes into a lockfile. It is an error if somebody has changed a line
// in the meantime.
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

// Keep returns a client with a cache, which keeps what it downloads: c.Fetch if it has
// one, or else a copy with a temporary cache, which done removes.
func (c *Client) Keep() (client *fetch.Client, done func(), err error) {
	if c.Fetch.Cache != nil {
		return c.Fetch, func() {}, nil
	}
	tempfile.Sweep(os.TempDir()) // left by runs that were killed
	dir, err := tempfile.NewDir(os.TempDir())
	if err != nil {
		return nil, nil, err
	}
	with := *c.Fetch
	with.Cache = &cache.Store{Root: dir.Path}
	return &with, func() { dir.Remove() }, nil
}
