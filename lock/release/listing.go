package release

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"depfetch/lock"
)

// Asset is a file of a release.
type Asset struct {
	Name   string `json:"name"`
	URL    string `json:"browser_download_url"`
	Size   int64  `json:"size"`
	Digest string `json:"digest"` // as "sha256:…"; empty for those of before June 2025
	State  string `json:"state"`
}

// Published is a release with its files, as GitHub's API has it.
type Published struct {
	Tag         string    `json:"tag_name"`
	Draft       bool      `json:"draft"`
	Prerelease  bool      `json:"prerelease"`
	PublishedAt time.Time `json:"published_at"`
	Assets      []Asset   `json:"assets"`
}

// Names returns the names of the files, in the order of the release.
func (p *Published) Names() []string {
	var names []string
	for _, a := range p.Assets {
		names = append(names, a.Name)
	}
	return names
}

// Asset returns the file of that name, or nil.
func (p *Published) Asset(name string) *Asset {
	if i := slices.IndexFunc(p.Assets, func(a Asset) bool { return a.Name == name }); i >= 0 {
		return &p.Assets[i]
	}
	return nil
}

const (
	// A release may have hundreds of files, so few are listed on a page.
	listedPerPage, maxListedPages = 20, 5
	// maxSearchedPages is how many pages are searched for a version.
	maxSearchedPages = 15
)

// TagsOf returns the releases of a repository whose tags may be for a version: that which
// is called so, with or without a v; else all that write it behind a prefix, such as
// cli/v1.2 and server/v1.2 for 1.2. A pre-release counts, since it is named; a draft does
// not. The error is of the types that AssetDigest's has.
func (c *Client) TagsOf(ctx context.Context, repo, version string) ([]Published, error) {
	other := "v" + version
	if bare, ok := strings.CutPrefix(version, "v"); ok {
		other = bare
	}
	for _, tag := range []string{version, other} {
		p, err := c.PublishedAs(ctx, repo, tag)
		if err == nil {
			return []Published{p}, nil
		}
		if _, none := errors.AsType[*NotFoundError](err); !none {
			return nil, err
		}
	}
	bare := strings.TrimPrefix(version, "v")
	var found []Published
	err := pages(ctx, c, repo, "releases", listedPerPage, func(page int, list []Published) bool {
		for _, p := range list {
			if t, ok := SplitTag(p.Tag); ok && t.Version == bare && !p.Draft {
				found = append(found, p.cleaned())
			}
		}
		return page < maxSearchedPages
	})
	if err == nil && found == nil {
		err = c.notFound(repo, fmt.Sprintf("release of version %q", version), nil)
	}
	return found, err
}

// PublishedAs returns the release of a tag.
func (c *Client) PublishedAs(ctx context.Context, repo, tag string) (Published, error) {
	return c.published(ctx, repo, c.tagAddress(repo, tag), fmt.Sprintf("release %q", tag))
}

// PublishedLatest returns the release that a repository calls its latest.
func (c *Client) PublishedLatest(ctx context.Context, repo string) (Published, error) {
	return c.published(ctx, repo, c.base()+"/repos/"+repo+"/releases/latest", "latest release")
}

func (c *Client) published(ctx context.Context, repo, address, what string) (Published, error) {
	var p Published
	_, err := c.api(ctx, address, &p)
	absent, ok := errors.AsType[*absentError](err)
	switch {
	case ok:
		return p, c.notFound(repo, what, absent)
	case err != nil:
		return p, err
	case p.Draft:
		return p, c.notFound(repo, what, nil)
	}
	p = p.cleaned()
	c.remember(p)
	return p, nil
}

// remember keeps what the API has said of the files of a release, so that AssetDigest and
// AssetNames need not ask for it again.
func (c *Client) remember(p Published) {
	digests := make(map[string]string)
	for _, a := range p.Assets {
		digests[a.Name] = a.Digest
	}
	if len(p.Assets) == 0 {
		return
	}
	repo, tag, _, ok := c.parseAsset(p.Assets[0].URL)
	if !ok || tag != p.Tag {
		return
	}
	known := &assets{done: make(chan struct{}), digests: digests}
	close(known.done)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.releases == nil {
		c.releases = map[string]*assets{}
	}
	c.releases[releaseKey(repo, tag)] = known
}

// cleaned returns p without files that are still being uploaded.
func (p Published) cleaned() Published {
	p.Assets = slices.DeleteFunc(slices.Clone(p.Assets), func(a Asset) bool {
		_, err := url.Parse(a.URL)
		return err != nil || a.URL == "" || a.Name == "" || a.State != "" && a.State != "uploaded"
	})
	return p
}

// channels are prefixes of tags that no package has: they stand for unfinished versions.
var channels = strings.Fields("nightly canary edge dev develop snapshot latest beta alpha rc preview pre insiders tip master main continuous test testing unstable experimental")

// Newest returns for each prefix that the tags of a repository have the newest release
// with files behind it, and the one before that, if it is listed: several packages may be
// released from one repository. Pre-releases, drafts and channels such as nightly are
// not counted. The first is the prefix of the newest release.
func (c *Client) Newest(ctx context.Context, repo string) ([]Line, error) {
	var all []Published
	listed := 0
	err := pages(ctx, c, repo, "releases", listedPerPage, func(page int, list []Published) bool {
		for _, p := range list {
			if listed++; !p.Draft && !p.Prerelease {
				all = append(all, p.cleaned())
			}
		}
		return page < maxListedPages && len(linesOf(all, c.now())) == 0
	})
	if err != nil {
		return nil, err
	}
	lines := linesOf(all, c.now())
	if len(lines) > 0 {
		for _, l := range lines {
			c.remember(l.Newest)
		}
		return lines, nil
	}
	if listed == 0 {
		return nil, c.notFound(repo, "releases", nil)
	}
	return nil, &AnswerError{URL: c.base() + "/repos/" + repo + "/releases", Status: http.StatusOK,
		Err: errors.New("no release has both files and a version; name one by its page, …/releases/tag/TAG")}
}

// Line are the releases of one package: those whose tags have one prefix.
type Line struct {
	Prefix string
	Newest Published
	Before *Published // or nil
}

func linesOf(all []Published, now time.Time) []Line {
	var prefixes []string
	by := make(map[string][]Published)
	for _, p := range all {
		t, ok := SplitTag(p.Tag)
		if !ok || len(p.Assets) == 0 || slices.Contains(channels, strings.ToLower(strings.Trim(t.Prefix, "-_/@."))) {
			continue
		}
		if by[t.Prefix] == nil {
			prefixes = append(prefixes, t.Prefix)
		}
		by[t.Prefix] = append(by[t.Prefix], p)
	}
	var lines []Line
	for _, prefix := range prefixes {
		s := &search{query: lock.Latest{Prefix: prefix}, now: now}
		s.naming, _ = namingOf(s.query, "")
		for _, p := range by[prefix] {
			s.add(Release{Tag: p.Tag, Published: p.PublishedAt}, false, "")
		}
		if len(s.found) == 0 {
			continue
		}
		slices.SortStableFunc(s.found, func(a, b candidate) int { return b.order.compare(a.order) })
		tagged := func(tag string) *Published {
			i := slices.IndexFunc(by[prefix], func(p Published) bool { return p.Tag == tag })
			return &by[prefix][i]
		}
		line := Line{Prefix: prefix, Newest: *tagged(s.found[0].Tag)}
		if len(s.found) > 1 {
			line.Before = tagged(s.found[1].Tag)
		}
		lines = append(lines, line)
	}
	return lines
}
