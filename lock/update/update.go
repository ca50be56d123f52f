// Package update does the online work on a lockfile: it finds out what upstream
// serves, compares it with what is locked and with what upstream publishes about
// it, and says what the lockfile should hold. It writes nothing but through
// Apply, which edits a document that the caller holds.
//
// It guarantees that a line comes out of Lock only if its bytes were downloaded
// whole in this run, and that a line is "published" only if the sha256 of these
// bytes is the one that upstream publishes. A published sum that differs is an
// error, and so is a web page in the place of a file.
//
// It refuses to lock over plain http unless told otherwise, and whatever the
// lockfile's policy forbids.
package update

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/release"
)

// DefaultPlatforms are locked where a lockfile names none: those that most
// images are built for.
var DefaultPlatforms = []lock.Platform{"linux/amd64", "linux/arm64"}

// Client asks upstream. It is safe for concurrent use.
type Client struct {
	// Fetch downloads. Its Root and Mirrors are not used.
	Fetch *fetch.Client
	// Release answers what GitHub knows: versions, and digests of assets.
	Release *release.Client
	// AllowHTTP permits to lock over plain http.
	AllowHTTP bool
	// AllowPlatformMismatch permits to lock programs for other platforms, as
	// the dependency's own AllowPlatformMismatch does.
	AllowPlatformMismatch bool
	// Warn, if not nil, is told what did not keep a line from being locked.
	// Calls may overlap.
	Warn func(error)
}

// Want is what to lock of one dependency.
type Want struct {
	Dep       *lock.Dep
	Version   string          // the one to lock; empty is that of Dep
	Platforms []lock.Platform // see Platforms
}

// Result is what was found for a Want.
type Result struct {
	Dep     *lock.Dep
	Version string // which is locked now
	Changes []Change
}

// Change is one locked line, before and after.
type Change struct {
	Platform lock.Platform
	Old      *lock.Line // nil if it was not locked
	New      lock.Line  // zero if Missing
	Missing  bool       // upstream has nothing there (404 or 410)
	URL      string     // that was asked for
	Mismatch bool       // it is a program for another platform, and that is allowed
	Manifest []byte     // the text of the manifest that New.Unpacked is the digest of, for a tree
}

// Same reports whether there is nothing to write.
func (c Change) Same() bool {
	return c.Old != nil && !c.Missing && c.Old.URL == c.New.URL && c.Old.Digest == c.New.Digest &&
		c.Old.Size == c.New.Size && c.Old.Unpacked == c.New.Unpacked && c.Old.Trust == c.New.Trust
}

// Platforms returns what is to be locked of d: Any if that is locked, or if d
// names no platforms and its templates are the same for all; else those that it
// or the file names, or DefaultPlatforms, and those that are locked already.
func Platforms(f *lock.File, d *lock.Dep) []lock.Platform {
	named := len(d.Platforms) > 0
	if len(d.Locked) > 0 {
		named = d.Locked[0].Platform != lock.Any
	}
	if _, err := expansion(d, lock.Any); err == nil && !named {
		return []lock.Platform{lock.Any}
	}
	platforms := slices.Clone(d.Platforms)
	if platforms == nil {
		platforms = slices.Clone(f.Platforms)
	}
	if len(platforms) == 0 {
		platforms = slices.Clone(DefaultPlatforms)
	}
	for _, l := range d.Locked {
		if l.Platform != lock.Any && !slices.Contains(platforms, l.Platform) {
			platforms = append(platforms, l.Platform)
		}
	}
	return platforms
}

// expanded is what the templates of a dependency give for one platform.
type expanded struct{ url, sums string }

func expansion(d *lock.Dep, p lock.Platform) (e expanded, err error) {
	for t, to := range map[*lock.Template]*string{&d.URL: &e.url, &d.Sums: &e.sums} {
		if *to, err = d.Expand(*t, p); err != nil {
			return e, err
		}
	}
	for _, t := range append([]lock.Template{d.Member, d.Signature}, d.Mirrors...) {
		if _, err := d.Expand(t, p); err != nil {
			return e, err
		}
	}
	return e, nil
}

// item is one line on its way to be locked.
type item struct {
	want     Want
	dep      *lock.Dep // at the version wanted
	platform lock.Platform
	expanded
	published published
	measured  fetch.Measurement
	contents  contents
}

func (i *item) artifact(url string) fetch.Artifact {
	return fetch.Artifact{Name: i.dep.Name, Version: i.dep.Version, Platform: i.platform.String(), URL: url}
}

// Lock downloads what the wants ask for, from the origins alone, and returns a
// Result for each, in their order. The error joins what went wrong with each
// line, of the types of this package and *fetch.TransferError; what upstream does
// not have is no error but a Change that is Missing.
func (c *Client) Lock(ctx context.Context, f *lock.File, wants []Want) ([]Result, error) {
	items, err := c.items(wants)
	if err != nil {
		return nil, err
	}
	client, done, err := c.keeping(items)
	if err != nil {
		return nil, err
	}
	defer done()
	var lists sync.WaitGroup
	lists.Go(func() { c.findPublished(ctx, items) }) // small, and read meanwhile
	err = measure(ctx, client, items)
	lists.Wait()
	if err != nil {
		return nil, err
	}
	c.findContents(ctx, client.Cache, items)
	for _, w := range wants {
		if !w.Dep.Signature.IsZero() {
			c.warn(fmt.Errorf("%s: signature is not verified by this version of deplock, and counts for nothing", w.Dep.Name))
		}
	}
	results := make([]Result, len(wants))
	var errs []error
	for i, w := range wants {
		results[i] = Result{Dep: w.Dep, Version: versionOf(w)}
	}
	next := 0
	for i, w := range wants {
		for range w.Platforms {
			change, err := c.change(f, client.Cache, items[next])
			errs = append(errs, err)
			results[i].Changes = append(results[i].Changes, change)
			next++
		}
		c.warnAlike(results[i])
	}
	return results, errors.Join(errs...)
}

func versionOf(w Want) string {
	if w.Version != "" {
		return w.Version
	}
	return w.Dep.Version
}

// items expands what is wanted.
func (c *Client) items(wants []Want) ([]*item, error) {
	var (
		items []*item
		errs  []error
	)
	for _, w := range wants {
		d := *w.Dep
		d.Version = versionOf(w)
		for _, p := range w.Platforms {
			e, err := expansion(&d, p)
			if err == nil && w.Version != "" {
				err = c.versioned(w, p, e.url)
			}
			if unversioned, ok := errors.AsType[*UnversionedError](err); ok {
				errs = append(errs, unversioned)
				break // the same for all platforms
			}
			switch {
			case err != nil:
				errs = append(errs, &TemplateError{d.Name, p, err})
			case strings.HasPrefix(e.url, "http://") && !c.AllowHTTP:
				errs = append(errs, &InsecureError{d.Name, e.url})
			case strings.HasPrefix(e.sums, "http://") && !c.AllowHTTP:
				errs = append(errs, &InsecureError{d.Name, e.sums})
			default:
				items = append(items, &item{want: w, dep: &d, platform: p, expanded: e})
			}
		}
	}
	return items, errors.Join(errs...)
}

// versioned returns the error that an address is the same for another version
// that is wanted.
func (c *Client) versioned(w Want, p lock.Platform, url string) error {
	if !w.Dep.URL.HasVersion() {
		return &UnversionedError{w.Dep.Name, w.Version, w.Dep.URL.String(), false}
	}
	before, err := w.Dep.Expand(w.Dep.URL, p)
	if err == nil && before == url && w.Version != w.Dep.Version {
		return &UnversionedError{w.Dep.Name, w.Version, w.Dep.URL.String(), true}
	}
	return nil
}

// measure downloads each address once.
func measure(ctx context.Context, client *fetch.Client, items []*item) error {
	var artifacts []fetch.Artifact
	index := make(map[string]int)
	for _, it := range items {
		if _, ok := index[it.url]; !ok {
			index[it.url] = len(artifacts)
			artifacts = append(artifacts, it.artifact(it.url))
		}
	}
	measured, err := client.Measure(ctx, artifacts)
	if err != nil {
		return err
	}
	for _, it := range items {
		it.measured = measured[index[it.url]]
	}
	return nil
}

// change decides what is locked for an item.
func (c *Client) change(f *lock.File, store *cache.Store, it *item) (Change, error) {
	ch := Change{Platform: it.platform, URL: it.url}
	for _, l := range it.want.Dep.Locked {
		if l.Platform == it.platform {
			ch.Old = &l
		}
	}
	m := it.measured
	switch {
	case missing(m.Err):
		ch.Missing = true
		return ch, nil
	case m.Err != nil:
		return ch, m.Err
	}
	if err := c.noFile(it); err != nil {
		return ch, err
	}
	if it.published.err == nil {
		if err := it.compareSHA512(store); err != nil {
			return ch, err
		}
	}
	switch {
	case it.published.err != nil:
		return ch, &SumsError{it.dep.Name, it.platform, it.published.from, it.published.err}
	case !it.published.digest.IsZero() && it.published.digest != m.Digest:
		return ch, &PublishedError{it.dep.Name, it.platform, it.url, it.published.from, it.published.digest.String(), m.Digest.String(), m}
	}
	if it.contents.err != nil {
		return ch, &ContentsError{it.dep.Name, it.platform, it.contents.err}
	}
	if err := c.mismatch(it); err != nil {
		if !it.dep.AllowPlatformMismatch && !c.AllowPlatformMismatch {
			return ch, err
		}
		ch.Mismatch = true
	}
	if moving := release.Moving(it.url); moving != "" {
		c.warn(fmt.Errorf("%s, %s: the address moves (%s), and will serve other bytes: %s", it.dep.Name, it.platform, moving, source.Redact(it.url)))
	} else if release.RedirectsToVersion(it.url, m.Response.URL) {
		c.warn(fmt.Errorf("%s, %s: the address moves, and leads to %s today: %s", it.dep.Name, it.platform, source.Redact(m.Response.URL), source.Redact(it.url)))
	}
	ch.New = lock.Line{Platform: it.platform, URL: it.url, Digest: m.Digest, Size: m.Size, Unpacked: it.contents.digest}
	ch.Manifest = it.contents.manifest
	if !it.published.digest.IsZero() {
		ch.New.Trust = lock.Published
	}
	// The bytes are those that were trusted more once: nothing has changed
	// about that.
	if ch.Old != nil && ch.Old.URL == ch.New.URL && ch.Old.Digest == ch.New.Digest {
		ch.New.Trust = max(ch.New.Trust, min(ch.Old.Trust, lock.Published)) // no signature is verified
	}
	if ch.New.Trust < f.Policy.Trust {
		return ch, &TrustError{it.dep.Name, it.platform, ch.New.Trust, f.Policy.Trust}
	}
	return ch, nil
}

// missing reports whether upstream says that there is nothing.
func missing(err error) bool {
	var e *source.Error
	return errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}

// TemplateError says that a dependency's templates do not expand.
type TemplateError struct {
	Dep      string
	Platform lock.Platform
	Err      error
}

func (e *TemplateError) Error() string { return fmt.Sprintf("%s, %s: %v", e.Dep, e.Platform, e.Err) }
func (e *TemplateError) Unwrap() error { return e.Err }

// UnversionedError says that another version of a dependency has the same address.
type UnversionedError struct {
	Dep, Version, URL string
	Part              bool // the template holds a part of the version, which is the same
}

func (e *UnversionedError) Error() string {
	if e.Part {
		return fmt.Sprintf("%s@%s: the address is the same as for the version before: %s", e.Dep, e.Version, source.Redact(e.URL))
	}
	return fmt.Sprintf("%s@%s: the url does not hold {version}, so its address is the same for every version: %s", e.Dep, e.Version, source.Redact(e.URL))
}

// InsecureError says that an address is of plain http.
type InsecureError struct{ Dep, URL string }

func (e *InsecureError) Error() string {
	return fmt.Sprintf("%s: will not lock what comes over plain http: %s", e.Dep, source.Redact(e.URL))
}

// PageError says that an address serves a web page.
type PageError struct{ Dep, URL string }

func (e *PageError) Error() string {
	return fmt.Sprintf("%s: %s serves a web page, not a file", e.Dep, source.Redact(e.URL))
}

// SumsError says that what upstream publishes could not be had.
type SumsError struct {
	Dep      string
	Platform lock.Platform
	From     string // the address of the list
	Err      error
}

func (e *SumsError) Error() string {
	return fmt.Sprintf("%s, %s: no published sum from %s: %v", e.Dep, e.Platform, source.Redact(e.From), e.Err)
}

func (e *SumsError) Unwrap() error { return e.Err }

// PublishedError says that the bytes are not those whose sum upstream publishes.
type PublishedError struct {
	Dep       string
	Platform  lock.Platform
	URL, From string // of the file, and of the list
	Published string // a sha256, or a sha512 where there is that alone
	Computed  string // the same of the bytes
	Got       fetch.Measurement
}

func (e *PublishedError) Error() string {
	algorithm := map[bool]string{true: "sha512", false: "sha256"}[len(e.Published) == 128]
	return fmt.Sprintf("%s, %s: the bytes are not those that upstream publishes the sum of\n%s\n  published  %s %s (%s)\n  got        %s %s  %d bytes",
		e.Dep, e.Platform, source.Redact(e.URL), algorithm, e.Published, source.Redact(e.From), algorithm, e.Computed, e.Got.Size)
}

// TrustError says that a line would be trusted less than the policy demands.
type TrustError struct {
	Dep       string
	Platform  lock.Platform
	Got, Want lock.Trust
}

func (e *TrustError) Error() string {
	return fmt.Sprintf("%s, %s: trust would be %s, and policy.trust demands %s", e.Dep, e.Platform, e.Got, e.Want)
}
