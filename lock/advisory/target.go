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

// stdlib is the name by which OSV has Go's library.
const stdlib = "stdlib"

// toolchain is the name by which it has the go command, which the distribution of Go has
// beside that library, and a program that was built by it has not.
const toolchain = "toolchain"

// target is what a database is asked about.
type target struct {
	subject   Subject
	ecosystem *ecosystem
	name      string // as the ecosystem has it
	also      string // another name of what is part of it; may be empty
	version   string // as the ecosystem orders it
	number    string // the version as the package URL has it, without a leading v
	commit    string // of a repository; takes the place of the version
}

// git is the ecosystem of repositories, whose versions are tags. They have no order.
const git = "GIT"

// packageVersion is what tells targets apart for a database.
type packageVersion struct{ ecosystem, name, also, version, commit string }

func (t target) packageVersion() packageVersion {
	return packageVersion{t.ecosystem.name, t.name, t.also, t.version, t.commit}
}

// targetOf returns what a subject is to a database, or why it is nothing to one.
func targetOf(s Subject) (t target, why string) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(s.PURL, "pkg:"), "/")
	switch kind {
	case "", "generic":
		return t, "its address names no package of a registry"
	case "github":
		return repositoryOf(s, rest)
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
			if s.Module == "" {
				t.also = toolchain
			}
		}
	}
	return t, ""
}

// names returns the names of packages that t is known by.
func (t target) names() []string {
	if t.also != "" {
		return []string{t.name, t.also}
	}
	return []string{t.name}
}

var (
	commitForm = regexp.MustCompile(`^[0-9a-f]{40}$`)
	digits     = regexp.MustCompile(`[0-9]`)
)

// repositoryOf returns what a release or an archive of a repository on GitHub is. What OSV
// knows by repository and tag is above all of programs in C and C++.
func repositoryOf(s Subject, rest string) (t target, why string) {
	rest, _, file := strings.Cut(rest, "#")
	name, version, _ := strings.Cut(rest, "@")
	version, err := url.PathUnescape(version)
	t = target{subject: s, ecosystem: &ecosystem{git, semver.DefaultSystem}, name: "https://github.com/" + name, version: version, number: version}
	if strings.EqualFold(s.Repository, t.name) {
		t.name = s.Repository
	}
	switch {
	case file:
		return t, "one file of a repository is nothing that advisories are about"
	case err != nil:
		return t, "its package URL cannot be read"
	case commitForm.MatchString(version):
		t.commit, t.version = version, ""
	case !digits.MatchString(version):
		return t, "its version is not known"
	}
	return t, ""
}

// Repository returns the address of the repository on GitHub that an address is of, in
// the case in which it has the name, or "". OSV tells upper from lower case there.
func Repository(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	switch strings.ToLower(u.Hostname()) {
	case "github.com", "codeload.github.com", "raw.githubusercontent.com":
		if parts := strings.SplitN(strings.TrimPrefix(u.Path, "/"), "/", 3); len(parts) == 3 {
			return "https://github.com/" + parts[0] + "/" + parts[1]
		}
	}
	return ""
}

// ByTag reports whether a database is asked about s by the tag or the commit of a repository
// alone, of which it knows less than of the packages of registries.
func ByTag(s Subject) bool {
	t, why := targetOf(s)
	return why == "" && t.ecosystem.name == git
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
