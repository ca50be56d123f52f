//go:build unix

package unpack

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"depfetch/fetch/osfile"
)

func TestStrip(t *testing.T) {
	need(t, "tar")
	in := sample(t)
	for _, root := range []string{".", "pkg"} {
		for strip := range 5 {
			t.Run(fmt.Sprintf("%s, %d", root, strip), func(t *testing.T) {
				dir := t.TempDir()
				file := filepath.Join(dir, "a.tar")
				sh(t, in, fmt.Sprintf("tar --sort=name -cf %s %s", file, root))
				counted := strip // by tar, for which the "." is an element
				if root == "." && strip > 0 {
					counted++
				}
				sh(t, dir, fmt.Sprintf("mkdir want; tar -xpf a.tar -C want --strip-components=%d 2>log || true", counted))
				got, err := unpackFile(t, file, Options{Strip: strip, AbsoluteLinks: true})
				if err != nil { // links that lead out, now that they are less deep, and GNU tar does not mind
					log, _ := os.ReadFile(filepath.Join(dir, "log"))
					if !strings.Contains(err.Error(), "leads out of the tree") && len(log) == 0 {
						t.Fatal(err)
					}
					return
				}
				a, b := snapshot(t, got), snapshot(t, filepath.Join(dir, "want"))
				fixImplied(a, b)
				compareTrees(t, a, b)
			})
		}
	}
}

func names(t testing.TB, archive []byte, o Options) ([]string, error) {
	m, err := scanBytes(archive, o)
	var names []string
	for _, e := range m.Entries {
		names = append(names, e.Name)
	}
	return names, err
}

func TestInclude(t *testing.T) {
	archive := tarball(dir("./p"), moded(dir("./p/bin"), 0o700), file("./p/bin/a", ""), dir("./p/bin/sub"), file("./p/bin/sub/b", ""),
		file("./p/share/man/a.1", ""), file("./p/LICENSE", ""), hardlink("./p/share/hard", "./p/bin/a"),
		tarEntry{name: "./p/dev", kind: '3'}, moded(file("./p/su", ""), 0o4755), symlink("./p/abs", "/x"))
	tests := []struct {
		strip   int
		include []string
		want    string
		err     string
	}{
		{1, []string{"bin/*"}, "bin bin/a bin/sub bin/sub/b", ""},
		{1, []string{"bin"}, "bin bin/a bin/sub bin/sub/b", ""},
		{1, []string{"bin/a", "LICENSE"}, "LICENSE bin bin/a", ""},
		{0, []string{"p/bin/sub"}, "p p/bin p/bin/sub p/bin/sub/b", ""},
		{0, []string{"p/**/*.1"}, "p p/share p/share/man p/share/man/a.1", ""},
		{1, []string{"bin/a", "bin/nothing"}, "", `the archive holds no "bin/nothing"`},
		{1, []string{"p/bin"}, "bin bin/a bin/sub bin/sub/b", ""}, // by its whole name
		{1, []string{"q/bin"}, "", `the archive holds no "q/bin"; it holds "bin/"`},
		{1, []string{"lincense"}, "", `it holds "LICENSE"`},
		{1, []string{"share"}, "", `refused "./p/share/hard": a hard link to "./p/bin/a", which is no file that is unpacked before it`},
		{1, []string{"share", "bin"}, "bin bin/a bin/sub bin/sub/b share share/hard share/man share/man/a.1", ""},
		{1, []string{"dev"}, "", "a device"},
		{1, []string{"su"}, "", "setuid"},
		{1, []string{"abs"}, "", "an absolute link"},
		{1, []string{"["}, "", "syntax error"},
	}
	for _, test := range tests {
		got, err := names(t, archive, Options{Strip: test.strip, Include: test.include})
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%q: error %v, want one with %q", test.include, err, test.err)
			}
			continue
		}
		if err != nil || strings.Join(got, " ") != test.want {
			t.Errorf("%q: got %q, %v", test.include, got, err)
		}
	}
	var missing *NoMatchError
	if _, err := names(t, archive, Options{Strip: 1, Include: []string{"lib"}}); !errors.As(err, &missing) || missing.Pattern != "lib" {
		t.Errorf("error %#v", err)
	}
	m, err := scanBytes(archive, Options{Strip: 1, Include: []string{"bin/a"}})
	if err != nil || m.Entries[0].Mode != 0o755 {
		t.Errorf("a directory above what is included has mode %v, %v", m.Entries, err)
	}
}

func TestAbsoluteLinks(t *testing.T) {
	archive := tarball(symlink("bin/sh", "/bin/busybox"), file("bin/busybox", "x"), symlink("d", "/bin"))
	j := newJail(t)
	if err := j.unpack(t, archive, Options{AbsoluteLinks: true}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.Readlink(filepath.Join(j.dst, "bin/sh")); got != "/bin/busybox" {
		t.Errorf("the link leads to %q, %v", got, err)
	}
	for _, evil := range [][]tarEntry{
		{symlink("d", "/etc"), file("d/passwd", "evil")},
		{symlink("d", "/"), symlink("out", "d/..")},
		{symlink("d", "/a/.."), symlink("out", "d/../x")},
	} {
		if err := newJail(t).unpack(t, tarball(evil...), Options{AbsoluteLinks: true}); err == nil {
			t.Errorf("%v: no error", evil)
		}
	}
}

// TestAttributes holds modes, times and owners, whatever the umask.
func TestAttributes(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	archive := tarball(
		moded(dir("./"), 0o751), moded(dir("locked/"), 0o555), moded(file("locked/f", "x"), 0o666),
		moded(file("implied/g", "x"), 0o444), symlink("implied/l", "g"), hardlink("implied/h", "implied/g"),
		tarEntry{name: "late", pax: []string{"mtime=1600000000.25"}}, tarEntry{name: "early", pax: []string{"mtime=-5.5"}})
	newest := time.Unix(1_550_000_000, 0)
	implied := time.Unix(1_000_000_000, 0)
	owner := &osfile.Owner{UID: 1234, GID: 5678}
	if os.Getuid() != 0 {
		owner = &osfile.Owner{UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	}
	j := newJail(t)
	t.Cleanup(func() { os.Chmod(filepath.Join(j.dst, "locked"), 0o755) })
	if err := j.unpack(t, archive, Options{Newest: newest, ImpliedTime: implied, Owner: owner}); err != nil {
		t.Fatal(err)
	}
	const archived = 1_500_000_000
	for name, want := range map[string]struct {
		mode fs.FileMode
		sec  int64
		nsec int64
	}{
		".": {fs.ModeDir | 0o751, archived, 0}, "locked": {fs.ModeDir | 0o555, archived, 0}, "locked/f": {0o666, archived, 0},
		"implied": {fs.ModeDir | 0o755, 1_000_000_000, 0}, "implied/g": {0o444, archived, 0}, "implied/h": {0o444, archived, 0},
		"implied/l": {fs.ModeSymlink | 0o777, archived, 0},
		"late":      {0o644, 1_550_000_000, 0}, "early": {0o644, -6, 500_000_000},
	} {
		info, err := os.Lstat(filepath.Join(j.dst, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Mode() != want.mode && (runtime.GOOS == "linux" || want.mode&fs.ModeSymlink == 0) || !info.ModTime().Equal(time.Unix(want.sec, want.nsec)) {
			t.Errorf("%s: mode %v, time %v", name, info.Mode(), info.ModTime().UTC())
		}
		if s := info.Sys().(*syscall.Stat_t); s.Uid != owner.UID || s.Gid != owner.GID {
			t.Errorf("%s: owner %d:%d", name, s.Uid, s.Gid)
		}
	}
}

func TestRootWithoutEntry(t *testing.T) {
	j := newJail(t)
	os.Chmod(j.dst, 0o700)
	if err := j.unpack(t, tarball(file("f", "x")), Options{}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(j.dst)
	if err != nil || info.Mode().Perm() != 0o755 || !info.ModTime().Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%v, %v, %v", info.Mode(), info.ModTime(), err)
	}
}

// TestInherited unpacks where new directories get the setgid bit.
func TestInherited(t *testing.T) {
	j := newJail(t)
	if err := os.Chmod(j.dst, 0o755|fs.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	if err := j.unpack(t, tarball(dir("d"), file("d/e/f", "x")), Options{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"d", "d/e", "d/e/f"} {
		if info, err := os.Stat(filepath.Join(j.dst, name)); err != nil || info.Mode()&fs.ModeSetgid != 0 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestNotEmpty(t *testing.T) {
	j := newJail(t)
	if err := os.WriteFile(filepath.Join(j.dst, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := j.unpack(t, tarball(file("f", "x")), Options{}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("error %v", err)
	}
}

// folding is a disk that takes names which differ in case for one.
type folding struct{ *writer }

func (f folding) mkdir(name string, d *directory) error {
	return f.writer.mkdir(strings.ToLower(name), d)
}

func (f folding) file(p *placed) (func() (output, error), error) {
	q := *p
	q.path = strings.ToLower(p.path)
	return f.writer.file(&q)
}

func TestFoldingDisk(t *testing.T) {
	tests := []struct {
		entries []tarEntry
		refused bool
	}{
		{[]tarEntry{file("README", "1"), file("Readme", "2")}, true},
		{[]tarEntry{file("A/x", "1"), file("a/y", "2")}, true},
		{[]tarEntry{dir("A"), dir("a")}, true},
		{[]tarEntry{file("x", "1"), symlink("X", "x")}, true},
		{[]tarEntry{file("x", "1"), hardlink("X", "x")}, true},
		{[]tarEntry{symlink("d", "e"), file("D/f", "evil")}, true},
		{[]tarEntry{dir("A"), file("A/b", "1"), dir("A")}, false},
	}
	for _, test := range tests {
		archive := tarball(test.entries...)
		j := newJail(t)
		if err := j.unpack(t, archive, Options{}); err != nil {
			t.Errorf("%v: on a disk that does not fold: %v", test.entries, err)
		}
		j = newJail(t)
		o := Options{}.withDefaults()
		w, err := newWriter(j.root, &o)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := run(t.Context(), bytes.NewReader(archive), int64(len(archive)), &o, folding{w})
		if err == nil {
			for _, p := range slices.Concat(tree.symlinks, tree.hard) {
				p.path = strings.ToLower(p.path)
			}
			dirs := make(map[string]*directory)
			for name, d := range tree.dirs {
				dirs[strings.ToLower(name)] = d
			}
			tree.dirs = dirs
			err = w.complete(t.Context(), tree)
		}
		w.close()
		compareTrees(t, j.outside(t), j.before)
		if want := ""; test.refused {
			want = "this disk takes it for the same as another name"
			checkError(t, err, want)
		} else if err != nil {
			t.Error(err)
		}
	}
}

// TestSameTree unpacks the same archive with different numbers of workers.
func TestSameTree(t *testing.T) {
	var entries []tarEntry
	for i := range 500 {
		entries = append(entries, file(fmt.Sprintf("d%d/e%d/f%d", i%7, i%90, i), strings.Repeat("x", i*100)))
	}
	entries = append(entries, symlink("d1/l", "../d2"), hardlink("h", "d0/e0/f0"))
	archive := gzipped(tarball(entries...))
	var first map[string]string
	for _, workers := range []int{1, 2, 16} {
		j := newJail(t)
		if err := j.unpack(t, archive, Options{Workers: workers}); err != nil {
			t.Fatal(err)
		}
		got := snapshot(t, j.dst)
		if first == nil {
			first = maps.Clone(got)
		}
		compareTrees(t, got, first)
	}
}
