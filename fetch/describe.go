package fetch

import (
	"cmp"
	"path"
	"strings"

	"depfetch/fetch/purl"
	"depfetch/fetch/source"
	"depfetch/fetch/spdx"
)

// Describe adds what a document says of a. placed means that it lies where its path
// says, and not that its file has been downloaded alone.
//
// It says nothing but what a does: addresses are shown without credentials and query
// values, as in messages, since an image is seen by more people than its lockfile.
func (a *Artifact) Describe(d *spdx.Document, placed bool) {
	location := source.Redact(a.URL)
	file, _, _ := strings.Cut(location, "?")
	file = path.Base(file)
	p := spdx.Package{Name: a.Name, File: file, Location: location, Digest: a.Digest, PURL: purl.FromAddress(a.URL)}
	name, version := purl.Parts(p.PURL)
	if a.Name == location { // a line of urls, which has neither name nor version
		p.Name = cmp.Or(name, file)
	}
	p.Version = cmp.Or(a.Version, version)
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
	d.Add(&p)
}
