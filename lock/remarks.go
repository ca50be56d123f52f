package lock

import (
	"strings"

	"depfetch/fetch"
	"depfetch/fetch/source"
)

// Remarks returns what is allowed in f and may be a mistake all the same: two
// addresses, or two platforms, that are pinned to the same bytes, lines whose signature
// has not been verified, and addresses with what is called like a secret in their query.
func (f *File) Remarks() []*Error {
	type place struct {
		at    *value
		dep   *Dep
		line  Line
		where string
	}
	var remarks []*Error
	first := make(map[fetch.Digest]place)
	see := func(p place) {
		before, again := first[p.line.Digest]
		switch {
		case !again:
			first[p.line.Digest] = p
		case p.dep != nil && before.dep == p.dep && before.line.Unpacked == p.line.Unpacked && !p.dep.AllowPlatformMismatch:
			remarks = append(remarks, p.at.errorf(KindFormat, p.at.keyAt, "the same bytes are pinned for %s and for %s", before.line.Platform, p.line.Platform))
		case before.dep != p.dep && before.line.URL != p.line.URL || p.dep == nil && before.dep == nil:
			remarks = append(remarks, p.at.errorf(KindFormat, p.at.keyAt, "the same bytes are pinned for another address: %s (%s)", source.Redact(before.line.URL), before.where))
		}
	}
	told := make(map[*Dep]bool)
	secret := func(at *value, d *Dep, address string) {
		names := SecretParameters(address)
		if len(names) == 0 || told[d] {
			return
		}
		told[d] = d != nil
		remarks = append(remarks, at.errorf(KindFormat, at.keyAt, "its address has %s in clear, for all who read the lockfile", strings.Join(names, ", ")))
	}
	for _, d := range f.Deps {
		for _, l := range d.Locked {
			secret(l.at, d, l.URL)
			if len(d.Signatures) > 0 && l.Trust != Signed {
				remarks = append(remarks, l.at.errorf(KindFormat, l.at.keyAt, "its signature has not been verified, which deplock update %s does", d.Name))
			}
			see(place{at: l.at, dep: d, line: l, where: d.at.path()})
		}
	}
	for _, p := range f.URLs {
		secret(p.at, nil, p.URL)
		if p.Unpinned == "" {
			see(place{at: p.at, line: Line{URL: p.URL, Digest: p.Digest}, where: "urls"})
		}
	}
	return remarks
}
