//go:build e2e

package examples_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// entry is what a test packs into an archive: the body of a file, or where a link leads.
type entry struct {
	kind byte // of archive/tar
	name string
	mode int64
	text string
}

// packEntries returns a tar.gz that names an owner who is nobody's.
func packEntries(entries ...entry) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Typeflag: e.kind, Name: e.name, Mode: e.mode, ModTime: time.Unix(1600000000, 0), Uid: 1001, Gid: 127}
		if e.kind == tar.TypeReg {
			h.Size = int64(len(e.text))
		} else {
			h.Linkname = e.text
		}
		if err := t.WriteHeader(h); err != nil {
			panic(err)
		}
		if e.kind == tar.TypeReg {
			io.WriteString(t, e.text)
		}
	}
	if err := errors.Join(t.Close(), z.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// exported is a lockfile with everything that stages can do, and what they cannot.
// NAME stands for the sum of the file of that name.
const exported = `version = 1
platforms = ["linux/amd64", "linux/arm64"]
[deps.tree]
url = "HOST/tool.tgz"
path = "/usr/local"
unpack = { strip = 1 }
locked.any = { url = "HOST/tool.tgz", sha256 = "SUM tool.tgz" }
[deps.merged]
url = "HOST/dot.tgz"
path = "/usr/local"
unpack = true
locked.any = { url = "HOST/dot.tgz", sha256 = "SUM dot.tgz" }
[deps.owned]
url = "HOST/dot.tgz"
path = "/srv/data/owned"
owner = "1000:1001"
unpack = { replace = true }
locked.any = { url = "HOST/dot.tgz", sha256 = "SUM dot.tgz" }
[deps.some]
url = "HOST/tool.tgz"
path = "/opt/some"
unpack = { strip = 1, include = ["bin/*", "tool-1/lib", "**/LICENSE", "+no?e"] }
locked.any = { url = "HOST/tool.tgz", sha256 = "SUM tool.tgz" }
[deps.all]
url = "HOST/tool.tgz"
path = "/opt/all"
unpack = { include = ["**/*.txt", "README", "tool-?/bin"] }
locked.any = { url = "HOST/tool.tgz", sha256 = "SUM tool.tgz" }
[deps.member]
url = "HOST/tool.tgz"
path = "/usr/bin/tool"
mode = "0750"
member = "tool-1/lib/link"
locked.any = { url = "HOST/tool.tgz", sha256 = "SUM tool.tgz" }
[deps."My.file+1"]
version = "2"
url = "HOST/file-{arch}?a=$b"
path = "/srv/a b/$file's"
mode = "0640"
owner = "7:8"
mirrors = ["https://mirror.example.com/file"]
locked."linux/amd64" = { url = "HOST/file-amd64?a=$b", sha256 = "SUM file-amd64" }
locked."linux/arm64" = { url = "HOST/file-arm64?a=$b", sha256 = "SUM file-arm64" }
[deps.root]
url = "HOST/dot.tgz"
path = "/"
unpack = true
locked.any = { url = "HOST/dot.tgz", sha256 = "SUM dot.tgz" }
[deps.zip]
url = "HOST/tool.zip"
path = "/opt/zip"
unpack = true
locked.any = { url = "HOST/tool.zip", sha256 = "SUM tool.tgz" }
[deps.amd]
url = "HOST/file-amd64"
path = "/opt/amd"
platforms = ["linux/amd64"]
mode = "0755"
locked."linux/amd64" = { url = "HOST/file-amd64", sha256 = "SUM file-amd64" }
[urls]
"HOST/asked" = { sha256 = "SUM tool.tgz" }
`

// serveExported returns the lockfile of exported, and the server of its files.
func serveExported(t *testing.T) (*upstream, string) {
	t.Helper()
	u := newUpstream(t)
	u.files = map[string][]byte{
		"/tool.tgz": packEntries(
			entry{tar.TypeReg, "README", 0o600, "first"},
			entry{tar.TypeReg, "LICENSE", 0o600, "is dropped"},
			entry{tar.TypeDir, "tool-1", 0o750, ""},
			entry{tar.TypeDir, "tool-1/bin", 0o711, ""},
			entry{tar.TypeReg, "tool-1/bin/tool", 0o751, "tool of " + u.URL},
			entry{tar.TypeReg, "tool-1/bin/.hidden", 0o640, "hidden"},
			entry{tar.TypeDir, "tool-1/lib", 0o755, ""},
			entry{tar.TypeReg, "tool-1/lib/a.txt", 0o644, "a"},
			entry{tar.TypeReg, "tool-1/lib/LICENSE", 0o444, "free"},
			entry{tar.TypeSymlink, "tool-1/lib/link", 0o777, "../bin/tool"},
			entry{tar.TypeLink, "tool-1/hard", 0o751, "tool-1/bin/tool"},
			entry{tar.TypeReg, "tool-1/+node", 0o600, "odd"},
			entry{tar.TypeDir, "tool-1/empty", 0o700, ""},
			entry{tar.TypeSymlink, "top", 0o777, "tool-1"},
		),
		"/dot.tgz": packEntries(
			entry{tar.TypeDir, "./", 0o700, ""},
			entry{tar.TypeDir, "./lib/", 0o755, ""},
			entry{tar.TypeReg, "./lib/data", 0o640, "data of " + u.URL},
		),
		"/file-amd64": []byte("for amd64 from " + u.URL),
		"/file-arm64": []byte("for arm64 from " + u.URL),
	}
	text := strings.ReplaceAll(exported, "HOST", u.URL)
	for path, body := range u.files {
		text = strings.ReplaceAll(text, `"SUM `+path[1:]+`"`, `"`+sumOf(body)+`"`)
	}
	return u, text
}

// node is a file or folder of a tree as archives have it.
type node struct {
	mode     fs.FileMode
	uid, gid int
	mtime    time.Time
	text     string // the body, or where a link leads
}

// readTree returns what is below a folder, by names without a leading slash.
func readTree(t *testing.T, root string) map[string]node {
	t.Helper()
	tree := make(map[string]node)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == root {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		sys := info.Sys().(*syscall.Stat_t)
		n := node{mode: info.Mode(), uid: int(sys.Uid), gid: int(sys.Gid), mtime: info.ModTime()}
		switch {
		case info.Mode().IsRegular():
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			n.text = string(text)
		case info.Mode()&fs.ModeSymlink != 0:
			n.text, err = os.Readlink(name)
		}
		tree[strings.TrimPrefix(name, root+"/")] = n
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// readTar is readTree for the folders at the top of a tar, by their names.
func readTar(t *testing.T, name string) map[string]map[string]node {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	trees := make(map[string]map[string]node)
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			return trees
		}
		if err != nil {
			t.Fatal(err)
		}
		top, rest, _ := strings.Cut(strings.TrimSuffix(h.Name, "/"), "/")
		if trees[top] == nil {
			trees[top] = make(map[string]node)
		}
		if rest == "" {
			continue
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		n := node{h.FileInfo().Mode(), h.Uid, h.Gid, h.ModTime, string(body)}
		switch h.Typeflag {
		case tar.TypeSymlink:
			n.text = h.Linkname
		case tar.TypeLink:
			n.text = trees[top][strings.TrimPrefix(h.Linkname, top+"/")].text
		}
		trees[top][rest] = n
	}
}

// differences returns how got is not want, a line each, with the times or without.
func differences(got, want map[string]node, times bool) (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		g, ok := got[name]
		w := want[name]
		if !ok {
			lines = append(lines, name+" is missing")
			continue
		}
		if g.mode != w.mode {
			lines = append(lines, fmt.Sprintf("%s is %s for %s", name, g.mode, w.mode))
		}
		if g.uid != w.uid || g.gid != w.gid {
			lines = append(lines, fmt.Sprintf("%s is of %d:%d for %d:%d", name, g.uid, g.gid, w.uid, w.gid))
		}
		if g.text != w.text {
			lines = append(lines, fmt.Sprintf("%s holds %q for %q", name, g.text, w.text))
		}
		// A folder is as old as the build; nothing reads that.
		if times && !g.mtime.Equal(w.mtime) && !w.mode.IsDir() {
			lines = append(lines, fmt.Sprintf("%s is of %d for %d", name, g.mtime.UTC().Year(), w.mtime.UTC().Year()))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			lines = append(lines, name+" is too much")
		}
	}
	return lines
}

// TestExportDockerfile builds the stages that deplock prints for two platforms, by a stock
// BuildKit. They hold what depfetch fetch places, and this test says what differs.
func TestExportDockerfile(t *testing.T) {
	_, lockfile := serveExported(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "deps.lock.toml"), lockfile)
	text := deplock(t, dir, "export", "--format", "dockerfile")
	write(t, filepath.Join(dir, "Dockerfile"), text)
	for _, want := range []string{"# zip: left out: ", "# amd: left out: not locked for linux/arm64\n", "/asked: a line of urls has no place in an image\n",
		"# My.file+1: its mirrors are not asked\n", "# owned: replace = true does not hold: ", "for Dockerfile 1.20, as BuildKit 0.26 has it"} {
		if !strings.Contains(text, want) {
			t.Errorf("the Dockerfile does not say %q:\n%s", want, text)
		}
	}

	for _, epoch := range []string{"", "1000000000"} {
		out := filepath.Join(t.TempDir(), "out.tar")
		b := build{dir: dir, platforms: []string{"linux/amd64", "linux/arm64"}, bare: true, flags: []string{"--output", "type=tar,dest=" + out}}
		if epoch != "" {
			b.args = map[string]string{"SOURCE_DATE_EPOCH": epoch}
		}
		if r := b.run(t); r.err != nil {
			t.Fatalf("the build failed: %v\n%s", r.err, r.log)
		}
		trees := readTar(t, out)
		for _, arch := range []string{"amd64", "arm64"} {
			names := []string{"tree", "merged", "owned", "some", "all", "member", "My.file+1", "root"}
			if arch == "amd64" {
				names = append(names, "amd")
			}
			root := t.TempDir()
			fetch := exec.Command(filepath.Join(kit.depfetch, "depfetch"), append([]string{"fetch", "--root", root, "--platform", "linux/" + arch}, names...)...)
			fetch.Dir, fetch.Env = dir, []string{"SOURCE_DATE_EPOCH=" + epoch}
			if message, err := fetch.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, message)
			}
			// Folders that include only implies have no entry of their own for depfetch.
			want := []string{
				"opt/all/tool-1 is drwxr-x--- for drwxr-xr-x",
				"opt/some/bin is drwx--x--x for drwxr-xr-x",
				"srv/data/owned is drwxr-xr-x for drwx------", // as the archive has it, which replace keeps
			}
			if epoch == "" {
				want = append(want, "srv/a b/$file's is of 1970 for 1980", "usr/bin/tool is of 2020 for 1980")
				if arch == "amd64" {
					want = append(want, "opt/amd is of 1970 for 1980")
				}
			}
			slices.Sort(want)
			if got := differences(trees["linux_"+arch], readTree(t, root), true); !slices.Equal(got, want) {
				t.Errorf("%s, of %q: what differs is\n\t%s\nwant\n\t%s", arch, epoch, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
		}
	}

	// The checker of BuildKit's frontend finds nothing.
	lint := build{dir: dir, bare: true, opts: []string{"requestid=frontend.lint"}}
	if r := lint.run(t); r.err != nil || strings.Contains(r.log, "WARNING") || strings.Contains(r.log, "WARN:") {
		t.Errorf("the checker finds: %v\n%s", r.err, r.log)
	}
}

// TestExportDockerfileRefused builds stages whose bytes are not those of the lockfile, and
// one of an archive that ADD does not take for a tar.
func TestExportDockerfileRefused(t *testing.T) {
	u, lockfile := serveExported(t)
	dir := t.TempDir()
	name := filepath.Join(dir, "deps.lock.toml")
	export := func(text string) build {
		write(t, name, text)
		write(t, filepath.Join(dir, "Dockerfile"), deplock(t, dir, "export", "--format", "dockerfile", "--platform", "linux/arm64"))
		return build{dir: dir, platforms: []string{"linux/arm64"}, bare: true}
	}
	good := slices.Clone(u.files["/file-arm64"])
	u.swapByte(t, u.URL+"/file-arm64")
	r := export(lockfile).run(t)
	if r.err == nil || !strings.Contains(r.log, "digest mismatch") {
		t.Errorf("a swapped byte passed: %v\n%s", r.err, r.log)
	}
	u.files["/file-arm64"] = good
	page := []byte("<html>no archive, from " + u.URL)
	u.files["/page.tgz"] = page
	address := u.URL + "/page.tgz"
	r = export(lockfile + fmt.Sprintf("[deps.page]\nurl = %q\npath = \"/p\"\nunpack = true\nlocked.any = { url = %q, sha256 = %q }\n", address, address, sumOf(page))).run(t)
	if r.err == nil || !strings.Contains(r.log, "mkdir /archive: not a directory") {
		t.Errorf("a page was taken for an archive: %v\n%s", r.err, r.log)
	}
}
