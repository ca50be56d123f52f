package sbom

import (
	"runtime/debug"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"depfetch/fetch/purl"
	"depfetch/fetch/spdx"
)

// Module is a module of Go that a program was built from.
type Module struct {
	Path    string // "stdlib" for the standard library
	Version string // as v1.2.3, for the standard library as 1.2.3; empty if it is not known
	PURL    string
	Main    bool // the program is part of it
}

// Modules returns what programs were built from by their build information: the module
// of each, those that it needs, and the standard library. Each is once among them, sorted by
// path. A version that the build did not know, (devel), is left out; what a module was
// replaced by stands for it, and one that was replaced by a directory has no version.
func Modules(infos ...*debug.BuildInfo) []Module {
	var all []Module
	add := func(path, version string, main bool) {
		if version == "(devel)" {
			version = ""
		}
		all = append(all, Module{path, version, purl.Module(path, version), main})
	}
	for _, info := range infos {
		if info.Main.Path != "" {
			add(info.Main.Path, info.Main.Version, true)
		}
		for _, m := range info.Deps {
			if r := m.Replace; r != nil && r.Version != "" {
				m = r
			} else if r != nil {
				m = &debug.Module{Path: m.Path}
			}
			add(m.Path, m.Version, false)
		}
		// "go1.22.3 X:experiment", and "devel go1.23-0a1b2c" of what is no release.
		number, _, _ := strings.Cut(strings.TrimPrefix(info.GoVersion, "go"), " ")
		if number == "devel" {
			number = ""
		}
		add("stdlib", number, false)
	}
	slices.SortStableFunc(all, func(a, b Module) int { return strings.Compare(a.PURL, b.PURL) })
	return slices.CompactFunc(all, func(a, b Module) bool { return a.PURL == b.PURL })
}

// Build says that p holds programs that were built as infos say. Where the build did not
// know the version of the program's own module, it is the tag of the release that the
// address names, if the module is the root of that repository and its path fits the tag.
func (p *Pinned) Build(infos ...*debug.BuildInfo) {
	known := make([]*debug.BuildInfo, len(infos))
	for i, info := range infos {
		with := *info
		if with.Main.Version == "" || with.Main.Version == "(devel)" {
			with.Main.Version = p.released(with.Main.Path)
		}
		known[i] = &with
	}
	p.Modules = Modules(known...)
}

// released returns the version of a module that p is a release of, or "".
func (p *Pinned) released(path string) string {
	name, tag, _ := strings.Cut(p.Package.PURL, "@")
	repository, github := strings.CutPrefix(name, "pkg:github/")
	root, major, ok := module.SplitPathVersion(path)
	if !github || !ok || !strings.EqualFold(root, "github.com/"+repository) || semver.Canonical(tag) != tag || module.CheckPathMajor(tag, major) != nil {
		return ""
	}
	return tag
}

// part returns m as documents have it.
func (m Module) part() *spdx.Package {
	return &spdx.Package{Key: m.PURL, Name: m.Path, Version: m.Version, Location: unknown, PURL: m.PURL, Purpose: "LIBRARY"}
}
