package fetch

import (
	"cmp"
	"path"
	"strings"

	"depfetch/fetch/purl"
	"depfetch/fetch/slsa"
	"depfetch/fetch/source"
	"depfetch/fetch/spdx"
)

// Describe returns what a document says of a. placed means that it lies where its path
// says, and not that its file has been downloaded alone.
//
// It says nothing but what a does: addresses are shown without credentials and query
// values, as in messages, since an image is seen by more people than its lockfile.
func (a *Artifact) Describe(placed bool) *spdx.Package {
	location := source.Redact(a.URL)
	file, _, _ := strings.Cut(location, "?")
	file = path.Base(file)
	p := &spdx.Package{Name: a.Name, File: file, Location: location, Digest: a.Digest, PURL: purl.FromAddress(a.URL)}
	name, version := purl.Parts(p.PURL)
	if !strings.ContainsAny(version, "0123456789") {
		version = "" // it is a branch
	}
	if a.Name == location { // a line of urls, which has neither name nor version
		p.Name = cmp.Or(name, file)
	}
	p.Version = cmp.Or(a.Version, version)
	// Scanners look for advisories by the name, and not by that in the package URL.
	if p.PURL != "" && !strings.HasPrefix(p.PURL, "pkg:github/") {
		if p.Name != name {
			p.Comment = "dependency " + p.Name
		}
		p.Name, p.Version = name, version
	}
	if p.PURL == "" {
		p.PURL = purl.Generic(p.Name, p.Version, location, a.Digest.String())
	}
	p.Key = location + " " + a.Digest.String()
	if placed {
		p.File, p.Key = a.Path, a.Path
		if a.archive() {
			p.Archive, p.ArchiveDigest, p.Member = file, a.Digest, a.Member
			if p.Digest = a.Unpacked; a.Unpack != nil {
				p.Digest = Digest{} // it is that of a manifest, and of no file
			}
		}
	}
	return p
}

// Attest adds what a statement says of a, which lies where its path says: that file or tree,
// and what has been downloaded for it. The error is an *UnverifiableError if the digest of
// what came out of its archive is not known.
func (a *Artifact) Attest(s *slsa.Statement) error {
	sum := a.Digest
	if a.archive() {
		sum = a.Unpacked
	}
	if sum.IsZero() {
		return &UnverifiableError{a, ErrNotRecorded}
	}
	s.Place(a.Path, sum, a.Unpack != nil, a.Name)
	s.Use(a.Name, a.Version, source.Redact(a.URL), a.Digest)
	return nil
}
