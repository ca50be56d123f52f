package lock

import (
	"slices"
	"strings"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/source"
)

// Pin is a line of the table urls: the bytes of one address, for every platform,
// as Dockerfiles and scripts ask for it.
type Pin struct {
	URL      string // as curl would ask for it: see cmdline.Normalize
	Digest   fetch.Digest
	Size     int64 // in bytes, or fetch.SizeUnknown
	Trust    Trust
	Mirrors  []string
	Modified time.Time // what Last-Modified said at lock time; may be zero

	// Unpinned is why the address is left to the image's own curl or wget. Nothing
	// else is set then.
	Unpinned string

	at *value
}

// Pin returns the line of urls for an address in the form of [cmdline.Normalize].
func (f *File) Pin(address string) (Pin, bool) {
	for _, p := range f.URLs {
		if p.URL == address {
			return p, true
		}
	}
	return Pin{}, false
}

// Unpinned reports whether a line of urls leaves an address, in the form of
// [cmdline.Normalize], to the image's own curl or wget.
func (f *File) Unpinned(address string) bool {
	p, _ := f.Pin(address)
	return p.Unpinned != ""
}

// parsePins reads the table urls in the order of the document.
func parsePins(v *value) []Pin {
	if !v.table() {
		return nil
	}
	var pins []Pin
	for _, kid := range v.children() {
		pins = append(pins, parsePin(kid))
	}
	return pins
}

// parsePin reads one line of urls.
func parsePin(v *value) Pin {
	p := Pin{URL: v.key, Size: fetch.SizeUnknown, at: v}
	if err := v.doc.checkAddress(v.key); err != nil {
		v.failKey("%v", err)
	} else if a, err := cmdline.Normalize(v.key, "", false); err != nil {
		v.failKey("not an address: %v", err)
	} else if a.URL != v.key {
		v.failKey("an address is written as curl asks for it: %q", a.URL)
	}
	if !v.table(pinKeys...) {
		return p
	}
	if unpinned := v.get("unpinned"); unpinned != nil {
		p.Unpinned = parseUnpinned(v, unpinned)
		return p
	}
	p.Digest = parsed(v.require("sha256"), parseDigest)
	p.Size = parseSize(v.get("size"))
	p.Trust = parsed(v.get("trust"), parseTrust)
	for _, elem := range v.get("mirrors").elements() {
		if s, ok := elem.str(); ok {
			if err := v.doc.checkMirror(s); err != nil {
				elem.fail("%v", err)
			}
			p.Mirrors = append(p.Mirrors, s)
		}
	}
	p.Modified = v.get("modified").time()
	return p
}

// parseUnpinned reads why the line v pins nothing.
func parseUnpinned(v, unpinned *value) string {
	s, ok := unpinned.str()
	if ok && strings.TrimSpace(s) == "" {
		unpinned.fail("say why it is not pinned")
	}
	for _, kid := range v.children() {
		if kid.key != "unpinned" {
			kid.failKey("a line that says unpinned says nothing else")
		}
	}
	if s == "" {
		return "?" // the line is at fault, but it is no pin
	}
	return s
}

// checkAddresses reports lines that pin one address to different bytes, or leave an
// address unpinned that another line pins.
func (f *File) checkAddresses() {
	type first struct {
		at     *value
		digest fetch.Digest
	}
	lines := len(f.URLs)
	for _, d := range f.Deps {
		lines += len(d.Locked)
	}
	seen := make(map[string]first, lines)
	look := func(at *value, address string, digest fetch.Digest) {
		if a, err := cmdline.Normalize(address, "", false); err == nil {
			address = a.URL
		}
		before, ok := seen[address]
		if !ok {
			seen[address] = first{at: at, digest: digest}
			return
		}
		if before.digest != digest {
			line, _ := at.doc.Position(before.at.keyAt)
			at.failKey("line %d has the same address with other bytes", line)
		}
	}
	for _, d := range f.Deps {
		for _, l := range d.Locked {
			if l.URL != "" && !l.Digest.IsZero() {
				look(l.at, l.URL, l.Digest)
			}
		}
	}
	for _, p := range f.URLs {
		if p.Unpinned != "" || !p.Digest.IsZero() {
			look(p.at, p.URL, p.Digest)
		}
	}
}

// artifact returns what p pins, for every platform and without a path.
func (p Pin) artifact() fetch.Artifact {
	return fetch.Artifact{
		Name: source.Redact(p.URL), Platform: Any.String(), URL: p.URL, Mirrors: slices.Clone(p.Mirrors),
		Digest: p.Digest, Size: p.Size, Modified: p.Modified,
	}
}
