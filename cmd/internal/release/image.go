package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// image is an image that starts from nothing.
type image struct {
	name     string // and that of the program that it runs
	about    string
	programs []string // a layer each
	labels   map[string]string
	line     string // of a Dockerfile that uses the image, which is %s there
}

// shims are the names beside depfetch's own by which it is curl and wget.
var shims = []string{"curl", "wget"}

// images are those that are made. The layer of depfetch is the same in both.
func images() []image {
	return []image{{
		name: "depfetch", about: "Downloads of Docker builds, pinned by a lockfile; and curl and wget that keep to it",
		programs: []string{"depfetch"},
		line:     "RUN --mount=type=bind,from=%s,source=depfetch,target=/usr/local/bin/curl …",
	}, {
		name: "depfetch-frontend", about: "A BuildKit frontend: the downloads of a Dockerfile, pinned by a lockfile",
		programs: []string{"depfetch", "depfetch-frontend"},
		labels: map[string]string{
			"moby.buildkit.frontend.network.none": "true",
			"moby.buildkit.frontend.caps":         "moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring",
		},
		line: "# syntax=%s",
	}}
}

// writeImages writes an OCI image layout for each image, of every platform of Linux that
// there are programs for, and prints their digests.
func (r *release) writeImages(stdout io.Writer) error {
	layers := make(map[string]v1.Layer) // by the file of the program
	for _, i := range images() {
		index, platforms, err := r.index(i, layers)
		if err != nil {
			return fmt.Errorf("image %s: %w", i.name, err)
		}
		dir := filepath.Join(r.dir, "images", i.name)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		path, err := layout.Write(dir, empty.Index)
		if err != nil {
			return err
		}
		// The name of the tag, as skopeo and oras read it.
		if err := path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": r.version})); err != nil {
			return err
		}
		digest, err := index.Digest()
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s  %s  %s\n", digest, dir, strings.Join(platforms, ","))
		if i.name == "depfetch" {
			fmt.Fprintf(stdout, "    docker buildx build --build-context depfetch=oci-layout://%s@%s .\n", dir, digest)
		}
	}
	fmt.Fprintln(stdout, "make push REGISTRY=… pushes them, and prints the lines for Dockerfiles")
	return nil
}

// index returns an image, and the platforms that it is for.
func (r *release) index(i image, layers map[string]v1.Layer) (v1.ImageIndex, []string, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	main, err := r.programs(i.name)
	if err != nil {
		return nil, nil, err
	}
	var platforms []string
	for _, p := range main {
		if p.os != "linux" {
			continue
		}
		im, err := r.image(i, p, layers)
		if err != nil {
			return nil, nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: im, Descriptor: v1.Descriptor{
			MediaType: types.OCIManifestSchema1,
			Platform:  &v1.Platform{OS: p.os, Architecture: p.arch, Variant: p.variant},
		}})
		platforms = append(platforms, p.platform("/"))
	}
	if len(platforms) == 0 {
		return nil, nil, fmt.Errorf("no program for Linux in %s", r.dir)
	}
	return mutate.Annotations(index, r.annotations(i)).(v1.ImageIndex), platforms, nil
}

// image returns the image for the platform of p.
func (r *release) image(i image, p program, layers map[string]v1.Layer) (v1.Image, error) {
	labels := r.annotations(i)
	maps.Copy(labels, i.labels)
	im := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	im, err := mutate.ConfigFile(im, &v1.ConfigFile{
		OS: p.os, Architecture: p.arch, Variant: p.variant, Created: v1.Time{Time: r.time},
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{Entrypoint: []string{"/" + i.name}, WorkingDir: "/", Labels: labels},
	})
	for _, name := range i.programs {
		if err != nil {
			return nil, err
		}
		path := filepath.Join(r.dir, name+"-"+p.platform("-"))
		if layers[path] == nil {
			if layers[path], err = r.layer(name, path); err != nil {
				return nil, err
			}
		}
		im, err = mutate.Append(im, mutate.Addendum{Layer: layers[path], MediaType: types.OCILayer, History: v1.History{
			Created: v1.Time{Time: r.time}, CreatedBy: "make image", Comment: name + " " + r.version,
		}})
	}
	if err != nil {
		return nil, err
	}
	return mutate.Annotations(im, r.annotations(i)).(v1.Image), nil
}

// annotations returns what the specification of OCI images has names for and is known.
func (r *release) annotations(i image) map[string]string {
	const prefix = "org.opencontainers.image."
	all := map[string]string{
		prefix + "title": i.name, prefix + "description": i.about, prefix + "licenses": license,
		prefix + "version": r.version, prefix + "created": r.time.Format(time.RFC3339),
		prefix + "revision": r.revision, prefix + "source": r.source,
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// license is that of this repository, as SPDX has it.
const license = "Apache-2.0"

// layer returns a layer with the program at its top, and beside depfetch its shims.
func (r *release) layer(name, path string) (v1.Layer, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	header := tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: int64(len(body)), ModTime: r.time, Format: tar.FormatUSTAR}
	err = w.WriteHeader(&header)
	if err == nil {
		_, err = w.Write(body)
	}
	if name == "depfetch" {
		for _, shim := range slices.Sorted(slices.Values(shims)) {
			if err == nil {
				link := tar.Header{Typeflag: tar.TypeLink, Name: shim, Linkname: name, Mode: 0o755, ModTime: r.time, Format: tar.FormatUSTAR}
				err = w.WriteHeader(&link)
			}
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(gzip.DefaultCompression), tarball.WithCompressedCaching)
}
