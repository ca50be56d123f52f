package mirror

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"depfetch/fetch/source"
)

// Target is where the copies are: a repository of a registry, or a directory.
type Target struct {
	text string
	dir  string
	tag  name.Tag
}

// DefaultTag is the tag that is moved to the manifest of each push, unless a target names
// another one.
const DefaultTag = "latest"

// ParseTarget reads oci://HOST[:PORT]/REPOSITORY[:TAG] or the path of a directory.
func ParseTarget(text string) (Target, error) {
	ref, ok := strings.CutPrefix(text, "oci://")
	if !ok {
		if scheme, _, found := strings.Cut(text, "://"); found || text == "" {
			return Target{}, fmt.Errorf("want oci://HOST/REPOSITORY or a directory, not %q", scheme)
		}
		return Target{text: text, dir: text}, nil
	}
	if strings.ContainsAny(ref, "@?#") {
		return Target{}, errors.New("want oci://HOST[:PORT]/REPOSITORY[:TAG], without a digest, login or query")
	}
	ref = strings.TrimSuffix(ref, "/")
	host, repository, _ := strings.Cut(ref, "/")
	// The names of Docker Hub are one registry, whose logins are stored under this one.
	if host == "docker.io" || host == "registry-1.docker.io" {
		host = name.DefaultRegistry
		ref = host + "/" + repository
	}
	if host == "" || repository == "" {
		return Target{}, fmt.Errorf("oci://%s: want oci://HOST[:PORT]/REPOSITORY[:TAG]", ref)
	}
	tag, err := name.NewTag(ref, name.WithDefaultTag(DefaultTag))
	// go-containerregistry takes names that no registry has, nor depfetch.
	if err == nil && (strings.Contains(ref, "/:") || source.CheckRepository("oci://"+host+"/"+tag.RepositoryStr()) != nil) {
		err = fmt.Errorf("%s is no name of a repository", tag.RepositoryStr())
	}
	// A first element that is no host would be taken for one of Docker Hub's.
	if err == nil && tag.RegistryStr() != host {
		err = fmt.Errorf("%s is no host: write a name with a dot or a port", host)
	}
	if err != nil {
		return Target{}, fmt.Errorf("oci://%s: %w", ref, err)
	}
	return Target{text: text, tag: tag}, nil
}

// IsRegistry reports whether t is a repository of a registry.
func (t Target) IsRegistry() bool { return t.dir == "" }

// Host returns the registry of t.
func (t Target) Host() string { return t.tag.RegistryStr() }

// Tag returns the tag of t.
func (t Target) Tag() string { return t.tag.TagStr() }

func (t Target) String() string { return t.text }
