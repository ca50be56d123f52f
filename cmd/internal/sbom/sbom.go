// Package sbom makes the SPDX document of what depfetch has put in place or handed out.
package sbom

import (
	"depfetch/fetch"
	"depfetch/fetch/spdx"
)

// Add has client place a document, to which artifacts are added: where they have been
// placed, or what has been downloaded. name is what has asked for it, version that of
// depfetch. The document says that it was made at the time that files get.
func Add(client *fetch.Client, name, path, version string, artifacts []fetch.Artifact, placed bool) {
	created := client.Mtime
	if created.IsZero() {
		created = fetch.DefaultMtime
	}
	d := &spdx.Document{Tool: "depfetch-" + version, Created: created}
	for i := range artifacts {
		d.Add(artifacts[i].Describe(placed))
	}
	client.Documents = append(client.Documents, fetch.Document{Name: name, Path: path, Text: d.Extend})
}
