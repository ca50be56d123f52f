package main

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// fill makes a directory as make dist does, of programs that hold their own names.
func fill(t *testing.T, systems ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{"depfetch", "deplock", "depfetch-frontend"} {
		for _, system := range systems {
			if err := os.WriteFile(filepath.Join(dir, name+"-"+system), []byte(name+" for "+system), 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// runCommand runs a command of the release, and returns what it prints.
func runCommand(t *testing.T, args ...string) string {
	t.Helper()
	var out strings.Builder
	getenv := func(name string) string { return map[string]string{"SOURCE_DATE_EPOCH": "1700000000"}[name] }
	if err := command(t.Context(), args, getenv, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestImages builds the images from two directories: they have one digest, and hold the
// programs of each platform of Linux.
func TestImages(t *testing.T) {
	systems := []string{"linux-amd64", "linux-arm64", "linux-armv7", "darwin-arm64", "windows-amd64.exe"}
	dir, other := fill(t, systems...), fill(t, systems...)
	args := []string{"image", "-version", "1.2.3", "-source", "https://git.example.com/depfetch", "-dir"}
	said, again := runCommand(t, append(args, dir)...), runCommand(t, append(args, other)...)
	if again = strings.ReplaceAll(again, other, dir); again != said {
		t.Errorf("one directory makes\n%s\nand another\n%s", said, again)
	}
	for _, i := range images() {
		path, err := layout.FromPath(filepath.Join(dir, "images", i.name))
		if err != nil {
			t.Fatal(err)
		}
		index, digest := only(t, path)
		if want := digest.String() + "  " + string(path) + "  linux/amd64,linux/arm64,linux/arm/v7\n"; !strings.Contains(said, want) {
			t.Errorf("want %q in\n%s", want, said)
		}
		m, err := index.IndexManifest()
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range map[string]string{"version": "1.2.3", "created": "2023-11-14T22:13:20Z", "source": "https://git.example.com/depfetch", "licenses": "Apache-2.0", "title": i.name} {
			if got := m.Annotations["org.opencontainers.image."+k]; got != want {
				t.Errorf("%s: %s is %q; want %q", i.name, k, got, want)
			}
		}
		if len(m.Manifests) != 3 {
			t.Errorf("%s has %d images; want 3", i.name, len(m.Manifests))
		}
		for _, of := range m.Manifests {
			image, err := index.Image(of.Digest)
			if err != nil {
				t.Fatal(err)
			}
			config, err := image.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			if p := config.Platform(); !p.Equals(*of.Platform) || config.Config.Entrypoint[0] != "/"+i.name {
				t.Errorf("%s: its configuration is of %v with %q; want %v", i.name, p, config.Config.Entrypoint, of.Platform)
			}
			if caps := config.Config.Labels["moby.buildkit.frontend.caps"]; (caps != "") != (i.name == "depfetch-frontend") {
				t.Errorf("%s has the label %q", i.name, caps)
			}
			system := strings.ReplaceAll(of.Platform.OS+"-"+of.Platform.Architecture+of.Platform.Variant, "/", "-")
			want := []string{"depfetch: depfetch for " + system, "curl -> depfetch", "wget -> depfetch"}
			if i.name == "depfetch-frontend" {
				want = append(want, "depfetch-frontend: depfetch-frontend for "+system)
			}
			if got := listing(t, image); !slices.Equal(got, want) {
				t.Errorf("%s for %s holds %q; want %q", i.name, system, got, want)
			}
		}
	}
}

// only returns the one image of a layout.
func only(t *testing.T, path layout.Path) (v1.ImageIndex, v1.Hash) {
	t.Helper()
	all, err := path.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	m, err := all.IndexManifest()
	if err != nil || len(m.Manifests) != 1 {
		t.Fatalf("%v, %v", m, err)
	}
	index, err := all.ImageIndex(m.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return index, m.Manifests[0].Digest
}

// listing returns a line for each entry of the layers of an image.
func listing(t *testing.T, image v1.Image) (lines []string) {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layers {
		blob, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for r := tar.NewReader(blob); ; {
			h, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if h.Mode != 0o755 || h.Uid != 0 || h.ModTime.Unix() != 1700000000 {
				t.Errorf("%s has mode %o, owner %d, time %v", h.Name, h.Mode, h.Uid, h.ModTime)
			}
			if h.Typeflag == tar.TypeLink {
				lines = append(lines, h.Name+" -> "+h.Linkname)
				continue
			}
			body, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, h.Name+": "+string(body))
		}
		blob.Close()
	}
	return lines
}

// TestPush copies both images to a registry, where they are by the digests and tags that
// are printed.
func TestPush(t *testing.T) {
	dir := fill(t, "linux-amd64", "linux-s390x")
	runCommand(t, "image", "-version", "1.2.3+x", "-dir", dir)
	server := httptest.NewServer(registry.New())
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	said := runCommand(t, "push", "-dir", dir, "-registry", host+"/tools/")
	for _, i := range images() {
		_, digest := only(t, layout.Path(filepath.Join(dir, "images", i.name)))
		ref := host + "/tools/" + i.name + ":1.2.3_x@" + digest.String()
		if !strings.Contains(said, ref+"\n") || !strings.Contains(said, strings.ReplaceAll(i.line, "%s", ref)+"\n") {
			t.Errorf("push does not print %s, and the line of a Dockerfile:\n%s", ref, said)
		}
		parsed, err := name.ParseReference(strings.Split(ref, "@")[0])
		if err != nil {
			t.Fatal(err)
		}
		pushed, err := remote.Index(parsed)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := pushed.Digest(); err != nil || got != digest {
			t.Errorf("%s is %s; want %s (%v)", i.name, got, digest, err)
		}
	}
}

// TestNothingToPush says what is missing.
func TestNothingToPush(t *testing.T) {
	for want, args := range map[string][]string{
		"which registry?":               {"push"},
		"no image to push: make image":  {"push", "-registry", "registry.example.com", "-dir", t.TempDir()},
		"no depfetch-OS-ARCH in":        {"image", "-dir", t.TempDir()},
		"no program for Linux in":       {"image", "-dir", fill(t, "darwin-arm64")},
		"VERSION=v1.2: write it as":     {"check", "-version", "v1.2"},
		`unknown command "publish"`:     {"publish"},
		`image: unknown argument "now"`: {"image", "now"},
	} {
		err := command(context.Background(), args, os.Getenv, new(bytes.Buffer))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", args, err, want)
		}
	}
}
