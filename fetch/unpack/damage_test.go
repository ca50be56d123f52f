//go:build unix && e2e

package unpack

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"depfetch/fetch/digest"
)

// packed returns data as the tool, which writes to its standard output, packs it.
func packed(t testing.TB, data []byte, tool ...string) []byte {
	t.Helper()
	need(t, tool[0])
	cmd := exec.Command(tool[0], tool[1:]...)
	cmd.Stdin = bytes.NewReader(data)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", tool, err)
	}
	return out
}

// formats returns the same small tree in each format.
func formats(t testing.TB) map[string][]byte {
	t.Helper()
	text := strings.Repeat("all work and no play makes jack a dull boy\n", 50)
	tar := tarball(dir("d/"), file("d/a", text), file("d/b", "b"), symlink("d/l", "a"), hardlink("h", "d/a"))
	half := len(tar) / 2
	return map[string][]byte{
		"tar":            tar,
		"tar.gz":         gzipped(tar),
		"tar.gz, twice":  append(gzipped(tar[:half]), gzipped(tar[half:])...),
		"tar.bz2":        packed(t, tar, "bzip2", "-c"),
		"tar.xz":         packed(t, tar, "xz", "-c"),
		"tar.xz, blocks": packed(t, tar, "xz", "-c", "--block-size=1000"),
		"tar.xz, twice":  append(packed(t, tar[:half], "xz", "-c"), packed(t, tar[half:], "xz", "-c")...),
		"tar.zst":        packed(t, tar, "zstd", "-c", "--check"),
		"tar.zst, twice": append(packed(t, tar[:half], "zstd", "-c", "--check"), packed(t, tar[half:], "zstd", "-c", "--check")...),
		"zip": zipball(zipEnd{},
			zipItem{name: "d/", mode: 0o040755},
			zipItem{name: "d/a", body: text, method: zipDeflate, mode: 0o100644},
			zipItem{name: "d/b", body: "b", mode: 0o100644, descriptor: true},
			zipItem{name: "d/l", body: "a", mode: 0o120777},
			zipItem{name: "h", body: text, method: zipDeflate, mode: 0o100644}),
	}
}

func TestFormatsAgree(t *testing.T) {
	var want digest.SHA256
	for name, archive := range formats(t) {
		m, err := scanBytes(archive, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want == (digest.SHA256{}) {
			want = m.Digest()
		}
		if m.Digest() != want {
			t.Errorf("%s: another tree:\n%s", name, m.Encode())
		}
	}
}

// TestTruncated cuts archives everywhere. None may yield a tree.
func TestTruncated(t *testing.T) {
	for name, archive := range formats(t) {
		end := len(archive)
		if name == "tar" {
			end -= 512 // with one of its two blocks of zeros a tar is complete
		}
		for n := range end {
			_, err := scanBytes(archive[:n], Options{Workers: 1 + n%2})
			var damage *DamagedError
			if err == nil || !errors.As(err, &damage) && !errors.Is(err, ErrUnknownFormat) && !errors.Is(err, ErrNoTree) {
				t.Errorf("%s: %d of %d bytes: error %v", name, n, len(archive), err)
			}
		}
	}
}

// TestFlipped changes every bit. There is an error, or it was of no importance.
func TestFlipped(t *testing.T) {
	for name, archive := range formats(t) {
		if name == "tar" {
			continue // has no checksum of contents
		}
		want, err := scanBytes(archive, Options{})
		if err != nil {
			t.Fatal(err)
		}
		end := len(archive)
		if name == "zip" { // the directory has the only word on attributes and times
			end = bytes.Index(archive, le.AppendUint32(nil, zipCentralSig))
		}
		damaged := bytes.Clone(archive)
		for i := range end {
			damaged[i] ^= 1 << (i % 8)
			got, err := scanBytes(damaged, Options{Workers: 1 + i%2, Limits: Limits{Window: 8 << 20}})
			if err == nil && got.Digest() != want.Digest() {
				t.Errorf("%s: byte %d changed, and another tree without an error", name, i)
			}
			damaged[i] = archive[i]
		}
	}
}

func TestGarbageAfter(t *testing.T) {
	for name, archive := range formats(t) {
		format, _, _ := strings.Cut(name, ",")
		for garbage, want := range map[string]string{
			"x":                         "",
			"garbage\n":                 "",
			strings.Repeat("x", 512):    "",
			strings.Repeat("\x00", 512): map[string]string{"tar": "ok", "tar.gz": "ok", "tar.xz": "ok", "zip": "ok"}[format],
		} {
			if format == "tar" {
				want = "ok" // as with GNU tar and bsdtar
			}
			_, err := scanBytes(append(bytes.Clone(archive), garbage...), Options{})
			if err != nil && len(garbage) > 3 && !strings.Contains(err.Error(), "something else follows its end") {
				t.Errorf("%s with %d of %q: error %v, which names another cause", name, len(garbage), garbage[0], err)
			}
			if (err == nil) != (want == "ok") {
				t.Errorf("%s with %d of %q: error %v", name, len(garbage), garbage[0], err)
			}
		}
	}
}

func TestFormatErrors(t *testing.T) {
	tests := []struct {
		name    string
		archive []byte
		want    error
	}{
		{"nothing", nil, ErrUnknownFormat},
		{"text", []byte("<html>not found</html>"), ErrUnknownFormat},
		{"a block of zeros", make([]byte, 512), ErrUnknownFormat},
		{"a disk's image", make([]byte, 1<<20), ErrUnknownFormat},
		{"gzip of text", gzipped([]byte("text")), ErrNoTree},
		{"gzip of nothing", gzipped(nil), ErrNoTree},
		{"gzip of a disk's image", gzipped(make([]byte, 1<<20)), ErrNoTree},
		{"bzip2 of text", packed(t, []byte("text"), "bzip2", "-c"), ErrNoTree},
		{"bzip2 of nothing", packed(t, nil, "bzip2", "-c"), ErrNoTree},
		{"xz of text", packed(t, []byte("text"), "xz", "-c"), ErrNoTree},
		{"xz of nothing", packed(t, nil, "xz", "-c"), ErrNoTree},
		{"zstd of text", packed(t, []byte("text"), "zstd", "-c"), ErrNoTree},
		{"gzip of a zip", gzipped(zipball(zipEnd{}, zipItem{name: "x"})), ErrNoTree},
		{"an empty tar", make([]byte, 10240), nil},
		{"an empty tar in gzip", gzipped(make([]byte, 1024)), nil},
		{"an empty zip", zipball(zipEnd{}), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := scanBytes(test.archive, Options{})
			if !errors.Is(err, test.want) || test.want == nil && err != nil {
				t.Errorf("error %v, want %v", err, test.want)
			}
			if len(m.Entries) > 0 {
				t.Errorf("it has %d entries", len(m.Entries))
			}
		})
	}
}

func TestVolumes(t *testing.T) {
	archive := append([]byte("PK\x07\x08"), zipball(zipEnd{disk: set[uint16](1)}, zipItem{name: "x"})...)
	_, err := scanBytes(archive, Options{})
	checkError(t, err, "it is one of several volumes")
}

// repeated returns the gzip of n times b.
func repeated(b []byte, n int) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, 1)
	for range n {
		w.Write(b)
	}
	w.Close()
	return out.Bytes()
}

func TestLimits(t *testing.T) {
	million := repeated(tarball(dir("d"))[:512], 1_000_000)
	zeros := gzipped(tarball(file("zeros", strings.Repeat("\x00", 70<<20)))) // a thousand times as small
	tests := []struct {
		name    string
		archive []byte
		limits  Limits
		want    string
	}{
		{"entries", million, Limits{}, "refused the archive: over the limit of 500000 entries"},
		{"entries of a zip", zipball(zipEnd{}, zipItem{name: "a"}, zipItem{name: "b"}), Limits{Entries: 1}, "over the limit of 1 entries"},
		{"entries, enough", zipball(zipEnd{}, zipItem{name: "a"}, zipItem{name: "b"}), Limits{Entries: 2}, ""},
		{"entries, implied", tarball(file("a/b/c", "")), Limits{Entries: 2}, `refused "a/b/c": over the limit of 2 entries`},
		{"entries, implied, enough", tarball(file("a/b/c", ""), dir("a"), dir("a/b")), Limits{Entries: 3}, ""},
		{"entries, after implied ones", tarball(file("a/b", ""), file("a/c", "")), Limits{Entries: 2}, `refused "a/c": over the limit of 2 entries`},
		{"entries, implied in a zip", zipball(zipEnd{}, zipItem{name: "a/b/c"}), Limits{Entries: 2}, `refused "a/b/c": over the limit of 2 entries`},
		{"ratio", zeros, Limits{}, `refused "zeros": more than 250 times the size of the archive`},
		{"ratio, raised", zeros, Limits{Ratio: 2000}, ""},
		{"ratio in a zip", zipball(zipEnd{}, zipItem{name: "zeros", body: strings.Repeat("\x00", 70<<20), method: zipDeflate}), Limits{}, "more than 250 times"},
		{"bytes", gzipped(tarball(file("a", "1234"), file("b", "567"))), Limits{Bytes: 6}, `refused "b": over the limit of 6 bytes`},
		{"bytes, enough", gzipped(tarball(file("a", "1234"), file("b", "567"))), Limits{Bytes: 7}, ""},
		{"bytes after the end of the tar", gzipped(append(tarball(file("a", "1")), make([]byte, 10<<20)...)), Limits{Bytes: 1 << 20}, "refused the archive: over the limit of 1048576 bytes"},
		{"depth", tarball(file("a/b/c", "")), Limits{Depth: 2}, `refused "a/b/c": over the limit of 2 elements in a name`},
		{"depth, enough", tarball(file("a/b/c", "")), Limits{Depth: 3}, ""},
		{"window of zstd", packed(t, tarball(file("a", "")), "zstd", "-c", "--ultra", "-22", "--long=27"), Limits{Window: 1 << 20}, "needs a window of more than 1048576 bytes"},
		{"window of xz", packed(t, tarball(file("a", "")), "xz", "-c", "-9"), Limits{Window: 1 << 20}, "needs a window of more than 1048576 bytes"},
		{"window of xz in blocks", packed(t, tarball(file("a", "")), "xz", "-c", "-9", "--block-size=512"), Limits{Window: 1 << 20}, "needs a window of more than 1048576 bytes"},
		{"hole", tarball(tarEntry{name: "GNUSparseFile.0/f", body: "1\n0\n0\n" + strings.Repeat("\x00", 506), pax: []string{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=f", "GNU.sparse.realsize=1000000000000"}}), Limits{}, `refused "f": more than 250 times`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := newJail(t).unpack(t, test.archive, Options{Limits: test.limits})
			checkError(t, err, test.want)
			var limit *LimitError
			if test.want != "" && !errors.As(err, &limit) {
				t.Errorf("error %T, want a *LimitError", err)
			}
		})
	}
}

// TestBomb is of a gibibyte in a megabyte, in every format that can do it, put
// together from streams that each are 16 MiB of zeros.
func TestBomb(t *testing.T) {
	head := tarball(tarEntry{name: "bomb", size: 1 << 30})[:512]
	part := make([]byte, 16<<20)
	for _, tool := range []string{"gzip", "xz", "zstd", "bzip2"} {
		bomb := packed(t, head, tool, "-c")
		bomb = append(bomb, bytes.Repeat(packed(t, part, tool, "-c"), 64)...)
		bomb = append(bomb, packed(t, make([]byte, 1024), tool, "-c")...)
		if len(bomb) > 2<<20 {
			t.Fatalf("%s: %d bytes are no bomb", tool, len(bomb))
		}
		j := newJail(t)
		checkError(t, j.unpack(t, bomb, Options{}), `refused "bomb": more than 250 times`)
		if s := snapshot(t, j.dst); len(s) > 1 {
			t.Errorf("%s: something has been written: %v", tool, s)
		}
	}
}

// TestScanIsTree holds that a tree that has been unpacked is what Scan says.
func TestScanIsTree(t *testing.T) {
	for name, archive := range formats(t) {
		m, err := scanBytes(archive, Options{})
		if err != nil {
			t.Fatal(err)
		}
		j := newJail(t)
		if err := j.unpack(t, archive, Options{}); err != nil {
			t.Fatal(err)
		}
		if diffs, err := Compare(t.Context(), j.root, m, 0); err != nil || len(diffs) > 0 {
			t.Errorf("%s: %v, %v", name, diffs, err)
		}
		there := snapshot(t, j.dst)
		if len(there)-1 != len(m.Entries) {
			t.Errorf("%s: %d entries, and %d are there", name, len(m.Entries), len(there)-1)
		}
	}
}
