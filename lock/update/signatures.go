package update

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/signature"
	"depfetch/lock/sums"
)

// seal is what is known of the signatures of an item.
type seal struct {
	by  []string // who has signed, by signature; empty where nothing is verified
	err error    // a *SignatureError
}

// line returns what a locked line says of the signatures, all of which must have been
// verified.
func (s *seal) line() (string, error) {
	if slices.Contains(s.by, "") {
		return "", errors.New("a signature has not been verified")
	}
	return strings.Join(s.by, ", "), nil
}

// check is one signature of an item that is to be verified.
type check struct {
	item   *item
	index  int // in the item's dependency
	policy signature.Policy
	signing
	// texts downloads what is published of it, once. Of an attestation, that is nothing: it
	// is asked for by the digest of what it is of.
	texts func(context.Context) (signature.Material, error)
}

// checks are all signatures that are to be verified, by what is signed.
type checks struct {
	files []check
	lists map[*item][]check
}

// checks returns what is to be verified of the items. Keys are read before anything is
// downloaded.
func (c *Client) checks(items []*item) (checks, error) {
	all := checks{lists: make(map[*item][]check)}
	var errs []error
	type subject struct { // of a policy, which is the same for most platforms
		dep           *lock.Dep
		index         int
		identity, ref string
	}
	policies := make(map[subject]signature.Policy)
	for _, it := range items {
		it.seal.by = make([]string, len(it.dep.Signatures))
		for i, s := range it.dep.Signatures {
			at := it.signatures[i]
			of := subject{it.dep, i, at.identity, at.ref}
			policy, known := policies[of]
			if !known {
				var err error
				if policy, err = signature.New(s, signature.Given{Identity: at.identity, Ref: at.ref, File: c.Keys, Roots: c.Roots}); err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", it.dep.Name, err))
				}
				policies[of] = policy
			}
			ch := check{item: it, index: i, policy: policy, signing: at}
			ch.texts = once(func(ctx context.Context) (signature.Material, error) { return c.texts(ctx, ch) })
			if s.OfSums {
				all.lists[it] = append(all.lists[it], ch)
			} else {
				all.files = append(all.files, ch)
			}
		}
	}
	return all, errors.Join(errs...)
}

// signedList is a list of which the signatures are verified.
type signedList struct {
	list *sums.List
	by   []string // who has signed, by check
	bad  int      // the check that has failed, or -1
	err  error
}

// readSigned reads a list and verifies its signatures. Of a list that holds its own
// signature, only what is signed counts.
func (c *Client) readSigned(ctx context.Context, it *item, checks []check) signedList {
	text, err := c.readText(ctx, it)
	if err != nil {
		return signedList{bad: -1, err: err}
	}
	l := signedList{bad: -1}
	address, _, _ := strings.Cut(it.sums, "#")
	signed := text
	for i, ch := range checks {
		var r signature.Result
		if ch.url == address && ch.policy.Inline() {
			if signed, r, err = ch.policy.VerifyText(text, c.now()); len(checks) > 1 && err == nil {
				err = errors.New("a list that holds its own signature can have no other")
			}
		} else {
			r, err = c.verify(ctx, ch, signature.TextSubject(baseName(address), text))
		}
		if err != nil {
			return signedList{bad: i, err: err}
		}
		l.by = append(l.by, r.By)
	}
	l.list, l.err = it.parseList(signed)
	return l
}

// listKey returns what tells signed lists apart.
func listKey(it *item, checks []check) string {
	key := fmt.Sprintf("%p %s", it.dep, it.sums)
	for _, ch := range checks {
		key += fmt.Sprintf(" %q", ch.signing)
	}
	return key
}

// take notes what was verified of the list of an item.
func (l signedList) take(it *item, checks []check) (*sums.List, error) {
	if l.bad >= 0 {
		it.seal.err = checks[l.bad].error(l.err)
	}
	for i, by := range l.by {
		it.seal.by[checks[i].index] = by
	}
	return l.list, l.err
}

// verifyFiles verifies the signatures of the files of items, which are in store.
func (c *Client) verifyFiles(ctx context.Context, store *cache.Store, checks []check) {
	var (
		g  errgroup.Group
		mu sync.Mutex
	)
	g.SetLimit(max(c.Fetch.Jobs, 1))
	for _, ch := range checks {
		m := ch.item.measured
		if m.Err != nil {
			continue
		}
		g.Go(func() error {
			blob := &hashedBlob{ctx: ctx, store: store, digest: m.Digest, size: m.Size}
			r, err := c.verify(ctx, ch, signature.Subject{Name: baseName(ch.item.url), Digest: m.Digest, Bytes: blob})
			if other := blob.close(); other != nil {
				r, err = signature.Result{}, other
			}
			mu.Lock()
			defer mu.Unlock()
			ch.item.seal.by[ch.index] = r.By
			if err != nil && ch.item.seal.err == nil {
				ch.item.seal.err = ch.error(err)
			}
			return nil
		})
	}
	g.Wait()
}

// readAhead downloads the signatures of files, while these are downloaded.
func (c *Client) readAhead(ctx context.Context, checks []check) {
	var g errgroup.Group
	g.SetLimit(max(c.Fetch.Jobs, 1))
	for _, ch := range checks {
		g.Go(func() error {
			ch.texts(ctx) // an error is seen by verifyFiles, if the file is there
			return nil
		})
	}
	g.Wait()
}

// once returns a function that calls read once, at its first call.
func once[T any](read func(context.Context) (T, error)) func(context.Context) (T, error) {
	var (
		first sync.Once
		v     T
		err   error
	)
	return func(ctx context.Context) (T, error) {
		first.Do(func() { v, err = read(ctx) })
		return v, err
	}
}

// auditSignatures verifies the signatures of the findings whose bytes are those that are
// locked, and are in store.
func (c *Client) auditSignatures(ctx context.Context, store *cache.Store, findings []Finding, measured map[string]fetch.Measurement) error {
	items := make(map[*Finding]*item)
	var all []*item
	for i := range findings {
		f := &findings[i]
		if f.Dep == nil || len(f.Dep.Signatures) == 0 || f.Status != Same && f.Status != Moved {
			continue
		}
		e, err := expansion(f.Dep, f.Line.Platform)
		if err != nil {
			return err
		}
		it := &item{want: Want{Dep: f.Dep}, dep: f.Dep, platform: f.Line.Platform, expanded: e, measured: measured[f.Line.URL]}
		items[f] = it
		all = append(all, it)
	}
	checks, err := c.checks(all)
	if err != nil {
		return err
	}
	c.findPublished(ctx, all, checks.lists)
	c.verifyFiles(ctx, store, checks.files)
	for f, it := range items {
		if f.By, f.Err = c.audited(store, it, f.Line); f.Err != nil {
			f.Status = Unverified
			if _, failed := errors.AsType[*fetch.TransferError](f.Err); failed && !notFound(f.Err) {
				f.Status = Unreachable
			}
		}
	}
	return nil
}

// audited returns who has signed an item now. It is an error if that is not what the line
// says.
func (c *Client) audited(store *cache.Store, it *item, line lock.Line) (by string, err error) {
	if it.seal.err != nil {
		return "", it.seal.err
	}
	if it.published.err != nil {
		return "", &SumsError{Dep: it.dep.Name, Platform: it.platform, From: it.published.from, Err: it.published.err}
	}
	switch computed, err := it.published.compute(store, it.measured); {
	case err != nil:
		return "", err
	case computed != it.published.sum.Hex:
		return "", it.published.error(it.dep.Name, it.platform, it.url, computed, it.measured)
	}
	if by, err = it.seal.line(); err == nil && by != line.By {
		now := line
		now.Trust, now.By = lock.Signed, by
		err = &SignerError{Dep: it.dep.Name, Platform: it.platform, Old: line, New: now}
	}
	return by, err
}

// notFound reports whether upstream answered that it does not have what failed.
func notFound(err error) bool {
	asked, none := missing(err)
	return none && asked == ""
}

// verify downloads a signature and verifies it.
func (c *Client) verify(ctx context.Context, ch check, s signature.Subject) (signature.Result, error) {
	m, err := c.material(ctx, ch, s)
	if err != nil {
		return signature.Result{}, err
	}
	return ch.policy.Verify(s, m, c.now())
}

// material downloads what there is of a signature.
func (c *Client) material(ctx context.Context, ch check, s signature.Subject) (m signature.Material, err error) {
	m, err = ch.texts(ctx)
	if ch.url == "" {
		if c.Release == nil {
			return m, errors.New("GitHub's API cannot be asked")
		}
		m.Signature, err = c.Release.Attestations(ctx, ch.item.dep.Signatures[ch.index].Repository, s.Digest.String())
	}
	if err != nil {
		return m, err
	}
	query, err := ch.policy.Query(s, m)
	if err != nil || query == nil {
		return m, err
	}
	if c.Release == nil {
		return m, errors.New("the log of signatures cannot be asked")
	}
	m.Log, err = c.Release.LogEntries(ctx, query)
	return m, err
}

// texts downloads a signature, and the certificate that stands beside it.
func (c *Client) texts(ctx context.Context, ch check) (m signature.Material, err error) {
	if ch.url != "" {
		m.Signature, err = c.Fetch.Read(ctx, ch.item.artifact(ch.url), signature.MaxSize)
	}
	if err == nil && ch.cert != "" {
		m.Certificate, err = c.Fetch.Read(ctx, ch.item.artifact(ch.cert), signature.MaxSize)
	}
	return m, err
}

func (ch check) error(err error) error {
	address := ch.url
	if s := ch.item.dep.Signatures[ch.index]; address == "" {
		address = "of github.com/" + s.Repository
	}
	return &SignatureError{
		Dep: ch.item.dep.Name, Version: ch.item.dep.Version, Platform: ch.item.platform, URL: address, Err: err,
		Now: signerEntries(ch.item.dep.Signatures[ch.index], ch.item.dep.Version, err),
	}
}

// signerEntries returns what a signature would have to say of who has signed, if another
// identity than the expected one has.
func signerEntries(s lock.Signature, version string, err error) []edit.Entry {
	bad, ok := errors.AsType[*signature.Error](err)
	if !ok || bad.Identity == "" {
		return nil
	}
	if s.Kind != "github" {
		return []edit.Entry{{Key: "identity", Value: versioned(bad.Identity, version)}, {Key: "issuer", Value: bad.Issuer}}
	}
	address, _, _ := strings.Cut(bad.Identity, "@")
	workflow, ok := strings.CutPrefix(address, "https://github.com/")
	if wanted, _, _ := strings.Cut(s.Workflow, "@"); !ok || bad.Issuer != actionsIssuer || workflow == wanted {
		return nil // what differs is the repository or the ref
	}
	return []edit.Entry{{Key: "workflow", Value: strings.TrimPrefix(workflow, s.Repository+"/")}}
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// baseName returns the name of the file at an address.
func baseName(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return path.Base(address)
}

// checkSigner returns an error if a line that was signed would be trusted less, or be
// signed by somebody else, and that is not accepted.
// For a platform that was not locked, the dependency's other lines say who has signed.
func (c *Client) checkSigner(it *item, old *lock.Line, now lock.Line) error {
	if i := slices.IndexFunc(it.want.Dep.Locked, func(l lock.Line) bool { return l.Trust == lock.Signed }); old == nil && i >= 0 {
		old = &it.want.Dep.Locked[i]
	}
	if old == nil || old.Trust != lock.Signed || c.AcceptSigner || now.Trust == lock.Signed && now.By == old.By {
		return nil
	}
	return &SignerError{Dep: it.dep.Name, Version: it.want.Version, Platform: it.platform, Old: *old, New: now}
}

// signed reports whether d has signatures of its file, for which it must be kept.
func signed(d *lock.Dep) bool {
	return slices.ContainsFunc(d.Signatures, func(s lock.Signature) bool { return !s.OfSums })
}

// SignatureError reports a signature that was not found or does not hold. It unwraps to
// an error of package signature or *fetch.TransferError.
type SignatureError struct {
	Dep      string
	Version  string // of the dependency; may be empty
	Platform lock.Platform
	URL      string // of the signature
	Err      error
	// Now is what signature would have to say of who has signed, if another identity than
	// the expected one has; that identity may not have been verified.
	Now []edit.Entry
}

func (e *SignatureError) Error() string {
	return e.Dep + ", " + e.Platform.String() + ": signature " + source.Redact(e.URL) + ": " + cause(e.Err).Error()
}

func (e *SignatureError) Unwrap() error { return e.Err }

// SignerError reports a line that was signed, and would be trusted less or be signed by
// somebody else.
type SignerError struct {
	Dep      string
	Version  string // that was asked for, if one was
	Platform lock.Platform
	Old, New lock.Line
}

func (e *SignerError) Error() string {
	return e.Dep + ", " + e.Platform.String() + ": it was signed, and is not as it was\n" +
		"  locked  " + cmp.Or(e.Old.By, "nobody") + "\n" +
		"  now     " + cmp.Or(e.New.By, "no signature: "+e.New.Trust.String())
}
