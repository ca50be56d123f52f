package unpack

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const sampleManifest = `depfetch-manifest 1
f 0644 4 8d74beec1be996322ad76813bafb92d40839895d6dd7ee808b17ca201eac98be "a \"b\" \\.txt"
l "alias" "dir/tool"
d 0755 "dir"
f 0755 0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 "dir/tool"
f 0600 1 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 "latin\xe9"
d 0500 "ünïcode"
`

func TestManifest(t *testing.T) {
	m, err := ParseManifest([]byte(sampleManifest))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(m.Encode()); got != sampleManifest {
		t.Errorf("got\n%s", got)
	}
	if len(m.Entries) != 6 || m.Entries[0].Name != `a "b" \.txt` || m.Entries[4].Name != "latin\xe9" || m.Entries[1].Link != "dir/tool" {
		t.Errorf("got %+v", m.Entries)
	}
	if m.Digest() != sha256.Sum256([]byte(sampleManifest)) {
		t.Error("the digest is not that of the text")
	}
}

func TestManifestErrors(t *testing.T) {
	const head = "depfetch-manifest 1\n"
	const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for text, want := range map[string]string{
		"":                                           "manifest:1: it does not begin with",
		"depfetch-manifest 2\n":                      "manifest:1: it does not begin with",
		head + "\n":                                  `manifest:2: unknown type ""`,
		head + "x \"a\"\n":                           `manifest:2: unknown type "x"`,
		head + "d 0755 \"a\"":                        "manifest:2: the line has no end",
		head + "d 0755 \"b\"\nd 0755 \"a\"\n":        "manifest:3: the name does not come after",
		head + "d 0755 \"a\"\nd 0755 \"a\"\n":        "manifest:3: the name does not come after",
		head + "d 755 \"a\"\n":                       "not written in the one form",
		head + "d 1755 \"a\"\n":                      `"1755" is no mode`,
		head + "d 0855 \"a\"\n":                      `"0855" is no mode`,
		head + "d 0755  \"a\"\n":                     "want a name in quotes",
		head + "d 0755 a\n":                          "want a name in quotes",
		head + "d 0755 \"a\n":                        "want a name in quotes",
		head + "d 0755 \"a\\n\"\n":                   "manifest:2: \"a\\n\" is not written in the one form",
		head + "d 0755 \"\\x61\"\n":                  "not written in the one form",
		head + "d 0755 \"\\xE9\"\n":                  "not written in the one form",
		head + "d 0755 \"a\" \n":                     `" " after the entry`,
		head + "d 0755 \"a\"\r\n":                    "after the entry",
		head + "d 0755 \"\"\n":                       `"" is no name`,
		head + "d 0755 \"/a\"\n":                     `"/a" is no name`,
		head + "d 0755 \"a/../b\"\n":                 "is no name",
		head + "d 0755 \"a\\x00\"\n":                 "is no name",
		head + "l \"a\"\n":                           "a link without target",
		head + "l \"a\" \"\"\n":                      "a link without target",
		head + "f 0644 00 " + digest + " \"a\"\n":    "not written in the one form",
		head + "f 0644 -1 " + digest + " \"a\"\n":    `"-1" is no size`,
		head + "f 0644 0 " + digest[1:] + " \"a\"\n": "is no sha256",
		head + "f 0644 0 " + strings.ToUpper(digest) + " \"a\"\n": "not written in the one form",
	} {
		if _, err := ParseManifest([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(sampleManifest))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseManifest(text)
		if err == nil && !bytes.Equal(m.Encode(), text) {
			t.Errorf("accepted, and written as %q", m.Encode())
		}
	})
}

func TestCompare(t *testing.T) {
	archive := tarball(dir("d"), file("d/a", "contents"), moded(file("d/exe", "#!"), 0o755), symlink("l", "d/a"), file("d/sub/b", "b"))
	m, err := scanBytes(archive, Options{})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(dst string) error
		want   string
		kind   DifferenceKind
	}{
		{"nothing", func(string) error { return nil }, "", 0},
		{"others", func(dst string) error { return os.WriteFile(filepath.Join(dst, "d", "other"), nil, 0o600) }, "", 0},
		{"mode of a directory", func(dst string) error { return os.Chmod(filepath.Join(dst, "d"), 0o700) }, "", 0},
		{"a directory that has become a link to one", func(dst string) error {
			return errors.Join(os.Rename(filepath.Join(dst, "d"), filepath.Join(dst, "e")), os.Symlink("e", filepath.Join(dst, "d")))
		}, "", 0},
		{"contents", func(dst string) error { return os.WriteFile(filepath.Join(dst, "d", "a"), []byte("Contents"), 0o644) }, "d/a: want sha256 ", DifferentContent},
		{"size", func(dst string) error { return os.WriteFile(filepath.Join(dst, "d", "a"), nil, 0o644) }, "d/a: want 8 bytes, it has 0", DifferentContent},
		{"mode", func(dst string) error { return os.Chmod(filepath.Join(dst, "d", "exe"), 0o700) }, "d/exe: want mode 0755, it has -rwx------", DifferentMode},
		{"setuid", func(dst string) error { return os.Chmod(filepath.Join(dst, "d", "exe"), 0o755|fs.ModeSetuid) }, "d/exe: want mode 0755, it has urwxr-xr-x", DifferentMode},
		{"missing", func(dst string) error { return os.Remove(filepath.Join(dst, "d", "a")) }, "d/a: missing", DifferentMissing},
		{"missing directory", func(dst string) error { return os.RemoveAll(filepath.Join(dst, "d", "sub")) }, "d/sub: missing; d/sub/b: missing", DifferentMissing},
		{"file for a directory", func(dst string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dst, "d", "sub")), os.WriteFile(filepath.Join(dst, "d", "sub"), nil, 0o644))
		}, "d/sub: want a directory, it is a file; d/sub/b: missing", DifferentType},
		{"link for a file", func(dst string) error {
			return errors.Join(os.Remove(filepath.Join(dst, "d", "a")), os.Symlink("exe", filepath.Join(dst, "d", "a")))
		}, "d/a: want a file, it is a symbolic link", DifferentType},
		{"other target", func(dst string) error {
			return errors.Join(os.Remove(filepath.Join(dst, "l")), os.Symlink("d/exe", filepath.Join(dst, "l")))
		}, `l: want a link to "d/a", it leads to "d/exe"`, DifferentTarget},
		{"a directory that leads out", func(dst string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dst, "d", "sub")), os.Symlink(filepath.Dir(dst), filepath.Join(dst, "d", "sub")))
		}, "d/sub: it cannot be read: path escapes from parent; d/sub/b: it cannot be read: path escapes from parent", DifferentUnknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.Contains(test.name, "mode") {
				return
			}
			j := newJail(t)
			if err := j.unpack(t, archive, Options{}); err != nil {
				t.Fatal(err)
			}
			if err := test.change(j.dst); err != nil {
				t.Fatal(err)
			}
			diffs, err := Compare(t.Context(), j.root, m, 2)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range diffs {
				got = append(got, d.Name+": "+d.Text)
			}
			if text := strings.Join(got, "; "); text != test.want && !(strings.HasSuffix(test.want, " ") && strings.HasPrefix(text, test.want)) {
				t.Errorf("got %q, want %q", text, test.want)
			}
			if len(diffs) > 0 && diffs[0].Kind != test.kind {
				t.Errorf("kind %v, want %v", diffs[0].Kind, test.kind)
			}
		})
	}
}
