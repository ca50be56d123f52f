package mirror

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// ArtifactType is the type of the artifact that a push makes (OCI image specification,
// section "Guidelines for Artifact Usage").
const ArtifactType = "application/vnd.depfetch.mirror.v1"

// Annotations of a layer. Where dependencies share bytes, their values stand in one
// annotation with a blank between.
const (
	titleAnnotation    = "org.opencontainers.image.title" // the file name, by which oras writes it
	nameAnnotation     = "dev.depfetch.name"
	versionAnnotation  = "dev.depfetch.version"
	platformAnnotation = "dev.depfetch.platform"
	addressAnnotation  = "dev.depfetch.address" // without credentials and query
)

// maxManifest is the largest manifest that registries have to take, in bytes.
const maxManifest = 4 << 20

// Blob is one file that a lockfile pins, with all lines that pin it.
type Blob struct {
	Artifact fetch.Artifact   // the first line, with the addresses of the others as mirrors
	Lines    []fetch.Artifact // in the order of the lockfile
}

// Blobs returns what a lockfile pins, for all platforms, each digest once and sorted by it.
// The error is a *SizeError if a digest has two sizes.
func Blobs(f *lock.File) ([]Blob, error) {
	var artifacts []fetch.Artifact
	for _, d := range f.Deps {
		for _, l := range d.Locked {
			a := fetch.Artifact{Name: d.Name, Version: d.Version, Platform: l.Platform.String(), URL: l.URL, Digest: l.Digest, Size: l.Size}
			for _, t := range d.Mirrors {
				m, err := d.Expand(t, l.Platform)
				if err != nil {
					return nil, fmt.Errorf("expanding a mirror of %s: %w", d.Name, err)
				}
				a.Mirrors = append(a.Mirrors, m)
			}
			artifacts = append(artifacts, a)
		}
	}
	for _, p := range f.URLs {
		if p.Unpinned == "" {
			artifacts = append(artifacts, fetch.Artifact{
				Name: source.Redact(p.URL), Platform: lock.Any.String(), URL: p.URL, Mirrors: slices.Clone(p.Mirrors), Digest: p.Digest, Size: p.Size,
			})
		}
	}
	var blobs []Blob
	at := make(map[fetch.Digest]int)
	for _, a := range artifacts {
		i, ok := at[a.Digest]
		if !ok {
			at[a.Digest] = len(blobs)
			blobs = append(blobs, Blob{a, []fetch.Artifact{a}})
			continue
		}
		b := &blobs[i]
		for _, l := range b.Lines {
			if l.Size != fetch.SizeUnknown && a.Size != fetch.SizeUnknown && l.Size != a.Size {
				return nil, &SizeError{l, a}
			}
		}
		b.Lines = append(b.Lines, a)
		b.Artifact.Mirrors = append(append(b.Artifact.Mirrors, a.URL), a.Mirrors...)
		if b.Artifact.Size == fetch.SizeUnknown {
			b.Artifact.Size = a.Size
		}
	}
	slices.SortFunc(blobs, func(a, b Blob) int { return bytes.Compare(a.Artifact.Digest[:], b.Artifact.Digest[:]) })
	return blobs, nil
}

// SizeError says that two lines of a lockfile have one digest and different sizes, of
// which one is wrong at the least.
type SizeError struct{ A, B fetch.Artifact }

func (e *SizeError) Error() string {
	at := func(a fetch.Artifact) string {
		if url := source.Redact(a.URL); url != a.Name {
			return fmt.Sprintf("%d for %s (%s)", a.Size, a.Name, a.Platform)
		}
		return fmt.Sprintf("%d for %s", a.Size, a.Name)
	}
	return fmt.Sprintf("sha256 %s has two sizes in the lockfile: %s, and %s", e.A.Digest, at(e.A), at(e.B))
}

// Manifest is the artifact of a push.
type Manifest struct {
	text   []byte
	Digest v1.Hash
}

// RawManifest and MediaType let go-containerregistry send it.
func (m Manifest) RawManifest() ([]byte, error)        { return m.text, nil }
func (m Manifest) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// Tag returns the tag that keeps what this lockfile pins, whatever is pushed later. It is
// not "sha256-…", which is how referrers are tagged.
func (m Manifest) Tag() string { return keepTag(m.Digest.Hex) }

// keepTag returns the tag that stays at a manifest with a sha256.
func keepTag(hex string) string { return "lock-" + hex[:16] }

// emptyConfig is the config of an artifact that has none.
var emptyConfig = []byte("{}")

// newManifest makes the manifest of blobs whose sizes are known.
func newManifest(results []Result) (Manifest, error) {
	config, _, err := v1.SHA256(bytes.NewReader(emptyConfig))
	if err != nil {
		return Manifest{}, err
	}
	m := v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: ArtifactType,
		Config: v1.Descriptor{MediaType: types.OCIEmptyJSON, Digest: config, Size: int64(len(emptyConfig))},
		Layers: []v1.Descriptor{},
	}
	titles := make(map[string]bool)
	for _, r := range results {
		m.Layers = append(m.Layers, v1.Descriptor{
			MediaType: "application/octet-stream", Digest: hash(r.Artifact.Digest), Size: r.Artifact.Size, Annotations: r.annotations(titles),
		})
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return Manifest{}, err
	}
	if len(text) > maxManifest {
		return Manifest{}, fmt.Errorf("the manifest of %d files would have %d bytes, and registries take %d; push to a directory, or split the lockfile", len(results), len(text), maxManifest)
	}
	d, _, err := v1.SHA256(bytes.NewReader(text))
	return Manifest{text, d}, err
}

// annotations returns what a layer says of its blob. Its title is not one of titles, and
// joins them: oras writes a file for each.
func (b Blob) annotations(titles map[string]bool) map[string]string {
	title := b.title()
	if titles[title] {
		title = b.Artifact.Digest.String()[:12] + "-" + title
	}
	titles[title] = true
	all := map[string]string{titleAnnotation: title}
	add := func(key, value string) {
		if value != "" && !slices.Contains(strings.Fields(all[key]), value) {
			all[key] = strings.TrimSpace(all[key] + " " + value)
		}
	}
	for _, a := range b.Lines {
		add(nameAnnotation, a.Name)
		add(versionAnnotation, a.Version)
		add(platformAnnotation, a.Platform)
		add(addressAnnotation, source.Redact(a.URL))
	}
	return all
}

// title returns the file name in the address of a blob, or its digest.
func (b Blob) title() string {
	if u, err := url.Parse(b.Artifact.URL); err == nil {
		if base := path.Base(u.Path); base != "." && base != ".." && base != "/" && !strings.ContainsAny(base, `\:`) {
			return base
		}
	}
	return b.Artifact.Digest.String()
}

// hash returns a digest as registries write it.
func hash(d fetch.Digest) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(d[:])}
}
