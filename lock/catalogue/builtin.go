package catalogue

import (
	_ "embed"
	"fmt"
	"regexp"
	"sync"
)

//go:embed builtin.yaml
var builtinText []byte

// BuiltinName is the name of the catalogue that is part of the program.
const BuiltinName = "built-in"

// Builtin returns the catalogue that is part of the program: what there is before a
// lockfile pins one.
var Builtin = sync.OnceValue(func() *Registry {
	r, err := Parse(BuiltinName, builtinText)
	if err != nil {
		panic(fmt.Sprintf("the built-in catalogue: %v", err)) // a test reads it
	}
	return r
})

// The public catalogue: aqua's standard registry, as it is at a release.
const (
	PublicName       = "public"
	PublicRepository = "aquaproj/aqua-registry"
)

// PublicAddress returns the address of the public catalogue at a release.
func PublicAddress(tag string) string {
	return "https://raw.githubusercontent.com/" + PublicRepository + "/" + tag + "/registry.yaml"
}

// releaseForm matches the addresses of files that belong to a release or a tag.
var releaseForm = regexp.MustCompile(`^https://(?:raw\.githubusercontent\.com/([^/]+/[^/]+)/([^/]*[0-9][^/]*)/|github\.com/([^/]+/[^/]+)/releases/download/([^/]+)/)`)

// ReleaseOf returns the repository and the tag that the address of a registry names.
func ReleaseOf(address string) (repository, tag string, ok bool) {
	m := releaseForm.FindStringSubmatch(address)
	if m == nil {
		return "", "", false
	}
	return m[1] + m[3], m[2] + m[4], true
}
