package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/fetch/source"
)

// AssetDigest returns the sha256 that GitHub's API gives for an asset of a
// release, whose address is https://HOST/OWNER/REPO/releases/download/TAG/ASSET.
// GitHub computes it when the asset is uploaded. The digest is zero, without an
// error, if the address has another form, if the release has no such asset, or if
// the asset is older than GitHub's digests. Each release is asked for once.
//
// It returns a [*NotFoundError] if there is no such release, a [*RateLimitError],
// or an [*AnswerError].
func (c *Client) AssetDigest(ctx context.Context, address string) (fetch.Digest, error) {
	repo, tag, name, ok := c.parseAsset(address)
	if !ok {
		return fetch.Digest{}, nil
	}
	digests, err := c.releaseAssets(ctx, repo, tag)
	if err != nil {
		return fetch.Digest{}, err
	}
	hex, ok := strings.CutPrefix(digests[name], "sha256:")
	if !ok {
		return fetch.Digest{}, nil
	}
	d, err := digest.Parse(hex)
	if err != nil {
		return fetch.Digest{}, &AnswerError{URL: c.tagAddress(repo, tag), Err: fmt.Errorf("the digest of %q: %w", name, err)}
	}
	return d, nil
}

// AssetNames returns the names of the assets of the release that the address of an asset
// belongs to; none, without an error, if the address has another form. Its errors are
// those of AssetDigest, with which it shares what has been asked for.
func (c *Client) AssetNames(ctx context.Context, address string) ([]string, error) {
	repo, tag, _, ok := c.parseAsset(address)
	if !ok {
		return nil, nil
	}
	digests, err := c.releaseAssets(ctx, repo, tag)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(digests)), nil
}

// AssetRepo returns the repository, owner/name, of whose release the address of an asset
// is, or "" if it has another form.
func (c *Client) AssetRepo(address string) string {
	repo, _, _, _ := c.parseAsset(address)
	return repo
}

// parseAsset splits the address of an asset. A tag may contain slashes.
func (c *Client) parseAsset(address string) (repo, tag, name string, ok bool) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", "", false
	}
	o, err := source.OriginOf(u)
	if err != nil || !slices.Contains(c.hosts(), o.Authority()) {
		return "", "", "", false
	}
	elems := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	for i, e := range elems {
		if elems[i], err = url.PathUnescape(e); err != nil {
			return "", "", "", false
		}
	}
	if len(elems) < 6 || elems[2] != "releases" || elems[3] != "download" {
		return "", "", "", false
	}
	last := len(elems) - 1
	repo, tag, name = elems[0]+"/"+elems[1], strings.Join(elems[4:last], "/"), elems[last]
	return repo, tag, name, isRepo(repo) && tag != "" && name != ""
}

// repoForm is the form of a repository's full name.
var repoForm = regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$`)

// isRepo reports whether s is a repository's full name. Names that would change the
// path of an address, such as "..", are refused.
func isRepo(s string) bool {
	_, name, _ := strings.Cut(s, "/")
	return repoForm.MatchString(s) && name != "." && name != ".."
}

// hosts returns the hosts whose downloads the API knows.
func (c *Client) hosts() []string {
	if c.Hosts != nil {
		return c.Hosts
	}
	u, err := url.Parse(c.base())
	if err != nil {
		return nil
	}
	o, err := source.OriginOf(u)
	if err != nil {
		return nil
	}
	return []string{strings.TrimPrefix(o.Authority(), "api.")}
}

// assets are the digests of a release's assets by name. They are set before done is
// closed.
type assets struct {
	done    chan struct{}
	digests map[string]string
	err     error
}

func releaseKey(repo, tag string) string { return strings.ToLower(repo) + "\n" + tag }

// releaseAssets returns the digests of a release's assets. Concurrent callers share
// one request, and each waits until its own ctx ends: unlike with singleflight, one
// that gives up does not fail the others.
func (c *Client) releaseAssets(ctx context.Context, repo, tag string) (map[string]string, error) {
	key := releaseKey(repo, tag)
	for {
		c.mu.Lock()
		a, under := c.releases[key]
		if !under {
			a = &assets{done: make(chan struct{})}
			if c.releases == nil {
				c.releases = map[string]*assets{}
			}
			c.releases[key] = a
		}
		c.mu.Unlock()
		if !under {
			return c.askAssets(ctx, a, key, repo, tag)
		}
		select {
		case <-a.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if !errors.Is(a.err, errAbandoned) {
			return a.digests, a.err
		}
	}
}

// errAbandoned is the error of a request whose caller's ctx ended.
var errAbandoned = errors.New("abandoned")

// askAssets fills a. An error that may be temporary is not kept for later callers.
func (c *Client) askAssets(ctx context.Context, a *assets, key, repo, tag string) (map[string]string, error) {
	digests, err := c.getAssets(ctx, repo, tag)
	a.digests, a.err = digests, err
	if ctx.Err() != nil && err != nil {
		a.err = errAbandoned
	}
	var missing *NotFoundError
	if err != nil && !errors.As(err, &missing) {
		c.mu.Lock()
		delete(c.releases, key)
		c.mu.Unlock()
	}
	close(a.done)
	return digests, err
}

// getAssets asks for GET /repos/{owner}/{repo}/releases/tags/{tag}.
func (c *Client) getAssets(ctx context.Context, repo, tag string) (map[string]string, error) {
	var r struct {
		Assets []struct {
			Name   string `json:"name"`
			Digest string `json:"digest"` // null for those of before June 2025
		} `json:"assets"`
	}
	_, err := c.api(ctx, c.tagAddress(repo, tag), &r)
	if absent, ok := errors.AsType[*absentError](err); ok {
		return nil, c.notFound(repo, fmt.Sprintf("release %q", tag), absent)
	}
	if err != nil {
		return nil, err
	}
	digests := make(map[string]string, len(r.Assets))
	for _, a := range r.Assets {
		digests[a.Name] = a.Digest
	}
	return digests, nil
}

func (c *Client) tagAddress(repo, tag string) string {
	return c.base() + "/repos/" + repo + "/releases/tags/" + url.PathEscape(tag)
}
