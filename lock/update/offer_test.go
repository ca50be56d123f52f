package update

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/release"
)

const signatures = "../../testdata/signature/"

// draft returns a dependency as it would stand in a lockfile.
func draft(t *testing.T, d edit.NewDep) *lock.Dep {
	t.Helper()
	dep, err := edit.Draft(d)
	if err != nil {
		t.Fatal(err)
	}
	return dep
}

func body(t *testing.T, name string) fetchtest.Step {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return fetchtest.Body(string(data))
}

// TestOffers holds what is found beside a file and its list, and that each name is asked
// for once.
func TestOffers(t *testing.T) {
	s := fetchtest.New(t)
	s.Script("/tool-1.2.3.minisig", body(t, signatures+"tool-1.2.3.minisig"))
	s.Script("/tool-1.2.3.asc", body(t, signatures+"page"))
	s.Script("/tool-1.2.3.sig", body(t, signatures+"tool-1.2.3.sshsig"))
	s.Script("/sums.asc", body(t, signatures+"tool-1.2.3.asc"))
	s.Script("/sums.sigstore.json", body(t, "../../testdata/sigstore/provenance.sigstore.json"))
	c := &Client{Fetch: &fetch.Client{Source: source.New(source.Config{})}, AllowHTTP: true}
	d := draft(t, edit.NewDep{Name: "a", Version: "1.2.3", URL: s.URL + "/tool-{version}", Sums: s.URL + "/sums"})
	var got []string
	for _, o := range c.Offers(t.Context(), d, lock.Any) {
		got = append(got, strings.ReplaceAll(edit.Text(o.Table), s.URL, "URL"))
		if o.Complete != !slices.ContainsFunc(o.Table, func(e edit.Entry) bool { return e.Value == "RW…" || e.Value == "FILE" }) {
			t.Errorf("%s: complete is %v", edit.Text(o.Table), o.Complete)
		}
	}
	want := []string{
		`{ ssh = "{url}.sig", key = "ssh-ed25519 KEY" }`,
		`{ sigstore = "URL/sums.sigstore.json", identity = "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main", issuer = "https://token.actions.githubusercontent.com", of = "sums" }`,
		`{ minisign = "{url}.minisig", key = "RW…" }`,
		`{ gpg = "URL/sums.asc", key = "FILE", of = "sums" }`,
	}
	key := regexp.MustCompile(`ssh-ed25519 [A-Za-z0-9+/=]+`)
	for i := range got {
		got[i] = key.ReplaceAllString(got[i], "ssh-ed25519 KEY")
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, suffix := range OfferSuffixes() {
		for _, name := range []string{"/tool-1.2.3", "/sums"} {
			if n := len(s.Requests(name + suffix)); n != 1 {
				t.Errorf("%s%s: %d requests", name, suffix, n)
			}
		}
	}
	if n := len(s.Requests("/tool-1.2.3.pem")) + len(s.Requests("/tool-1.2.3.intoto.jsonl")); n > 0 {
		t.Errorf("%d requests for names that nothing speaks for", n)
	}
	s.Script("/pair.sig", fetchtest.Body("MEUCIQ==\n"))
	pair := draft(t, edit.NewDep{Name: "a", URL: s.URL + "/pair"})
	if offers := c.Offers(t.Context(), pair, lock.Any); offers != nil || len(s.Requests("/pair.pem")) != 1 || len(s.Requests("/pair.cert")) != 1 {
		t.Errorf("%v; the certificate of a signature is not asked for", offers)
	}
	c.AllowHTTP = false
	if offers := c.Offers(t.Context(), d, lock.Any); offers != nil {
		t.Errorf("over plain http: %v", offers)
	}
}

// TestOffersOfRelease holds that nothing but what a release has is asked for, and that its
// signed list is found.
func TestOffersOfRelease(t *testing.T) {
	s := fetchtest.New(t)
	s.Script("/repos/o/r/releases/tags/v1.2.3", fetchtest.Body(`{"assets": [{"name": "tool_1.2.3_amd64.tgz"}, {"name": "tool_1.2.3_checksums.txt"},
		{"name": "tool_1.2.3_checksums.txt.asc"}, {"name": "tool_1.2.3_amd64.tgz.asc.md5"}]}`))
	s.Script("/o/r/releases/download/v1.2.3/tool_1.2.3_checksums.txt.asc", body(t, signatures+"tool-1.2.3.asc"))
	transport := source.New(source.Config{})
	c := &Client{
		Fetch: &fetch.Client{Source: transport}, AllowHTTP: true,
		Release: &release.Client{API: s.URL, Transport: transport},
	}
	base := s.URL + "/o/r/releases/download/v{version}/"
	d := draft(t, edit.NewDep{Name: "a", Version: "1.2.3", URL: base + "tool_{version}_{arch}.tgz"})
	offers := c.Offers(t.Context(), d, "linux/amd64")
	if len(offers) != 1 || offers[0].Sums != base+"tool_{version}_checksums.txt" ||
		edit.Text(offers[0].Table) != `{ gpg = "`+base+`tool_{version}_checksums.txt.asc", key = "FILE", of = "sums" }` {
		t.Errorf("got %+v", offers)
	}
	for _, suffix := range suffixes() {
		if n := len(s.Requests("/o/r/releases/download/v1.2.3/tool_1.2.3_amd64.tgz" + suffix)); n != 0 {
			t.Errorf("%s: %d requests", suffix, n)
		}
	}
}

// TestOffersOfAttestation holds that an attestation of GitHub is found by the digest that
// its API gives, and which workflow it names.
func TestOffersOfAttestation(t *testing.T) {
	const digest = "bd516231cfe0d440f7e369664bfb8381a17318e695a0f31fec1f03a1a9144cbf"
	bundle, err := os.ReadFile("../../testdata/sigstore/provenance.sigstore.json")
	if err != nil {
		t.Fatal(err)
	}
	for repo, want := range map[string]string{
		"sigstore/sigstore-js": `{ github = "sigstore/sigstore-js", workflow = ".github/workflows/release.yml" }`,
		"o/r":                  `{ github = "o/r", workflow = "sigstore/sigstore-js/.github/workflows/release.yml" }`,
	} {
		s := fetchtest.New(t)
		s.Script("/repos/"+repo+"/releases/tags/v1.2.3", fetchtest.Body(`{"assets": [{"name": "tool", "digest": "sha256:`+digest+`"}]}`))
		s.Script("/repos/"+repo+"/attestations/sha256:"+digest+"?per_page=100", fetchtest.Body(`{"attestations": [{"bundle": `+string(bundle)+`}]}`))
		transport := source.New(source.Config{})
		c := &Client{Fetch: &fetch.Client{Source: transport}, AllowHTTP: true, Release: &release.Client{API: s.URL, Transport: transport}}
		d := draft(t, edit.NewDep{Name: "a", Version: "1.2.3", URL: s.URL + "/" + repo + "/releases/download/v{version}/tool"})
		offers := c.Offers(t.Context(), d, lock.Any)
		if len(offers) != 1 || !offers[0].Complete || edit.Text(offers[0].Table) != want {
			t.Errorf("%s: got %+v", repo, offers)
		}
	}
}

// TestSettle holds that who must sign is taken from the signature only if it is as it is
// known to be.
func TestSettle(t *testing.T) {
	s := fetchtest.New(t)
	s.Script("/bundle", body(t, "../../testdata/sigstore/provenance.sigstore.json"))
	s.Script("/page", body(t, signatures+"page"))
	const key = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEefQ3ijuoiWKyKTYZ5K2GfqJc9aVK\nV2a/6HLB6UqSg1s1gPEikVyecIvMuH3Ea4gHZx+CeOAvLTVjr2I4saY52Q==\n-----END PUBLIC KEY-----"
	s.Script("/key", fetchtest.Body(key+"\n"))
	c := &Client{Fetch: &fetch.Client{Source: source.New(source.Config{})}, AllowHTTP: true}
	d := draft(t, edit.NewDep{Name: "a", Version: "1.2.3", URL: s.URL + "/tool-{version}"})
	bundle := []edit.Entry{{Key: "sigstore", Value: "{url}.x"}, {Key: "issuer", Value: actionsIssuer}}
	for _, c2 := range []struct {
		name string
		u    Unsettled
		want string // the table, or what the error holds
	}{
		{"as it must be", Unsettled{Table: bundle, URL: s.URL + "/bundle", Pattern: regexp.MustCompile(`^https://github\.com/sigstore/sigstore-js/\.github/workflows/release\.yml@.*`)},
			`{ sigstore = "{url}.x", identity = "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main", issuer = "https://token.actions.githubusercontent.com" }`},
		{"another identity", Unsettled{Table: bundle, URL: s.URL + "/bundle", Pattern: regexp.MustCompile(`^https://github\.com/o/r/`)}, "it is not known to be upstream's"},
		{"another issuer", Unsettled{Table: []edit.Entry{{Key: "sigstore", Value: "{url}.x"}, {Key: "issuer", Value: "https://accounts.google.com"}}, URL: s.URL + "/bundle", Pattern: regexp.MustCompile(`.`)}, "by https://accounts.google.com"},
		{"a page", Unsettled{Table: bundle, URL: s.URL + "/page", Pattern: regexp.MustCompile(`.`)}, "nothing that names an identity"},
		{"nothing", Unsettled{Table: bundle, URL: s.URL + "/none", Pattern: regexp.MustCompile(`.`)}, "404"},
		{"a workflow", Unsettled{Table: []edit.Entry{{Key: "github", Value: "sigstore/sigstore-js"}}, URL: s.URL + "/bundle", Pattern: regexp.MustCompile(`.`)},
			`{ github = "sigstore/sigstore-js", workflow = "sigstore/sigstore-js/.github/workflows/release.yml" }`},
		{"a key", Unsettled{Table: []edit.Entry{{Key: "sigstore", Value: "{url}.x"}}, KeyURL: s.URL + "/key"}, `key = "` + strings.ReplaceAll(key, "\n", `\n`) + `"`},
		{"no key", Unsettled{Table: []edit.Entry{{Key: "sigstore", Value: "{url}.x"}}, KeyURL: s.URL + "/page"}, "want one public key"},
	} {
		table, err := c.Settle(t.Context(), d, lock.Any, c2.u)
		got := edit.Text(table)
		if err != nil {
			got = err.Error()
			if _, ok := errors.AsType[*SignatureError](err); !ok || table != nil {
				t.Errorf("%s: %T, %v", c2.name, err, table)
			}
		}
		if !strings.Contains(got, c2.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c2.name, got, c2.want)
		}
	}
	c.AllowHTTP = false
	if _, err := c.Settle(t.Context(), d, lock.Any, Unsettled{Table: bundle, URL: s.URL + "/bundle"}); err == nil {
		t.Error("over plain http")
	}
}

// TestVersioned holds where the version in an identity stands for itself.
func TestVersioned(t *testing.T) {
	for identity, want := range map[string]string{
		"https://github.com/o/r/.github/workflows/r.yml@refs/tags/v1.2.3":     "https://github.com/o/r/.github/workflows/r.yml@refs/tags/v{version}",
		"https://github.com/o/r/.github/workflows/r.yml@refs/tags/1.2.3":      "https://github.com/o/r/.github/workflows/r.yml@refs/tags/{version}",
		"https://github.com/o/r/.github/workflows/r.yml@refs/tags/11.2.3":     "https://github.com/o/r/.github/workflows/r.yml@refs/tags/11.2.3",
		"https://github.com/o/r/.github/workflows/r.yml@refs/tags/0.1.2.3":    "https://github.com/o/r/.github/workflows/r.yml@refs/tags/0.1.2.3",
		"https://github.com/o/r/.github/workflows/r.yml@refs/tags/v1.2.3-rc1": "https://github.com/o/r/.github/workflows/r.yml@refs/tags/v1.2.3-rc1",
		"https://github.com/o/r/.github/workflows/r.yml@refs/heads/1.2.3":     "https://github.com/o/r/.github/workflows/r.yml@refs/heads/1.2.3",
		"release-1.2.3@example.com":                                           "release-1.2.3@example.com",
	} {
		if got := versioned(identity, "1.2.3"); got != want {
			t.Errorf("%s: got %s, want %s", identity, got, want)
		}
	}
}
