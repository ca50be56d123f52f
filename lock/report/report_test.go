package report

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"depfetch/lock"
	"depfetch/lock/advisory"
	"depfetch/lock/dockerfile"
	"depfetch/lock/pin"
	"depfetch/lock/release"
	"depfetch/lock/update"
)

var rewrite = flag.Bool("update", false, "write the golden files")

// input reads a Dockerfile and its lockfile, which may be empty.
func input(t testing.TB, text, lockText string) Input {
	t.Helper()
	file, err := dockerfile.Parse("Dockerfile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	d := Dockerfile{File: file}
	var in Input
	if lockText != "" {
		if d.Lock, err = lock.Parse("deps.lock.toml", []byte(lockText)); err != nil {
			t.Fatal(err)
		}
		in.Locks = []Lock{{File: d.Lock}}
	}
	in.Dockerfiles = []Dockerfile{d}
	refs, err := pin.References(file.Name, file.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range refs {
		in.References = append(in.References, Reference{Reference: r, Context: r.Context(nil), Lock: d.Lock})
	}
	return in
}

// fixture reads what testdata has, with the answers that upstream gives.
func fixture(t testing.TB, asked bool) Input {
	t.Helper()
	text := func(name string) string {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	in := input(t, text("Dockerfile"), text("deps.lock.toml"))
	in.Unread = []Unread{{"old/Dockerfile", errors.New("old/Dockerfile: no FROM: there is no stage to build")}}
	if !asked {
		return in
	}
	l := &in.Locks[0]
	l.Faults = []error{errors.New("deps.lock.toml:3:1: not locked for linux/arm64")}
	l.Newest = []update.Newest{{Dep: l.Deps[0], Result: release.Result{
		Release: release.Release{Version: "1.3.0", Published: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}, Newer: true,
		Held: []release.Release{{Version: "1.4.0", Published: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}},
	}}}
	tool := advisory.Subject{Name: "tool", Version: "1.2.3", PURL: "pkg:npm/elliptic@1.2.3"}
	l.Advisories = &advisory.Report{
		Asked:   []advisory.Subject{tool},
		Unasked: []advisory.Unasked{{Subject: advisory.Subject{Name: "https://example.com/added-1.0"}, Why: "its address names no package of a registry"}},
		Findings: []advisory.Finding{
			{Subject: tool, ID: "GHSA-low", Summary: "A small thing", Severity: advisory.Severity{Level: advisory.Low}},
			{Subject: tool, ID: "GHSA-high", Aliases: []string{"CVE-2026-1"}, Summary: "Something that is severe", Fixed: "1.2.4",
				Severity: advisory.Severity{Level: advisory.High, Score: 7.5, Vector: "CVSS:3.1/…"}},
			{Subject: tool, ID: "GHSA-accepted", Severity: advisory.Severity{Level: advisory.Critical, Score: 9.8, Vector: "CVSS:3.1/…"},
				Ignored: &lock.Ignore{ID: "GHSA-accepted", Reason: "not used here", Until: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)}},
		},
	}
	hash := func(c string) v1.Hash { return v1.Hash{Algorithm: "sha256", Hex: strings.Repeat(c, 64)} }
	in.Asked = Asked{
		At: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Outdated: true, Vulnerabilities: true, Images: true,
		Digests: map[string]v1.Hash{"debian:12": hash("9")},
		Failed:  map[string]error{"docker.io/library/golang:1.22": &pin.NotFoundError{Image: "docker.io/library/golang:1.22"}},
	}
	return in
}

func render(t testing.TB, in Input) string {
	t.Helper()
	var b bytes.Buffer
	if err := New(in).HTML(&b, "1.0"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGolden holds the pages of a repository, offline and with answers, byte for byte.
func TestGolden(t *testing.T) {
	for name, asked := range map[string]bool{"offline.html": false, "asked.html": true} {
		got := render(t, fixture(t, asked))
		if again := render(t, fixture(t, asked)); again != got {
			t.Errorf("%s is another page the second time", name)
		}
		file := filepath.Join("testdata", name)
		if *rewrite {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is not current: look at it in a browser after go test ./lock/report -run TestGolden -update", name)
		}
	}
}

// TestStates holds what holds each download of the fixture.
func TestStates(t *testing.T) {
	got := ""
	for _, d := range New(fixture(t, false)).Downloads {
		got += d.Place.String() + " " + d.Tool + " " + d.Address + ": " + d.State.String() + "\n"
	}
	const want = `Dockerfile:4 ADD https://example.com/added-1.0: first use
Dockerfile:5 ADD https://example.com/a.git: unchecked
Dockerfile:8 curl https://example.com/published-amd64: published
Dockerfile:8 curl https://example.com/published-arm64: published
Dockerfile:9 curl https://example.com/latest/moving: unpinned
Dockerfile:10 curl https://example.com/lacking-1.0: not locked
Dockerfile:11 curl https://example.com/install-1.0.sh: unchecked
Dockerfile:12 curl https://REDACTED@example.com/t-1.0?token=REDACTED: checked in place
Dockerfile:13 curl https://example.com/u-1.0: check in vain
Dockerfile:14 curl https://example.com/loose-1.0: unchecked
Dockerfile:15 curl https://example.com/version: read, not kept
Dockerfile:15 wget https://example.com/x-$(curl https://example.com/version).tgz: unchecked
Dockerfile:17 wget https://example.com/accepted-1.0: unchecked
Dockerfile:19 depfetch what the lockfile places: published
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestFrontend holds that what the frontend of depfetch adopts is pinned, and no finding.
func TestFrontend(t *testing.T) {
	const lines = `version = 1
[urls]
"https://example.com/a-1.0" = { sha256 = "6666666666666666666666666666666666666666666666666666666666666666", trust = "published" }
`
	const text = "FROM debian:12\nRUN curl -fsSLO https://example.com/a-1.0\nADD https://example.com/a-1.0 /a\nRUN sudo curl -fsSLO https://example.com/a-1.0\n"
	for syntax, want := range map[string][]State{
		"# syntax=example.com/depfetch-frontend:1\n": {Published, Published, Open},
		"# syntax=docker/dockerfile:1\n":             {Open, Open, Open},
	} {
		r := New(input(t, syntax+text, lines))
		found := 0
		for _, rule := range r.Rules {
			if rule.ID == "unverified" || rule.ID == "add-unverified" {
				found += len(rule.Findings)
			}
		}
		open := 0
		for i, s := range want {
			if got := r.Downloads[i].State; got != s {
				t.Errorf("%s%s: %s, want %s", syntax, r.Downloads[i].Place, got, s)
			}
			if s == Open {
				open++
			}
		}
		if found != open {
			t.Errorf("%s: %d findings for %d open downloads", syntax, found, open)
		}
	}
}

// TestEmpty holds that the page of nothing says that there was nothing.
func TestEmpty(t *testing.T) {
	r := New(Input{})
	if !r.Empty() || !strings.Contains(render(t, Input{}), "No Dockerfile and no lockfile was found") {
		t.Error("the page of nothing does not say so")
	}
	if New(Input{Unread: []Unread{{"Dockerfile", errors.New("no")}}}).Empty() {
		t.Error("a file that cannot be read counts as nothing")
	}
}

// TestSilent holds that a page does not take a question without an answer for a good one.
func TestSilent(t *testing.T) {
	in := fixture(t, true)
	in.Locks[0].Newest, in.Locks[0].Advisories = nil, nil
	in.Locks[0].NewestErr, in.Locks[0].AdvisoriesErr = errors.New("no answer of A"), errors.New("no answer of B")
	page := render(t, in)
	for _, text := range []string{"no answer of A", "no answer of B", "could not be asked"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not say: %s", text)
		}
	}
	for _, text := range []string{"None is known", "Nothing that was asked about is behind"} {
		if strings.Contains(page, text) {
			t.Errorf("the page says: %s", text)
		}
	}
}

// TestRuleLevel: a section has the level of its most severe finding, as the sums above it
// count them, and what is less than that is marked.
func TestRuleLevel(t *testing.T) {
	p := New(input(t, "FROM debian:12\nRUN true\n", ""))
	levels := map[string]string{}
	for _, r := range p.Rules {
		levels[r.ID] = r.Level
		for _, f := range r.Findings {
			if f.Level != r.Level {
				t.Errorf("%s: a finding is a %s, and its section a %s", r.ID, f.Level, r.Level)
			}
		}
	}
	if levels["root-user"] != "note" || levels["unpinned-image"] != "warning" {
		t.Errorf("%v", levels)
	}
}
