//go:build e2e

package examples_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
)

// image is what one platform gets, as the OCI image specification lays it out.
type image struct {
	layers []string // digests, the lowest first
	files  map[string]file
}

// file is an entry of an image's file system.
type file struct {
	mode     fs.FileMode
	uid, gid int
	mtime    time.Time
	body     []byte
}

// listing returns a line for every file and directory, sorted by name. Names
// are as in a layer: relative, directories with a slash at the end.
func (im image) listing() []string {
	var lines []string
	for name, f := range im.files {
		lines = append(lines, fmt.Sprintf("%s %d:%d %s %s", f.mode, f.uid, f.gid, f.mtime.UTC().Format(time.DateOnly), name))
	}
	byName := func(line string) string { return line[strings.LastIndexByte(line, ' ')+1:] }
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(byName(a), byName(b)) })
	return lines
}

// holds fails the test unless the image lists exactly these lines.
func (im image) holds(t *testing.T, want ...string) {
	t.Helper()
	if got := im.listing(); !slices.Equal(got, want) {
		t.Errorf("the image holds\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// blobs are the contents of an image tarball by their name in it, decompressed:
// layers, configurations, manifests, attestations.
type blobs map[string][]byte

func readBlobs(t *testing.T, tarball string) blobs {
	t.Helper()
	f, err := os.Open(tarball)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := blobs{}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("reading %s: %v", tarball, err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("reading %s: %v", tarball, err)
		}
		if path.Dir(h.Name) == "blobs/sha256" {
			if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != path.Base(h.Name) {
				t.Fatalf("%s is not what its name says", h.Name)
			}
		}
		if z, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
			if body, err = io.ReadAll(z); err != nil {
				t.Fatalf("decompressing %s: %v", h.Name, err)
			}
		}
		all[h.Name] = body
	}
}

// find returns the names of the blobs that contain the text.
func (b blobs) find(text string) (names []string) {
	for name, body := range b {
		if bytes.Contains(body, []byte(text)) {
			names = append(names, name)
		}
	}
	return names
}

// descriptor is the part of an OCI descriptor that matters here.
type descriptor struct {
	MediaType string
	Digest    string
	Platform  struct{ OS, Architecture, Variant string }
}

// readImages returns the images of a layout by their platform.
func readImages(t *testing.T, all blobs) map[string]image {
	t.Helper()
	images := map[string]image{}
	var walk func(name string)
	walk = func(name string) {
		var index struct{ Manifests []descriptor }
		all.decode(t, name, &index)
		for _, d := range index.Manifests {
			p := d.Platform
			switch {
			case strings.HasSuffix(d.MediaType, ".index.v1+json"):
				walk(blobName(d.Digest))
			case p.OS == "unknown": // an attestation
			default:
				images[strings.Trim(path.Join(p.OS, p.Architecture, p.Variant), "/")] = readImage(t, all, d)
			}
		}
	}
	walk("index.json")
	return images
}

func readImage(t *testing.T, all blobs, manifest descriptor) image {
	t.Helper()
	var m struct{ Layers []descriptor }
	all.decode(t, blobName(manifest.Digest), &m)
	im := image{files: map[string]file{}}
	for _, l := range m.Layers {
		im.layers = append(im.layers, l.Digest)
		if err := im.apply(all[blobName(l.Digest)]); err != nil {
			t.Fatalf("layer %s: %v", l.Digest, err)
		}
	}
	return im
}

// apply adds the entries of a layer, once what it deletes is gone.
func (im image) apply(layer []byte) error {
	entries := map[string]file{}
	for r := tar.NewReader(bytes.NewReader(layer)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		dir, base := path.Split(h.Name)
		if base == ".wh..wh..opq" {
			im.remove(dir, false)
			continue
		}
		if name, ok := strings.CutPrefix(base, ".wh."); ok {
			im.remove(dir+name, true)
			continue
		}
		body, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		entries[h.Name] = file{mode: h.FileInfo().Mode(), uid: h.Uid, gid: h.Gid, mtime: h.ModTime, body: body}
	}
	maps.Copy(im.files, entries)
	return nil
}

// remove deletes what is below a name of an image, and the name itself if it is to go
// as well.
func (im image) remove(name string, itself bool) {
	name = strings.TrimSuffix(name, "/")
	maps.DeleteFunc(im.files, func(n string, _ file) bool {
		return strings.HasPrefix(n, name+"/") && (itself || n != name+"/") || itself && n == name
	})
}

func (b blobs) decode(t *testing.T, name string, v any) {
	t.Helper()
	if err := json.Unmarshal(b[name], v); err != nil {
		t.Fatalf("reading %s of the image: %v", name, err)
	}
}

func blobName(digest string) string {
	return "blobs/" + strings.ReplaceAll(digest, ":", "/")
}
