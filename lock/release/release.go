// Package release finds the latest version that upstream has released, and the
// digests that GitHub's API gives for the assets of a release. It also judges
// addresses: whether one moves, and whether its archive is made on demand.
//
// The token is sent to the API's own origin (scheme, host and port) and nowhere
// else: not along a redirect, not to a listing's next page on another server, which
// is refused, and never into an error. Answers are limited in size and time, listings
// in the number of their pages. Once GitHub has answered that its rate limit is used
// up, it is not asked again before the limit is reset.
//
// Drafts are never versions. Pre-releases are versions only if the query asks for
// them. Names that are not versions are skipped, and listed in the error if no version
// is found. A release without a date is younger than any minimum age.
//
// The date of a release is the time at which it was published, by GitHub's clock. A
// tag has no date of its own, so a minimum age applies to the date of its commit. The
// author of the commit chooses that date. A minimum age therefore protects against an
// upstream that has been taken over only if releases are asked for, not tags.
package release

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"depfetch/fetch/source"
	"depfetch/lock"
)

// DefaultAPI is the base URL of GitHub's API.
const DefaultAPI = "https://api.github.com"

// Client asks GitHub's API and other servers for versions. Transport is required.
// Its methods are safe for concurrent use; its fields must not change after the first
// call.
type Client struct {
	// API is the base URL of GitHub's API, or of that of a GitHub Enterprise
	// server (https://HOST/api/v3). Empty means DefaultAPI.
	API string
	// Hosts are the hosts whose release downloads the API knows, with a port
	// unless it is the scheme's default. Nil means the API's host without a
	// leading "api.".
	Hosts []string
	// Log is the base URL of the log that LogEntries asks. Empty means DefaultLog.
	Log string
	// Token authenticates requests to the API, if it is not empty.
	Token string
	// Transport sends the requests. It need not follow redirects.
	Transport http.RoundTripper
	// Rewrites are the rules by which addresses are asked for elsewhere, without the
	// Token. Authorize, if not nil, adds what the server there demands.
	Rewrites  *source.Rewrites
	Authorize func(*http.Request) bool
	// UserAgent is the User-Agent of every request. GitHub refuses requests
	// without one.
	UserAgent string
	// Now is the clock. Nil means time.Now.
	Now func() time.Time

	mu       sync.Mutex
	limited  *RateLimitError
	releases map[string]*assets
}

// Release is one version of upstream.
type Release struct {
	Version   string    // as a lockfile writes it
	Tag       string    // as upstream writes it
	Published time.Time // zero if unknown
}

// Result is the answer to a query.
type Result struct {
	// Release is the latest release that the query accepts. It is zero if all
	// are held back.
	Release
	// Newer is set if Release comes after the current version, or if there
	// is no current version. Otherwise there is nothing to update to.
	Newer bool
	// Held are the releases that come after both Release and the current
	// version but are younger than the minimum age, the latest first.
	Held []Release
	// Unordered are other names in the listing that cannot be compared with the
	// current version: they follow another scheme, or are ambiguous. Any of
	// them may be newer. Names that were published before the current version
	// are left out.
	Unordered []string
}

// Latest returns the highest version that a query of a valid lockfile accepts. The order
// is that of Semantic Versioning 2.0.0, extended to the other schemes that upstreams use.
// The current version, which may be empty, determines the scheme: names that follow
// another one are not accepted. GitHub lists releases newest first, so a long list is
// read only until 50 releases have been accepted.
//
// A query with a line accepts the versions of that line alone, also if current is of an
// earlier one.
//
// It returns a [*VersionError] if current is not a version, a [*LineError] if it does
// not belong to the prefix of the query or comes after its line, a [*NotFoundError] if the repository does not
// exist or has no releases, a [*NoVersionError] if none of its names is a version that
// the query accepts, a [*RateLimitError], or an [*AnswerError].
func (c *Client) Latest(ctx context.Context, q lock.Latest, current string) (Result, error) {
	return c.LatestAccepted(ctx, q, current, nil)
}

// CheckLine returns a [*LineError] if a version comes after the line of versions that the
// query names. A text that is no version is let pass.
func CheckLine(q lock.Latest, version string) error {
	line, _ := lock.LineNumbers(q.Line)
	naming, err := namingOf(q, version)
	if v, ok := parseVersion(naming.bare(version)); err == nil && ok && v.compareLine(line) > 0 {
		return &LineError{Version: version, Line: q.Line}
	}
	return nil
}

// LatestAccepted is Latest of the tags that accept, unless it is nil, accepts.
func (c *Client) LatestAccepted(ctx context.Context, q lock.Latest, current string, accept func(tag string) bool) (Result, error) {
	naming, err := namingOf(q, current)
	if err != nil {
		return Result{}, err
	}
	s := &search{query: q, naming: naming, accept: accept, now: c.now()}
	s.line, _ = lock.LineNumbers(q.Line)
	if current != "" {
		v, ok := parseVersion(s.naming.bare(current))
		if !ok {
			return Result{}, &VersionError{Version: current}
		}
		if err := CheckLine(q, current); err != nil {
			return Result{}, err
		}
		s.current, s.scheme = &v, &v
	}
	switch {
	case q.URL != "":
		err = c.searchText(ctx, s)
	case q.Tags:
		err = c.searchTags(ctx, s)
	default:
		err = c.searchReleases(ctx, s)
	}
	if err != nil {
		return Result{}, err
	}
	if len(s.found) == 0 {
		return Result{}, s.failure()
	}
	slices.SortStableFunc(s.found, func(a, b candidate) int { return b.order.compare(a.order) })
	r, err := c.pick(ctx, s)
	r.Unordered = s.unorderedNames()
	return r, err
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// search is the state of one call of Latest.
type search struct {
	query   lock.Latest
	naming  naming
	line    []string              // the numbers that versions begin with
	accept  func(tag string) bool // nil accepts all
	current *version              // nil if there is none
	scheme  *version              // that candidates must follow: current, or the first candidate
	now     time.Time

	found []candidate
	old   int // how many of found are old enough
	none  NoVersionError

	unordered []Release
}

// candidate is a release that may be the latest.
type candidate struct {
	Release
	order  version
	commit string // of a tag, whose date is asked for
}

// maxNames is how many names that are not versions an error lists.
const maxNames = 5

// add adds a release to the candidates if the query accepts it.
func (s *search) add(r Release, prerelease bool, commit string) {
	if len(r.Tag) < len(s.naming.prefix) || r.Tag[:len(s.naming.prefix)] != s.naming.prefix {
		s.none.OtherPrefix++
		return
	}
	if s.accept != nil && !s.accept(r.Tag) {
		s.none.Refused++
		return
	}
	v, ok := parseVersion(s.naming.bare(r.Tag))
	if ok && v.compareLine(s.line) != 0 {
		s.none.OtherLine++
		return
	}
	if ok && s.scheme == nil && (v.kind != pre || s.query.Prerelease) {
		s.scheme = &v
	}
	if !ok || s.scheme != nil && !s.scheme.orders(v) {
		if strings.ContainsAny(r.Tag, "0123456789") {
			s.unordered = append(s.unordered, r)
		}
		if s.none.UnreadCount++; len(s.none.Unread) < maxNames {
			s.none.Unread = append(s.none.Unread, r.Tag[:min(len(r.Tag), maxVersion)])
		}
		return
	}
	if (prerelease || v.kind == pre && (s.scheme == nil || s.scheme.prerelease(v))) && !s.query.Prerelease {
		s.none.Prereleases++
		return
	}
	r.Version = s.naming.version(r.Tag)
	s.found = append(s.found, candidate{r, v, commit})
	if s.oldEnough(r.Published) {
		s.old++
	}
}

// unorderedNames returns the names for Result.Unordered.
func (s *search) unorderedNames() []string {
	var since time.Time // when the current version was published
	for _, k := range s.found {
		if s.current != nil && k.order.compare(*s.current) == 0 {
			since = k.Published
		}
	}
	var names []string
	for _, r := range s.unordered {
		if r.Published.IsZero() || !r.Published.Before(since) {
			names = append(names, r.Tag[:min(len(r.Tag), maxVersion)])
		}
	}
	return names
}

// oldEnough reports whether a release published at that time has the minimum age.
func (s *search) oldEnough(published time.Time) bool {
	return s.query.MinAge == 0 || !published.IsZero() && !published.After(s.now.Add(-s.query.MinAge))
}

// newer reports whether k comes after the current version.
func (s *search) newer(k candidate) bool {
	return s.current == nil || k.order.compare(*s.current) > 0
}

func (s *search) failure() error {
	e := s.none
	e.Prefix, e.Line = s.query.Prefix, s.query.Line
	e.Where = cmp.Or(s.query.GitHub, source.Redact(s.query.URL))
	return &e
}

// maxDates is how many tags are looked up for their dates.
const maxDates = 20

// pick returns the first candidate that is old enough. A tag that is not newer than
// the current version needs no date, since nothing is updated to it.
func (c *Client) pick(ctx context.Context, s *search) (Result, error) {
	var r Result
	asked := 0
	for _, k := range s.found {
		newer := s.newer(k)
		isTag := k.commit != ""
		if isTag && newer && s.query.MinAge > 0 {
			if asked++; asked > maxDates {
				return r, nil
			}
			var err error
			if k.Published, err = c.commitDate(ctx, s.query.GitHub, k.commit); err != nil {
				return Result{}, err
			}
		}
		switch {
		case isTag && !newer, s.oldEnough(k.Published):
			r.Release, r.Newer = k.Release, newer
			return r, nil
		case newer:
			r.Held = append(r.Held, k.Release)
		}
	}
	return r, nil
}

// searchText finds the versions in the text at the query's URL.
func (c *Client) searchText(ctx context.Context, s *search) error {
	regex, err := regexp.Compile(s.query.Regex)
	if err != nil {
		return fmt.Errorf("regex: %w", err)
	}
	a, err := c.get(ctx, s.query.URL, http.Header{})
	if err != nil {
		return err
	}
	switch {
	case source.SameOrigin(s.query.URL, c.base()) && rateLimited(a):
		return c.setLimit(a)
	case a.Status != http.StatusOK:
		return &AnswerError{URL: s.query.URL, Asked: a.Asked, Status: a.Status}
	}
	group := min(1, regex.NumSubexp())
	for _, m := range regex.FindAllSubmatch(a.Body, -1) {
		if len(m[group]) > 0 {
			s.add(Release{Tag: string(m[group])}, false, "")
		}
	}
	return nil
}
