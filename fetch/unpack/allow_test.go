package unpack

import (
	"bytes"
	"strings"
	"testing"

	"depfetch/fetch/digest"
)

// manifestOf returns the lines of what an archive gives, without digests.
func manifestOf(t *testing.T, archive []byte, o Options) (string, error) {
	t.Helper()
	m, err := scanBytes(archive, o)
	var lines []string
	for _, e := range m.Entries {
		line := string(rune(e.Type)) + " " + e.Name
		if e.Type != TypeSymlink {
			line += " " + itoa(int(e.Mode))
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, ", "), err
}

// TestAllow holds what the options allow, and that they allow no more.
func TestAllow(t *testing.T) {
	names, bits := Options{AbsoluteNames: true}, Options{DropSpecialBits: true}
	tests := []struct {
		name    string
		archive []byte
		o       Options
		want    string
		err     string
	}{
		{"absolute name", tarball(file("/opt/x", "1"), file("//y", "2")), names, "d opt 493, f opt/x 420, f y 420", ""},
		{"absolute name, refused", tarball(file("/opt/x", "1")), bits, "", "an absolute name"},
		{"the root", tarball(dir("/"), file("/x", "1")), names, "f x 420", ""},
		{"stripped", tarball(dir("/opt"), file("/opt/x", "1")), Options{AbsoluteNames: true, Strip: 1}, "f x 420", ""},
		{"a hard link", tarball(file("/x", "1"), hardlink("/y", "/x")), names, "f x 420, f y 420", ""},
		{"one file twice", tarball(file("/x", "1"), file("x", "2")), names, "", "a second entry"},
		{"parent", tarball(file("/../x", "1")), names, "", `".." in a name`},
		{"drive", tarball(file("/c:/x", "1")), names, "", "a Windows drive"},
		{"backslash", tarball(file(`/\x`, "1")), names, "", "a backslash"},
		{"a link is another thing", tarball(symlink("/l", "/x")), names, "", "an absolute link"},
		{"zip", zipball(zipEnd{}, zipItem{name: `\opt\x`}), names, "d opt 493, f opt/x 420", ""},
		{"special bits", tarball(moded(dir("d"), 0o3777), moded(file("s", ""), 0o6755)), bits, "d d 511, f s 493", ""},
		{"special bits of the root", tarball(moded(dir("./"), 0o2755), file("s", "")), bits, "f s 420", ""},
		{"special bits in a zip", zipball(zipEnd{}, zipItem{name: "s", mode: 0o104755}), bits, "f s 493", ""},
		{"special bits, refused", tarball(moded(file("s", ""), 0o4755)), names, "", "setuid"},
		{"devices are no bits", tarball(tarEntry{name: "d", kind: '3'}), bits, "", "a device"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := manifestOf(t, test.archive, test.o)
			checkError(t, err, test.err)
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			checkError(t, newJail(t).unpack(t, test.archive, test.o), test.err)
		})
	}
}

// TestBackslashes: a zip that .NET has written has directories, and only such a one.
func TestBackslashes(t *testing.T) {
	const unix = 3 << 8
	tests := []struct {
		name  string
		items []zipItem
		want  string
	}{
		{"of .NET", []zipItem{{name: `t\bin\`, attributes: 0x10}, {name: `t\bin\a`}, {name: `t\lib\b`}}, "d t 493, d t/bin 493, f t/bin/a 420, d t/lib 493, f t/lib/b 420"},
		{"a directory without attributes", []zipItem{{name: `t\`}}, "d t 493"},
		{"with a slash", []zipItem{{name: `t/a\b`}}, `d t 493, f t/a\b 420`},
		{"of Unix", []zipItem{{name: `t\a`, creator: unix, mode: 0o100644}}, `f t\a 420`},
		{"of NTFS", []zipItem{{name: `t\a`, creator: 10 << 8}}, `f t\a 420`},
	}
	for _, test := range tests {
		got, err := manifestOf(t, zipball(zipEnd{}, test.items...), Options{})
		if err != nil || got != test.want {
			t.Errorf("%s: got %s, %v; want %s", test.name, got, err, test.want)
		}
	}
	got, err := manifestOf(t, zipball(zipEnd{}, tests[0].items...), Options{Strip: 1, Include: []string{"bin/*"}})
	if err != nil || got != "d bin 493, f bin/a 420" {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestMemberBeside: a member can be taken that lies beside what cannot.
func TestMemberBeside(t *testing.T) {
	tool := zipItem{name: "tool", body: "the tool"}
	tests := []struct {
		name    string
		archive []byte
		err     string // of the other member
		other   string
	}{
		{"not UTF-8", zipball(zipEnd{}, zipItem{name: "\x82.txt"}, tool), "not UTF-8", "\x82.txt"},
		{"encrypted", zipball(zipEnd{}, zipItem{name: "e", flags: 1}, tool), "encrypted", "e"},
		{"unknown method", zipball(zipEnd{}, zipItem{name: "e", method: 9}, tool), "method 9", "e"},
		{"absolute", tarball(file("/e", "x"), file("tool", "the tool")), "", "e"},
		{"hard link to itself", tarball(file("tool", "the tool"), hardlink("tool", "tool")), "", "tool"},
		{"hard links", tarball(file("tool", "the tool"), hardlink("e", "tool"), hardlink("./e", "./tool")), "", "e"},
		{"of .NET", zipball(zipEnd{}, zipItem{name: `d\e`}, tool), "", "d/e"},
	}
	for _, test := range tests {
		var got bytes.Buffer
		r := bytes.NewReader(test.archive)
		if _, err := Member(t.Context(), r, r.Size(), "tool", digest.SHA256{}, &got, Options{}); err != nil || got.String() != "the tool" {
			t.Errorf("%s: got %q, %v", test.name, got.String(), err)
		}
		_, err := Member(t.Context(), r, r.Size(), test.other, digest.SHA256{}, &got, Options{})
		checkError(t, err, test.err)
		if _, err := manifestOf(t, test.archive, Options{Include: []string{"tool"}}); err != nil && test.name != "absolute" {
			t.Errorf("%s: included: %v", test.name, err)
		}
	}
}
