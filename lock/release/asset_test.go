package release

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"depfetch/fetch/fetchtest"
	"depfetch/lock"
)

const assetDigest = "f8180838c23d7c7d797b208861fecb591d9ce1690d8704ed1e4cb8e2add966c1"

// oneRelease is what GET /repos/{owner}/{repo}/releases/tags/{tag} answers.
const oneRelease = `{"url": "https://api.github.com/repos/o/r/releases/1", "tag_name": "v1.0.0", "draft": false, "prerelease": false,
	"published_at": "2013-02-27T19:35:32Z", "assets": [
	{"name": "tool.tgz", "label": null, "state": "uploaded", "size": 1024, "digest": "sha256:` + assetDigest + `",
		"browser_download_url": "https://github.com/o/r/releases/download/v1.0.0/tool.tgz"},
	{"name": "old.tgz", "state": "uploaded", "size": 1024, "digest": null},
	{"name": "older.tgz", "state": "uploaded", "size": 1024},
	{"name": "sha512.tgz", "digest": "sha512:00"},
	{"name": "odd.tgz", "digest": "sha256:00"}]}`

func TestAssetDigest(t *testing.T) {
	s, c := github(t)
	c.Hosts = []string{"github.com", "other.example:8443"}
	s.Script("/repos/o/r/releases/tags/v1.0.0", page(oneRelease, ""))
	s.Script("/repos/o/r/releases/tags/tool%2Fv1.0.0", page(oneRelease, ""))
	s.Script("/repos/o/r/releases/tags/a%3Fb", page(oneRelease, ""))
	s.Script("/repos/o/r/releases/tags/empty", page(`{"tag_name": "empty", "assets": []}`, ""))
	for address, want := range map[string]bool{
		"https://github.com/o/r/releases/download/v1.0.0/tool.tgz":              true,
		"https://GitHub.com/o/r/releases/download/v1.0.0/tool.tgz?x=1":          true,
		"https://other.example:8443/o/r/releases/download/v1.0.0/tool.tgz":      true,
		"https://github.com/o/r/releases/download/tool/v1.0.0/tool.tgz":         true,
		"https://github.com/o/r/releases/download/tool%2Fv1.0.0/t%6fol.tgz":     true,
		"https://github.com/o/r/releases/download/a%3Fb/tool.tgz":               true,
		"https://github.com/o/r/releases/download/v1.0.0/old.tgz":               false,
		"https://github.com/o/r/releases/download/v1.0.0/older.tgz":             false,
		"https://github.com/o/r/releases/download/v1.0.0/sha512.tgz":            false,
		"https://github.com/o/r/releases/download/v1.0.0/none.tgz":              false,
		"https://github.com/o/r/releases/download/empty/tool.tgz":               false,
		"https://github.com/o/r/releases/latest/download/tool.tgz":              false,
		"https://github.com/o/r/archive/refs/tags/v1.0.0.tar.gz":                false,
		"https://github.com/o/../releases/download/v1.0.0/tool.tgz":             false,
		"https://github.com/o/r/releases/download/v1.0.0/":                      false,
		"https://github.com/o/r/releases/download//tool.tgz":                    false,
		"https://github.com/o/r/releases/download/v1.0.0":                       false,
		"https://github.com:8443/o/r/releases/download/v1.0.0/tool.tgz":         false,
		"https://github.com.evil.example/o/r/releases/download/v1.0.0/tool.tgz": false,
		"https://host.example/github.com/o/r/releases/download/v1.0.0/t":        false,
		"file:///o/r/releases/download/v1.0.0/tool.tgz":                         false,
		"https://github.com/%zz":                                                false,
	} {
		d, err := c.AssetDigest(t.Context(), address)
		if err != nil || d.IsZero() == want || want && d.String() != assetDigest {
			t.Errorf("%s: %s, %v; want %v", address, d, err, want)
		}
	}
	if n := len(s.Requests("/repos/o/r/releases/tags/v1.0.0")); n != 1 {
		t.Errorf("%d requests for one release", n)
	}
	names, err := c.AssetNames(t.Context(), "https://github.com/o/r/releases/download/v1.0.0/none.tgz")
	if got := strings.Join(names, " "); err != nil || got != "odd.tgz old.tgz older.tgz sha512.tgz tool.tgz" {
		t.Errorf("the release has %s, %v", got, err)
	}
	if names, err := c.AssetNames(t.Context(), "https://github.com/o/r/archive/v1.0.0.tar.gz"); names != nil || err != nil {
		t.Errorf("no asset: %v, %v", names, err)
	}
	d, err := c.AssetDigest(t.Context(), "https://github.com/o/r/releases/download/v1.0.0/odd.tgz")
	if !isA[*AnswerError](err) || !d.IsZero() {
		t.Errorf("a digest that is none: %s, %v", d, err)
	}
	for range 2 {
		_, err = c.AssetDigest(t.Context(), "https://github.com/o/r/releases/download/gone/tool.tgz")
		if e, ok := errors.AsType[*NotFoundError](err); !ok || e.Repo != "o/r" || e.What != `release "gone"` {
			t.Errorf("no release: %v", err)
		}
	}
	if n := len(s.Requests("/repos/o/r/releases/tags/gone")); n != 1 {
		t.Errorf("%d requests for a release that does not exist", n)
	}
}

// TestAssetHosts: which downloads an API speaks for.
func TestAssetHosts(t *testing.T) {
	for api, want := range map[string]string{
		"":                              "github.com",
		"https://api.github.com/":       "github.com",
		"https://api.corp.ghe.com":      "corp.ghe.com",
		"https://ghe.example/api/v3":    "ghe.example",
		"http://127.0.0.1:8080/api/v3/": "127.0.0.1:8080",
	} {
		c := &Client{API: api}
		if got := c.hosts(); len(got) != 1 || got[0] != want {
			t.Errorf("%q: %v, want %s", api, got, want)
		}
	}
}

// TestEnterprise has an API with a path in its address.
func TestEnterprise(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t, s.URL+"/api/v3/")
	s.Script("/api/v3"+releasesURI, page(releases("v1.1.0"), ""))
	s.Script("/api/v3/repos/o/r/releases/tags/v1.0.0", page(oneRelease, ""))
	if r, err := c.Latest(t.Context(), lock.Latest{GitHub: "o/r"}, "1.0.0"); err != nil || r.Version != "1.1.0" {
		t.Errorf("%+v, %v", r, err)
	}
	if d, err := c.AssetDigest(t.Context(), s.URL+"/o/r/releases/download/v1.0.0/tool.tgz"); err != nil || d.String() != assetDigest {
		t.Errorf("%s, %v", d, err)
	}
}

// TestAssetsShared: many callers, one request; one who goes away takes nobody
// along.
func TestAssetsShared(t *testing.T) {
	s, c := github(t)
	c.Hosts = []string{"github.com"}
	const uri, address = "/repos/o/r/releases/tags/v1.0.0", "https://github.com/o/r/releases/download/v1.0.0/tool.tgz"
	ready, asked := make(chan struct{}), make(chan struct{})
	step := s.Gate(ready, page(oneRelease, ""))
	first := func(w http.ResponseWriter, r *http.Request) { close(asked); step(w, r) }
	s.Script(uri, first, step)

	ctx, cancel := context.WithCancel(t.Context())
	var leaver, callers sync.WaitGroup
	leaver.Go(func() {
		if _, err := c.AssetDigest(ctx, address); !errors.Is(err, context.Canceled) {
			t.Errorf("the one that goes away: %v", err)
		}
	})
	<-asked
	for range 8 {
		callers.Go(func() {
			if d, err := c.AssetDigest(t.Context(), address); err != nil || d.String() != assetDigest {
				t.Errorf("%s, %v", d, err)
			}
		})
	}
	cancel()
	leaver.Wait()
	close(ready)
	callers.Wait()
	if n := len(s.Requests(uri)); n > 2 {
		t.Errorf("%d requests", n)
	}

	// What may pass is asked again.
	s.Script("/repos/o/r/releases/tags/v2", fetchtest.Status(502), page(oneRelease, ""))
	if _, err := c.AssetDigest(t.Context(), "https://github.com/o/r/releases/download/v2/tool.tgz"); !isA[*AnswerError](err) {
		t.Errorf("down: %v", err)
	}
	if d, err := c.AssetDigest(t.Context(), "https://github.com/o/r/releases/download/v2/tool.tgz"); d.IsZero() || err != nil {
		t.Errorf("up again: %s, %v", d, err)
	}
}

func TestRateLimit(t *testing.T) {
	reset := now.Add(25 * time.Minute)
	stamp := strconv.FormatInt(reset.Unix(), 10)
	const hint = "; without GITHUB_TOKEN it is 60 requests an hour"
	for _, tt := range []struct {
		name string
		step fetchtest.Step
		want time.Time
	}{
		{"primary", fetchtest.Status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", stamp), reset},
		{"primary, 429", fetchtest.Status(429, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", stamp), reset},
		{"secondary", fetchtest.Status(403, "X-RateLimit-Remaining", "14", "X-RateLimit-Reset", stamp, "Retry-After", "90"), now.Add(90 * time.Second)},
		{"a date", fetchtest.Status(429, "Retry-After", reset.Format(http.TimeFormat)), reset},
		{"nothing said", fetchtest.Status(429), now.Add(time.Minute)},
		{"told by the text", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(403)
			fmt.Fprint(w, `{"message": "You have exceeded a secondary rate limit."}`)
		}, now.Add(time.Minute)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, c := github(t)
			c.Hosts = []string{"github.com"}
			clock := now
			c.Now = func() time.Time { return clock }
			s.Script(releasesURI, tt.step, page(releases("v1.0.0"), ""))
			_, err := c.Latest(t.Context(), lock.Latest{GitHub: "o/r"}, "1.0.0")
			e, ok := errors.AsType[*RateLimitError](err)
			if !ok || !e.Reset.Equal(tt.want) || e.Authenticated {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if want := "GitHub's rate limit is used up until " + tt.want.Format("2006-01-02T15:04:05Z") + hint; err.Error() != want {
				t.Errorf("got %v\nwant %s", err, want)
			}
			// Nothing is asked before the reset.
			if _, err := c.AssetDigest(t.Context(), "https://github.com/o/r/releases/download/v1.0.0/tool.tgz"); !isA[*RateLimitError](err) {
				t.Errorf("before the reset: %v", err)
			}
			if n := len(s.Requests("/repos/o/r/releases/tags/v1.0.0")); n != 0 {
				t.Errorf("asked before the reset")
			}
			clock = tt.want
			if _, err := c.Latest(t.Context(), lock.Latest{GitHub: "o/r"}, "1.0.0"); err != nil {
				t.Errorf("after the reset: %v", err)
			}
		})
	}
	s, c := github(t)
	c.Token = token
	s.Script(releasesURI, fetchtest.Status(429))
	_, err := c.Latest(t.Context(), lock.Latest{GitHub: "o/r"}, "1.0.0")
	if e, ok := errors.AsType[*RateLimitError](err); !ok || !e.Authenticated || strings.Contains(err.Error(), "GITHUB_TOKEN") {
		t.Errorf("with a token: %v", err)
	}
}
