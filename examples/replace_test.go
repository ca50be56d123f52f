//go:build e2e

package examples_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReplace replaces a directory of the base image, which overlayfs does not let
// anybody rename.
func TestReplace(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "new", Mode: 0o644, Size: 3}); err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("new"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if err := os.MkdirAll(filepath.Join(dir, "tree", fmt.Sprint(i%3)), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "tree", fmt.Sprint(i%3), fmt.Sprint("old", i)), "old")
	}
	write(t, filepath.Join(dir, "new.tar"), b.String())
	write(t, filepath.Join(dir, "deps.lock.toml"), `version = 1
[deps.tree]
url = "file:///context/new.tar"
path = "/srv/tree"
unpack = { replace = true }
locked.any = { url = "file:///context/new.tar", sha256 = "`+sumOf(b.Bytes())+`" }
`)
	write(t, filepath.Join(dir, "Dockerfile"), `FROM scratch
COPY tree /srv/tree
RUN --mount=type=bind,from=depfetch,source=depfetch,target=/depfetch \
    --mount=type=bind,target=/context \
    ["/depfetch", "fetch", "-f", "/context/deps.lock.toml"]
`)
	im := build{dir: dir, noCache: true}.run(t).image(t)
	if f, ok := im.files["srv/tree/new"]; !ok || string(f.body) != "new" {
		t.Errorf("the new tree is not in the image: %v", f)
	}
	for name := range im.files {
		if strings.Contains(name, "old") || strings.Contains(name, ".depfetch") {
			t.Errorf("%s is still in the image", name)
		}
	}
}
