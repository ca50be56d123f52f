package unpack

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// jail is a directory to unpack into, with things around it that must not
// change.
type jail struct {
	dir, dst string
	root     *os.Root
	before   map[string]string
}

func newJail(t testing.TB) *jail {
	t.Helper()
	dir := t.TempDir()
	j := &jail{dir: dir, dst: filepath.Join(dir, "a", "dst")}
	for _, d := range []string{j.dst, filepath.Join(dir, "etc")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"secret", "etc/passwd", "a/beside"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte("untouched"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(j.dst)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	j.root = root
	j.before = j.outside(t)
	return j
}

// outside returns a snapshot of what is not in the destination.
func (j *jail) outside(t testing.TB) map[string]string {
	return snapshot(t, j.dir, filepath.Join("a", "dst"))
}

// unpack unpacks an archive, and fails the test if anything outside of the
// destination has changed, or more is in it than the limits allow.
func (j *jail) unpack(t testing.TB, archive []byte, o Options) error {
	t.Helper()
	err := Tree(context.Background(), bytes.NewReader(archive), int64(len(archive)), j.root, o)
	compareTrees(t, j.outside(t), j.before)
	l := o.Limits.withDefaults()
	var size int64
	entries := 0
	filepath.WalkDir(j.dst, func(path string, d os.DirEntry, _ error) error {
		if d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				size += info.Size()
			}
		}
		if path != j.dst {
			entries++
		}
		return nil
	})
	if size > l.Bytes || entries > l.Entries {
		t.Errorf("%d bytes and %d entries are there, over the limits", size, entries)
	}
	return err
}

func TestEvilTar(t *testing.T) {
	long := strings.Repeat("x", 256)
	deep := strings.Repeat("d/", 65) + "f"
	tests := []struct {
		name    string
		entries []tarEntry
		want    string // in the error; empty if it is no error
	}{
		{"absolute", []tarEntry{file("/etc/passwd", "evil")}, `refused "/etc/passwd": an absolute name`},
		{"two slashes", []tarEntry{file("//etc/passwd", "evil")}, "an absolute name"},
		{"parent", []tarEntry{file("../beside", "evil")}, `refused "../beside": ".." in a name`},
		{"parent within", []tarEntry{file("a/../../beside", "evil")}, `".." in a name`},
		{"parent that stays", []tarEntry{file("a/../b", "evil")}, `".." in a name`},
		{"parent at the end", []tarEntry{dir("a/..")}, `".." in a name`},
		{"parent and slash", []tarEntry{dir("a/../")}, `".." in a name`},
		{"parent, stripped", []tarEntry{file("../../etc/passwd", "evil")}, `".." in a name`},
		{"dots are no parents", []tarEntry{file("a/...", "x"), file("..a/b..", "x")}, ""},
		{"empty name", []tarEntry{file("", "evil")}, "an empty name"},
		{"root as a file", []tarEntry{file(".", "evil")}, "file in the place of the root"},
		{"root as a link", []tarEntry{symlink("./", "/etc")}, "symbolic link in the place of the root"},
		{"drive", []tarEntry{file("C:/windows/evil", "evil")}, "a Windows drive"},
		{"drive, relative", []tarEntry{file("c:evil", "evil")}, "a Windows drive"},
		{"drive, alone", []tarEntry{dir("C:")}, "a Windows drive"},
		{"backslash", []tarEntry{file(`..\beside`, "evil")}, "a backslash"},
		{"UNC", []tarEntry{file(`\\server\share\evil`, "evil")}, "a backslash"},
		{"systemd's units", []tarEntry{file(`system-getty\x2dtty.slice`, "x")}, ""},
		{"UNC with slashes", []tarEntry{file("//server/share/evil", "evil")}, "an absolute name"},
		{"Perl's pages", []tarEntry{file("man3/A::B.3pm", "x"), file("B::C.3pm", "x")}, ""},
		{"newline", []tarEntry{file("a\nb", "evil")}, `refused "a\nb": a control character`},
		{"escape", []tarEntry{file("\x1b[31m", "evil")}, "a control character"},
		{"DEL", []tarEntry{file("a\x7f", "evil")}, "a control character"},
		{"C1", []tarEntry{file("a\u0085", "evil")}, "a control character"},
		{"Latin-1 is none", []tarEntry{file("caf\xe9", "x")}, ""},
		{"NUL in a PAX name", []tarEntry{{name: "x", body: "evil", pax: []string{"path=a\x00b"}}}, "damaged tar archive"},
		{"long element", []tarEntry{file(long, "evil")}, "an element of 256 bytes"},
		{"long name", []tarEntry{file(strings.Repeat(long[:250]+"/", 17), "evil")}, "a name of 4267 bytes, more than 4096"},
		{"deep", []tarEntry{file(deep, "evil")}, "over the limit of 64 elements"},

		{"link, absolute", []tarEntry{symlink("l", "/etc/passwd")}, `refused "l": an absolute link, to "/etc/passwd"`},
		{"link, out", []tarEntry{symlink("l", "../beside")}, `refused "l": a link that leads out of the tree, to "../beside"`},
		{"link, out and in", []tarEntry{symlink("l", "../dst/x")}, "leads out"},
		{"link, out from below", []tarEntry{symlink("a/b/l", "../../../beside")}, "leads out"},
		{"link, to the root", []tarEntry{symlink("a/b/l", "../..")}, ""},
		{"link, to nothing", []tarEntry{symlink("l", "")}, "a link to nothing"},
		{"link, to a drive", []tarEntry{symlink("l", "c:/x")}, "a Windows drive"},
		{"link, backslash", []tarEntry{symlink("l", `..\x`)}, "a backslash"},
		{"link, control", []tarEntry{symlink("l", "a\tb")}, "a control character"},
		{"links, chained", []tarEntry{dir("a/b/c"), symlink("s", "a/b/c"), symlink("a/b/c/up", "../../.."), symlink("out", "s/up/../beside")}, `refused "out": a link that leads out`},
		{"links, chained lexically inside", []tarEntry{symlink("x/y/z/up", "../.."), symlink("out", "x/y/z/up/../../beside")}, `refused "out": a link that leads out`},
		{"links, chained forward", []tarEntry{symlink("out", "d/e/.."), symlink("d", "."), symlink("e", "..")}, "leads out"},
		{"links, a directory that is one", []tarEntry{symlink("deep/er/out", "x/../../../.."), dir("deep/er/x")}, "leads out"},
		{"links, through a link to the root", []tarEntry{symlink("a/b/root", "../.."), symlink("a/b/out", "root/..")}, `refused "a/b/out"`},
		{"links in a circle", []tarEntry{symlink("a", "b"), symlink("b", "a"), symlink("c", "a/../..")}, ""},
		{"long chain that leaves", chain(100, ".."), "leads out"},
		{"long chain and out of its middle", append(chain(100, "."), symlink("out", "l90/..")), `refused "out"`},
		{"long chain that stays", chain(100, "x"), ""},

		{"through a link", []tarEntry{symlink("l", "d"), dir("d"), file("l/f", "evil")}, `refused "l/f": a name through "l", which is a symbolic link`},
		{"through a link that leaves", []tarEntry{symlink("l", ".."), file("l/beside", "evil")}, "a name through"},
		{"through two links", []tarEntry{dir("d"), symlink("d/l", "."), file("d/l/l/f", "evil")}, "a name through"},
		{"through a link, directory", []tarEntry{symlink("l", "d"), dir("l/sub/dir")}, "a name through"},
		{"through a link, link", []tarEntry{symlink("l", "d"), symlink("l/m", "x")}, "a name through"},
		{"through a file", []tarEntry{file("f", "x"), file("f/g", "evil")}, `a name through "f", which is a file`},
		{"through a hard link", []tarEntry{file("f", "x"), hardlink("h", "f"), file("h/g", "evil")}, "a name through"},
		{"link in the place of a directory", []tarEntry{file("d/f", "x"), symlink("d", "..")}, "symbolic link in the place of a directory"},
		{"link in the place of an empty directory", []tarEntry{dir("d"), symlink("d", "/etc"), file("d/passwd", "evil")}, "symbolic link in the place of a directory"},
		{"directory in the place of a link", []tarEntry{symlink("d", "x"), dir("d"), file("d/f", "evil")}, "a directory in the place of a symbolic link"},
		{"file through a link of its name", []tarEntry{symlink("f", "../beside"), file("f", "evil")}, `refused "f": a second entry for "f"`},

		{"hard link, absolute", []tarEntry{hardlink("h", "/etc/passwd")}, `a hard link to "/etc/passwd", which is an absolute name`},
		{"hard link, out", []tarEntry{hardlink("h", "../beside")}, `".." in a name`},
		{"hard link, to nothing", []tarEntry{hardlink("h", "beside")}, "no file that is unpacked before it"},
		{"hard link, forward", []tarEntry{hardlink("h", "f"), file("f", "x")}, "no file that is unpacked before it"},
		{"hard link, to itself", []tarEntry{hardlink("h", "h")}, "no file that is unpacked before it"},
		{"hard link, to itself, which is there", []tarEntry{file("f", "x"), hardlink("./f", "f"), hardlink("f", "f")}, ""},
		{"hard link, twice", []tarEntry{file("f", "x"), hardlink("h", "f"), hardlink("h", "f"), hardlink("f", "h")}, ""},
		{"hard link, to itself, a link", []tarEntry{symlink("l", "x"), hardlink("l", "l")}, ""},
		{"hard link, to another file, then to itself", []tarEntry{file("f", "x"), file("g", "y"), hardlink("h", "f"), hardlink("h", "g")}, "a second entry"},
		{"hard link, to itself, a directory", []tarEntry{dir("d"), hardlink("d", "d")}, "hard link in the place of a directory"},
		{"hard link, to a directory", []tarEntry{dir("d"), hardlink("h", "d")}, "no file that is unpacked before it"},
		{"hard link, to the root", []tarEntry{hardlink("h", ".")}, "no file that is unpacked before it"},
		{"hard link, through a link", []tarEntry{dir("d"), file("d/f", "x"), symlink("l", "d"), hardlink("h", "l/f")}, "no file that is unpacked before it"},
		{"hard link, to a link", []tarEntry{symlink("l", "f"), hardlink("h", "l"), file("f", "x")}, ""},
		{"hard link, to a link, from where it leaves", []tarEntry{symlink("a/b/l", "../../f"), hardlink("h", "a/b/l")}, `refused "h": a link that leads out`},
		{"hard link, to a link, then through it", []tarEntry{symlink("l", "."), hardlink("h", "l"), file("h/f", "evil")}, "a name through"},
		{"hard link, over a file", []tarEntry{file("f", "x"), file("g", "x"), hardlink("f", "g")}, "a second entry"},
		{"hard link, then a file over it", []tarEntry{file("f", "x"), hardlink("h", "f"), file("h", "evil")}, "a second entry"},

		{"character device", []tarEntry{{name: "dev/null", kind: '3'}}, `refused "dev/null": a device`},
		{"block device", []tarEntry{{name: "sda", kind: '4'}}, "a device"},
		{"FIFO", []tarEntry{{name: "p", kind: '6'}}, "a FIFO"},
		{"unknown type", []tarEntry{{name: "p", kind: 'Z'}}, "a member of unknown type Z"},
		{"continued file", []tarEntry{{name: "p", kind: 'M'}}, "from another volume"},
		{"setuid", []tarEntry{moded(file("f", "x"), 0o4755)}, `refused "f": a file that is setuid (mode 4755)`},
		{"setgid", []tarEntry{moded(file("f", "x"), 0o2755)}, "setgid"},
		{"sticky", []tarEntry{moded(file("f", "x"), 0o1755)}, "sticky"},
		{"setgid directory", []tarEntry{moded(dir("d"), 0o2755)}, "a directory that is setgid"},
		{"sticky directory", []tarEntry{moded(dir("d"), 0o1777)}, "sticky"},
		{"setuid root", []tarEntry{moded(dir("./"), 0o4755)}, "setuid"},

		{"twice", []tarEntry{file("f", "1"), file("f", "2")}, `refused "f": a second entry for "f"`},
		{"twice, spelled differently", []tarEntry{file("a/f", "1"), file("./a//f", "2")}, `refused "./a//f": a second entry for "a/f"`},
		{"file over a directory", []tarEntry{dir("d"), file("d", "x")}, "file in the place of a directory"},
		{"file over an implied directory", []tarEntry{file("d/f", "x"), file("d", "x")}, "file in the place of a directory"},
		{"directory over a file", []tarEntry{file("d", "x"), dir("d")}, "a directory in the place of a file"},
		{"directory twice", []tarEntry{dir("d/"), dir("d"), dir("./d/"), file("d/f", "x"), dir("d")}, ""},
		{"directory with a slash and contents", []tarEntry{file("d/", "contents")}, "a directory with contents"},

		{"global header", []tarEntry{{name: "pax_global_header", kind: 'g', pax: []string{"comment=0123"}}, file("f", "x")}, ""},
		{"global header with a name", []tarEntry{{name: "g", kind: 'g', pax: []string{"path=/etc/passwd"}}, file("f", "x")}, "a global header sets path"},
		{"PAX name, absolute", []tarEntry{{name: "f", body: "evil", pax: []string{"path=/etc/passwd"}}}, "an absolute name"},
		{"PAX link, out", []tarEntry{{name: "f", kind: '2', link: "f", pax: []string{"linkpath=../../x"}}}, "leads out"},
		{"PAX size, huge", []tarEntry{{name: "f", body: "x", pax: []string{"size=9223372036854775807"}}}, "more than 250 times"},
		{"size, huge", []tarEntry{{name: "f", body: "x", size: 8_000_000_000}}, "more than 250 times the size of the archive"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := newJail(t).unpack(t, tarball(test.entries...), Options{})
			checkError(t, err, test.want)
			archive := gzipped(tarball(test.entries...))
			_, scanErr := Scan(t.Context(), bytes.NewReader(archive), int64(len(archive)), Options{})
			checkError(t, scanErr, test.want)
		})
	}
}

// chain returns n links, each to the next, the last to end.
func chain(n int, end string) []tarEntry {
	var entries []tarEntry
	for i := range n {
		to := end
		if i < n-1 {
			to = "l" + itoa(i+1)
		}
		entries = append(entries, symlink("l"+itoa(i), to))
	}
	return entries
}

func checkError(t testing.TB, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("error %v, want none", err)
	case want != "" && err == nil:
		t.Errorf("no error, want one with %q", want)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("error %q, want one with %q", err, want)
	case want != "":
		var refused *RefusedError
		var limit *LimitError
		var damage *DamagedError
		var kind *UnsupportedError
		if !errors.As(err, &refused) && !errors.As(err, &limit) && !errors.As(err, &damage) && !errors.As(err, &kind) && !errors.Is(err, ErrUnknownFormat) {
			t.Errorf("error %T has no type that tells it from one of the disk", err)
		}
	}
}

func TestEvilZip(t *testing.T) {
	const reg, lnk, direct = 0o100644, 0o120777, 0o040755
	x := zipItem{name: "x", body: "x", mode: reg}
	bigZeros := strings.Repeat("\x00", 1000)
	tests := []struct {
		name  string
		end   zipEnd
		items []zipItem
		want  string
	}{
		{"plain", zipEnd{comment: "comment"}, []zipItem{x, {name: "d/", mode: direct}, {name: "d/y", body: "yy", mode: reg, method: 8, descriptor: true}, {name: "l", body: "d/y", mode: lnk}}, ""},
		{"empty", zipEnd{}, nil, ""},
		{"zeros after it", zipEnd{}, []zipItem{x}, ""},
		{"a gap before the directory", zipEnd{gap: "APK Sig Block 42"}, []zipItem{x}, ""},
		{"absolute", zipEnd{}, []zipItem{{name: "/etc/passwd", body: "evil"}}, "an absolute name"},
		{"parent", zipEnd{}, []zipItem{{name: "../beside", body: "evil"}}, `".." in a name`},
		{"backslash", zipEnd{}, []zipItem{{name: `a\..\..\x`, body: "evil"}}, `".." in a name`},
		{"backslash at the beginning", zipEnd{}, []zipItem{{name: `\\server\share`, body: "evil"}}, "an absolute name"},
		{"backslash, of Unix", zipEnd{}, []zipItem{{name: `a\..\..\x`, body: "evil", mode: reg}}, "a backslash"},
		{"backslashes and slashes, one file", zipEnd{}, []zipItem{{name: `a\x`, body: "1"}, {name: "a/x", body: "2"}}, `a second entry for "a/x"`},
		{"NUL", zipEnd{}, []zipItem{{name: "a\x00b", body: "evil"}}, "a NUL"},
		{"not UTF-8", zipEnd{}, []zipItem{{name: "caf\xe9", body: "evil"}}, "its name is not UTF-8"},
		{"link, absolute", zipEnd{}, []zipItem{{name: "l", body: "/etc", mode: lnk}}, "an absolute link"},
		{"link, out", zipEnd{}, []zipItem{{name: "l", body: "..", mode: lnk}}, "leads out"},
		{"link, then through it", zipEnd{}, []zipItem{{name: "l", body: ".", mode: lnk}, {name: "l/f", body: "evil"}}, "a name through"},
		{"link, huge", zipEnd{}, []zipItem{{name: "l", body: strings.Repeat("x", 5000), mode: lnk, method: 8}}, "a link of 5000 bytes"},
		{"link with a slash", zipEnd{}, []zipItem{{name: "l/", body: "x", mode: lnk}}, "a link whose name ends in a slash"},
		{"device", zipEnd{}, []zipItem{{name: "d", mode: 0o020644}}, "a device"},
		{"FIFO", zipEnd{}, []zipItem{{name: "d", mode: 0o010644}}, "a FIFO"},
		{"socket", zipEnd{}, []zipItem{{name: "d", mode: 0o140644}}, "unknown type"},
		{"setuid", zipEnd{}, []zipItem{{name: "f", mode: 0o104755}}, "setuid"},
		{"directory with contents", zipEnd{}, []zipItem{{name: "d/", body: "x"}}, "a directory with contents"},
		{"twice", zipEnd{}, []zipItem{x, x}, "a second entry"},
		{"encrypted", zipEnd{}, []zipItem{{name: "f", body: "x", flags: 1}}, `refused "f": it is encrypted`},
		{"encrypted strongly", zipEnd{}, []zipItem{{name: "f", body: "x", flags: 1<<6 | 1}}, "it is encrypted"},
		{"encrypted directory", zipEnd{}, []zipItem{{name: "f", body: "x", flags: 1 << 13}}, "it is encrypted"},
		{"unknown method", zipEnd{}, []zipItem{{name: "f", body: "x", method: 9}}, "by method 9"},
		{"of several volumes", zipEnd{disk: set[uint16](1)}, []zipItem{x}, "it is one of several volumes"},
		{"of several volumes, entries", zipEnd{onDisk: set[uint16](0)}, []zipItem{x}, "it is one of several volumes"},
		{"an entry on another volume", zipEnd{}, []zipItem{{name: "f", body: "x", disk: 1}}, "on another volume"},
		{"other name", zipEnd{}, []zipItem{{name: "f", localName: "g", body: "x"}}, `damaged zip archive: "f": the directory and the entry itself disagree`},
		{"other length of the name", zipEnd{}, []zipItem{{name: "f", localName: "ff", body: "x"}}, "disagree"},
		{"other method", zipEnd{}, []zipItem{{name: "f", body: "x", localMethod: set[uint16](8)}}, "disagree"},
		{"other size", zipEnd{}, []zipItem{{name: "f", body: "x", localSize: set[uint32](2)}}, "disagree"},
		{"other packed size", zipEnd{}, []zipItem{{name: "f", body: "x", localPacked: set[uint32](2)}}, "disagree"},
		{"other checksum", zipEnd{}, []zipItem{{name: "f", body: "x", localCRC: set[uint32](2)}}, "disagree"},
		{"other encryption", zipEnd{}, []zipItem{{name: "f", body: "x", localFlags: set[uint16](1)}}, "disagree"},
		{"other descriptor", zipEnd{}, []zipItem{{name: "f", body: "x", descriptor: true, localSize: set[uint32](2)}}, "disagree"},
		{"both checksums wrong", zipEnd{}, []zipItem{{name: "f", body: "x", localCRC: set[uint32](2), crc: set[uint32](2)}}, "its checksum differs"},
		{"longer than it says", zipEnd{}, []zipItem{{name: "f", body: "xx", method: 8, localSize: set[uint32](1), size: set[uint32](1)}}, "it is longer than its size"},
		{"shorter than it says", zipEnd{}, []zipItem{{name: "f", body: "xx", method: 8, localSize: set[uint32](3), size: set[uint32](3)}}, "shorter than its size"},
		{"garbage after the data", zipEnd{}, []zipItem{{name: "f", body: "xx", packed: append(deflate("xx"), 0), method: 8}}, "something else follows its end"},
		{"stored, sizes differ", zipEnd{}, []zipItem{{name: "f", body: "xx", localSize: set[uint32](1), size: set[uint32](1)}}, "it is longer than its size"},
		{"overlapping", zipEnd{}, []zipItem{{name: "x", body: "same"}, {name: "x", body: "same", offset: set[uint32](0)}}, ""},
		{"overlapping partly", zipEnd{}, overlapping(), "it overlaps with another entry"},
		{"outside", zipEnd{}, []zipItem{{name: "f", body: "x", offset: set[uint32](4000)}}, "it lies outside of the archive"},
		{"into the directory", zipEnd{}, []zipItem{{name: "f", body: "x", packedSize: set[uint32](80), localPacked: set[uint32](80)}}, "it lies outside of the archive"},
		{"more entries than it says", zipEnd{count: set[uint16](1)}, []zipItem{x, {name: "y", body: "y"}}, "more entries than it says"},
		{"fewer entries than it says", zipEnd{count: set[uint16](2)}, []zipItem{x}, "too small for its entries"},
		{"directory elsewhere", zipEnd{start: set[uint32](3)}, []zipItem{x}, "not where it should be"},
		{"two ends", zipEnd{comment: "PK\x05\x06" + bigZeros[:18]}, []zipItem{x}, "it has two ends"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			archive := zipball(test.end, test.items...)
			if test.name == "zeros after it" {
				archive = append(archive, bigZeros...)
			}
			err := newJail(t).unpack(t, archive, Options{})
			if test.name == "overlapping" {
				test.want = "a second entry"
			}
			checkError(t, err, test.want)
		})
	}
}

// overlapping is an entry whose data holds another whole entry.
func overlapping() []zipItem {
	inner := zipball(zipEnd{}, zipItem{name: "i", body: "inner"})
	inner = inner[:zipLocalLen+1+5]
	outer := zipItem{name: "o", body: string(inner)}
	at := uint32(zipLocalLen + 1)
	return []zipItem{outer, {name: "i", body: "inner", offset: &at}}
}
