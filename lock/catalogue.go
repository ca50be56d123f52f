package lock

import (
	"path"
	"strings"
	"unicode"

	"depfetch/fetch"
)

// Registry is a line of the table catalogue: a pinned file of what deplock add knows by
// name. Only deplock reads it. Either URL or Path is set.
type Registry struct {
	Name   string
	URL    string
	Path   string // slash-separated, from the lockfile's folder
	Digest fetch.Digest
}

// parseCatalogue reads the table catalogue in the order of the document.
func parseCatalogue(v *value) []Registry {
	if !v.table() {
		return nil
	}
	var all []Registry
	for _, kid := range v.children() {
		if !isName(kid.key) {
			kid.failKey("a registry's name is up to 128 letters, digits and . _ + -, and begins with a letter or digit")
		}
		if !kid.table(catalogueKeys...) {
			continue
		}
		r := Registry{Name: kid.key, Digest: parsed(kid.require("sha256"), parseDigest)}
		switch address, file := kid.get("url"), kid.get("path"); {
		case (address == nil) == (file == nil):
			kid.fail("want either url or path")
		case address != nil:
			r.URL = parseAddress(address)
		default:
			r.Path, _ = file.str()
			if !isBelow(r.Path) {
				file.fail("want the clean path of a file below the lockfile's folder")
			}
		}
		all = append(all, r)
	}
	return all
}

// isBelow reports whether a path is clean and leads to something below where it begins.
func isBelow(p string) bool {
	return path.Clean(p) == p && p != "." && !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "../") && p != ".." && !strings.ContainsFunc(p, notPath)
}

// isEntry reports whether s can be the full name of what a catalogue lists.
func isEntry(s string) bool {
	return s != "" && len(s) <= 256 && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) })
}
