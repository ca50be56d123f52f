// Package spdx writes SPDX 2.3 documents, as JSON, of what has been downloaded.
//
// It guarantees that the same packages make the same text, byte for byte, whatever order
// they come in and however many calls add them; and that a document is only added to if
// it is one that this package has written, as it was.
//
// What is put in place is a package, and so is the archive that it was taken out of: the
// checksums of packages may be of sha256. SPDX's files must have a SHA1, which nothing
// here knows or needs, and which would take as long to compute as the sha256.
package spdx

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"depfetch/fetch/digest"
	"depfetch/fetch/document"
	"depfetch/fetch/printable"
)

// Document is an SPDX document.
type Document struct {
	Tool    string // what makes it, with its version: NAME-VERSION
	Created time.Time

	keys  string          // those of all packages, as they stand in IDs
	lines []byte          // of all elements and relationships, each ended by a line feed
	parts map[string]bool // the keys of packages that others contain
}

// Package is one thing that has been downloaded, and put in place if File says where.
type Package struct {
	Key      string // what stands for it: another package of this key takes its place
	Name     string
	Version  string // may be empty
	File     string // the name or path of the file or directory that it is
	Location string // where it was downloaded from
	Digest   digest.SHA256
	PURL     string
	CPE      string // may be empty, as what follows
	Supplier string // "Organization: …" or "Person: …"
	License  string // an SPDX expression
	Comment  string

	// Archive is the name of what was downloaded from Location, if that is not the package
	// itself, and Member the one file of it that the package is.
	Archive       string
	ArchiveDigest digest.SHA256
	Member        string

	Purpose string // one of SPDX's primaryPackagePurpose; may be empty
}

// Add adds a package to d, unless there is one of its key.
func (d *Document) Add(p *Package) {
	// Enough digits that no two of a document meet.
	key := "-" + digest.Of([]byte(p.Key)).String()[:16]
	if strings.Contains(d.keys, key) {
		return
	}
	d.keys += key
	id := "SPDXRef-Package" + key
	d.line(p.object(id))
	d.line(relation("SPDXRef-DOCUMENT", "DESCRIBES", id))
	if p.Archive != "" {
		archive := "SPDXRef-Archive" + key
		o := relation(id, "GENERATED_FROM", archive)
		if p.Member != "" {
			o.Text("comment", "member "+p.Member)
		}
		from := Package{Name: p.Archive, File: p.Archive, Location: p.Location, Digest: p.ArchiveDigest, Purpose: "ARCHIVE"}
		d.line(from.object(archive))
		d.line(o)
	}
}

// line adds one line.
//
//go:noinline
func (d *Document) line(o document.Object) { d.lines = append(d.lines, string(o)+"}\n"...) }

// object returns the JSON object of p, but for its end. It begins with the name, by which
// lines are sorted.
func (p *Package) object(id string) document.Object {
	o := make(document.Object, 0, 1024)
	o.Text("name", p.Name)
	o.Text("SPDXID", id)
	o.Text("versionInfo", p.Version)
	o.Text("packageFileName", p.File)
	o.Text("primaryPackagePurpose", p.Purpose)
	o.Text("supplier", cmp.Or(p.Supplier, unknown))
	o.Text("downloadLocation", p.Location)
	o.Text("licenseConcluded", unknown)
	o.Text("licenseDeclared", cmp.Or(p.License, unknown))
	o.Text("copyrightText", unknown)
	o.Text("comment", p.Comment)
	o.Raw("filesAnalyzed", "false")
	if !p.Digest.IsZero() {
		o.Raw("checksums", `[{"algorithm":"SHA256","checksumValue":"`+p.Digest.String()+`"}]`)
	}
	refs := ref("PACKAGE-MANAGER", "purl", p.PURL) + ref("SECURITY", "cpe23Type", p.CPE)
	if refs != "" {
		o.Raw("externalRefs", "["+refs[1:]+"]")
	}
	return o
}

const unknown = "NOASSERTION"

// ref returns a comma and the JSON object of a name in another system, if there is one.
//
//go:noinline
func ref(category, kind, name string) string {
	if name == "" {
		return ""
	}
	return `,{"referenceCategory":"` + category + `","referenceType":"` + kind + `","referenceLocator":` + string(printable.AppendJSON(nil, name)) + "}"
}

// encode returns the text of d, which has at least one package.
func (d *Document) encode() string {
	lines := strings.Split(string(d.lines[:len(d.lines)-1]), "\n")
	slices.Sort(lines) // packages come first, by name
	packages, relations, _ := strings.Cut(strings.Join(lines, ",\n"), ",\n"+isRelation)
	rest := `","creationInfo":{"created":"` + d.Created.UTC().Format(time.RFC3339) + `","creators":["Tool: ` + d.Tool + "\"]},\n" +
		"\"packages\": [\n" + packages + "\n],\n\"relationships\": [\n" + isRelation + relations + "\n]\n}\n"
	// The namespace is that of this text alone: no two documents of one say different things.
	return `{"spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT","name":"depfetch",` +
		`"documentNamespace":"https://spdx.org/spdxdocs/depfetch-` + digest.Of([]byte(rest)).String() + rest
}

// What lines begin with.
const (
	isRelation = `{"spdxElementId":"`
	isPackage  = `{"name":"`
)

// Extend returns the text of d and what a document holds that Extend has returned, or of d
// alone if old is empty. Packages of old whose key one of d has do not count. One of them must
// have any.
func (d *Document) Extend(old []byte) ([]byte, error) {
	all := *d
	if len(old) == 0 {
		return []byte(all.encode()), nil
	}
	text := string(old)
	was := &Document{Tool: between(text, `"creators":["Tool: `)}
	was.Created, _ = time.Parse(time.RFC3339, between(text, `"created":"`))
	all.lines = slices.Clip(all.lines)
	for line := range strings.Lines(text) {
		id := between(line, `"SPDXID":"`)
		if strings.HasPrefix(line, isRelation) {
			id = between(line, `"relatedSpdxElement":"`)
		} else if !strings.HasPrefix(line, isPackage) {
			continue
		}
		o := document.Object(strings.TrimRight(line, ",}\n"))
		was.line(o)
		if !strings.Contains(d.keys, id[strings.LastIndexByte(id, '-')+1:]) {
			all.line(o)
		}
	}
	if len(was.lines) == 0 || was.encode() != text {
		return nil, document.ErrForeign
	}
	return []byte(all.encode()), nil
}

// between returns what stands in s behind before and in front of the next quote.
//
//go:noinline
func between(s, before string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, `"`)
	return s
}

// relation returns the JSON object of a relationship, but for its end.
//
//go:noinline
func relation(from, kind, to string) document.Object {
	return document.Object(isRelation + from + `","relationshipType":"` + kind + `","relatedSpdxElement":"` + to + `"`)
}
