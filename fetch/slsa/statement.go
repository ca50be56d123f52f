// Package slsa writes in-toto statements (v1), as JSON, whose predicate is SLSA provenance
// (v1): what a fetch has used, and what it has put in place.
//
// It guarantees that the same lockfile and the same choice of it make the same text, byte
// for byte: it holds no time, and does not say whether a file came from its address, a
// mirror or a cache, since its digest was verified in any case. It is not signed.
package slsa

import (
	"slices"
	"strings"

	"depfetch/fetch/digest"
	"depfetch/fetch/document"
	"depfetch/fetch/printable"
)

// What stands for depfetch in a statement. lock/FORMAT.md says what it means.
const (
	buildType = "urn:depfetch:fetch:1"
	builder   = "urn:depfetch:run"
	// manifest is the algorithm of the digest of a tree: sha256, of its manifest.
	manifest = "depfetch-manifest-1"
)

// Statement is the statement about one fetch.
type Statement struct {
	Version  string // of depfetch
	Lockfile string // its name
	Digest   digest.SHA256
	Platform string
	Names    []string // the dependencies that were named
	Groups   []string // and the groups

	subjects, dependencies []string
}

// Place adds what has been put at path, for a dependency: a file, or a tree, of which sum is
// that of its manifest.
func (s *Statement) Place(path string, sum digest.SHA256, tree bool, dependency string) {
	algorithm := "sha256"
	if tree {
		algorithm = manifest
	}
	s.subjects = append(s.subjects, descriptor(path, "", algorithm, sum, "dependency", dependency))
}

// Use adds a file that has been downloaded for a dependency.
func (s *Statement) Use(dependency, version, address string, sum digest.SHA256) {
	s.dependencies = append(s.dependencies, descriptor(dependency, address, "sha256", sum, "version", version))
}

// descriptor returns the JSON of a resource descriptor with one annotation, unless that is
// empty.
func descriptor(name, uri, algorithm string, sum digest.SHA256, key, annotation string) string {
	var o, d, a document.Object
	o.Text("name", name)
	o.Text("uri", uri)
	d.Text(algorithm, sum.String())
	o.Raw("digest", string(d)+"}")
	if a.Text(key, annotation); a != nil {
		o.Raw("annotations", string(a)+"}")
	}
	return string(o) + "}"
}

// begin is what every statement begins with.
const begin = `{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://slsa.dev/provenance/v1","predicate":{"buildDefinition":{"buildType":"` + buildType + `",`

// Replace returns the text of s, which must have something in place. old is what has been
// written before, or empty: one that is no statement about a fetch is not replaced.
func (s *Statement) Replace(old []byte) ([]byte, error) {
	if len(old) > 0 && !strings.HasPrefix(string(old), begin) {
		return nil, document.ErrForeign
	}
	var o document.Object
	o.Raw("lockfile", descriptor(s.Lockfile, "", "sha256", s.Digest, "", ""))
	o.Text("platform", s.Platform)
	texts(&o, "names", s.Names)
	texts(&o, "groups", s.Groups)
	text := begin + `"externalParameters":` + string(o) + `},"resolvedDependencies":` + lines(s.dependencies) +
		`},"runDetails":{"builder":{"id":"` + builder + `","version":{"depfetch":"` + s.Version + `"}}}},"subject":` + lines(s.subjects) + "}\n"
	return []byte(text), nil
}

// texts adds an array of strings, unless it is empty.
func texts(o *document.Object, key string, all []string) {
	quoted := slices.Clone(all)
	for i, s := range all {
		quoted[i] = string(printable.AppendJSON(nil, s))
	}
	if len(all) > 0 {
		o.Raw(key, lines(quoted))
	}
}

// lines returns the JSON array of what all holds, in order and each once, on a line for each.
//
//go:noinline
func lines(all []string) string {
	all = slices.Clone(all) // Replace may be called again
	slices.Sort(all)
	return "[\n" + strings.Join(slices.Compact(all), ",\n") + "\n]"
}
