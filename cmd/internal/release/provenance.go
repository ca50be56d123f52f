package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"depfetch/fetch/digest"
	"depfetch/fetch/purl"
)

// What stands for this program in a statement.
const (
	buildType = "urn:depfetch:release:1"
	builder   = "urn:depfetch:make-release"
)

// The types of an in-toto statement (v1) with SLSA provenance (v1), as far as they are
// known here. They hold no time and no machine.
type (
	statement struct {
		Type          string       `json:"_type"`
		Subject       []descriptor `json:"subject"`
		PredicateType string       `json:"predicateType"`
		Predicate     provenance   `json:"predicate"`
	}
	provenance struct {
		BuildDefinition buildDefinition `json:"buildDefinition"`
		RunDetails      runDetails      `json:"runDetails"`
	}
	buildDefinition struct {
		BuildType            string            `json:"buildType"`
		ExternalParameters   map[string]string `json:"externalParameters"`
		InternalParameters   map[string]string `json:"internalParameters"`
		ResolvedDependencies []descriptor      `json:"resolvedDependencies"`
	}
	runDetails struct {
		Builder struct {
			ID string `json:"id"`
		} `json:"builder"`
	}
	descriptor struct {
		Name        string            `json:"name,omitempty"`
		URI         string            `json:"uri,omitempty"`
		Digest      map[string]string `json:"digest,omitempty"`
		Annotations map[string]string `json:"annotations,omitempty"`
	}
)

// writeProvenance writes a statement of what all files of the release were made of: the
// commit, the modules with the sums of go.sum, and the version of Go. It is not signed.
func (r *release) writeProvenance(names []string) error {
	files, err := r.files()
	if err != nil {
		return err
	}
	s := statement{Type: "https://in-toto.io/Statement/v1", PredicateType: "https://slsa.dev/provenance/v1"}
	for _, f := range files {
		s.Subject = append(s.Subject, descriptor{Name: f.name, Digest: map[string]string{"sha256": digest.Of(f.body).String()}})
	}
	s.Predicate.RunDetails.Builder.ID = builder
	b := &s.Predicate.BuildDefinition
	b.BuildType = buildType
	b.ExternalParameters = map[string]string{"version": r.version}
	if r.url != "" {
		b.ExternalParameters["url"] = r.url
	}
	if r.source != "" {
		b.ExternalParameters["source"] = r.source
	}
	if r.revision != "" {
		commit := descriptor{Name: "depfetch", Digest: map[string]string{"gitCommit": r.revision}}
		if r.source != "" {
			commit.URI = "git+" + r.source
		}
		b.ResolvedDependencies = append(b.ResolvedDependencies, commit)
	}
	modules := make(map[string]descriptor)
	for _, name := range names {
		programs, err := r.programs(name)
		if err != nil {
			return err
		}
		for _, p := range programs {
			info, err := buildinfo.ReadFile(p.path)
			if err != nil {
				return fmt.Errorf("%s: %w", p.path, err)
			}
			b.InternalParameters = map[string]string{"go": info.GoVersion}
			for _, m := range info.Deps {
				if m.Replace != nil {
					m = m.Replace
				}
				uri := purl.Module(m.Path, m.Version)
				modules[uri] = descriptor{Name: m.Path, URI: uri, Annotations: map[string]string{"go.sum": m.Sum}}
			}
		}
	}
	found := make([]descriptor, 0, len(modules))
	for _, m := range modules {
		found = append(found, m)
	}
	slices.SortFunc(found, func(a, b descriptor) int { return strings.Compare(a.URI, b.URI) })
	b.ResolvedDependencies = append(b.ResolvedDependencies, found...)
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.dir, "depfetch-"+r.version+".provenance.json"), append(text, '\n'), 0o644)
}

// sums is the list of all files, as sha256sum has it.
const sums = "SHA256SUMS"

// writeSums writes the list of what is in the directory.
func (r *release) writeSums() error {
	files, err := r.files()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&b, "%s  %s\n", digest.Of(f.body), f.name)
	}
	return os.WriteFile(filepath.Join(r.dir, sums), b.Bytes(), 0o644)
}

// files returns the files of the release, but for the list of them.
func (r *release) files() (all []file, err error) {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.IsDir() || e.Name() == sums {
			continue
		}
		body, err := os.ReadFile(filepath.Join(r.dir, e.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, file{name: e.Name(), body: body})
	}
	return all, nil
}
