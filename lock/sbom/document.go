package sbom

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"depfetch/fetch/digest"
	"depfetch/fetch/spdx"
)

// Document is what a document says of itself.
type Document struct {
	Tool, Version string // of what makes it
	Created       time.Time
}

// ErrEmpty says that there is nothing that a document could be about.
var ErrEmpty = errors.New("nothing is pinned")

// SPDX returns an SPDX 2.3 document, as JSON. Modules are packages that are contained in
// that which was built from them.
func (d *Document) SPDX(pinned []*Pinned) ([]byte, error) {
	if len(pinned) == 0 {
		return nil, ErrEmpty
	}
	doc := &spdx.Document{Tool: d.Tool + "-" + d.Version, Created: d.Created}
	for _, p := range pinned {
		doc.Annotate(&p.Package, p.notes())
		for _, m := range p.Modules {
			doc.Contain(&p.Package, m.part())
		}
	}
	return doc.Extend(nil)
}

// The types of CycloneDX 1.6 (ECMA-424), as far as they are used here.
type (
	bom struct {
		Schema     string      `json:"$schema"`
		Format     string      `json:"bomFormat"`
		Spec       string      `json:"specVersion"`
		Serial     string      `json:"serialNumber,omitempty"`
		Version    int         `json:"version"`
		Metadata   metadata    `json:"metadata"`
		Components []component `json:"components"`
	}
	metadata struct {
		Timestamp string `json:"timestamp"`
		Tools     struct {
			Components []component `json:"components"`
		} `json:"tools"`
	}
	component struct {
		Type       string      `json:"type"`
		Ref        string      `json:"bom-ref,omitempty"`
		Supplier   *supplier   `json:"supplier,omitempty"`
		Name       string      `json:"name"`
		Version    string      `json:"version,omitempty"`
		Hashes     []hash      `json:"hashes,omitempty"`
		Licenses   []license   `json:"licenses,omitempty"`
		CPE        string      `json:"cpe,omitempty"`
		PURL       string      `json:"purl,omitempty"`
		References []reference `json:"externalReferences,omitempty"`
		Components []component `json:"components,omitempty"`
		Properties []property  `json:"properties,omitempty"`
	}
	supplier struct {
		Name string `json:"name"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	license struct {
		Expression string `json:"expression"`
	}
	reference struct {
		Type   string `json:"type"`
		URL    string `json:"url"`
		Hashes []hash `json:"hashes,omitempty"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// CycloneDX returns a CycloneDX 1.6 document, as JSON. Modules are components of that
// which was built from them.
func (d *Document) CycloneDX(pinned []*Pinned) ([]byte, error) {
	if len(pinned) == 0 {
		return nil, ErrEmpty
	}
	b := bom{Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", Spec: "1.6", Version: 1}
	b.Metadata.Timestamp = d.Created.UTC().Format(time.RFC3339)
	b.Metadata.Tools.Components = []component{{Type: "application", Name: d.Tool, Version: d.Version}}
	seen := make(map[string]bool)
	for _, p := range pinned {
		if !seen[p.Package.Key] {
			seen[p.Package.Key] = true
			b.Components = append(b.Components, p.component())
		}
	}
	text, err := encode(b)
	if err != nil {
		return nil, err
	}
	// The number is that of this text alone. It has the form of a UUID of one's own (RFC
	// 9562, version 8).
	sum := digest.Of(text)
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	n := hex.EncodeToString(sum[:16])
	b.Serial = "urn:uuid:" + strings.Join([]string{n[:8], n[8:12], n[12:16], n[16:20], n[20:]}, "-")
	return encode(b)
}

// component returns p as CycloneDX has it. What cannot be classified is an application
// there.
func (p *Pinned) component() component {
	k := &p.Package
	c := component{Type: "application", Ref: k.Key, Name: k.Name, Version: k.Version, CPE: k.CPE, PURL: k.PURL, Hashes: hashes(k.Digest)}
	if _, owner, ok := strings.Cut(k.Supplier, ": "); ok {
		c.Supplier = &supplier{owner}
	}
	if k.License != "" {
		c.Licenses = []license{{k.License}}
	}
	if k.Purpose == "CONTAINER" {
		c.Type = "container"
	}
	if p.Artifact != nil {
		c.References = []reference{{"distribution", k.Location, hashes(p.Artifact.Digest)}}
	}
	for _, m := range p.Modules {
		c.Components = append(c.Components, component{Type: "library", Ref: k.Key + " " + m.PURL, Name: m.Path, Version: m.Version, PURL: m.PURL})
	}
	notes := p.notes()
	if k.Archive != "" || k.File != k.Name {
		notes = append(notes, "file: "+k.File)
	}
	if k.Member != "" {
		notes = append(notes, "member: "+k.Member)
	}
	for _, note := range notes {
		name, value, _ := strings.Cut(note, ": ")
		if value != "" {
			c.Properties = append(c.Properties, property{"depfetch:" + strings.ReplaceAll(name, " ", "-"), value})
		}
	}
	return c
}

// hashes returns a digest as CycloneDX has it, unless it is not known.
func hashes(d digest.SHA256) []hash {
	if d.IsZero() {
		return nil
	}
	return []hash{{"SHA-256", d.String()}}
}

func encode(b bom) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(b)
	return text.Bytes(), err
}
