//go:build unix && e2e

package unpack

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"depfetch/fetch/digest"
)

// fuzzLimits keep a run short.
var fuzzLimits = Limits{Bytes: 64 << 10, Entries: 50, Depth: 8, Window: 1 << 20}

// seeds are archives of each format, good and evil.
func seeds(f *testing.F) {
	evil := []tarEntry{
		file("/abs", "x"), file("../up", "x"), symlink("l", ".."), file("l/f", "x"), symlink("a/b/up", "../.."), symlink("o", "a/b/up/.."),
		hardlink("h", "l"), hardlink("h", "../x"), {name: "c", kind: '3'}, moded(file("s", "x"), 0o4755), symlink("abs", "/"),
		{name: "p", body: "x", pax: []string{"path=../p"}}, {name: "q", kind: '2', pax: []string{"linkpath=/q"}},
		{name: "GNUSparseFile.0/f", body: "1\n0\n0\n" + strings.Repeat("\x00", 506), pax: []string{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=f", "GNU.sparse.realsize=100000"}},
		file(strings.Repeat("long/", 30)+"name", "x"), {name: "g", kind: 'g', pax: []string{"comment=x"}},
	}
	for _, e := range evil {
		f.Add(tarball(dir("d"), file("d/f", "contents"), symlink("d/l", "f"), e))
	}
	for _, archive := range formats(f) {
		f.Add(archive)
	}
	data := tarball(dir("./"), file("./d/f", "contents"), hardlink("./h", "./d/f"), symlink("./l", "d"))
	f.Add(debPackage("data.tar.gz", gzipped(data)))
	f.Add(debPackage("data.tar", data))
	f.Add(arball(arMember{name: "debian-binary/", body: "2.0\n"}, arMember{name: "_x", body: "x"}, arMember{name: "control.tar/"}, arMember{name: "data.tar/", body: string(data)}))
	f.Add(apkPackage(data))
	f.Add(append(gzipped(cut(tarball(file(".PKGINFO", "x")))), gzipped(data)...))
	for _, payload := range [][]byte{
		cpioball(cpioItem{name: "./d/a", inode: 1, links: 3}, cpioItem{name: "./d/b", body: "contents", inode: 1, links: 3}, cpioItem{name: "l", mode: 0o120777, body: "d/a"}, cpioItem{name: "c", inode: 1, links: 3}),
		cpioball(cpioItem{name: "../x"}, cpioItem{name: "d", mode: 0o040755}, cpioItem{name: "d/c", mode: 0o020644}, cpioItem{name: "d/s", mode: 0o104755}),
	} {
		f.Add(rpmPackage(payload))
		f.Add(rpmPackage(gzipped(payload)))
	}
	f.Add(zipball(zipEnd{}, zipItem{name: "../x", body: "x"}, zipItem{name: "l", body: "..", mode: 0o120777}, zipItem{name: "l/x", body: "x"}))
	f.Add(zipball(zipEnd{comment: "c"}, overlapping()...))
	f.Add(zipball(zipEnd{}, zipItem{name: "l", body: "a/..", mode: 0o120777}, zipItem{name: "f", body: "xx", method: zipDeflate, descriptor: true}))
}

// FuzzTree unpacks whatever bytes. Nothing may be made outside of the root, no
// limit passed, no link lead out, and Scan has to be of the same opinion.
func FuzzTree(f *testing.F) {
	seeds(f)
	base := f.TempDir()
	f.Fuzz(func(t *testing.T, archive []byte) {
		cage, err := os.MkdirTemp(base, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(cage)
		dst := filepath.Join(cage, "dst")
		if err := os.Mkdir(dst, 0o755); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(dst)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		o := Options{Limits: fuzzLimits, Workers: 2}
		err = Tree(context.Background(), bytes.NewReader(archive), int64(len(archive)), root, o)
		m, scanErr := scanBytes(archive, o)
		if (err == nil) != (scanErr == nil) {
			t.Errorf("Tree says %v, and Scan %v", err, scanErr)
		}
		if around, err := os.ReadDir(cage); err != nil || len(around) != 1 {
			t.Errorf("beside the destination are %v, %v", around, err)
		}
		var files []os.FileInfo
		var size int64
		var entries int
		filepath.WalkDir(dst, func(path string, d os.DirEntry, err error) error {
			if err != nil || path == dst {
				return err
			}
			entries++
			switch {
			case d.Type().IsRegular():
				info, err := d.Info()
				if err == nil && !slices.ContainsFunc(files, func(f os.FileInfo) bool { return os.SameFile(f, info) }) {
					files = append(files, info)
					size += info.Size()
				}
			case d.Type() == os.ModeSymlink:
				if to, err := filepath.EvalSymlinks(path); err == nil && to != dst && !strings.HasPrefix(to, dst+"/") {
					t.Errorf("%s leads to %s", path, to)
				}
			case !d.IsDir():
				t.Errorf("%s is %v", path, d.Type())
			}
			return nil
		})
		if size > fuzzLimits.Bytes || entries > fuzzLimits.Entries*fuzzLimits.Depth {
			t.Errorf("%d bytes, %d entries", size, entries)
		}
		if err != nil {
			return
		}
		if diffs, err := Compare(context.Background(), root, m, 1); err != nil || len(diffs) > 0 || entries != len(m.Entries) {
			t.Errorf("%d entries, and the manifest has %d; %v, %v", entries, len(m.Entries), diffs, err)
		}
		if again, err := ParseManifest(m.Encode()); err != nil || again.Digest() != m.Digest() {
			t.Errorf("the manifest is not read again: %v\n%s", err, m.Encode())
		}
	})
}

// FuzzMember asks for one file of whatever bytes.
func FuzzMember(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, archive []byte) {
		var got bytes.Buffer
		e, err := Member(context.Background(), bytes.NewReader(archive), int64(len(archive)), "d/*", digest.SHA256{}, &got, Options{Limits: fuzzLimits, Workers: 2})
		var limit *LimitError
		if err == nil && (int64(got.Len()) != e.Size || e.Size > 2*fuzzLimits.Bytes) || int64(got.Len()) > 2*fuzzLimits.Bytes && !errors.As(err, &limit) {
			t.Errorf("%d bytes, %+v, %v", got.Len(), e, err)
		}
		if err != nil {
			return
		}
		whole := got.String()
		got.Reset()
		again, err := Member(context.Background(), bytes.NewReader(archive), int64(len(archive)), "d/*", e.Digest, &got, Options{Limits: fuzzLimits, Workers: 2})
		if err != nil || again.Digest != e.Digest || got.String() != whole {
			t.Errorf("%d bytes, %+v; with its digest recorded %d bytes, %+v, %v", len(whole), e, got.Len(), again, err)
		}
	})
}
