package unpack

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"depfetch/fetch/digest"
)

func TestMember(t *testing.T) {
	entries := []tarEntry{
		dir("./"), dir("./pkg/"), dir("./pkg/bin/"),
		moded(file("./pkg/bin/tool", "the tool"), 0o755),
		symlink("./pkg/bin/alias", "tool"),
		symlink("./pkg/current", "bin"),
		hardlink("./pkg/bin/hard", "./pkg/bin/tool"),
		hardlink("./pkg/hard-alias", "./pkg/bin/alias"), // leads to pkg/tool, which is not there
		symlink("./pkg/lib.so", "lib.so.1"), symlink("./pkg/lib.so.1", "lib.so.1.2"), file("./pkg/lib.so.1.2", "library"),
		symlink("./pkg/through", "current/alias"),
		symlink("./pkg/dangling", "nothing"), symlink("./pkg/out", "../../x"), symlink("./pkg/abs", "/etc/passwd"), symlink("./pkg/self", "self"),
		file("./pkg/README.md", "read me"), file("./pkg/LICENSE", "license"),
		file("./pkg/odd[1]", "odd"),
		file("./pkg/twice", "1"), file("./pkg/twice", "2"),
		moded(file("./pkg/su", "setuid"), 0o4755),
		{name: "./pkg/null", kind: '3'},
		file("/absolute", "x"), file("../outside", "x"),
	}
	tests := []struct {
		pattern string
		strip   int
		name    string // of what is found
		want    string // its contents, or
		err     string
	}{
		{"pkg/bin/tool", 0, "pkg/bin/tool", "the tool", ""},
		{"./pkg/bin/tool", 0, "pkg/bin/tool", "the tool", ""},
		{"bin/tool", 1, "bin/tool", "the tool", ""},
		{"pkg/b*/t*", 0, "pkg/bin/tool", "the tool", ""},
		{"**/tool", 0, "pkg/bin/tool", "the tool", ""},
		{"pkg/bin/alias", 0, "pkg/bin/tool", "the tool", ""},
		{"pkg/bin/hard", 0, "pkg/bin/tool", "the tool", ""},
		{"pkg/bin/*", 0, "pkg/bin/tool", "the tool", ""}, // all of them are the same file
		{"pkg/through", 0, "pkg/bin/tool", "the tool", ""},
		{"pkg/lib.so*", 0, "pkg/lib.so.1.2", "library", ""},
		{"pkg/lib.so", 0, "pkg/lib.so.1.2", "library", ""},
		{"pkg/odd[1]", 0, "pkg/odd[1]", "odd", ""},
		{"pkg/su", 0, "pkg/su", "setuid", ""},
		{"pkg/hard-alias", 0, "", "", `"pkg/hard-alias" is a link to "tool", which the archive does not hold`},
		{"pkg/dangling", 0, "", "", `"pkg/dangling" is a link to "nothing", which the archive does not hold`},
		{"pkg/out", 0, "", "", "which the archive does not hold"},
		{"pkg/abs", 0, "", "", "which is absolute"},
		{"pkg/self", 0, "", "", "which the archive does not hold"},
		{"pkg/current", 0, "", "", "leads to a directory"},
		{"pkg/bin", 0, "", "", `the archive holds no "pkg/bin": it is a directory`},
		{"pkg/null", 0, "", "", `"pkg/null" is a device`},
		{"pkg/twice", 0, "", "", `refused "pkg/twice": the archive has more than one entry of this name`},
		{"tool", 0, "", "", `the archive holds no "tool"; it holds "pkg/bin/tool"`},
		{"tool-1.2/tool", 0, "", "", `it holds "pkg/bin/tool"`},
		{"pkg/bin/too", 0, "", "", `it holds "pkg/bin/tool"`},
		{"pkg/readme.md", 0, "", "", `it holds "pkg/README.md"`},
		{"nothing-like-it", 0, "", "", `the archive holds no "nothing-like-it"`},
		{"pkg/[RL]*", 0, "", "", `"pkg/[RL]*" names more than one file: "pkg/README.md", "pkg/LICENSE"`},
		{"pkg/[", 0, "", "", "syntax error in pattern"},
		{"/pkg", 0, "", "", "names nothing in an archive"},
		{"../outside", 0, "", "", "names nothing in an archive"},
		{"", 0, "", "", "names nothing in an archive"},
	}
	tar := tarball(entries...)
	for _, test := range tests {
		t.Run(test.pattern, func(t *testing.T) {
			for _, archive := range [][]byte{tar, gzipped(tar)} {
				var got bytes.Buffer
				e, err := Member(t.Context(), bytes.NewReader(archive), int64(len(archive)), test.pattern, digest.SHA256{}, &got, Options{Strip: test.strip})
				if test.err != "" {
					if err == nil || !strings.Contains(err.Error(), test.err) {
						t.Errorf("error %v, want one with %q", err, test.err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if got.String() != test.want || e.Name != test.name || e.Size != int64(len(test.want)) ||
					e.Digest != sha256.Sum256([]byte(test.want)) || e.Type != TypeFile || e.Mode&^0o777 != 0 {
					t.Errorf("got %q, %+v", got.String(), e)
				}
			}
		})
	}
}

// TestMemberRecorded holds that nothing is read behind a file whose digest is recorded: what lies there could
// not be read.
func TestMemberRecorded(t *testing.T) {
	tar := tarball(file("other", "x"), file("tool", "the tool"), symlink("link", "tool"))
	cut := tar[:3*512+512+8] // behind the header and the contents of tool
	want := digest.Of([]byte("the tool"))
	for _, test := range []struct {
		pattern string
		archive []byte
		want    digest.SHA256
		name    string // of what is written
		err     string
	}{
		{"tool", cut, want, "tool", ""},
		{"t*", cut, want, "tool", ""},
		{"link", tar, want, "tool", ""},
		{"tool", tar, digest.Of([]byte("x")), "tool", ""}, // for the caller to refuse
		{"tool", cut, digest.SHA256{}, "", "it ends early"},
		{"tool", cut, digest.Of([]byte("x")), "", "it ends early"},
		{"*", tar, want, "", "names more than one file"},
		{"other", tar, want, "other", ""},
	} {
		var got bytes.Buffer
		e, err := Member(t.Context(), bytes.NewReader(test.archive), int64(len(test.archive)), test.pattern, test.want, &got, Options{})
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: error %v, want one with %q", test.pattern, err, test.err)
			}
		} else if err != nil || e.Name != test.name {
			t.Errorf("%s: got %q, %+v, %v", test.pattern, got.String(), e, err)
		}
	}
}

func TestMemberOfZip(t *testing.T) {
	archive := zipball(zipEnd{},
		zipItem{name: "l", body: "b/tool", mode: 0o120777},
		zipItem{name: "b/tool", body: "the tool", mode: 0o100755, method: zipDeflate},
		zipItem{name: "other", body: "x", crc: set[uint32](1), localCRC: set[uint32](1)})
	var got bytes.Buffer
	e, err := Member(t.Context(), bytes.NewReader(archive), int64(len(archive)), "l", digest.SHA256{}, &got, Options{})
	if err != nil || got.String() != "the tool" || e.Mode != 0o755 {
		t.Errorf("got %q, %+v, %v", got.String(), e, err)
	}
	if _, err := Member(t.Context(), bytes.NewReader(archive), int64(len(archive)), "other", digest.SHA256{}, &got, Options{}); err == nil {
		t.Error("a file with another checksum has been written")
	}
}

func TestMemberOfCompressedFile(t *testing.T) {
	archive := gzipped([]byte("contents"))
	var got bytes.Buffer
	e, err := Member(t.Context(), bytes.NewReader(archive), int64(len(archive)), "any/name", digest.SHA256{}, &got, Options{})
	if err != nil || got.String() != "contents" || e.Size != 8 || e.Digest != sha256.Sum256([]byte("contents")) {
		t.Errorf("got %q, %+v, %v", got.String(), e, err)
	}
	for n := range archive {
		if _, err := Member(t.Context(), bytes.NewReader(archive[:n]), int64(n), "x", digest.SHA256{}, &got, Options{}); err == nil {
			t.Errorf("%d of %d bytes were enough", n, len(archive))
		}
	}
	bomb := gzipped(make([]byte, 80<<20))
	_, err = Member(t.Context(), bytes.NewReader(bomb), int64(len(bomb)), "x", digest.SHA256{}, &got, Options{})
	checkError(t, err, "more than 250 times")
}

// errorWriter fails.
type errorWriter struct{ err error }

func (w errorWriter) Write([]byte) (int, error) { return 0, w.err }

func TestMemberCannotWrite(t *testing.T) {
	archive := tarball(file("f", "x"))
	full := errors.New("disk full")
	_, err := Member(t.Context(), bytes.NewReader(archive), int64(len(archive)), "f", digest.SHA256{}, errorWriter{full}, Options{})
	if !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
}

func TestNames(t *testing.T) {
	archive := tarball(dir("./"), dir("./pkg"), file("./pkg/a", "x"), symlink("./pkg/l", "/etc"), file("/bad", ""))
	names, err := Names(t.Context(), bytes.NewReader(archive), int64(len(archive)), Options{Include: []string{"nothing"}})
	if err != nil || strings.Join(names, " ") != "pkg/ pkg/a pkg/l" {
		t.Errorf("got %q, %v", names, err)
	}
	names, err = Names(t.Context(), bytes.NewReader(archive), int64(len(archive)), Options{Strip: 1})
	if err != nil || strings.Join(names, " ") != "a l" {
		t.Errorf("stripped: got %q, %v", names, err)
	}
}

func TestGlobs(t *testing.T) {
	tests := []struct {
		pattern, name string
		match, tree   bool
	}{
		{"bin/*", "bin/tool", true, true},
		{"bin/*", "bin", false, false},
		{"bin/*", "bin/sub/tool", false, true},
		{"bin", "bin/sub/tool", false, true},
		{"bin/", "bin", true, true},
		{"./bin", "bin", true, true},
		{"*", "a/b", false, true},
		{"**", "a/b", true, true},
		{"**/c", "a/b/c", true, true},
		{"**/c", "c", true, true},
		{"**/c", "a/c/b", false, true},
		{"a/**/c", "a/c", true, true},
		{"a/**/c", "a/x/y/c", true, true},
		{"a/**/c/**/d", "a/c/x/c/y/d", true, true},
		{"a/**", "a", true, true},
		{"a/**", "b", false, false},
		{"a/?[0-9]", "a/x1", true, true},
		{"a[1]", "a[1]", true, false},
		{"a", "ab", false, false},
		{"**/**/**/**/**/x", strings.Repeat("a/", 60) + "b", false, false},
	}
	for _, test := range tests {
		g, err := parseGlob(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.Split(test.name, "/")
		if g.match(name) != test.match || g.matchTree(name) != test.tree {
			t.Errorf("%q, %q: got %v, %v", test.pattern, test.name, g.match(name), g.matchTree(name))
		}
	}
}
