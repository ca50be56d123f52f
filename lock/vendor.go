package lock

import "depfetch/fetch"

// Vendored is a line of the table vendor: a program of depfetch that stands in the
// repository, for builds that copy it from there. Only deplock reads it.
type Vendored struct {
	Path   string // slash-separated, from the lockfile's folder
	Digest fetch.Digest
}

// parseVendor reads the table vendor in the order of the document.
func parseVendor(v *value) []Vendored {
	if !v.table() {
		return nil
	}
	var files []Vendored
	for _, kid := range v.children() {
		if !isBelow(kid.key) {
			kid.failKey("want the clean path of a file below the lockfile's folder")
		}
		if kid.table(vendorKeys...) {
			files = append(files, Vendored{Path: kid.key, Digest: parsed(kid.require("sha256"), parseDigest)})
		}
	}
	return files
}
