package mirror

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"depfetch/fetch"
)

// Image is an image that is pinned by its digest.
type Image struct {
	// Name is the registry, repository and tag, in full and without the digest:
	// docker.io/library/debian:12.
	Name   string
	Digest fetch.Digest

	repo name.Repository
}

// ParseImage reads a reference with a digest, as FROM has it: debian:12@sha256:….
func ParseImage(ref string) (Image, error) {
	text, digest, _ := strings.Cut(ref, "@")
	d, err := v1.NewHash(digest)
	if err != nil || d.Algorithm != "sha256" {
		return Image{}, fmt.Errorf("%s: want an image with its sha256", ref)
	}
	// NewTag would add a tag, and a reference with both has none.
	tag, err := name.NewTag(text)
	if err != nil {
		return Image{}, fmt.Errorf("%s: %w", ref, err)
	}
	if strings.ContainsAny(tag.RegistryStr(), "[]") {
		return Image{}, fmt.Errorf("%s: an image of a registry without a name cannot be mirrored", ref)
	}
	i := Image{repo: tag.Repository, Digest: digestOf(d)}
	i.Name = i.Repository()
	if strings.Contains(text[strings.LastIndexByte(text, '/')+1:], ":") {
		i.Name += ":" + tag.TagStr()
	}
	return i, nil
}

// Repository returns the registry and repository of i: docker.io/library/debian.
func (i Image) Repository() string {
	return registryName(i.repo.Registry) + "/" + i.repo.RepositoryStr()
}

func (i Image) String() string { return i.Name + "@sha256:" + i.Digest.String() }

// Tag returns the tag that keeps i in a registry from a garbage collection.
func (i Image) Tag() string { return keepTag(i.Digest.String()) }

// registryName returns the name of a registry as references have it.
func registryName(r name.Registry) string {
	if r.RegistryStr() == name.DefaultRegistry {
		return "docker.io"
	}
	return r.RegistryStr()
}

// Images returns each image once, sorted by repository and digest: that of the first
// reference to it.
func Images(all []Image) []Image {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Image) int {
		return cmp.Or(strings.Compare(a.Repository(), b.Repository()), slices.Compare(a.Digest[:], b.Digest[:]))
	})
	return slices.CompactFunc(all, func(a, b Image) bool {
		return a.Repository() == b.Repository() && a.Digest == b.Digest
	})
}

// repositoryOf returns the repository of an image in t: HOST/REPOSITORY/docker.io/library/debian,
// so that HOST/REPOSITORY/docker.io is a mirror of docker.io for BuildKit, containerd and
// podman. A port is joined to its host by _, which no host has. An image that is below t
// already stays where it is.
func (t Target) repositoryOf(i Image) name.Repository {
	if base := t.tag.Context(); i.repo.Registry == base.Registry && strings.HasPrefix(i.repo.RepositoryStr()+"/", base.RepositoryStr()+"/") {
		return i.repo
	}
	path := strings.ToLower(strings.ReplaceAll(registryName(i.repo.Registry), ":", "_")) + "/" + i.repo.RepositoryStr()
	return t.tag.Context().Registry.Repo(t.tag.Context().RepositoryStr(), path)
}

// Where returns the address of an image in t.
func (t Target) Where(i Image) string {
	if !t.IsRegistry() {
		return t.text
	}
	repo := t.repositoryOf(i)
	return registryName(repo.Registry) + "/" + repo.RepositoryStr() + "@sha256:" + i.Digest.String()
}

// Mirror returns the registry of an image, and the repository of t below which are all the
// images of it. It reports false if the image is where it was.
func (t Target) Mirror(i Image) (registry, at string, ok bool) {
	if !t.IsRegistry() {
		return "", "", false
	}
	repo := t.repositoryOf(i)
	if repo == i.repo {
		return "", "", false
	}
	return registryName(i.repo.Registry), strings.TrimSuffix(registryName(repo.Registry)+"/"+repo.RepositoryStr(), "/"+i.repo.RepositoryStr()), true
}

// part is a manifest, a config or a layer of an image.
type part struct {
	media  types.MediaType
	digest fetch.Digest
	size   int64
	text   []byte  // of a manifest
	parts  []*part // that a manifest names
}

// maxParts is how many parts an image may have, and maxDepth how deep indexes may stand in
// each other.
const (
	maxParts = 100_000
	maxDepth = 4
)

// isManifest reports whether p names other parts.
func (p *part) isManifest() bool { return p.media.IsIndex() || p.media.IsImage() }

// RawManifest and MediaType let go-containerregistry send it.
func (p *part) RawManifest() ([]byte, error)        { return p.text, nil }
func (p *part) MediaType() (types.MediaType, error) { return p.media, nil }

// read takes the text of a manifest into p. The type that names it, if any, is that of p.
func (p *part) read(text []byte) error {
	var m struct {
		SchemaVersion int             `json:"schemaVersion"`
		MediaType     types.MediaType `json:"mediaType"`
		Config        *v1.Descriptor  `json:"config"`
		Layers        []v1.Descriptor `json:"layers"`
		Manifests     []v1.Descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("it is no manifest: %w", err)
	}
	media := cmp.Or(m.MediaType, p.media)
	switch {
	case m.SchemaVersion == 1:
		return errors.New("it is an image of schema 1, which registries have given up")
	case m.Manifests != nil && (m.Layers != nil || m.Config != nil):
		return errors.New("it is an index and an image at once")
	case media == "" && m.Manifests != nil:
		media = types.OCIImageIndex
	case media == "" && m.Config != nil:
		media = types.OCIManifestSchema1
	}
	switch {
	case p.media != "" && p.media != media:
		return fmt.Errorf("it is of type %s, and not %s", media, p.media)
	case media.IsIndex() && m.Config == nil && m.Layers == nil:
	case media.IsImage() && m.Config != nil:
		m.Manifests = append([]v1.Descriptor{*m.Config}, m.Layers...)
	default:
		return fmt.Errorf("it is of type %q, which is not known here", media)
	}
	p.media, p.text, p.size, p.parts = media, text, int64(len(text)), nil
	for _, d := range m.Manifests {
		if media.IsImage() && !d.MediaType.IsDistributable() {
			continue // in no registry but its maker's
		}
		if d.Digest.Algorithm != "sha256" || d.Size < 0 {
			return fmt.Errorf("it names %s, which is no sha256 with a size", d.Digest)
		}
		kid := &part{media: d.MediaType, digest: digestOf(d.Digest), size: d.Size}
		if kid.isManifest() != media.IsIndex() {
			return fmt.Errorf("it names %s of type %s, which does not belong there", d.Digest, d.MediaType)
		}
		p.parts = append(p.parts, kid)
	}
	return nil
}

// digestOf returns a sha256 of a registry.
func digestOf(h v1.Hash) (d fetch.Digest) {
	hex.Decode(d[:], []byte(h.Hex))
	return d
}
