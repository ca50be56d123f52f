package fetch_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/fetchtest"
	"depfetch/fetch/unpack"
)

// archiveTime is the time of all that is in an archive.
var archiveTime = time.Date(2020, time.February, 3, 4, 5, 6, 0, time.UTC)

const linkTo = "a symbolic link to "

// archive returns a tar.gz of files with these names and contents. A name that ends
// in a slash is of a directory, and contents that begin with linkTo of a link.
func archive(files map[string]string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &tar.Header{Name: name, Mode: 0o755, ModTime: archiveTime, Size: int64(len(files[name]))}
		link, isLink := strings.CutPrefix(files[name], linkTo)
		switch {
		case isLink:
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, link, 0
		case strings.HasSuffix(name, "/"):
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			panic(err)
		}
		if !isLink {
			w.Write([]byte(files[name]))
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		panic(err)
	}
	return b.String()
}

var toolFiles = map[string]string{
	"tool-1/": "", "tool-1/bin/": "", "tool-1/bin/tool": body, "tool-1/bin/alias": linkTo + "tool", "tool-1/share/doc/readme": other, "tool-1/empty/": "",
}

// unpacked pins the archive of files, to be unpacked into /usr/local without its first
// directory.
func unpacked(s *fetchtest.Server, name string, files map[string]string) fetch.Artifact {
	content := archive(files)
	a := pin(name, s.Script("/"+name, fetchtest.Body(content)), content)
	a.Path, a.Mode, a.Unpack = "/usr/local", 0, &fetch.Unpack{Strip: 1}
	return a
}

func TestFetchMerges(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	mustWrite(t, filepath.Join(c.Root, "usr/local/bin/mine"), "mine")
	mustWrite(t, filepath.Join(c.Root, "usr/local/bin/tool"), "old")
	for _, dir := range []string{"usr/local/bin", "usr/local"} {
		if err := os.Chtimes(filepath.Join(c.Root, dir), old, old); err != nil {
			t.Fatal(err)
		}
	}
	a := unpacked(s, "tree", toolFiles)
	sum, err := c.Fetch(t.Context(), []fetch.Artifact{a})
	if err != nil || sum.Placed != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	wantTree(t, c.Root, "usr/", "usr/local/", "usr/local/bin/", "usr/local/bin/alias", "usr/local/bin/mine", "usr/local/bin/tool",
		"usr/local/empty/", "usr/local/share/", "usr/local/share/doc/", "usr/local/share/doc/readme")
	wantFile(t, filepath.Join(c.Root, "usr/local/bin/tool"), body)
	wantFile(t, filepath.Join(c.Root, "usr/local/bin/mine"), "mine")
	for path, want := range map[string]time.Time{
		"usr/local": old, "usr/local/bin": old, "usr/local/bin/tool": archiveTime, "usr/local/empty": archiveTime,
		"usr/local/share": fetch.DefaultMtime, // which the archive only implies
	} {
		if info, err := os.Stat(filepath.Join(c.Root, path)); err != nil || !info.ModTime().Equal(want) {
			t.Errorf("%s is of %v (%v), want %v", path, info.ModTime(), err, want)
		}
	}
}

// TestFetchClampsTimes: with a time given, nothing is younger.
func TestFetchClampsTimes(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	c.Mtime = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := c.Fetch(t.Context(), []fetch.Artifact{unpacked(s, "tree", toolFiles)}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"usr/local", "usr/local/bin", "usr/local/bin/tool", "usr/local/share/doc/readme"} {
		if info, err := os.Stat(filepath.Join(c.Root, path)); err != nil || !info.ModTime().Equal(c.Mtime) {
			t.Errorf("%s is of %v (%v), want %v", path, info.ModTime(), err, c.Mtime)
		}
	}
}

func TestFetchReplaces(t *testing.T) {
	s := fetchtest.New(t)
	a := unpacked(s, "tree", toolFiles)
	a.Path, a.Unpack.Replace = "/opt/tool", true
	want := []string{"opt/", "opt/tool/", "opt/tool/bin/", "opt/tool/bin/alias", "opt/tool/bin/tool",
		"opt/tool/empty/", "opt/tool/share/", "opt/tool/share/doc/", "opt/tool/share/doc/readme"}
	for name, prepare := range map[string]func(root string){
		"nothing there": func(string) {},
		"a directory":   func(root string) { mustWrite(t, filepath.Join(root, "opt/tool/old/file"), "old") },
		"a link": func(root string) {
			mustWrite(t, filepath.Join(root, "elsewhere/file"), "kept")
			mustWrite(t, filepath.Join(root, "opt/keep"), "")
			os.Remove(filepath.Join(root, "opt/keep"))
			symlink(t, "../elsewhere", filepath.Join(root, "opt/tool"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := client(t)
			prepare(c.Root)
			if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
				t.Fatal(err)
			}
			want := want
			if name == "a link" {
				want = append([]string{"elsewhere/", "elsewhere/file"}, want...)
			}
			wantTree(t, c.Root, want...)
		})
	}
	c := client(t)
	mustWrite(t, filepath.Join(c.Root, "opt/tool"), "a file")
	var d *fetch.DestinationError
	if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); !errors.As(err, &d) {
		t.Errorf("a file is there: %v", err)
	}
	wantFile(t, filepath.Join(c.Root, "opt/tool"), "a file")
}

// TestFetchUnpackChangesNothing: whatever keeps one tree from being placed keeps
// all from it, and leaves everything as it was.
func TestFetchUnpackChangesNothing(t *testing.T) {
	s := fetchtest.New(t)
	good := unpacked(s, "good", toolFiles)
	file := pin("file", s.Script("/file", fetchtest.Body(body)), body)
	tests := []struct {
		name    string
		bad     func() fetch.Artifact
		prepare func(root string)
		is      any
		says    string
	}{
		{name: "wrong bytes", bad: func() fetch.Artifact {
			a := unpacked(s, "wrong", map[string]string{"a/b": "c"})
			a.Digest[0]++
			return a
		}, is: new(*fetch.TransferError), says: "wrong bytes"},
		{name: "an evil archive", bad: func() fetch.Artifact {
			return unpacked(s, "evil", map[string]string{"a/b": "fine", "a/z": linkTo + "../../../etc"})
		}, is: new(*fetch.ArchiveError), says: `refused "a/z"`},
		{name: "no archive", bad: func() fetch.Artifact {
			a := pin("text", s.Script("/text", fetchtest.Body(body)), body)
			a.Path, a.Unpack = "/srv", &fetch.Unpack{}
			return a
		}, is: new(*fetch.ArchiveError), says: "not an archive"},
		{name: "a missing member", bad: func() fetch.Artifact {
			a := unpacked(s, "missing", toolFiles)
			a.Unpack, a.Member, a.Path = nil, "bin/tool", "/bin/tool"
			return a
		}, is: new(*fetch.ArchiveError), says: `"tool-1/bin/tool"`},
		{name: "over a limit", bad: func() fetch.Artifact {
			a := unpacked(s, "large", toolFiles)
			a.Limits = unpack.Limits{Entries: 2}
			return a
		}, is: new(*fetch.ArchiveError), says: "2 entries"},
		{name: "a file of another", bad: func() fetch.Artifact {
			return unpacked(s, "twin", map[string]string{"a/bin/tool": "another"})
		}, is: new(*fetch.DestinationError), says: "lands there too"},
		{name: "a file in the way", bad: func() fetch.Artifact {
			a := unpacked(s, "blocked", map[string]string{"a/keep/b": "c"})
			a.Path = "/etc"
			return a
		}, prepare: func(root string) { mustWrite(t, filepath.Join(root, "etc/keep"), "") }, is: new(*fetch.DestinationError), says: `"keep"`},
		{name: "a link that leads out", bad: func() fetch.Artifact {
			a := unpacked(s, "out", map[string]string{"a/link/b": "c"})
			a.Path = "/etc"
			return a
		}, prepare: func(root string) { symlink(t, "../usr", filepath.Join(root, "etc/link")) }, is: new(*fetch.DestinationError), says: `"link`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := client(t)
			mustWrite(t, filepath.Join(c.Root, "usr/local/bin/tool"), "old")
			mustWrite(t, filepath.Join(c.Root, "etc/passwd"), "")
			if tt.prepare != nil {
				tt.prepare(c.Root)
			}
			before, err := snapshot(c.Root)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Fetch(t.Context(), []fetch.Artifact{good, tt.bad(), file})
			if err == nil || !errors.As(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error is %v, want %T and %q", err, tt.is, tt.says)
			}
			after, err := snapshot(c.Root)
			if err != nil || !maps.Equal(before, after) {
				t.Errorf("the root was %v and is %v (%v)", before, after, err)
			}
		})
	}
}

func TestFetchUnpackCancelled(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	files := make(map[string]string)
	for i := range 2000 {
		files[fmt.Sprintf("a/%d", i)] = strings.Repeat("x", 1000)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("cancelled by the test")
	a := unpacked(s, "tree", files)
	c.Events = func(e fetch.Event) {
		if e.Kind == fetch.EventProgress && e.Bytes == a.Size {
			cancel(cause)
		}
	}
	if _, err := c.Fetch(ctx, []fetch.Artifact{a}); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	wantTree(t, c.Root)
}

// TestFetchOneArchive: many take something out of one archive, which is asked for
// once.
func TestFetchOneArchive(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	plain := unpacked(s, "tool", toolFiles)
	plain.Unpack, plain.Path, plain.Mode = nil, "/srv/tool.tar.gz", 0o644
	artifacts := []fetch.Artifact{plain}
	for i := range 10 {
		a := plain
		a.Name, a.Path, a.Mode, a.Member = fmt.Sprintf("m%d", i), fmt.Sprintf("/bin/m%d", i), 0o700, "tool-1/bin/tool"
		artifacts = append(artifacts, a)
	}
	if _, err := c.Fetch(t.Context(), artifacts); err != nil {
		t.Fatal(err)
	}
	for _, a := range artifacts[1:] {
		wantFile(t, filepath.Join(c.Root, a.Path), body)
		info, err := os.Stat(filepath.Join(c.Root, a.Path))
		if err != nil || !info.ModTime().Equal(fetch.DefaultMtime) || info.Mode() != 0o700 && runtime.GOOS != "windows" {
			t.Errorf("%s: %v, %v", a.Path, info, err)
		}
	}
	wantFile(t, filepath.Join(c.Root, plain.Path), archive(toolFiles))
	if n := len(s.Requests("/tool")); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// TestVerifyTree: what lies in a tree that replaces is of the archive, and what
// lies beside one that merges may be anything.
func TestVerifyTree(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	c.Trees = t.TempDir()
	a := unpacked(s, "tree", toolFiles)
	content := archive(toolFiles)
	m, err := unpack.Scan(t.Context(), strings.NewReader(content), int64(len(content)), unpack.Options{Strip: 1})
	if err != nil {
		t.Fatal(err)
	}
	a.Unpacked = fetch.Digest(m.Digest())
	replaced := a
	replaced.Name, replaced.Path, replaced.Unpack = "own", "/opt/own", &fetch.Unpack{Strip: 1, Replace: true}
	both := []fetch.Artifact{a, replaced}

	var unknown *fetch.UnverifiableError
	if _, err := c.Fetch(t.Context(), both); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Verify(t.Context(), both); !errors.As(err, &unknown) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the manifest: %v", err)
	}
	mustWrite(t, filepath.Join(c.Trees, a.Unpacked.String()), string(m.Encode()))
	if got, err := c.Verify(t.Context(), both); err != nil || len(got) != 0 {
		t.Errorf("found %v, %v", got, err)
	}
	sum, err := c.Fetch(t.Context(), both)
	if err != nil || sum.Present != 2 || len(s.Requests("/tree")) != 1 {
		t.Errorf("fetched again: %+v, %v", sum, err)
	}

	for _, path := range []string{"usr/local/bin/new", "opt/own/bin/new", "opt/own/more/new"} {
		mustWrite(t, filepath.Join(c.Root, path), "")
	}
	mustWrite(t, filepath.Join(c.Root, "usr/local/bin/tool"), other)
	got, err := c.Verify(t.Context(), both)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range got {
		rel, _ := filepath.Rel(c.Root, f.Path)
		found = append(found, fmt.Sprintf("%s %s %v %s", f.Artifact.Name, filepath.ToSlash(rel), f.Wrong, f.Detail))
	}
	want := []string{
		fmt.Sprintf("tree usr/local/bin/tool true changed: want sha256 %x, it has %x", sha256.Sum256([]byte(body)), sha256.Sum256([]byte(other))),
		"own opt/own/bin/new true changed: it is not in the archive",
		"own opt/own/more true changed: it is not in the archive",
	}
	if !slices.Equal(found, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
	// A fetch puts all of it right.
	if sum, err := c.Fetch(t.Context(), both); err != nil || sum.Placed != 2 {
		t.Errorf("%+v, %v", sum, err)
	}
	if got, err := c.Verify(t.Context(), both); err != nil || len(got) != 0 {
		t.Errorf("found %v, %v", got, err)
	}
	wantFile(t, filepath.Join(c.Root, "usr/local/bin/new"), "")
	// A manifest that is not what it is called is not trusted.
	mustWrite(t, filepath.Join(c.Trees, a.Unpacked.String()), "depfetch-manifest 1\n")
	if _, err := c.Verify(t.Context(), both); !errors.As(err, &unknown) {
		t.Errorf("with another manifest: %v", err)
	}
}
