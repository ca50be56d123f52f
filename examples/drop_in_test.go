//go:build e2e

package examples_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"depfetch/fetch/fetchtest"
)

// dropInDockerfile downloads in the ways that Dockerfiles do. Nothing in it knows of
// depfetch: the image that it begins with has it as curl and wget.
const dropInDockerfile = `FROM alpine:3.20
ARG BASE
ARG EXTRA=
RUN set -eux; \
    curl -fsSL -o /usr/local/bin/one "$BASE/one"; \
    cd /opt; curl -fsSLO "$BASE/two.bin"; \
    curl -fsSL "$BASE/tree.tar.gz" | tar -xz -C /opt; \
    curl --proto '=http,https' --tlsv1.2 -sSf "$BASE/install.sh" | sh -s -- --yes; \
    wget -qO- "$BASE/four" > /opt/four; \
    wget -q --progress=dot:giga -P /opt "$BASE/five"; \
    if [ -n "$EXTRA" ]; then curl -fsSL "$BASE/$EXTRA"; fi
`

// dropIn is an upstream, and a base image with depfetch in the place of curl and
// wget.
type dropIn struct {
	*fetchtest.Server
	base   string
	bodies map[string]string
}

func newDropIn(t *testing.T) *dropIn {
	d := &dropIn{Server: fetchtest.New(t), base: t.TempDir()}
	var tree bytes.Buffer
	z := gzip.NewWriter(&tree)
	w := tar.NewWriter(z)
	w.WriteHeader(&tar.Header{Name: "tree/leaf", Mode: 0o644, Size: 4})
	fmt.Fprint(w, "leaf")
	w.Close()
	z.Close()
	d.bodies = map[string]string{
		"one": "one of " + d.URL, "two.bin": strings.Repeat("two", 1<<20), "tree.tar.gz": tree.String(), "four": "four", "five": "five",
		"install.sh": "curl -fsSL -o /opt/installed " + d.URL + "/five\necho \"$1\" > /opt/flag\n",
	}
	for name, body := range d.bodies {
		d.Script("/"+name, fetchtest.Body(body))
	}
	if err := os.CopyFS(d.base, os.DirFS(kit.debian)); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"opt", "usr/bin", "cache"} {
		if err := os.MkdirAll(filepath.Join(d.base, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dash(t, d.base)
	for _, name := range []string{"curl", "wget"} {
		if err := copyFile(filepath.Join(d.base, "usr/bin", name), filepath.Join(kit.depfetch, "depfetch"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// dash makes dash the shell of a root file system. Debian's busybox-static runs its
// own wget whatever PATH has, as the shells of other images do not.
func dash(t *testing.T, root string) {
	t.Helper()
	out, err := exec.Command("ldd", "/bin/dash").Output()
	if err != nil {
		t.Fatalf("no dash to copy: %v", err)
	}
	files := map[string]string{"bin/sh": "/bin/dash"}
	for word := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(word, "/") {
			files[word[1:]] = word
		}
	}
	os.Remove(filepath.Join(root, "bin/sh"))
	for to, from := range files {
		to = filepath.Join(root, to)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := copyFile(to, from, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// lock writes the lockfile of the base image.
func (d *dropIn) lock(t *testing.T) {
	text := "version = 1\n"
	for name, body := range d.bodies {
		text += fmt.Sprintf("[deps.%q]\nurl = %q\nlocked.any = { url = %[2]q, sha256 = %q }\n", name, d.URL+"/"+name, sumOf([]byte(body)))
	}
	write(t, filepath.Join(d.base, "deps.lock.toml"), text)
}

func (d *dropIn) build(t *testing.T, dockerfile string, args map[string]string) result {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), dockerfile)
	args["BASE"] = d.URL
	return build{dir: dir, args: args, noCache: true,
		flags: []string{"--local", "alpine=" + d.base, "--opt", "context:alpine:3.20=local:alpine"}}.run(t)
}

// TestDropIn builds a Dockerfile that was written for curl and wget.
func TestDropIn(t *testing.T) {
	d := newDropIn(t)
	d.lock(t)
	im := d.build(t, dropInDockerfile, map[string]string{}).image(t)
	for path, want := range map[string]string{
		"usr/local/bin/one": d.bodies["one"], "opt/two.bin": d.bodies["two.bin"], "opt/tree/leaf": "leaf",
		"opt/flag": "--yes\n", "opt/installed": "five", "opt/four": "four", "opt/five": "five",
	} {
		if got := string(im.files[path].body); got != want {
			t.Errorf("%s holds %.60q; want %.60q", path, got, want)
		}
	}

	d.build(t, dropInDockerfile, map[string]string{"EXTRA": "unpinned"}).refused(t, "22", d.URL+"/unpinned is not pinned", "deplock add unpinned")
	if n := len(d.Requests("/unpinned")); n != 0 {
		t.Errorf("what is not pinned was asked for %d times", n)
	}

	swapped := []byte(d.bodies["one"])
	swapped[2] ^= 1
	d.Script("/one", fetchtest.Body(string(swapped)))
	d.build(t, dropInDockerfile, map[string]string{}).refused(t, "22", "wrong bytes", sumOf([]byte(d.bodies["one"])), sumOf(swapped))
}

// TestRecordAndReplay records an install script, and replays it in a build that
// takes all from the cache.
func TestRecordAndReplay(t *testing.T) {
	d := newDropIn(t)
	script := `set -eu
fetch() { if command -v curl >/dev/null; then curl -fsSL --retry 3 "$1" -o "$2"; else wget -qO "$2" "$1"; fi; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fetch ` + d.URL + `/tree.tar.gz "$tmp/tree.tar.gz"
fetch ` + d.URL + `/one "$tmp/one"
tar -xzf "$tmp/tree.tar.gz" -C "$PREFIX"
cp "$tmp/one" "$PREFIX/one"
/usr/bin/wget -qO- ` + d.URL + `/four > "$PREFIX/four"
`
	dir := t.TempDir()
	deplock := filepath.Join(dir, "deplock")
	if out, err := exec.Command("go", "build", "-o", deplock, "depfetch/cmd/deplock").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	write(t, filepath.Join(dir, "install.sh"), script)
	write(t, filepath.Join(dir, "deps.lock.toml"), "version = 1\n")
	prefix := filepath.Join(dir, "prefix")
	if err := os.Mkdir(prefix, 0o755); err != nil {
		t.Fatal(err)
	}
	record := exec.Command(deplock, "record", "--allow-http", "--cache", filepath.Join(d.base, "cache"), "--", "sh", "install.sh")
	record.Dir = dir
	record.Env = append(os.Environ(), "PREFIX="+prefix)
	if out, err := record.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := read(t, filepath.Join(prefix, "tree/leaf")); got != "leaf" {
		t.Errorf("recorded: %q", got)
	}
	for _, name := range []string{"deps.lock.toml", "install.sh"} {
		write(t, filepath.Join(d.base, name), read(t, filepath.Join(dir, name)))
	}
	before := len(d.Requests("/one"))
	im := d.build(t, `FROM alpine:3.20
ENV DEPFETCH_CACHE=/cache DEPFETCH_OFFLINE=1 PREFIX=/opt
RUN sh /install.sh
`, map[string]string{}).image(t)
	for path, want := range map[string]string{"opt/tree/leaf": "leaf", "opt/one": d.bodies["one"], "opt/four": "four"} {
		if got := string(im.files[path].body); got != want {
			t.Errorf("replayed: %s holds %q; want %q", path, got, want)
		}
	}
	if n := len(d.Requests("/one")); before != 1 || n != 1 {
		t.Errorf("downloaded %d times while recording, and %d in all", before, n)
	}
}
