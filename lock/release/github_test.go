package release

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"depfetch/fetch/fetchtest"
	"depfetch/lock"
)

const token = "ghp_secret"

var now = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// github is a server that plays GitHub's API, and a client of it.
func github(t *testing.T) (*fetchtest.Server, *Client) {
	t.Helper()
	s := fetchtest.New(t)
	return s, client(t, s.URL)
}

func client(t *testing.T, api string) *Client {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	return &Client{API: api, Transport: transport, UserAgent: "deplock/test", Now: func() time.Time { return now }}
}

// page answers with JSON, and a link to the next page if there is one.
func page(body, next string) fetchtest.Step {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Remaining", "42")
		if next != "" {
			w.Header().Add("Link", `<http://host.example/first>; rel="first", <`+next+`>; rel="next"; title="x"`)
		}
		fetchtest.Body(body)(w, r)
	}
}

// releases renders a list of releases, each "tag", with "!" behind it for a
// pre-release and "?" for a draft, and ages in days after "@".
func releases(specs ...string) string {
	var list []string
	for _, spec := range specs {
		tag, days, dated := strings.Cut(spec, "@")
		tag, pre := strings.CutSuffix(tag, "!")
		tag, draft := strings.CutSuffix(tag, "?")
		published := "null"
		if !draft {
			age := 1000
			if dated {
				fmt.Sscan(days, &age)
			}
			published = `"` + now.AddDate(0, 0, -age).Format(time.RFC3339) + `"`
		}
		// The fields of GET /repos/{owner}/{repo}/releases that matter, and
		// a few that do not.
		list = append(list, fmt.Sprintf(`{"url": "https://api.github.com/repos/o/r/releases/1", "id": 1, "tag_name": %q,
			"target_commitish": "main", "name": null, "draft": %t, "immutable": false, "prerelease": %t,
			"created_at": "2013-02-27T19:35:32Z", "published_at": %s, "assets": [], "body": ""}`, tag, draft, pre, published))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// tags renders a list of tags; the commit of each is its name in hexadecimal.
func tags(names ...string) string {
	var list []string
	for _, name := range names {
		list = append(list, fmt.Sprintf(`{"name": %q, "zipball_url": "https://api.github.com/repos/o/r/zipball/refs/tags/x",
			"commit": {"sha": "%x", "url": "https://api.github.com/repos/o/r/commits/x"}, "node_id": "x"}`, name, name))
	}
	return "[" + strings.Join(list, ",") + "]"
}

func commit(days int) fetchtest.Step {
	return page(fmt.Sprintf(`{"sha": "7638417db6d59f3c431d3e1f261cc637155684cd", "author": {"name": "x", "date": "2000-01-01T00:00:00Z"},
		"committer": {"name": "x", "date": %q}, "message": "x"}`, now.AddDate(0, 0, -days).Format(time.RFC3339)), "")
}

const (
	releasesURI = "/repos/o/r/releases?per_page=50"
	tagsURI     = "/repos/o/r/tags?per_page=100"
)

func held(r Result) string {
	var s []string
	for _, h := range r.Held {
		s = append(s, h.Version)
	}
	return strings.Join(s, " ")
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

const day = 24 * time.Hour

func TestLatestRelease(t *testing.T) {
	for _, tt := range []struct {
		name    string
		list    string
		query   lock.Latest
		current string
		want    string // version, and tag if that differs
		newer   bool
		held    string
	}{
		{name: "order of versions, not of dates", list: releases("v1.9.1", "v1.10.0", "v1.2.0"), current: "1.9.0", want: "1.10.0 v1.10.0", newer: true},
		{name: "v kept", list: releases("v1.10.0"), current: "v1.9.0", want: "v1.10.0", newer: true},
		{name: "v dropped upstream", list: releases("1.10.0", "v1.9.0"), current: "v1.9.0", want: "1.10.0", newer: true},
		{name: "no current version", list: releases("v1.10.0"), want: "1.10.0 v1.10.0", newer: true},
		{name: "up to date", list: releases("v1.10.0"), current: "1.10.0", want: "1.10.0 v1.10.0"},
		{name: "ahead", list: releases("v1.10.0"), current: "2.0.0", want: "1.10.0 v1.10.0"},
		{name: "drafts and pre-releases", list: releases("v4.0.0?", "v3.0.0!", "v2.0.0-rc.1", "v1.0.0"), current: "1.0.0", want: "1.0.0 v1.0.0"},
		{name: "pre-releases wanted", list: releases("v4.0.0?", "v3.0.0!", "v3.0.1-rc.1", "v1.0.0"), query: lock.Latest{Prerelease: true}, current: "1.0.0", want: "3.0.1-rc.1 v3.0.1-rc.1", newer: true},
		{name: "prefix", list: releases("api/v9.0.0", "kustomize/v5.8.0", "kustomize/v5.7.1", "6.0.0"), query: lock.Latest{Prefix: "kustomize/v"}, current: "5.7.1", want: "5.8.0 kustomize/v5.8.0", newer: true},
		{name: "prefix kept", list: releases("jq-1.8.1", "jq-1.7"), query: lock.Latest{Prefix: "jq-"}, current: "jq-1.7", want: "jq-1.8.1", newer: true},
		{name: "line", list: releases("v22.1.0", "v21.10.1", "v21.9.0", "20210101", "nightly", "v2.1.0"), query: lock.Latest{Line: "21"}, current: "21.9.0", want: "21.10.1 v21.10.1", newer: true},
		{name: "line, no current version", list: releases("v4.0.0", "v3.3.7", "v3.30.1", "v3.3.10"), query: lock.Latest{Line: "3.3"}, want: "3.3.10 v3.3.10", newer: true},
		{name: "line, an earlier one before", list: releases("v22.1.0", "v21.10.1", "v20.1.0"), query: lock.Latest{Line: "21"}, current: "20.1.0", want: "21.10.1 v21.10.1", newer: true},
		{name: "line of Java", list: releases("jdk-22+36", "jdk-21.0.4+7", "jdk-21.0.3+9", "jdk-21.0.5+11!"), query: lock.Latest{Line: "21", Prefix: "jdk-"}, current: "21.0.3+9", want: "21.0.4+7 jdk-21.0.4+7", newer: true},
		{name: "line behind underscores", list: releases("REL_17_1", "REL_16_10", "REL_16_3"), query: lock.Latest{Line: "16"}, current: "REL_16_3", want: "REL_16_10", newer: true},
		{name: "line of two versions in one", list: releases("2.13-3.8.0", "2.12-3.9.0", "2.13-3.7.1"), query: lock.Latest{Line: "2.13"}, current: "2.13-3.7.0", want: "2.13-3.8.0", newer: true},
		{name: "line without minor", list: releases("21", "22"), query: lock.Latest{Line: "21.0"}, want: "21", newer: true},
		{name: "no versions among versions", list: releases("nightly", "v1.1.0", "latest"), current: "1.0.0", want: "1.1.0 v1.1.0", newer: true},
		{name: "two parts", list: releases("v1.22", "v1.21.5"), current: "1.21.5", want: "1.22 v1.22", newer: true},
		{name: "four parts", list: releases("v3.2.0.0", "v3.2.0.2", "v3.2.0.1"), current: "3.2.0.0", want: "3.2.0.2 v3.2.0.2", newer: true},
		{name: "builds", list: releases("v1.30.1+k3s1", "v1.30.1+k3s2"), current: "v1.30.1+k3s1", want: "v1.30.1+k3s2", newer: true},
		{name: "held back", list: releases("v1.4.0@1", "v1.3.0@6", "v1.2.0@7", "v1.1.0@90"), query: lock.Latest{MinAge: 7 * day}, current: "1.1.0", want: "1.2.0 v1.2.0", newer: true, held: "1.4.0 1.3.0"},
		{name: "a young backport", list: releases("v1.2.9@1", "v1.3.0@30"), query: lock.Latest{MinAge: 7 * day}, current: "1.2.8", want: "1.3.0 v1.3.0", newer: true},
		{name: "all held back", list: releases("v1.4.0@1", "v1.3.0@2"), query: lock.Latest{MinAge: 7 * day}, current: "1.3.0", held: "1.4.0"},
		{name: "no date", list: `[{"tag_name": "v2.0.0"}, {"tag_name": "v1.0.0", "published_at": "2020-01-01T00:00:00Z"}]`, query: lock.Latest{MinAge: day}, current: "1.0.0", want: "1.0.0 v1.0.0", held: "2.0.0"},
		{name: "no date, none needed", list: `[{"tag_name": "v2.0.0"}]`, current: "1.0.0", want: "2.0.0 v2.0.0", newer: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, c := github(t)
			s.Script(releasesURI, page(tt.list, ""))
			tt.query.GitHub = "o/r"
			r, err := c.Latest(t.Context(), tt.query, tt.current)
			got := r.Version
			if r.Tag != r.Version {
				got += " " + r.Tag
			}
			if got != tt.want || r.Newer != tt.newer || held(r) != tt.held || err != nil {
				t.Errorf("got %q, newer %v, held %q, %v; want %q, %v, %q", got, r.Newer, held(r), err, tt.want, tt.newer, tt.held)
			}
		})
	}
}

func TestLatestPublished(t *testing.T) {
	s, c := github(t)
	s.Script(releasesURI, page(releases("v1.0.0@3"), ""))
	r, err := c.Latest(t.Context(), lock.Latest{GitHub: "o/r"}, "1.0.0")
	if want := now.AddDate(0, 0, -3); err != nil || !r.Published.Equal(want) {
		t.Errorf("published %v, %v; want %v", r.Published, err, want)
	}
}

func TestLatestPages(t *testing.T) {
	s, c := github(t)
	second := s.Script("/repositories/7/releases?per_page=50&page=2", page(releases("v3.0.0"), ""))
	s.Script(releasesURI, page(releases("v1.0.0"), second))
	r, err := c.Latest(t.Context(), lock.Latest{GitHub: "o/r"}, "1.0.0")
	if err != nil || r.Version != "3.0.0" {
		t.Errorf("got %q, %v", r.Version, err)
	}

	// A page of as many as are enough is the last one that is read, unless
	// they do not qualify.
	var many []string
	for i := range enough {
		many = append(many, fmt.Sprintf("v1.%d.0@1", i))
	}
	s.Script(releasesURI, page(releases(many...), second))
	if r, err := c.Latest(t.Context(), lock.Latest{GitHub: "o/r"}, "1.0.0"); err != nil || r.Version != fmt.Sprintf("1.%d.0", enough-1) {
		t.Errorf("enough on the first page: %q, %v", r.Version, err)
	}
	if r, err := c.Latest(t.Context(), lock.Latest{GitHub: "o/r", MinAge: day * 2}, "1.0.0"); err != nil || r.Version != "3.0.0" {
		t.Errorf("enough, but too young: %q, %v", r.Version, err)
	}

	// Pages without an end.
	s.Script(releasesURI, page(releases("nightly"), s.URL+releasesURI))
	before := len(s.Requests(releasesURI))
	if _, err := c.Latest(t.Context(), lock.Latest{GitHub: "o/r"}, "1.0.0"); !isA[*NoVersionError](err) {
		t.Errorf("endless releases: %v", err)
	}
	if n := len(s.Requests(releasesURI)) - before; n != maxReleasePages {
		t.Errorf("endless releases: %d requests", n)
	}
	s.Script(tagsURI, page(tags("v1.0.0"), s.URL+tagsURI))
	if _, err := c.Latest(t.Context(), lock.Latest{GitHub: "o/r", Tags: true}, "1.0.0"); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("endless tags: %v", err)
	}
	if n := len(s.Requests(tagsURI)); n != maxTagPages {
		t.Errorf("endless tags: %d requests", n)
	}
}

// TestLatestLongPages holds that releases with many files are read in smaller pages, from
// where the last whole one has ended.
func TestLatestLongPages(t *testing.T) {
	s, c := github(t)
	long := fetchtest.Body(strings.Repeat(" ", maxAnswer+1))
	second := s.Script(releasesURI+"&page=2", long)
	s.Script(releasesURI, page(releases("v1.0.0"), second))
	third := s.Script("/repos/o/r/releases?per_page=10&page=7", long)
	s.Script("/repos/o/r/releases?per_page=10&page=6", page(releases("v1.1.0"), third))
	s.Script("/repos/o/r/releases?per_page=2&page=31", page(releases("v1.2.0"), ""))
	r, err := c.Latest(t.Context(), lock.Latest{GitHub: "o/r"}, "1.0.0")
	if err != nil || r.Version != "1.2.0" {
		t.Errorf("got %q, %v", r.Version, err)
	}
	s.Script("/repos/o/r/releases?per_page=2&page=31", long)
	if _, err := c.Latest(t.Context(), lock.Latest{GitHub: "o/r"}, "1.0.0"); !errors.Is(err, errLong) {
		t.Errorf("two releases are too long: %v", err)
	}
}

func TestLatestTag(t *testing.T) {
	s, c := github(t)
	// Tags come in the reverse order of their names.
	second := s.Script("/repos/o/r/tags?per_page=100&page=2", page(tags("go1.9", "go1.26.1", "go1.26.0", "go1.27rc1", "go1.25.8"), ""))
	s.Script(tagsURI, page(tags("weekly.2012-03-27", "release.r60.3"), second))
	date := func(tag string) string { return fmt.Sprintf("/repos/o/r/git/commits/%x", tag) }
	s.Script(date("go1.26.1"), commit(2))
	s.Script(date("go1.26.0"), commit(30))

	q := lock.Latest{GitHub: "o/r", Tags: true, Prefix: "go"}
	if r, err := c.Latest(t.Context(), q, "1.25.8"); err != nil || r.Version != "1.26.1" || r.Tag != "go1.26.1" || !r.Newer || !r.Published.IsZero() {
		t.Errorf("got %+v, %v", r, err)
	}
	if n := len(s.Requests(date("go1.26.1"))); n != 0 {
		t.Errorf("a date was asked for that is not needed")
	}
	q.MinAge = 7 * day
	r, err := c.Latest(t.Context(), q, "1.25.8")
	if err != nil || r.Version != "1.26.0" || held(r) != "1.26.1" || !r.Published.Equal(now.AddDate(0, 0, -30)) {
		t.Errorf("with a minimum age: %+v, %v", r, err)
	}
	if r, err = c.Latest(t.Context(), q, "1.26.0"); err != nil || r.Version != "1.26.0" || r.Newer || held(r) != "1.26.1" {
		t.Errorf("with nothing to update to: %+v, %v", r, err)
	}
	if n := len(s.Requests(date("go1.26.0"))); n != 1 {
		t.Errorf("the current version's date was asked for %d times", n)
	}
	q.Prerelease = true
	if _, err := c.Latest(t.Context(), q, "1.26.0"); !isA[*NotFoundError](err) {
		t.Errorf("a commit that is gone: %v", err)
	}
}

func TestLatestFailures(t *testing.T) {
	s, c := github(t)
	latest := func(q lock.Latest, current string) error {
		t.Helper()
		q.GitHub = "o/r"
		r, err := c.Latest(t.Context(), q, current)
		if err == nil {
			t.Errorf("got %+v", r)
		}
		return err
	}
	for _, tt := range []struct {
		name    string
		step    fetchtest.Step
		query   lock.Latest
		current string
		want    string
	}{
		{"no repository", fetchtest.Status(404), lock.Latest{}, "1.0.0", "o/r on GitHub: no repository, or it is private and needs GITHUB_TOKEN"},
		{"no releases", page("[]", ""), lock.Latest{}, "1.0.0", "o/r on GitHub: no releases, or it is private and needs GITHUB_TOKEN"},
		{"drafts only", page(releases("v1.0.0?"), ""), lock.Latest{}, "1.0.0", "o/r on GitHub: no releases, or it is private and needs GITHUB_TOKEN"},
		{"pre-releases only", page(releases("v1.0.0!", "v1.0.0-rc.1"), ""), lock.Latest{}, "1.0.0", "no version found at o/r; pre-releases: 2"},
		{"no version parses", page(releases("jq-1.8.1", "jq-1.7", "a", "b", "c", "d"), ""), lock.Latest{}, "1.0.0",
			`no version found at o/r; not versions: "jq-1.8.1", "jq-1.7", "a", "b", "c" and 1 more`},
		{"other prefix", page(releases("api/v1.0.0", "tool/nightly"), ""), lock.Latest{Prefix: "tool/"}, "1.0.0",
			`no version found at o/r; not versions: "tool/nightly"; without the prefix "tool/": 1`},
		{"current does not parse", page(releases("v1.0.0"), ""), lock.Latest{}, "stable",
			`version "stable" cannot be compared: want numbers between dots, as in 1.2.3 or 1.2.3-rc.1`},
		{"HTML", fetchtest.Page("\n<!DOCTYPE html><html></html>"), lock.Latest{}, "1.0.0",
			"ADDRESS: a web page in place of JSON; is this the base URL of an API?"},
		{"not a list", page(`{"message": "hi"}`, ""), lock.Latest{}, "1.0.0",
			"ADDRESS: the answer cannot be read: json: cannot unmarshal object into Go value of type []release.githubRelease"},
		{"cut off", page(`[{"tag_name": "v1.`, ""), lock.Latest{}, "1.0.0", "ADDRESS: the answer cannot be read: unexpected end of JSON input"},
		{"wrong token", fetchtest.Status(401), lock.Latest{}, "1.0.0", "ADDRESS: HTTP 401 Unauthorized, the token was refused"},
		{"refused", fetchtest.Status(403, "X-RateLimit-Remaining", "12"), lock.Latest{}, "1.0.0", "ADDRESS: HTTP 403 Forbidden"},
		{"down", fetchtest.Status(502), lock.Latest{}, "1.0.0", "ADDRESS: HTTP 502 Bad Gateway"},
		{"next page elsewhere", page(releases("v1.0.0"), "http://host.example/x"), lock.Latest{}, "1.0.0", "ADDRESS: its next page lies on another server"},
	} {
		s.Script(releasesURI, tt.step)
		want := strings.ReplaceAll(tt.want, "ADDRESS", s.URL+"/repos/o/r/releases?per_page=REDACTED")
		if err := latest(tt.query, tt.current); err != nil && err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", tt.name, err, want)
		}
	}
	s.Script(tagsURI, page("[]", ""))
	if err := latest(lock.Latest{Tags: true}, "1.0.0"); !isA[*NotFoundError](err) {
		t.Errorf("no tags: %v", err)
	}
	s.Script(releasesURI, fetchtest.Status(404))
	c.Token = token
	if err := latest(lock.Latest{}, "1.0.0"); err.Error() != "o/r on GitHub: no repository" {
		t.Errorf("with a token: %v", err)
	}
	s.Script(releasesURI, fetchtest.Reset("x", 0))
	if err := latest(lock.Latest{}, "1.0.0"); strings.Contains(err.Error(), token) {
		t.Errorf("reset: %v", err)
	}
}

func TestLatestText(t *testing.T) {
	// dl.k8s.io/release/stable.txt, go.dev/dl/?mode=json and
	// nodejs.org/dist/index.json.
	const (
		kubernetes = "v1.36.4"
		golang     = `[{"version": "go1.26.1", "stable": true, "files": [{"filename": "go1.26.1.src.tar.gz", "version": "go1.26.1"}]}, {"version": "go1.25.8"}, {"version": "go1.27rc1"}]`
		node       = `[{"version":"v9.11.2","date":"2018-06-12","lts":false}, {"version":"v24.3.0","date":"2025-06-24"},{"version":"v22.17.0","lts":"Jod"}]`
	)
	s, c := github(t)
	c.Token = token
	elsewhere := fetchtest.New(t)
	for _, tt := range []struct {
		body  string
		query lock.Latest
		cur   string
		want  string
	}{
		{kubernetes, lock.Latest{Regex: `v.+`}, "1.36.3", "1.36.4"},
		{kubernetes + "\n", lock.Latest{Regex: `v[0-9.]+`}, "v1.36.3", "v1.36.4"},
		{golang, lock.Latest{Regex: `"version": "go([^"]+)"`}, "1.25.8", "1.26.1"},
		{golang, lock.Latest{Regex: `"version": "(go[^"]+)"`, Prefix: "go", Prerelease: true}, "1.25.8", "1.27rc1"},
		{node, lock.Latest{Regex: `"version":"(v22[^"]+)"`}, "22.1.0", "22.17.0"},
		{node, lock.Latest{Regex: `"version":"v([^"]+)"`}, "22.1.0", "24.3.0"},
	} {
		tt.query.URL = elsewhere.Script("/index?x=secret", fetchtest.Body(tt.body))
		r, err := c.Latest(t.Context(), tt.query, tt.cur)
		if err != nil || r.Version != tt.want || !r.Newer || !r.Published.IsZero() {
			t.Errorf("%s in %s: %+v, %v", tt.query.Regex, tt.body, r, err)
		}
	}
	_, err := c.Latest(t.Context(), lock.Latest{URL: elsewhere.URL + "/index?x=secret", Regex: "(lts)|x()"}, "1.0.0")
	if err == nil || err.Error() != "no version found at "+elsewhere.URL+`/index?x=REDACTED; not versions: "lts", "lts"` {
		t.Errorf("no match that is a version: %v", err)
	}
	_, err = c.Latest(t.Context(), lock.Latest{URL: elsewhere.URL + "/none?x=secret", Regex: "x"}, "1.0.0")
	if e, ok := errors.AsType[*AnswerError](err); !ok || e.Status != 404 || strings.Contains(err.Error(), "secret") {
		t.Errorf("gone: %v", err)
	}
	for _, r := range elsewhere.Requests("/index?x=secret") {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token was sent elsewhere")
		}
	}
	// The API itself may be such an address.
	own := s.Script("/repos/o/r/releases/latest", fetchtest.Body(`{"tag_name": "v1.2.3"}`))
	if r, err := c.Latest(t.Context(), lock.Latest{URL: own, Regex: `"tag_name": "([^"]+)"`}, "1.0.0"); err != nil || r.Version != "1.2.3" {
		t.Errorf("%+v, %v", r, err)
	}
	s.Script("/repos/o/r/releases/latest", fetchtest.Status(429))
	if _, err := c.Latest(t.Context(), lock.Latest{URL: own, Regex: "x"}, "1.0.0"); !isA[*RateLimitError](err) {
		t.Errorf("limited: %v", err)
	}
}
