package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// push copies the images of a directory to a registry, with the logins of Docker's
// configuration, and prints what names them there for good, with a line for Dockerfiles.
func push(ctx context.Context, dir, registry string, stdout io.Writer) error {
	if registry == "" {
		return errors.New("which registry? For instance: make push REGISTRY=registry.example.com/tools")
	}
	for _, i := range images() {
		path, err := layout.FromPath(filepath.Join(dir, i.name))
		if err != nil {
			return fmt.Errorf("no image to push: make image: %w", err)
		}
		all, err := path.ImageIndex()
		if err != nil {
			return err
		}
		manifest, err := all.IndexManifest()
		if err != nil {
			return err
		}
		if len(manifest.Manifests) != 1 {
			return fmt.Errorf("%s: want one image, found %d", path, len(manifest.Manifests))
		}
		of := manifest.Manifests[0]
		index, err := all.ImageIndex(of.Digest)
		if err != nil {
			return err
		}
		tag := strings.ReplaceAll(of.Annotations["org.opencontainers.image.ref.name"], "+", "_") // which tags cannot have
		ref, err := name.NewTag(strings.TrimSuffix(registry, "/") + "/" + i.name + ":" + tag)
		if err != nil {
			return err
		}
		if err := remote.WriteIndex(ref, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
			return fmt.Errorf("pushing %s: %w", ref, err)
		}
		pinned := ref.String() + "@" + of.Digest.String()
		fmt.Fprintf(stdout, "%s\n    "+i.line+"\n", pinned, pinned)
		if i.name == "depfetch" {
			fmt.Fprintf(stdout, "    deplock sync --from %s\n    docker buildx build --build-context depfetch=docker-image://%s .\n", pinned, pinned)
		}
	}
	return nil
}
