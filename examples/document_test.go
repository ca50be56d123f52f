//go:build e2e

package examples_test

import (
	"encoding/json"
	"slices"
	"testing"
)

// TestDocuments holds that an image has the documents of what was downloaded into it.
func TestDocuments(t *testing.T) {
	u := newUpstream(t)
	lockfile := u.lockfile(t, "scratch")
	dir := stage(t, "scratch", lockfile)
	write(t, dir+"/Dockerfile", `FROM scratch
RUN --mount=type=bind,from=depfetch,source=depfetch,target=/depfetch \
    --mount=type=bind,source=deps.lock.toml,target=/deps.lock.toml \
    ["/depfetch", "fetch", "--sbom", "/usr/share/sbom/depfetch.spdx.json", "--provenance", "/usr/share/provenance.json"]
`)
	im := build{dir: dir, noCache: true}.run(t).image(t)
	im.filled(t, pinned(t, lockfile, native))
	im.lists(t, "yq 4.42.1")
	var statement struct {
		Subject []struct {
			Name   string
			Digest map[string]string
		}
		Predicate struct {
			BuildDefinition struct {
				ExternalParameters   struct{ Platform string }
				ResolvedDependencies []struct{ URI string }
			}
		}
	}
	if err := json.Unmarshal(im.files["usr/share/provenance.json"].body, &statement); err != nil {
		t.Fatal(err)
	}
	want, got := pinned(t, lockfile, native)[0], statement.Predicate.BuildDefinition
	if len(statement.Subject) != 1 || statement.Subject[0].Name != want.Path || statement.Subject[0].Digest["sha256"] != want.Digest.String() {
		t.Errorf("the statement is about %v", statement.Subject)
	}
	if len(got.ResolvedDependencies) != 1 || got.ResolvedDependencies[0].URI != want.URL || got.ExternalParameters.Platform != native {
		t.Errorf("it was made of %v", got)
	}

	// The runs of curl and wget add to one document.
	d := newDropIn(t)
	d.lock(t)
	d.build(t, `FROM alpine:3.20
ARG BASE
ARG DEPFETCH_SBOM=/usr/share/sbom/depfetch.spdx.json
RUN curl -fsSLO "$BASE/one"
RUN wget -qO- "$BASE/four" >/opt/four & curl -fsSL "$BASE/five" >/opt/five; wait $!
`, map[string]string{}).image(t).lists(t, "five ", "four ", "one ")
}

// lists fails the test unless the SPDX document of an image has packages of these names and
// versions.
func (im image) lists(t *testing.T, want ...string) {
	t.Helper()
	var document struct {
		Packages []struct{ Name, VersionInfo string }
	}
	if err := json.Unmarshal(im.files["usr/share/sbom/depfetch.spdx.json"].body, &document); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range document.Packages {
		got = append(got, p.Name+" "+p.VersionInfo)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the document lists %q; want %q", got, want)
	}
}
