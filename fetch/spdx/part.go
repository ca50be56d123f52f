package spdx

import (
	"bytes"
	"slices"
	"time"

	"depfetch/fetch/digest"
	"depfetch/fetch/printable"
)

// Annotate is Add with notes, each of which is an annotation of the package.
func (d *Document) Annotate(p *Package, notes []string) {
	at := len(d.lines)
	d.Add(p)
	if len(d.lines) == at || len(notes) == 0 {
		return
	}
	at += bytes.IndexByte(d.lines[at:], '\n') - len("}")
	text := []byte(`,"annotations":[`)
	for i, note := range notes {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, `{"annotationDate":"`+d.Created.UTC().Format(time.RFC3339)+`","annotationType":"OTHER","annotator":"Tool: `+d.Tool+`","comment":`...)
		text = append(printable.AppendJSON(text, note), '}')
	}
	d.lines = slices.Insert(d.lines, at, append(text, ']')...)
}

// Contain adds a package that another contains, which has been added. A part of several
// packages is one package: the first of a key counts.
func (d *Document) Contain(whole, part *Package) {
	id := "SPDXRef-Part-" + digest.Of([]byte(part.Key)).String()[:16]
	if !d.parts[id] {
		if d.parts == nil {
			d.parts = make(map[string]bool)
		}
		d.parts[id] = true
		d.line(part.object(id))
	}
	d.line(relation("SPDXRef-Package-"+digest.Of([]byte(whole.Key)).String()[:16], "CONTAINS", id))
}
