//go:build e2e

package examples_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// basePrograms are what the images of these tests hold: the programs that RUNs of
// real Dockerfiles call.
var basePrograms = []string{
	"bash", "dash", "curl", "wget", "tar", "gzip", "xz", "bzip2", "unzip", "grep", "sed", "find", "xargs", "sha256sum", "sha512sum",
	"md5sum", "ls", "cat", "cp", "mv", "rm", "mkdir", "rmdir", "chmod", "chown", "ln", "install", "touch", "head", "tail", "sort", "tr", "cut",
	"uname", "test", "true", "false", "echo", "printf", "env", "dirname", "basename", "mktemp", "tee", "stat", "wc", "id", "date", "which", "sleep", "getconf", "ldd",
	"awk", "dpkg",
}

// makeBase makes a root file system of programs of this machine, with what they
// link, and an image of it: for this machine, or the same for several platforms.
func makeBase(t *testing.T, platforms ...string) (layout string) {
	t.Helper()
	root := t.TempDir()
	done := make(map[string]bool)
	add := func(path string, mode os.FileMode) {
		if done[path] {
			return
		}
		done[path] = true
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := copyFile(to, real, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range basePrograms {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatalf("no %s to copy: %v", name, err)
		}
		add("/usr/bin/"+filepath.Base(name), 0o755)
		_ = path
		out, _ := exec.Command("ldd", path).Output() // scripts link nothing
		for word := range strings.FieldsSeq(string(out)) {
			if strings.HasPrefix(word, "/") {
				add(word, 0o755)
			}
		}
	}
	for link, to := range map[string]string{"bin/sh": "/usr/bin/dash", "bin/bash": "/usr/bin/bash"} {
		at := filepath.Join(root, link)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.Symlink(to, at)); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"etc", "tmp", "root", "opt", "srv", "usr/local/bin", "usr/local/lib", "usr/src", "var/lib"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(root, "tmp"), 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"etc/passwd": "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n", "etc/group": "root:x:0:\napp:x:1000:\n"} {
		write(t, filepath.Join(root, name), text)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), "FROM scratch\nCOPY --from=root / /\nENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n")
	return makeLayout(t, build{dir: dir, platforms: platforms, flags: []string{"--local", "root=" + root, "--opt", "context:root=local:root"}})
}

// buildProgram builds a program of the project.
func buildProgram(t *testing.T, name string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), name)
	if out, err := exec.Command("go", "build", "-o", bin, "depfetch/cmd/"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// syncUpstream serves what the Dockerfiles ask for: each file with a Last-Modified of
// its own.
func syncUpstream(t *testing.T) *httptest.Server {
	t.Helper()
	var tree bytes.Buffer
	w := tar.NewWriter(&tree)
	at := time.Date(2021, 4, 1, 12, 0, 0, 0, time.UTC)
	for _, f := range []struct {
		name, body string
		mode       int64
	}{{"t-1.0/", "", 0o755}, {"t-1.0/bin/", "", 0o755}, {"t-1.0/bin/t", "#!/bin/sh\necho t\n", 0o755}, {"t-1.0/LICENSE", "free\n", 0o644}} {
		kind := byte(tar.TypeReg)
		if strings.HasSuffix(f.name, "/") {
			kind = tar.TypeDir
		}
		w.WriteHeader(&tar.Header{Typeflag: kind, Name: f.name, Mode: f.mode, Size: int64(len(f.body)), ModTime: at})
		io.WriteString(w, f.body)
	}
	w.Close()
	packed := compressed(t, "xz", tree.String())
	list := sumOf([]byte(packed)) + "  t-v1.0-linux-x64.tar.xz\n"
	files := map[string]string{
		"/t-1.0.zip": zipped(t), "/t-1.0.tar.xz": packed, "/dist/v1.0/t-v1.0-linux-x64.tar.xz": packed, "/dist/v1.0/t-v1.0-linux-arm64.tar.xz": packed,
		"/dist/v1.0/SHASUMS256.txt": list, "/data.gz": compressed(t, "gzip", "#!/bin/sh\necho t\n"), "/12/prod.list": "deb y\n", "/t-emb-1.0": "emb",
		"/t-1.0.tar.gz": compressed(t, "gzip", tree.String()), "/t-1.0": "#!/bin/sh\necho tool \"$@\"\n", "/t-2.0": "#!/bin/sh\necho tool 2\n",
		"/amd64/t-1.0": "amd64", "/arm64/t-1.0": "arm64", "/x86_64/t-1.0": "x86_64", "/x64/t-1.0": "x64",
		"/data.bin": strings.Repeat("data", 1<<16), "/key.asc": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "/list": "deb x\n",
		"/a b.txt": "blank", "/install.sh": "#!/bin/sh\nset -e\nmkdir -p /opt/installed\necho \"$1\" > /opt/installed/flag\n",
		"/get.sh": "#!/bin/sh\nset -e\ncurl -fsSL -o /opt/got BASE/data.bin\n", "/latest": "moves", "/header": "h",
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if to, ok := strings.CutPrefix(path, "/redirect"); ok {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		body, ok := files[path]
		if !ok { // the asset of a release: what is above its name says nothing
			body, ok = files[path[strings.LastIndexByte(path, '/'):]]
		}
		if !ok || path == "/header" && r.Header.Get("X-Ask") == "" {
			http.NotFound(w, r)
			return
		}
		body = strings.ReplaceAll(body, "BASE", "http://"+r.Host)
		stamp := at.Add(time.Duration(len(path)) * time.Hour)
		http.ServeContent(w, r, path, stamp, strings.NewReader(body))
	}))
	t.Cleanup(s.Close)
	return s
}

// compressed returns a body as a program of this machine compresses it.
func compressed(t *testing.T, program, body string) string {
	t.Helper()
	cmd := exec.Command(program, "-c")
	cmd.Stdin = strings.NewReader(body)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	return string(out)
}

// zipped returns a zip archive of a program and its license.
func zipped(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, mode := range map[string]os.FileMode{"t/bin/t": 0o755, "t/LICENSE": 0o644} {
		h := &zip.FileHeader{Name: name, Modified: time.Date(2021, 4, 1, 12, 0, 0, 0, time.UTC)}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "#!/bin/sh\necho t\n")
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// bodySum returns the sum of what is at an address.
func bodySum(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return sumOf(body)
}

// TestSync builds each Dockerfile of testdata/sync before sync, after it, and as it was
// with a syntax line that names the frontend: with the same exit code, and to the same
// layers.
func TestSync(t *testing.T) {
	deplock := buildProgram(t, "deplock")
	layout, frontend := makeBase(t), pushFrontend(t)
	server := syncUpstream(t)
	cases, err := filepath.Glob("../testdata/sync/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar")+"/"+f.Name, func(t *testing.T) {
				syncCase(t, deplock, layout, frontend, syncText(t, server.URL, string(f.Data)))
			})
		}
	}
}

// syncText returns a Dockerfile of testdata/sync with the address of the server and
// the sums of what it has.
func syncText(t *testing.T, address, text string) string {
	t.Helper()
	return strings.NewReplacer("$TARSUM", bodySum(t, address+"/t-1.0.tar.gz"), "$SUM", bodySum(t, address+"/t-1.0"), "$U", address).Replace(text)
}

// syncCase builds a Dockerfile before and after, and by the frontend. A comment in it says what becomes of
// it, as "# 2 adopted, 1 left".
func syncCase(t *testing.T, deplock, layout, frontend, text string) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), text)
	write(t, filepath.Join(dir, "context.txt"), "of the context\n")
	b := build{dir: dir, noCache: true, output: ",compression=uncompressed", flags: onBase(t, layout)}
	before := b.run(t)
	cmd := exec.Command(deplock, "sync", "--allow-http", "--retries", "0")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir(), "DEPLOCK_BASES=usual")
	out, err := cmd.CombinedOutput()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	says := regexp.MustCompile(`(?m)^# (\d+) adopted, (\d+) left\r?$`).FindStringSubmatch(text)
	if says == nil {
		t.Fatal("the Dockerfile does not say what becomes of it")
	}
	want := says[1] + " adopted, 0 adopted before, " + says[2] + " left"
	if !strings.Contains(string(out), want) {
		t.Errorf("sync does not say %q:\n%s", want, out)
	}
	after := b.run(t)
	if !sameLayers(t, before, after) {
		t.Logf("the Dockerfile is\n%s", read(t, filepath.Join(dir, "Dockerfile")))
	}
	if before.err != nil {
		return
	}
	undo := exec.Command(deplock, "sync", "--undo")
	undo.Dir = dir
	if out, err := undo.CombinedOutput(); err != nil || read(t, filepath.Join(dir, "Dockerfile")) != text {
		t.Errorf("after --undo (%v, %s) the Dockerfile is\n%s", err, out, read(t, filepath.Join(dir, "Dockerfile")))
	}
	write(t, filepath.Join(dir, "Dockerfile"), "# syntax="+frontend+"\n"+text)
	b.bare = true
	under := b.run(t)
	if strings.Contains(text, "# The frontend refuses it") {
		under.refusedAt(t, "Dockerfile", 6, "is not pinned")
		return
	}
	sameLayers(t, before, under)
}

// sameLayers reports whether two builds have ended alike and made the same layers, and
// fails the test if not.
func sameLayers(t *testing.T, before, after result) bool {
	t.Helper()
	if (before.err == nil) != (after.err == nil) {
		t.Fatalf("before: %v, after: %v\n%s\n%s", before.err, after.err, before.log, after.log)
	}
	if before.err != nil {
		return true
	}
	a, b := layersOf(t, before.tarball), layersOf(t, after.tarball)
	if len(a) != len(b) {
		t.Fatalf("%d layers before, %d after", len(a), len(b))
	}
	same := true
	for i := range a {
		if !slices.Equal(a[i], b[i]) {
			t.Errorf("layer %d holds\n\t%s\nbefore, and after\n\t%s", i, strings.Join(a[i], "\n\t"), strings.Join(b[i], "\n\t"))
			same = false
		}
	}
	return same
}

// layersOf returns a line for each entry of each layer. Times are in it as far as
// they are not those of the build.
func layersOf(t *testing.T, tarball string) (layers [][]string) {
	t.Helper()
	all := readBlobs(t, tarball)
	var index struct{ Manifests []descriptor }
	all.decode(t, "index.json", &index)
	var m struct{ Layers []descriptor }
	all.decode(t, blobName(index.Manifests[0].Digest), &m)
	for _, l := range m.Layers {
		var lines []string
		for r := tar.NewReader(bytes.NewReader(all[blobName(l.Digest)])); ; {
			h, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			stamp := "now"
			if time.Since(h.ModTime) > 6*time.Hour {
				stamp = h.ModTime.UTC().Format(time.RFC3339)
			}
			lines = append(lines, fmt.Sprintf("%c %04o %d:%d %s %s %s %.12s %d", h.Typeflag, h.Mode, h.Uid, h.Gid, stamp, h.Name, h.Linkname, sumOf(body), len(body)))
		}
		slices.Sort(lines)
		layers = append(layers, lines)
	}
	return layers
}

// layoutDigest returns the digest of the image of an OCI layout.
func layoutDigest(t *testing.T, layout string) string {
	t.Helper()
	var index struct{ Manifests []descriptor }
	blobs{"index.json": []byte(read(t, filepath.Join(layout, "index.json")))}.decode(t, "index.json", &index)
	return index.Manifests[0].Digest
}
