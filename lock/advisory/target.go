package advisory

import (
	"net/url"
	"regexp"
	"strings"

	"deps.dev/util/semver"
)

// ecosystem is a registry whose packages advisories are about.
type ecosystem struct {
	name   string // in OSV
	system semver.System
}

// ecosystemOf returns the ecosystem of a type of package URLs, or nil.
func ecosystemOf(kind string) *ecosystem {
	switch kind {
	case "cargo":
		return &ecosystem{"crates.io", semver.Cargo}
	case "composer":
		return &ecosystem{"Packagist", semver.Composer}
	case "gem":
		return &ecosystem{"RubyGems", semver.RubyGems}
	case "golang":
		return &ecosystem{"Go", semver.DefaultSystem} // without the v of Go's tags
	case "maven":
		return &ecosystem{"Maven", semver.Maven}
	case "npm":
		return &ecosystem{"npm", semver.NPM}
	case "nuget":
		return &ecosystem{"NuGet", semver.NuGet}
	case "pypi":
		return &ecosystem{"PyPI", semver.PyPI}
	}
	return nil
}

// stdlib is the name by which OSV has Go's library and tools.
const stdlib = "stdlib"

// target is what a database is asked about.
type target struct {
	subject   Subject
	ecosystem *ecosystem
	name      string // as the ecosystem has it
	version   string // as the ecosystem orders it
	number    string // the version as the package URL has it, without a leading v
}

// packageVersion is what tells targets apart for a database.
type packageVersion struct{ ecosystem, name, version string }

func (t target) packageVersion() packageVersion {
	return packageVersion{t.ecosystem.name, t.name, t.version}
}

// targetOf returns what a subject is to a database, or why it is nothing to one.
func targetOf(s Subject) (t target, why string) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(s.PURL, "pkg:"), "/")
	switch kind {
	case "", "generic":
		return t, "its address names no package of a registry"
	case "github":
		return t, "a file of a repository on GitHub is not known to OSV, which knows the packages of registries"
	case "apk", "deb", "rpm":
		return t, "a distribution's advisories are about source packages, which a file does not name"
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	path, version, _ := strings.Cut(rest, "@")
	name, err := url.PathUnescape(path)
	number, badVersion := url.PathUnescape(version)
	t = target{subject: s, ecosystem: ecosystemOf(kind), name: name, version: number, number: number}
	switch {
	case t.ecosystem == nil:
		return t, "packages of the type " + kind + " are not known to OSV"
	case name == "" || err != nil || badVersion != nil:
		return t, "its package URL cannot be read"
	case number == "":
		return t, "its version is not known"
	case kind == "maven":
		if i := strings.LastIndexByte(name, '/'); i >= 0 {
			t.name = name[:i] + ":" + name[i+1:]
		}
	case kind == "golang":
		t.number = strings.TrimPrefix(number, "v")
		t.version = t.number
		if name == stdlib {
			t.version = goRelease(number)
		}
	}
	return t, ""
}

// Knows reports whether a database can be asked about s.
func Knows(s Subject) bool {
	_, why := targetOf(s)
	return why == ""
}

var goForm = regexp.MustCompile(`^(?:go)?([0-9]+\.[0-9]+)(\.[0-9]+)?(?:(rc|beta)([0-9]+))?$`)

// goRelease returns a release of Go in the form of Semantic Versioning that the
// vulnerability database of Go has: 1.22rc1 is 1.22.0-rc.1.
func goRelease(version string) string {
	m := goForm.FindStringSubmatch(version)
	if m == nil {
		return version
	}
	if m[2] == "" {
		m[2] = ".0"
	}
	if m[3] != "" {
		m[3] = "-" + m[3] + "." + m[4]
	}
	return m[1] + m[2] + m[3]
}
