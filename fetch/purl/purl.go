// Package purl names what lies at an address by its package URL (ECMA-427), by which
// databases of advisories know it.
//
// It guarantees that a package URL of a registry is only made of an address that says
// package and version by that registry's own rules. What an address does not say is not
// guessed: a Debian package gets none, since its file name lacks the epoch.
package purl

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// rule says what the paths of a registry mean. They are matched in the encoded form that
// a package URL has, in which "@" stands for nothing but itself.
type rule struct {
	hosts string // with blanks around each; a part of the path, from / to /, for a form that says enough on any host
	path  string // a regular expression
	text  string // the package URL, with $1 and so on for what its groups match
	lower bool   // the name has no upper case
	file  bool   // what stands for the version is the name, "-" and the version
}

const (
	ref     = `(?:refs/(?:tags|heads)/)?`
	archive = `\.(?:tar\.gz|tgz|zip)$`
	repo    = `^([^/]+)/([^/]+)/`
)

// rules are those of the registries that are known. The first whose expression matches
// counts. They are data because code for each would be three times as large.
//
// PyPI: wheels (PEP 427) and archives of source (PEP 625). Maven:
// GROUP/…/ARTIFACT/VERSION/ARTIFACT-VERSION[-CLASSIFIER].TYPE. Go: modules as its proxies
// have them, and the distribution of Go itself, from its site or as the module that the go
// command switches to. Its faults are listed under two names, stdlib for the library and
// toolchain for the programs; it is named by the first, as scanners name it, and who asks
// about it asks about both. Ruby: NAME-VERSION[-PLATFORM].gem. What of a version a file is, a classifier or a platform,
// is left out: advisories are about the version.
//
// Registries of npm and proxies of Go are told by the form of their paths, which is a
// protocol, as companies have their own. The paths of Go's modules keep their upper case,
// against the specification: advisories have it, and so have the scanners that read them.
var rules = []rule{
	{" github.com ", repo + `releases/download/(.+)/[^/]+$`, "pkg:github/$1/$2@$3", true, false},
	{" github.com ", repo + `archive/` + ref + `(.+)` + archive, "pkg:github/$1/$2@$3", true, false},
	{" github.com ", repo + `raw/` + ref + `([^/]+)/(.+)$`, "pkg:github/$1/$2@$3#$4", true, false},
	{" raw.githubusercontent.com ", repo + ref + `([^/]+)/(.+)$`, "pkg:github/$1/$2@$3#$4", true, false},
	{" codeload.github.com ", repo + `(?:tar\.gz|zip)/` + ref + `(.+)$`, "pkg:github/$1/$2@$3", true, false},
	{"/-/", `^(%40[^/]+/)?([^/]+)/-/([^/]+-\d[^/]*)\.tgz$`, "pkg:npm/$1$2@$3", true, true},
	{" files.pythonhosted.org ", `^.*/([^/-]+)-(\d[^/-]*)(?:-\d[^/-]*)?-[^/-]+-[^/-]+-[^/-]+\.whl$`, "pkg:pypi/$1@$2", true, false},
	{" files.pythonhosted.org ", `^.*/([^/]+)-(\d[^/-]*)` + archive, "pkg:pypi/$1@$2", true, false},
	{" repo1.maven.org repo.maven.apache.org ", `^maven2/(.+)/([^/]+)/([^/]+)/([^/]+)$`, "pkg:maven/$1/$2@$3@$4", false, false},
	{" static.crates.io ", `^crates/([^/]+)/([^/]+)\.crate$`, "pkg:cargo/$1@$2", false, true},
	{" static.crates.io crates.io ", `^(?:api/v1/)?crates/([^/]+)/([^/]+)/download$`, "pkg:cargo/$1@$2", false, false},
	{"/%40v/", `^golang\.org/toolchain/%40v/v0\.0\.1-go(\d[^/]*)\.[a-z0-9]+-[a-z0-9]+\.zip$`, "pkg:golang/stdlib@$1", false, false},
	{"/%40v/", `^([^/]+\.[^/]+(?:/.+)?)/%40v/(v(?:[^/%]|%2B)+)\.zip$`, "pkg:golang/$1@$2", false, false},
	{" go.dev golang.org dl.google.com ", `^(?:dl|go)/go(\d[^/]*)\.(?:src|[a-z]+-[^/.]+)\.(?:tar\.gz|zip|pkg|msi)$`, "pkg:golang/stdlib@$1", false, false},
	{" rubygems.org ", `^(?:gems|downloads)/([^/]+?)-(\d[0-9A-Za-z.]*)(?:-(?:java|x86|aarch64|arm|universal|ppc|s390x)[^/]*)?\.gem$`, "pkg:gem/$1@$2", false, false},
}

// compiled holds the expressions that have been used.
var compiled sync.Map

func expression(text string) *regexp.Regexp {
	if e, ok := compiled.Load(text); ok {
		return e.(*regexp.Regexp)
	}
	e := regexp.MustCompile(text)
	compiled.Store(text, e)
	return e
}

// FromAddress returns the package URL of what lies at an address, if its host is a
// registry or GitHub and its path says what it is, or else "".
func FromAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "file" {
		return ""
	}
	host := " " + strings.ToLower(u.Hostname()) + " "
	path := strings.ReplaceAll(escape(strings.TrimPrefix(u.Path, "/")), "%2F", "/")
	for i := range rules {
		r := &rules[i]
		if !strings.Contains(r.hosts, host) && (r.hosts[0] != '/' || !strings.Contains(path, r.hosts)) {
			continue
		}
		text := expression(r.path).ReplaceAllString(path, r.text)
		if text != path {
			return r.adjust(text)
		}
	}
	return ""
}

// adjust gives a package URL the form that its type has. It returns "" if that does not fit
// the name of the file.
func (r *rule) adjust(text string) string {
	name, version, _ := strings.Cut(text, "@")
	if r.lower {
		name = strings.ToLower(name)
	}
	kind := strings.Split(name, "/")[0]
	last := name[strings.LastIndexByte(name, '/')+1:]
	if r.file {
		file := version
		if version = strings.TrimPrefix(file, last+"-"); version == file {
			return ""
		}
	}
	switch kind {
	case "pkg:github":
		tag, path, found := strings.Cut(version, "#")
		version = strings.ReplaceAll(tag, "/", "%2F")
		if found {
			version += "#" + path
		}
	case "pkg:pypi": // as indexes and advisories have it (PEP 503)
		name = kind + "/" + expression(`[-_.]+`).ReplaceAllString(last, "-")
	case "pkg:golang": // "!" stands in front of what is in upper case in the module's path
		name = expression(`%21.`).ReplaceAllStringFunc(name, func(s string) string { return strings.ToUpper(s[3:]) })
	case "pkg:maven":
		var file string
		if version, file, _ = strings.Cut(version, "@"); !strings.HasPrefix(file, last+"-"+version) {
			return ""
		}
		name = kind + "/" + strings.ReplaceAll(name[len(kind)+1:len(name)-len(last)-1], "/", ".") + "/" + last
	}
	return name + "@" + version
}

// Generic returns the package URL of a file that no registry has.
func Generic(name, version, address, sha256 string) string {
	text := "pkg:generic/" + escape(name)
	if version != "" {
		text += "@" + escape(version)
	}
	return text + "?checksum=sha256:" + sha256 + "&download_url=" + escape(address)
}

// Parts returns the name and the version that a package URL of FromAddress has, which are
// "" if it has none. Of npm and Go it is the whole name, by which their packages are known.
func Parts(text string) (name, version string) {
	text = expression(`[?#].*`).ReplaceAllString(text, "")
	name, version, _ = strings.Cut(text, "@")
	kind, name, _ := strings.Cut(name, "/")
	if kind != "pkg:npm" && kind != "pkg:golang" {
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	name, _ = url.PathUnescape(name)
	version, _ = url.PathUnescape(version)
	return name, version
}

// escape returns s with all but the characters that never are percent-encoded.
func escape(s string) string {
	var b []byte
	for i := range len(s) {
		c := s[i]
		if '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || strings.IndexByte("-._~:", c) >= 0 {
			b = append(b, c)
		} else {
			b = fmt.Appendf(b, "%%%02X", c)
		}
	}
	return string(b)
}
