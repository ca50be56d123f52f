package release

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"depfetch/fetch/source"
)

// Page is what an address of GitHub's pages, or a repository's full name, stands for.
type Page struct {
	Repo   string // owner/name
	Tag    string // of a release, or empty
	Latest bool   // the release that the repository calls its latest
}

// ParsePage reads the address of a repository, of its releases or of one of them, at
// github.com or where the API of c is, with or without its scheme; or OWNER/REPO with an
// optional @VERSION, which is returned as it is. It reports false for anything else, such
// as the address of a file.
func (c *Client) ParsePage(s string) (page Page, version string, ok bool) {
	if repo, version, at := strings.Cut(s, "@"); isRepo(repo) && (!at || version != "") {
		return Page{Repo: repo}, version, true
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil {
		return Page{}, "", false
	}
	o, err := source.OriginOf(u)
	if err != nil || o.Authority() != "github.com" && !slices.Contains(c.hosts(), o.Authority()) {
		return Page{}, "", false
	}
	elems := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(elems) < 2 {
		return Page{}, "", false
	}
	page.Repo = elems[0] + "/" + strings.TrimSuffix(elems[1], ".git")
	switch rest := elems[2:]; {
	case !isRepo(page.Repo):
		return Page{}, "", false
	case len(rest) == 0, len(rest) == 1 && rest[0] == "releases":
		return page, "", true
	case rest[0] != "releases":
		return Page{}, "", false
	case len(rest) == 2 && rest[1] == "latest":
		page.Latest = true
		return page, "", true
	case len(rest) > 2 && rest[1] == "tag":
		page.Tag = strings.Join(rest[2:], "/")
		return page, "", true
	}
	return Page{}, "", false
}

// RepoOf returns the repository of the address of a release's file, which must be at
// github.com or where the API of c is.
func (c *Client) RepoOf(address string) (repo string, ok bool) {
	at := &Client{API: c.API, Hosts: append([]string{"github.com"}, c.hosts()...)}
	repo, _, _, ok = at.parseAsset(address)
	return repo, ok
}

// A tag is split before its first numbers with dots between, at the beginning or behind a
// separator (cidr2ip-1.0.0), else before its first digit (go1.22).
var (
	separatedTag = regexp.MustCompile(`^((?:[^0-9].*?[-_/@])??)(v?)([0-9]+(?:\.[0-9]+)+.*)$`)
	numberedTag  = regexp.MustCompile(`^([^0-9]*?)(v?)([0-9].*)$`)
)

// Tag is a tag in its parts.
type Tag struct {
	Prefix  string // for latest.prefix of a lockfile; may be empty
	V       bool   // a v stands before the version
	Version string
}

// SplitTag splits a tag as people and Latest write versions: cli/v1.2 is the version 1.2
// behind the prefix "cli/". It reports false for a tag without a number.
func SplitTag(tag string) (Tag, bool) {
	m := separatedTag.FindStringSubmatch(tag)
	if m == nil {
		m = numberedTag.FindStringSubmatch(tag)
	}
	if m == nil {
		return Tag{}, false
	}
	return Tag{Prefix: m[1], V: m[2] != "", Version: m[3]}, true
}
