package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"depfetch/fetch/source"
)

const (
	// enough is how many releases that a query accepts are looked at.
	enough = 50

	releasesPerPage, maxReleasePages = 50, 20
	// Tags are listed in the order of their names, so all must be read.
	tagsPerPage, maxTagPages = 100, 50
)

// apiVersion is the version of GitHub's REST API that the types below follow.
const apiVersion = "2022-11-28"

// githubRelease is a release, as the REST API has it.
type githubRelease struct {
	TagName     string    `json:"tag_name"`
	Draft       bool      `json:"draft"`
	Prerelease  bool      `json:"prerelease"`
	PublishedAt time.Time `json:"published_at"`
}

// searchReleases reads GET /repos/{owner}/{repo}/releases.
func (c *Client) searchReleases(ctx context.Context, s *search) error {
	seen := 0
	err := pages(ctx, c, s.query.GitHub, "releases", releasesPerPage, func(page int, list []githubRelease) bool {
		for _, r := range list {
			if r.Draft {
				continue
			}
			seen++
			s.add(Release{Tag: r.TagName, Published: r.PublishedAt}, r.Prerelease, "")
		}
		return s.old < enough && page < maxReleasePages
	})
	if err == nil && seen == 0 {
		err = c.notFound(s.query.GitHub, "releases", nil)
	}
	return err
}

// githubTag is a tag, as the REST API has it.
type githubTag struct {
	Name   string `json:"name"`
	Commit struct {
		SHA string `json:"sha"`
	} `json:"commit"`
}

// searchTags reads GET /repos/{owner}/{repo}/tags.
func (c *Client) searchTags(ctx context.Context, s *search) error {
	seen, whole := 0, true
	err := pages(ctx, c, s.query.GitHub, "tags", tagsPerPage, func(page int, list []githubTag) bool {
		seen += len(list)
		for _, t := range list {
			s.add(Release{Tag: t.Name}, false, t.Commit.SHA)
		}
		whole = page < maxTagPages
		return whole
	})
	switch {
	case err != nil:
		return err
	case seen == 0:
		return c.notFound(s.query.GitHub, "tags", nil)
	case !whole:
		return fmt.Errorf("%s has %d tags or more, too many to read", s.query.GitHub, seen)
	}
	return nil
}

// commitDate returns when a commit was made, by GET
// /repos/{owner}/{repo}/git/commits/{sha}.
func (c *Client) commitDate(ctx context.Context, repo, sha string) (time.Time, error) {
	var commit struct {
		Committer struct {
			Date time.Time `json:"date"`
		} `json:"committer"`
	}
	address := c.base() + "/repos/" + repo + "/git/commits/" + url.PathEscape(sha)
	_, err := c.api(ctx, address, &commit)
	if absent, ok := errors.AsType[*absentError](err); ok {
		err = c.notFound(repo, "commit "+sha, absent)
	}
	return commit.Committer.Date, err
}

// pages reads a listing of a repository page by page, until take returns false. Where a
// page is too long, since its releases have many files, smaller ones are asked for.
func pages[T any](ctx context.Context, c *Client, repo, what string, perPage int, take func(page int, list []T) bool) error {
	listing := fmt.Sprintf("%s/repos/%s/%s?per_page=", c.base(), repo, what)
	address := listing + strconv.Itoa(perPage)
	read := 0 // entries, in whole pages
	for page := 1; address != ""; page++ {
		var list []T
		header, err := c.api(ctx, address, &list)
		for errors.Is(err, errLong) && perPage%smaller == 0 {
			perPage /= smaller
			address = fmt.Sprintf("%s%d&page=%d", listing, perPage, read/perPage+1)
			header, err = c.api(ctx, address, &list)
		}
		read += perPage
		if absent, ok := errors.AsType[*absentError](err); ok {
			return c.notFound(repo, "repository", absent)
		}
		if err != nil {
			return err
		}
		if !take(page, list) {
			return nil
		}
		next := nextPage(header)
		if next != "" && !source.SameOrigin(next, c.base()) {
			return &AnswerError{URL: address, Status: http.StatusOK, Err: errors.New("its next page lies on another server")}
		}
		address = next
	}
	return nil
}

// smaller is by how much smaller the next page is than one that is too long: 50, 10, 2.
const smaller = 5

// nextPage returns the address of the next page from the Link fields of an
// answer (RFC 8288), or "".
func nextPage(h http.Header) string {
	for link := range strings.SplitSeq(strings.Join(h.Values("Link"), ","), ",") {
		target, params, _ := strings.Cut(link, ";")
		target = strings.TrimSpace(target)
		for p := range strings.SplitSeq(params, ";") {
			k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
			if strings.EqualFold(k, "rel") && strings.Trim(v, `"`) == "next" &&
				strings.HasPrefix(target, "<") && strings.HasSuffix(target, ">") {
				return target[1 : len(target)-1]
			}
		}
	}
	return ""
}

// base returns the base URL of the API, without a slash at its end.
func (c *Client) base() string {
	if c.API == "" {
		return DefaultAPI
	}
	return strings.TrimRight(c.API, "/")
}

// absentError is the error of a 404.
type absentError struct{ asked string }

func (e *absentError) Error() string { return "not found" }

// notFound makes the error of what is not there; err is nil if a listing has said so.
func (c *Client) notFound(repo, what string, err *absentError) error {
	e := &NotFoundError{Repo: repo, What: what, Private: c.Token == ""}
	if err != nil {
		e.Asked = err.asked
	}
	return e
}

// api reads a JSON document of the API. Its error for a 404 is an *absentError.
func (c *Client) api(ctx context.Context, address string, to any) (http.Header, error) {
	if err := c.limit(); err != nil {
		return nil, err
	}
	a, err := c.get(ctx, address, http.Header{
		"Accept":               {"application/vnd.github+json"},
		"X-Github-Api-Version": {apiVersion},
	})
	if err != nil {
		return nil, err
	}
	switch {
	case a.Status == http.StatusNotFound:
		return nil, &absentError{a.Asked}
	case rateLimited(a):
		return nil, c.setLimit(a)
	case a.Status != http.StatusOK:
		return nil, &AnswerError{URL: address, Asked: a.Asked, Status: a.Status}
	}
	if bytes.HasPrefix(bytes.TrimSpace(a.Body), []byte("<")) {
		return nil, &AnswerError{URL: address, Asked: a.Asked, Status: a.Status, Err: errors.New("a web page in place of JSON; is this the base URL of an API?")}
	}
	if err := json.Unmarshal(a.Body, to); err != nil {
		return nil, &AnswerError{URL: address, Asked: a.Asked, Status: a.Status, Err: fmt.Errorf("the answer cannot be read: %w", err)}
	}
	return a.Header, nil
}

// rateLimited reports whether an answer says that there were too many requests.
// GitHub uses either status for that. Some answers about its secondary limits differ
// from a plain refusal in their text alone.
func rateLimited(a answer) bool {
	switch a.Status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		return a.Header.Get("X-RateLimit-Remaining") == "0" || a.Header.Get("Retry-After") != "" ||
			bytes.Contains(bytes.ToLower(a.Body), []byte("rate limit"))
	}
	return false
}

// secondaryWait is how long to wait after a rate limit that names no time, as GitHub's
// documentation asks.
const secondaryWait = time.Minute

// setLimit records when the API may be asked again.
func (c *Client) setLimit(a answer) error {
	now := c.now()
	e := &RateLimitError{Reset: now.Add(secondaryWait), Authenticated: c.Token != ""}
	retry := a.Header.Get("Retry-After")
	if n, err := strconv.ParseUint(retry, 10, 24); err == nil {
		e.Reset = now.Add(time.Duration(n) * time.Second)
	} else if at, err := http.ParseTime(retry); err == nil {
		e.Reset = at
	} else if n, err := strconv.ParseInt(a.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil && a.Header.Get("X-RateLimit-Remaining") == "0" {
		e.Reset = time.Unix(n, 0)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limited = e
	return e
}

// limit returns the error of the rate limit that is in effect, or nil.
func (c *Client) limit() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.limited != nil && c.now().Before(c.limited.Reset) {
		return c.limited
	}
	return nil
}
