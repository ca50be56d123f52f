package lock

import (
	"errors"
	"path"
	"slices"
	"strings"
)

// parseTemplates reads every template of d, and reports what is wrong with
// each whatever its words stand for.
func (d *Dep) parseTemplates() {
	d.URL = d.template(d.at.require("url"), words(), d.at.doc.checkAddress)
	for _, elem := range d.at.get("mirrors").elements() {
		d.Mirrors = append(d.Mirrors, d.template(elem, words(), d.at.doc.checkMirror))
	}
	d.Sums = d.template(d.at.get("sums"), wordsAndURL, d.at.doc.checkSums)
	d.Signatures = d.parseSignatures(d.at.get("signature"), wordsAndURL)
	d.Member = d.template(d.at.get("member"), words(), checkMember)
}

// template reads a template and checks what it expands to. A faulty one comes
// back as the zero Template.
func (d *Dep) template(v *value, known []string, check func(string) error) Template {
	s, ok := v.str()
	if !ok {
		return Template{}
	}
	t, faults := parseTemplate(s, known)
	for _, w := range t.words {
		if isVersionWord(w.name) && slices.Contains(known, w.name) && d.at.get("version") == nil {
			faults = append(faults, &templateError{offset: w.start, msg: "{" + w.name + "} is used, but there is no version"})
		}
	}
	for _, f := range faults {
		v.failAt(v.inside(f.offset), "%s", f.msg)
	}
	if len(faults) > 0 {
		return Template{}
	}
	sample, _ := t.unfiltered().expand(func(name string) (string, error) {
		if name == "url" {
			return "https://host.invalid/0", nil
		}
		return "0", nil
	})
	if err := check(sample); err != nil {
		v.fail("%v", err)
		return Template{}
	}
	return t
}

// checkSums returns why s is not the address of a list of checksums, which may end
// in a JSON pointer as a fragment, or nil.
func (d *document) checkSums(s string) error {
	address, pointer, pointed := strings.Cut(s, "#")
	if pointed && !strings.HasPrefix(pointer, "/") {
		return d.checkAddress(s)
	}
	for i := range len(pointer) {
		if pointer[i] <= ' ' || pointer[i] >= 0x7f {
			return errors.New("percent-encode what is not printable ASCII in a JSON pointer")
		}
	}
	return d.checkAddress(address)
}

func isVersionWord(name string) bool {
	return slices.Contains([]string{"version", "major", "minor", "patch"}, name)
}

// checkMember returns why s cannot name a file in an archive, or nil.
func checkMember(s string) error {
	elems := strings.Split(s, "/")
	last := elems[len(elems)-1]
	switch {
	case strings.ContainsFunc(s, notPath):
		return errors.New("a member holds no control characters and no backslashes")
	case strings.HasPrefix(s, "/"):
		return errors.New("a member is relative to the root of the archive; leave out the leading slash")
	case slices.Contains(elems, ".."):
		return errors.New(`a member does not climb: ".." is refused`)
	case last == "" || path.Clean(s) == ".":
		return errors.New("a member names a file")
	}
	return nil
}

// checkExpansions reports the templates of d that do not expand to something
// valid for each platform that is locked. What a fault of version or alias
// explains is not reported again.
func (d *Dep) checkExpansions() {
	if d.Version == "" && d.at.get("version") != nil || d.Alias == nil && d.at.get("alias") != nil {
		return
	}
	for _, l := range d.Locked {
		d.checkExpansion(d.URL, d.at.get("url"), l.Platform, d.at.doc.checkAddress)
		for i, elem := range d.at.get("mirrors").elements() {
			d.checkExpansion(d.Mirrors[i], elem, l.Platform, d.at.doc.checkMirror)
		}
		d.checkExpansion(d.Sums, d.at.get("sums"), l.Platform, d.at.doc.checkSums)
		for _, s := range d.Signatures {
			d.checkExpansion(s.URL, s.urlAt, l.Platform, d.at.doc.checkAddress)
			d.checkExpansion(s.Cert, s.at.get("cosign").get("cert"), l.Platform, d.at.doc.checkAddress)
			d.checkExpansion(s.Identity, s.at.get("identity"), l.Platform, checkIdentity)
			d.checkExpansion(s.Ref, s.at.get("ref"), l.Platform, checkRef("version"))
		}
		d.checkExpansion(d.Member, d.at.get("member"), l.Platform, checkMember)
	}
}

// checkExpansion checks one template, which stands at v, for one platform.
func (d *Dep) checkExpansion(t Template, v *value, p Platform, check func(string) error) {
	if t.IsZero() {
		return
	}
	s, err := d.Expand(t, p)
	var fault *templateError
	if errors.As(err, &fault) {
		v.failAt(v.inside(fault.offset), "%s", fault.msg)
		return
	}
	if err := check(s); err != nil {
		v.fail("for %s: %v", p, err)
	}
}
