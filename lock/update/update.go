// Package update does the online work on a lockfile: it downloads what upstream serves,
// compares that with the locked lines and with the sums that upstream publishes, and
// returns what the lockfile should contain. It writes nothing: Apply and ApplyPins edit
// a document of the caller.
//
// It guarantees that Lock and LockPins return a line only if its bytes were downloaded
// completely in this run, and that a line is "published" only if the sum of these bytes
// is the one that upstream publishes, and "signed" only if every signature that the
// dependency names was verified in this run. A published sum that differs is an error,
// and so is a signature that does not hold, or a web page in the place of a file.
//
// It refuses to lock over plain http unless that is allowed, and to lock what the
// lockfile's policy forbids.
package update

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/release"
	"depfetch/lock/signature"
)

// DefaultPlatforms are locked if a lockfile names none. Most images are built for them.
var DefaultPlatforms = []lock.Platform{"linux/amd64", "linux/arm64"}

// Client asks upstream. It is safe for concurrent use.
type Client struct {
	// Fetch downloads. Its Root and Mirrors are not used.
	Fetch *fetch.Client
	// Release asks GitHub for versions and for digests of assets. Nil asks nobody
	// for digests.
	Release *release.Client
	// AllowHTTP allows locking over plain http.
	AllowHTTP bool
	// AllowPlatformMismatch allows locking programs for other platforms, as the
	// AllowPlatformMismatch of a dependency does.
	AllowPlatformMismatch bool
	// Accepts, if not nil, returns which tags are versions of a dependency; a nil
	// result accepts all.
	Accepts func(*lock.Dep) func(tag string) bool
	// Keys reads a file with a key, by its slash-separated path from the lockfile's
	// folder. It may be nil if no signature names a file.
	Keys func(path string) ([]byte, error)
	// AcceptSigner allows that a line which was signed is signed by somebody else, or
	// trusted less.
	AcceptSigner bool
	// Roots are the instances of Sigstore that count; nil means those that are embedded.
	Roots *signature.Roots
	// RequireSignature refuses lines that are not signed, whatever the policy says.
	RequireSignature bool
	// Now is the time at which keys must be valid; nil means time.Now.
	Now func() time.Time
	// Warn, if not nil, is called with problems that do not keep a line from being
	// locked. Calls may overlap.
	Warn func(error)

	beside beside
	looked *looked // nil unless Look has been called
}

// Want says what to lock of one dependency.
type Want struct {
	Dep       *lock.Dep
	Version   string          // to lock; empty means that of Dep
	Revision  *Revision       // what Dep has to say for it; nil leaves Dep as it is
	Platforms []lock.Platform // see Platforms
}

// Revision are new templates for another version.
type Revision struct {
	Dep     *lock.Dep    // with them, at that version
	Changed []edit.Entry // see edit.SetTemplates
}

// Templates returns the dependency whose templates are used.
func (w Want) Templates() *lock.Dep {
	if w.Revision != nil {
		return w.Revision.Dep
	}
	return w.Dep
}

func (w Want) version() string { return cmp.Or(w.Version, w.Dep.Version) }

// Result is what was found for a Want.
type Result struct {
	Dep     *lock.Dep
	Version string // of the lines
	Changes []Change
	// Revision is the Want's.
	Revision *Revision
}

// Change is one locked line, before and after.
type Change struct {
	Platform lock.Platform
	Old      *lock.Line // nil if it was not locked
	New      lock.Line  // zero if Missing
	Missing  bool       // there is nothing at URL, or at Asked (404 or 410)
	URL      string     // that was asked for
	Asked    string     // if Missing: where a rule has led, so that upstream itself was not asked; else empty
	Mismatch bool       // it is a program for another platform, which is allowed
	Manifest []byte     // of a tree: the text whose digest is New.Unpacked
}

// Same reports whether there is nothing to write.
func (c Change) Same() bool {
	return c.Old != nil && !c.Missing && c.Old.URL == c.New.URL && c.Old.Digest == c.New.Digest &&
		c.Old.Size == c.New.Size && c.Old.Unpacked == c.New.Unpacked && c.Old.Trust == c.New.Trust && c.Old.By == c.New.By
}

// Platforms returns the platforms for which d is to be locked. That is Any if it is
// locked for Any, or if it names no platforms and its templates expand without one.
// Otherwise they are the platforms of d, else of f, else DefaultPlatforms, and those
// that are locked already.
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
type expanded struct {
	url, sums  string
	signatures []signing
}

// signing is what the templates of a signature give.
type signing struct{ url, cert, identity, ref string }

func expansion(d *lock.Dep, p lock.Platform) (e expanded, err error) {
	if e.url, err = d.Expand(d.URL, p); err != nil {
		return e, err
	}
	if e.sums, err = d.Expand(d.Sums, p); err != nil {
		return e, err
	}
	for _, s := range d.Signatures {
		var at signing
		to := []*string{&at.url, &at.cert, &at.identity, &at.ref}
		for i, t := range []lock.Template{s.URL, s.Cert, s.Identity, s.Ref} {
			if *to[i], err = d.Expand(t, p); err != nil {
				return e, err
			}
		}
		e.signatures = append(e.signatures, at)
	}
	for _, t := range append([]lock.Template{d.Member}, d.Mirrors...) {
		if _, err := d.Expand(t, p); err != nil {
			return e, err
		}
	}
	return e, nil
}

// item is a line that is being locked.
type item struct {
	want     Want
	dep      *lock.Dep // at the wanted version
	platform lock.Platform
	expanded
	published published
	measured  fetch.Measurement
	contents  contents
	seal      seal
}

func (i *item) artifact(url string) fetch.Artifact {
	a := fetch.Artifact{Name: i.dep.Name, Version: i.dep.Version, Platform: i.platform.String(), URL: url}
	for _, l := range i.dep.Locked {
		if l.Platform == i.platform && l.URL == url {
			a.Size = l.Size // as far as it is known, for the progress
		}
	}
	return a
}

// Lock downloads what the wants ask for, from the origins alone, and returns a Result
// for each, in their order. Its error joins the errors of the lines, of the types of
// this package and *fetch.TransferError. What upstream does not have is not an error
// but a Change that is Missing.
func (c *Client) Lock(ctx context.Context, f *lock.File, wants []Want) ([]Result, error) {
	items, err := c.items(wants)
	if err != nil {
		return nil, err
	}
	checks, err := c.checks(items)
	if err != nil {
		return nil, err
	}
	client, done, err := c.keepFor(items)
	if err != nil {
		return nil, err
	}
	defer done()
	reading, cancel := context.WithCancel(ctx)
	var small sync.WaitGroup // files that are read meanwhile
	defer small.Wait()
	defer cancel()
	small.Go(func() { c.readAhead(reading, checks.files) })
	var lists sync.WaitGroup
	lists.Go(func() { c.findPublished(ctx, items, checks.lists) })
	artifacts := make([]fetch.Artifact, len(items))
	for i, it := range items {
		artifacts[i] = it.artifact(it.url)
	}
	measured, err := c.measureNew(ctx, client, artifacts)
	lists.Wait()
	if err != nil {
		return nil, err
	}
	for _, it := range items {
		it.measured = measured[it.url]
	}
	c.findContents(ctx, client.Cache, items)
	c.verifyFiles(ctx, client.Cache, checks.files)
	results := make([]Result, len(wants))
	var errs []error
	for i, w := range wants {
		r := &results[i]
		r.Dep, r.Version, r.Revision = w.Dep, w.version(), w.Revision
		for range w.Platforms {
			change, err := c.change(f.Policy.Trust, client.Cache, items[0])
			errs = append(errs, err)
			r.Changes = append(r.Changes, change)
			items = items[1:]
		}
		c.warnAlike(*r)
	}
	return results, errors.Join(errs...)
}

// items expands what is wanted: an item for each platform of each want, in their order.
func (c *Client) items(wants []Want) ([]*item, error) {
	var (
		items []*item
		errs  []error
	)
	for _, w := range wants {
		d := *w.Templates()
		d.Version = w.version()
		for _, p := range w.Platforms {
			e, err := expansion(&d, p)
			if err == nil && w.Version != "" && w.Revision == nil {
				err = checkVersioned(w, p, e.url)
			}
			if unversioned, ok := errors.AsType[*UnversionedError](err); ok {
				errs = append(errs, unversioned)
				break // the same for all platforms
			}
			if err != nil {
				errs = append(errs, &TemplateError{Dep: d.Name, Platform: p, Err: err})
				continue
			}
			plain := ""
			addresses := []string{e.url, e.sums}
			for _, at := range e.signatures {
				addresses = append(addresses, at.url, at.cert)
			}
			for _, address := range addresses {
				plain = cmp.Or(plain, c.insecure(address))
			}
			if plain != "" {
				errs = append(errs, &InsecureError{Dep: d.Name, URL: plain})
				continue
			}
			items = append(items, &item{want: w, dep: &d, platform: p, expanded: e})
		}
	}
	return items, errors.Join(errs...)
}

// insecure returns the address of plain http that would be asked for an address, or "".
func (c *Client) insecure(address string) string {
	address = cmp.Or(c.Fetch.Source.Rewrite(address), address)
	if c.AllowHTTP || !strings.HasPrefix(address, "http://") {
		return ""
	}
	return address
}

// checkVersioned returns an error if the address of another version that is wanted is
// the same.
func checkVersioned(w Want, p lock.Platform, url string) error {
	e := &UnversionedError{Dep: w.Dep.Name, Version: w.Version, URL: w.Dep.URL.String()}
	if !w.Dep.URL.HasVersion() {
		return e
	}
	before, err := w.Dep.Expand(w.Dep.URL, p)
	if err == nil && before == url && w.Version != w.Dep.Version {
		e.Part = true
		return e
	}
	return nil
}

// measure downloads each address once, and returns what came by address.
func measure(ctx context.Context, client *fetch.Client, artifacts []fetch.Artifact) (map[string]fetch.Measurement, error) {
	seen := make(map[string]bool)
	var distinct []fetch.Artifact
	for _, a := range artifacts {
		if !seen[a.URL] {
			seen[a.URL] = true
			distinct = append(distinct, a)
		}
	}
	defer planned(client, distinct)()
	measured, err := client.Measure(ctx, distinct)
	if err != nil {
		return nil, err
	}
	byURL := make(map[string]fetch.Measurement)
	for i, a := range distinct {
		byURL[a.URL] = measured[i]
	}
	return byURL, nil
}

// planned emits how much there is to download, and returns what says that it is over. One
// file says so itself.
func planned(client *fetch.Client, artifacts []fetch.Artifact) (end func()) {
	if client.Events == nil || len(artifacts) < 2 {
		return func() {}
	}
	plan := fetch.Event{Kind: fetch.EventPlan, Artifact: new(fetch.Artifact), Files: len(artifacts)}
	for _, a := range artifacts {
		if a.Size <= 0 {
			plan.Bytes = fetch.SizeUnknown
			break
		}
		plan.Bytes += a.Size
	}
	client.Events(plan)
	return func() { client.Events(fetch.Event{Kind: fetch.EventPlan, Artifact: new(fetch.Artifact)}) }
}

// change decides what is locked for an item. least is the trust that the policy
// demands, and store has what was downloaded if the item needs that.
func (c *Client) change(least lock.Trust, store *cache.Store, it *item) (Change, error) {
	ch := Change{Platform: it.platform, URL: it.url}
	for _, l := range it.want.Dep.Locked {
		if l.Platform == it.platform {
			ch.Old = &l
		}
	}
	m := it.measured
	if m.Err != nil {
		if ch.Asked, ch.Missing = missing(m.Err); ch.Missing {
			return ch, nil
		}
		return ch, m.Err
	}
	if err := c.checkSubstitute(it); err != nil {
		return ch, err
	}
	if it.seal.err != nil {
		return ch, it.seal.err
	}
	if it.published.err != nil {
		return ch, &SumsError{Dep: it.dep.Name, Platform: it.platform, From: it.published.from, Err: it.published.err}
	}
	computed, err := it.published.compute(store, m)
	switch {
	case err != nil:
		return ch, err
	case computed != it.published.sum.Hex:
		return ch, it.published.error(it.dep.Name, it.platform, it.url, computed, m)
	case it.contents.err != nil:
		return ch, &ContentsError{Dep: it.dep.Name, Platform: it.platform, Err: it.contents.err}
	}
	if err := c.mismatch(it); err != nil {
		if !it.dep.AllowPlatformMismatch && !c.AllowPlatformMismatch {
			return ch, err
		}
		ch.Mismatch = true
	}
	c.warnMoving(it)
	ch.New = lock.Line{Platform: it.platform, URL: it.url, Digest: m.Digest, Size: m.Size, Unpacked: it.contents.digest}
	ch.Manifest = it.contents.manifest
	ch.New.Trust = it.published.trust()
	if ch.Old != nil && ch.Old.URL == ch.New.URL && ch.Old.Digest == ch.New.Digest {
		ch.New.Trust = keepTrust(ch.New.Trust, ch.Old.Trust)
	}
	if len(it.dep.Signatures) > 0 {
		by, err := it.seal.line()
		if err != nil {
			return ch, err
		}
		ch.New.Trust, ch.New.By = lock.Signed, by
	}
	if err := c.checkSigner(it, ch.Old, ch.New); err != nil {
		return ch, err
	}
	if c.RequireSignature && ch.New.Trust != lock.Signed {
		return ch, &UnsignedError{Dep: it.dep.Name, Platform: it.platform, Got: ch.New.Trust}
	}
	if ch.New.Trust < least {
		return ch, &TrustError{Dep: it.dep.Name, Platform: it.platform, Got: ch.New.Trust, Want: least}
	}
	return ch, nil
}

// keepTrust returns the trust of a line whose bytes have not changed: what was found now
// or, if that is more, what was published before. What was signed before is not: no
// signature is left that would say so.
func keepTrust(now, before lock.Trust) lock.Trust {
	if before == lock.Signed {
		return now
	}
	return max(now, before)
}

// warnMoving warns of an address whose content changes with each release.
func (c *Client) warnMoving(it *item) {
	shown, final := source.Redact(it.url), it.measured.Response.URL
	if moving := release.Moving(it.url); moving != "" {
		c.warn(fmt.Errorf("%s, %s: the address moves (%s), and will serve other bytes: %s", it.dep.Name, it.platform, moving, shown))
	} else if release.RedirectsToVersion(it.url, final) {
		c.warn(fmt.Errorf("%s, %s: the address moves, and leads to %s today: %s", it.dep.Name, it.platform, source.Redact(final), shown))
	}
}

// missing reports whether the answer to a download was that there is nothing: that of
// upstream if it was asked, else that of asked, where a rule has led.
func missing(err error) (asked string, missing bool) {
	t, ok := errors.AsType[*fetch.TransferError](err)
	if !ok {
		return "", false
	}
	a := t.Deciding()
	e, ok := errors.AsType[*source.Error](a.Err)
	return a.Asked, ok && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}
