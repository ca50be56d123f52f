// Package release asks upstream which versions there are, and what GitHub says
// of the bytes of a release.
//
// The token goes to the API's own origin (scheme, host and port) and nowhere
// else: neither to a page of a listing that lies elsewhere, which is refused,
// nor along a redirect, nor into an error. Answers are limited in size,
// listings in the number of their pages. Once GitHub has said that its rate
// limit is used up, it is not asked again before the limit is reset.
//
// Drafts are never a version. Pre-releases are one only where the query says
// so. What is no version is passed over, and named if nothing else is left. A
// release without a date is younger than any minimum age.
//
// The date of a release is the day on which it was published, by GitHub's
// clock. A tag has no date of its own: for a minimum age, that of its commit is
// taken, which whoever made the commit has chosen, and which may be long before
// the day of the tag. Who needs a minimum age to hold against an upstream that
// has been taken over should ask for releases.
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
)

// DefaultAPI is the base URL of GitHub's API.
const DefaultAPI = "https://api.github.com"

// Client asks upstream. It needs Get, and is safe for concurrent use once that
// is set.
type Client struct {
	// API is the base URL of GitHub's API, or of that of a GitHub Enterprise
	// server (https://HOST/api/v3). Empty means DefaultAPI.
	API string
	// Hosts are the hosts whose release downloads the API knows, with a port
	// if it is not the scheme's own. Nil means the API's host, without a
	// leading "api.".
	Hosts []string
	// Token authenticates requests to the API, if it is not empty.
	Token string
	// Get sends the requests.
	Get GetFunc
	// Now is the clock. Nil means time.Now.
	Now func() time.Time

	mu       sync.Mutex
	limited  *RateLimitError
	releases map[string]*assets
}

// GetFunc asks for an address with a header. It follows redirects, never from
// https to http, and sends header to the exact origin of address alone. It adds
// a User-Agent, without which GitHub does not answer. It takes limit bytes of
// the body at the most. Its error says why there is no answer; an answer with
// any status is none.
type GetFunc func(ctx context.Context, address string, header http.Header, limit int64) (Answer, error)

// Answer is an answer of HTTP, after redirects.
type Answer struct {
	Status   int
	Header   http.Header
	Body     []byte
	Overlong bool // the body was longer than the limit
}

// Release is one version of upstream.
type Release struct {
	Version   string    // as a lockfile writes it
	Tag       string    // as upstream writes it
	Published time.Time // zero if unknown
}

// Result is the answer to a Query.
type Result struct {
	// Release is the latest one that the query takes. It is zero if all are
	// held back.
	Release
	// Newer is set if Release comes after the current version, or if there
	// is no current version. Otherwise there is nothing to update to.
	Newer bool
	// Held are the releases that come after both Release and the current
	// version, but are younger than the minimum age, the latest first.
	Held []Release
	// Unordered are names that upstream lists beside, and that have no order
	// with the current version: of another scheme, or read in two ways. They
	// are no answer, and may come after it all the same. Those that are known
	// to be older than the current version are not among them.
	Unordered []string
}

// Latest returns the highest version that a query takes, by the order of
// [Compare]. The current version, which may be empty, says how versions are
// written: what is of another scheme is not taken. Of a long list of releases, which begins with the newest, it reads
// until it has seen 50 that the query takes.
//
// It returns a [*VersionError] if current is no version, a [*LineError] if it is
// not one of the prefix, a [*NotFoundError] if
// there is no such repository or if it has released nothing, a
// [*NoVersionError] if nothing that it has is a version that the query takes, a
// [*RateLimitError], and an [*AnswerError].
func (c *Client) Latest(ctx context.Context, q Query, current string) (Result, error) {
	if err := q.Check(); err != nil {
		return Result{}, err
	}
	naming, err := q.naming(current)
	if err != nil {
		return Result{}, err
	}
	s := &search{query: q, naming: naming, now: c.now()}
	if current != "" {
		v, ok := parseVersion(s.naming.bare(current))
		if !ok {
			return Result{}, &VersionError{Version: current}
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

// search is one Latest under way.
type search struct {
	query   Query
	naming  naming
	current *version // nil if there is none
	scheme  *version // that candidates are of: current, or the first one
	now     time.Time

	found []candidate
	old   int // of those found, how many are old enough
	none  NoVersionError

	unordered []Release
}

// candidate is a release that may be the latest.
type candidate struct {
	Release
	order  version
	commit string // of a tag, to ask for its date
}

// maxNames is how many names of what is no version an error repeats.
const maxNames = 5

// add takes a tag among the candidates, if it qualifies.
func (s *search) add(r Release, prerelease bool, commit string) {
	if len(r.Tag) < len(s.naming.prefix) || r.Tag[:len(s.naming.prefix)] != s.naming.prefix {
		s.none.OtherPrefix++
		return
	}
	v, ok := parseVersion(s.naming.bare(r.Tag))
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

// unorderedNames returns what Result.Unordered holds.
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

// oldEnough reports whether what was published then is not held back.
func (s *search) oldEnough(published time.Time) bool {
	return s.query.MinAge == 0 || !published.IsZero() && !published.After(s.now.Add(-s.query.MinAge))
}

// newer reports whether k comes after the current version.
func (s *search) newer(k candidate) bool {
	return s.current == nil || k.order.compare(*s.current) > 0
}

func (s *search) failure() error {
	e := s.none
	e.Prefix = s.query.Prefix
	e.Where = cmp.Or(s.query.GitHub, source.Redact(s.query.URL))
	return &e
}

// maxDates is how many tags are asked for their dates.
const maxDates = 20

// pick returns the first candidate that is old enough. A tag that is not newer
// than the current version needs no date, since it is nothing to update to.
func (c *Client) pick(ctx context.Context, s *search) (Result, error) {
	var r Result
	asked := 0
	for _, k := range s.found {
		if k.commit != "" && s.query.MinAge > 0 && s.newer(k) {
			if asked++; asked > maxDates {
				return r, nil
			}
			var err error
			if k.Published, err = c.commitDate(ctx, s.query.GitHub, k.commit); err != nil {
				return Result{}, err
			}
		} else if k.commit != "" {
			r.Release, r.Newer = k.Release, s.newer(k)
			return r, nil
		}
		if s.oldEnough(k.Published) {
			r.Release, r.Newer = k.Release, s.newer(k)
			return r, nil
		}
		if s.newer(k) {
			r.Held = append(r.Held, k.Release)
		}
	}
	return r, nil
}

// searchText finds the versions in the text at an address.
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
		return &AnswerError{URL: s.query.URL, Status: a.Status}
	}
	group := min(1, regex.NumSubexp())
	for _, m := range regex.FindAllSubmatch(a.Body, -1) {
		if len(m[group]) > 0 {
			s.add(Release{Tag: string(m[group])}, false, "")
		}
	}
	return nil
}
