// Package sbom says what a lockfile pins, for programs that look for what is known of it:
// as SPDX 2.3 and CycloneDX 1.6 documents, and as package URLs.
//
// It guarantees that the same lockfile and the same answers make the same document. It
// says nothing that nobody has said: a supplier or licence is GitHub's word, a CPE that of
// a table of names in use, and a program of Go is named by what its own build information
// says. What is not known is left out, or NOASSERTION where SPDX wants a value.
package sbom

import (
	"cmp"
	"slices"
	"strings"

	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/fetch/purl"
	"depfetch/fetch/spdx"
	"depfetch/lock"
	"depfetch/lock/catalogue"
	"depfetch/lock/export"
	"depfetch/lock/release"
)

// Pinned is one thing that a lockfile pins: what a locked line, a line of urls or a line
// of images does.
type Pinned struct {
	Package  spdx.Package
	Platform lock.Platform
	Trust    lock.Trust
	By       string // who has signed it; may be empty

	// Artifact is what depfetch places or hands out; nil for an image, and for what no
	// lockfile pins.
	Artifact *fetch.Artifact
	// Repository is the one of GitHub, OWNER/NAME, that it comes from, if that is known.
	Repository string
	// Modules are those that it was built from, as [Modules] finds them.
	Modules []Module
}

// List returns what a lockfile pins: for some platforms and for all, or for every platform
// if there are none. It is in the order of the document, images last.
func List(f *lock.File, platforms ...lock.Platform) []*Pinned {
	var all []*Pinned
	wanted := func(p lock.Platform) bool {
		return len(platforms) == 0 || p == lock.Any || slices.Contains(platforms, p)
	}
	artifacts := make(map[string]*fetch.Artifact)
	for _, p := range append(export.Platforms(export.Lines(f.Deps)), lock.Any) {
		of, _ := f.Artifacts(p, lock.Selection{}) // what is not pinned for p is not asked for below
		for i := range of {
			if a := &of[i]; a.Platform == p.String() {
				artifacts[a.Name+" "+a.Platform] = a
			}
		}
	}
	for _, l := range export.Lines(f.Deps) {
		if a := artifacts[l.Dep.Name+" "+l.Platform.String()]; a != nil && wanted(l.Platform) {
			p := file(a, l.Trust)
			p.By = l.By
			p.describe(l.Dep)
			all = append(all, p)
		}
	}
	for _, pin := range f.URLs {
		if pin.Unpinned == "" {
			p := file(&export.PinArtifacts([]lock.Pin{pin})[0], pin.Trust)
			p.describe(&lock.Dep{})
			all = append(all, p)
		}
	}
	for _, i := range f.Images {
		all = append(all, image(i))
	}
	return all
}

// file returns what is known of an artifact from the lockfile alone.
func file(a *fetch.Artifact, trust lock.Trust) *Pinned {
	p := &Pinned{Artifact: a, Platform: lock.Platform(a.Platform), Trust: trust, Package: *a.Describe(a.Path != "")}
	// One document has them for several platforms.
	p.Package.Key += " " + a.Platform
	return p
}

// describe adds what the address, the catalogue and the place of its versions say.
func (p *Pinned) describe(d *lock.Dep) {
	name, github := strings.CutPrefix(p.Package.PURL, "pkg:github/")
	if github {
		p.Repository, _, _ = strings.Cut(name, "@")
	} else if d.Catalogue != "" {
		entry, err := catalogue.ByFullName([]*catalogue.Registry{catalogue.Builtin()}, d.Catalogue)
		if err == nil && entry != nil && entry.RepoOwner != "" {
			p.Repository = entry.RepoOwner + "/" + entry.RepoName
		}
	}
	if p.Repository == "" && d.Latest != nil {
		p.Repository = d.Latest.GitHub // whose versions are those of the dependency
	}
	// A file of the repository is not what that makes, nor is one about it.
	if !strings.Contains(name, "#") && !isCompanion(p.Artifact.URL) {
		p.Package.CPE = cpe(cmp.Or(p.Repository, d.Catalogue), p.Package.Version)
	}
}

// Tell adds what GitHub says of the repository.
func (p *Pinned) Tell(about release.About) {
	p.Package.License = about.License
	if about.Owner != "" {
		kind := "Person: "
		if about.Organization {
			kind = "Organization: "
		}
		p.Package.Supplier = kind + about.Owner
	}
}

// PURLs returns the package URLs by which databases of advisories know p: its own, and
// those of what it was built from.
func (p *Pinned) PURLs() []string {
	all := []string{p.Package.PURL}
	for _, m := range p.Modules {
		all = append(all, m.PURL)
	}
	return all
}

// notes returns what the lockfile says of p that documents have no field for, each as
// "NAME: VALUE".
func (p *Pinned) notes() []string {
	notes := []string{"platform: " + p.Platform.String()}
	if p.Artifact != nil {
		notes = append(notes, "trust: "+p.Trust.String())
	}
	if p.By != "" {
		notes = append(notes, "signed by: "+p.By)
	}
	return notes
}

// image returns what is known of a line of images: its package URL is that of the type
// oci, whose version is the digest.
func image(i lock.Image) *Pinned {
	tag := i.Name[strings.LastIndexByte(i.Name, ':')+1:]
	repository := strings.TrimSuffix(i.Name, ":"+tag)
	return &Pinned{
		Platform: lock.Any, By: i.By,
		Package: spdx.Package{
			Key: i.Name, Name: repository, Version: tag, Location: unknown, Digest: digest.SHA256(i.Digest), Purpose: "CONTAINER",
			PURL: purl.Image(repository, tag, i.Digest.String()),
		},
	}
}

const unknown = "NOASSERTION"
