package release

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"depfetch/fetch/fetchtest"
)

// published renders releases with a file each, "tag" with "!" behind it for a
// pre-release, "?" for a draft and "-" for one without files.
func published(specs ...string) string {
	var list []string
	for _, spec := range specs {
		tag, pre := strings.CutSuffix(spec, "!")
		tag, draft := strings.CutSuffix(tag, "?")
		tag, bare := strings.CutSuffix(tag, "-")
		assets := `{"name": "x", "browser_download_url": "https://github.com/o/r/releases/download/x/x", "state": "uploaded"},
			{"name": "y", "browser_download_url": "https://github.com/o/r/releases/download/x/y", "state": "starter"}`
		if bare {
			assets = ""
		}
		list = append(list, fmt.Sprintf(`{"tag_name": %q, "draft": %t, "prerelease": %t, "published_at": %q, "assets": [%s]}`,
			tag, draft, pre, now.Format(time.RFC3339), assets))
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// TestNewest holds which releases are the newest of their packages.
func TestNewest(t *testing.T) {
	s, c := github(t)
	for _, tt := range []struct {
		releases string
		want     string // "PREFIX:TAG[<TAG before]" of each line, or an error
	}{
		{"v1.1.0 v1.2.0 v1.0.0", ":v1.2.0<v1.1.0"},
		{"v2.0.0! v2.0.0? v2.0.0-rc.1 v1.0.0", ":v1.0.0"},
		{"v3.0.0- v2.0.0", ":v2.0.0"},
		{"cli/v2 agent/v0.3 cli/v1", "cli/:cli/v2<cli/v1 agent/:agent/v0.3"},
		{"nightly-2024.01.02 latest v1.0", ":v1.0"},
		{"jq-1.7.1 jq-1.7", "jq-:jq-1.7.1<jq-1.7"},
		{"2024-01-02 2023-12-24", ":2024-01-02<2023-12-24"},
		{"v1.10.0 v1.9.0", ":v1.10.0<v1.9.0"},
		{"latest", "no release has both files and a version"},
		{"v1.0.0-", "no release has both files and a version"},
		{"v1.0.0!", "no release has both files and a version"},
		{"", "o/r on GitHub: no releases"},
	} {
		s.Script("/repos/o/r/releases?per_page=20", page(published(strings.Fields(tt.releases)...), ""))
		lines, err := c.Newest(t.Context(), "o/r")
		var got []string
		for _, l := range lines {
			one := l.Prefix + ":" + l.Newest.Tag
			if l.Before != nil {
				one += "<" + l.Before.Tag
			}
			if names := strings.Join(l.Newest.Names(), " "); names != "x" {
				t.Errorf("%s: files %s", tt.releases, names)
			}
			got = append(got, one)
		}
		if err != nil {
			got = []string{err.Error()}
		}
		if text := strings.Join(got, " "); text != tt.want && (err == nil || !strings.Contains(text, tt.want)) {
			t.Errorf("%s: %s, want %s", tt.releases, text, tt.want)
		}
	}
}

// TestTagsOf holds which releases may be meant by a version.
func TestTagsOf(t *testing.T) {
	s, c := github(t)
	s.Script("/repos/o/r/releases?per_page=20", page(published("cli/v1.2", "server/v1.2!", "cli/v1.1", "old-1.2?", "v3.0"), ""))
	for tag, body := range map[string]string{
		"v3.0": published("v3.0"), "2.0": published("2.0"), "v4.0": published("v4.0?"), "cli%2Fv1.1": published("cli/v1.1"),
	} {
		s.Script("/repos/o/r/releases/tags/"+tag, page(strings.TrimSuffix(strings.TrimPrefix(body, "["), "]"), ""))
	}
	for version, want := range map[string]string{
		"v3.0": "v3.0", "3.0": "v3.0", "2.0": "2.0", "v2.0": "2.0",
		"1.2": "cli/v1.2 server/v1.2", "v1.2": "cli/v1.2 server/v1.2", "cli/v1.1": "cli/v1.1",
		"4.0": "", "1.3": "", // a draft, and nothing
	} {
		found, err := c.TagsOf(t.Context(), "o/r", version)
		var got []string
		for _, p := range found {
			got = append(got, p.Tag)
		}
		if strings.Join(got, " ") != want || (want == "") != isA[*NotFoundError](err) || want != "" && err != nil {
			t.Errorf("%s: %q, %v; want %q", version, got, err, want)
		}
	}
	s.Script("/repos/o/r/releases/tags/5.0", fetchtest.Status(500))
	if _, err := c.TagsOf(t.Context(), "o/r", "5.0"); !isA[*AnswerError](err) {
		t.Errorf("a server that fails: %v", err)
	}
}

// TestRemembered holds that the API is not asked again for what a listing has said.
func TestRemembered(t *testing.T) {
	s, c := github(t)
	c.Hosts = []string{"github.com"}
	const address = "https://github.com/o/r/releases/download/v1.0/x"
	hex := strings.Repeat("a", 64)
	s.Script("/repos/o/r/releases?per_page=20", page(`[{"tag_name": "v1.0", "published_at": "2020-01-01T00:00:00Z",
		"assets": [{"name": "x", "browser_download_url": "`+address+`", "digest": "sha256:`+hex+`"}]}]`, ""))
	if _, err := c.Newest(t.Context(), "o/r"); err != nil {
		t.Fatal(err)
	}
	if d, err := c.AssetDigest(t.Context(), address); err != nil || d.String() != hex {
		t.Errorf("%s, %v", d, err)
	}
	if n := len(s.Requests("/repos/o/r/releases/tags/v1.0")); n != 0 {
		t.Errorf("%d more requests", n)
	}
}
