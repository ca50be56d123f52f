package unpack

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestPackages holds what comes out of packages: their files and nothing of what is
// for a package manager.
func TestPackages(t *testing.T) {
	data := tarball(dir("./"), dir("./usr/"), moded(file("./usr/tool", "x"), 0o755), hardlink("./usr/also", "./usr/tool"), symlink("./usr/l", "tool"))
	payload := cpioball(cpioItem{name: "./usr", mode: 0o040755}, cpioItem{name: "./usr/also", mode: 0o100755, inode: 7, links: 2},
		cpioItem{name: "./usr/l", mode: 0o120777, body: "tool"}, cpioItem{name: "./usr/tool", mode: 0o100755, body: "x", inode: 7, links: 2})
	const want = "d usr 493, f usr/also 493, l usr/l, f usr/tool 493"
	tests := []struct {
		name    string
		archive []byte
		want    string
		err     string
	}{
		{"deb", debPackage("data.tar.gz", gzipped(data)), want, ""},
		{"deb, not compressed", debPackage("data.tar", data), want, ""},
		{"deb, zstd", debPackage("data.tar.zst", zstded(t, data)), want, ""},
		{"deb, names of GNU's ar", arball(arMember{name: "debian-binary/", body: "2.0\n"}, arMember{name: "control.tar/"}, arMember{name: "data.tar/", body: string(data)}), want, ""},
		{"deb, a newer version", arball(arMember{name: "debian-binary", body: "2.1\nx\n"}, arMember{name: "control.tar"}, arMember{name: "data.tar", body: string(data)}), want, ""},
		{"deb, signed", arball(arMember{name: "debian-binary", body: "2.0\n"}, arMember{name: "_x"}, arMember{name: "control.tar"}, arMember{name: "data.tar", body: string(data)}, arMember{name: "_gpgorigin", body: "odd"}), want, ""},
		{"deb, empty", debPackage("data.tar", make([]byte, 10240)), "", ""},
		{"deb, another name", debPackage("data.tar.xz", gzipped(data)), "", "not supported"},
		{"deb, lzma", debPackage("data.tar.lzma", gzipped(data)), "", "are not supported"},
		{"deb, format 3", arball(arMember{name: "debian-binary", body: "3.0\n"}, arMember{name: "control.tar"}, arMember{name: "data.tar", body: string(data)}), "", ".deb packages of another format than 2.0 are not supported"},
		{"deb, no format", arball(arMember{name: "debian-binary"}, arMember{name: "control.tar"}, arMember{name: "data.tar", body: string(data)}), "", "not supported"},
		{"deb, data twice", append(debPackage("data.tar", data), arball(arMember{name: "data.tar", body: string(data)})[len(arMagic):]...), "", `damaged deb archive: a member "data.tar" stands where none should`},
		{"deb, data first", arball(arMember{name: "debian-binary", body: "2.0\n"}, arMember{name: "data.tar", body: string(data)}, arMember{name: "control.tar"}), "", `a member "data.tar" stands`},
		{"deb, more data", append(debPackage("data.tar", data), arball(arMember{name: "more", body: "x"})[len(arMagic):]...), "", `a member "more" stands`},
		{"deb, a long name of GNU", arball(arMember{name: "debian-binary", body: "2.0\n"}, arMember{name: "//", body: "data.tar\n"}, arMember{name: "/0", body: "x"}), "", `a member "/" stands`},
		{"deb, a long name of BSD", arball(arMember{name: "debian-binary", body: "2.0\n"}, arMember{name: "#1/11", body: "control.tar"}), "", `a member "#1/11" stands`},
		{"deb, no data", arball(arMember{name: "debian-binary", body: "2.0\n"}, arMember{name: "control.tar"}), "", "it ends early"},
		{"deb, a size that is none", arball(arMember{name: "debian-binary", body: "2.0\n"}, arMember{name: "control.tar", size: "0x10"}), "", "a header is corrupt"},
		{"deb, a negative size", arball(arMember{name: "debian-binary", body: "2.0\n"}, arMember{name: "control.tar", size: "-60"}), "", "a header is corrupt"},
		{"deb, a signed size", arball(arMember{name: "debian-binary", body: "2.0\n"}, arMember{name: "control.tar", size: "+0"}, arMember{name: "data.tar", body: string(data)}), "", "a header is corrupt"},
		{"deb, a size too large", arball(arMember{name: "debian-binary", body: "2.0\n"}, arMember{name: "control.tar", size: "9999999998"}), "", "it ends early"},
		{"deb, the end of a header", arball(arMember{name: "debian-binary", body: "2.0\n"}, arMember{name: "control.tar", end: "xx"}), "", "a header is corrupt"},
		{"deb, padding", arball(arMember{name: "debian-binary", body: "2.0\n"}, arMember{name: "control.tar", body: "x", pad: "x"}), "", "a header is corrupt"},
		{"deb, a libary", []byte(arMagic + "debian-binary.o/  "), "", "damaged deb archive"},
		{"ar", arball(arMember{name: "x.o/", body: "x"}), "", "not an archive"},

		{"apk", apkPackage(data), want, ""},
		{"apk, not signed", append(gzipped(cut(tarball(file(".PKGINFO", "x")))), gzipped(data)...), want, ""},
		{"apk, with extended headers", append(gzipped(cut(tarball(tarEntry{name: ".PKGINFO", body: "x", pax: []string{"atime=0"}}))), gzipped(data)...), want, ""},
		{"apk, signed, with extended headers", slices.Concat(gzipped(cut(tarball(file(".SIGN.RSA.key", "x")))), gzipped(cut(tarball(tarEntry{name: ".PKGINFO", body: "x", pax: []string{"atime=0"}}))), gzipped(data)), want, ""},
		{"apk, empty", apkPackage(make([]byte, 1024)), "", ""},
		{"apk, the data is no tar", apkPackage([]byte("text")), "", "damaged tar archive"},
		{"apk, version 3", []byte("ADBd\x00\x00\x00\x00pckg"), "", ".apk packages of version 3 are not supported"},
		{"gzip in parts", append(gzipped(data[:700]), gzipped(data[700:])...), want, ""},
		{"gzip with hidden files", gzipped(tarball(file(".PKGINFO", "x"), file(".MTREE", "x"), file("x", ""))), "f .MTREE 420, f .PKGINFO 420, f x 420", ""},
		{"gzip in parts with hidden files", append(gzipped(cut(tarball(file(".PKGINFO", "x"), file("x", "")))), gzipped(tarball(file("y", "")))...), "f .PKGINFO 420, f x 420, f y 420", ""},
		{"gzip in parts elsewhere", func() []byte {
			tar := tarball(file(".PKGINFO", "x"), file("x", ""))
			return append(gzipped(tar[:600]), gzipped(tar[600:])...)
		}(), "f .PKGINFO 420, f x 420", ""},
		{"a tar that ends, and another", append(gzipped(tarball(file(".PKGINFO", "x"))), gzipped(data)...), "f .PKGINFO 420", ""},
		{"gzip in parts within a hidden file", func() []byte {
			tar := tarball(file(".PKGINFO", strings.Repeat("x", 5000)), file("x", ""))
			return append(gzipped(tar[:2048]), gzipped(tar[2048:])...)
		}(), "f .PKGINFO 420, f x 420", ""},
		{"an index of Alpine", append(gzipped(cut(tarball(file(".SIGN.RSA.key", "x")))), gzipped(tarball(file("APKINDEX", "x")))...), "f .SIGN.RSA.key 420, f APKINDEX 420", ""},
		{"control files alone", gzipped(tarball(file(".PKGINFO", "x"))), "f .PKGINFO 420", ""},

		{"rpm", rpmPackage(gzipped(payload)), want, ""},
		{"rpm, zstd", rpmPackage(zstded(t, payload)), want, ""},
		{"rpm, not compressed", rpmPackage(payload), want, ""},
		{"rpm, padded", rpmPackage(append(payload, make([]byte, 512)...)), want, ""},
		{"rpm, more behind its end", rpmPackage(append(bytes.Clone(payload), 0, 'x')), "", "damaged cpio archive: something else follows its end"},
		{"rpm, lzma", rpmPackage([]byte("\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff")), "", "are not supported"},
		{"rpm, no payload", rpmPackage(nil), "", "damaged rpm archive: it ends early"},
		{"rpm, a header of another", append(rpmPackage(nil)[:rpmLeadLen], rpmPackage(nil)...), "", "a header is corrupt"},
		{"cpio, large files", rpmPackage(cpioball(cpioItem{name: "x", magic: "07070X"})), "", "(cpio 07070X), are not supported"},
		{"cpio, with sums", rpmPackage(cpioball(cpioItem{name: "x", magic: "070702"})), "", "damaged cpio archive: a header is corrupt"},
		{"cpio, a number that is none", rpmPackage(cpioball(cpioItem{name: "x", size: "0000000g"})), "", "a header is corrupt"},
		{"cpio, a size too large", rpmPackage(cpioball(cpioItem{name: "x", size: "0fffffff"})), "", "more than 250 times the size"},
		{"cpio, ends early", rpmPackage(cpioball(cpioItem{name: "x", size: "000fffff"})), "", `damaged cpio archive: it ends early`},
		{"cpio, padding", rpmPackage(cpioball(cpioItem{name: "x", body: "x", pad: "xxx"})), "", "a header is corrupt"},
		{"cpio, a name with NUL", rpmPackage(cpioball(cpioItem{name: "x\x00y"})), "", "a header is corrupt"},
		{"cpio, parent", rpmPackage(cpioball(cpioItem{name: "../x"})), "", `refused "../x": ".." in a name`},
		{"cpio, absolute", rpmPackage(cpioball(cpioItem{name: "/x"})), "", `an absolute name`},
		{"cpio, setuid", rpmPackage(cpioball(cpioItem{name: "x", mode: 0o104755})), "", "a file that is setuid"},
		{"cpio, a device", rpmPackage(cpioball(cpioItem{name: "x", mode: 0o020644})), "", `refused "x": a device`},
		{"cpio, a FIFO", rpmPackage(cpioball(cpioItem{name: "x", mode: 0o010644})), "", "a FIFO"},
		{"cpio, a socket", rpmPackage(cpioball(cpioItem{name: "x", mode: 0o140644})), "", "a socket"},
		{"cpio, an unknown type", rpmPackage(cpioball(cpioItem{name: "x", mode: 0o170644})), "", "a member of unknown type"},
		{"cpio, a directory with contents", rpmPackage(cpioball(cpioItem{name: "x", mode: 0o040755, body: "x"})), "", "a directory with contents"},
		{"cpio, a link out", rpmPackage(cpioball(cpioItem{name: "x", mode: 0o120777, body: "../y"})), "", "a link that leads out of the tree"},
		{"cpio, a long link", rpmPackage(cpioball(cpioItem{name: "x", mode: 0o120777, body: strings.Repeat("x", 5000)})), "", "a link of 4097 bytes, more than 4096"},
		{"cpio, one name twice", rpmPackage(cpioball(cpioItem{name: "x"}, cpioItem{name: "./x"})), "", "a second entry"},
		{"cpio, through a link", rpmPackage(cpioball(cpioItem{name: "x", mode: 0o120777, body: "y"}, cpioItem{name: "x/z"})), "", `a name through "x"`},
		{"cpio, contents first", rpmPackage(cpioball(cpioItem{name: "a", body: "x", inode: 1, links: 3}, cpioItem{name: "b", inode: 1, links: 3}, cpioItem{name: "c", inode: 1, links: 3})), "f a 420, f b 420, f c 420", ""},
		{"cpio, two empty names", rpmPackage(cpioball(cpioItem{name: "a", inode: 1, links: 2}, cpioItem{name: "c", inode: 2, links: 2}, cpioItem{name: "b", inode: 1, links: 2})), "f a 420, f b 420, f c 420", ""},
		{"cpio, contents twice", rpmPackage(cpioball(cpioItem{name: "a", body: "x", inode: 1, links: 2}, cpioItem{name: "b", body: "x", inode: 1, links: 2})), "", `damaged cpio archive: "b": contents of a file that has some`},

		{"7z", []byte("7z\xbc\xaf\x27\x1c\x00\x04"), "", "7z archives are not supported"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := manifestOf(t, test.archive, Options{})
			checkError(t, err, test.err)
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			checkError(t, newJail(t).unpack(t, test.archive, Options{}), test.err)
		})
	}
}

// TestPackageOptions takes parts out of packages.
func TestPackageOptions(t *testing.T) {
	data := tarball(dir("./"), file("./usr/bin/tool", "tool"), file("./usr/share/doc", "doc"), moded(file("./usr/bin/su", ""), 0o4755))
	payload := cpioball(cpioItem{name: "./usr/bin/tool", body: "", inode: 3, links: 2}, cpioItem{name: "./usr/bin/real", body: "tool", inode: 3, links: 2},
		cpioItem{name: "./usr/share/doc", body: "doc"}, cpioItem{name: "./usr/bin/su", mode: 0o104755})
	for name, archive := range map[string][]byte{
		"deb": debPackage("data.tar.gz", gzipped(data)), "apk": apkPackage(data), "rpm": rpmPackage(zstded(t, payload)),
	} {
		got, err := manifestOf(t, archive, Options{Strip: 2, Include: []string{"doc"}})
		if got != "f doc 420" || err != nil {
			t.Errorf("%s, a part: %s, %v", name, got, err)
		}
		_, err = manifestOf(t, archive, Options{})
		checkError(t, err, `refused "./usr/bin/su": a file that is setuid`)
		_, err = manifestOf(t, archive, Options{DropSpecialBits: true, Limits: Limits{Entries: 2}})
		checkError(t, err, "over the limit of 2 entries")
		_, err = manifestOf(t, archive, Options{DropSpecialBits: true, Limits: Limits{Bytes: 6}})
		checkError(t, err, "over the limit of 6 bytes")
		var b bytes.Buffer
		e, err := Member(t.Context(), bytes.NewReader(archive), int64(len(archive)), "usr/*/tool", [32]byte{}, &b, Options{})
		if err != nil || b.String() != "tool" || e.Size != 4 {
			t.Errorf("%s, a member: %q, %v, %v", name, b.String(), e, err)
		}
		_, err = Member(t.Context(), bytes.NewReader(archive), int64(len(archive)), ".PKGINFO", [32]byte{}, &b, Options{})
		var none *NoMatchError
		if !errors.As(err, &none) {
			t.Errorf("%s, what is for the package manager: %v", name, err)
		}
	}
	links := make([]cpioItem, 4)
	for i := range links {
		links[i] = cpioItem{name: itoa(i), inode: 1, links: 4}
	}
	_, err := manifestOf(t, rpmPackage(cpioball(links...)), Options{Limits: Limits{Entries: 3}})
	checkError(t, err, "over the limit of 3 entries")
}

// TestPackagesTruncated cuts packages everywhere. None may yield a tree.
func TestPackagesTruncated(t *testing.T) {
	data := tarball(dir("./"), file("./usr/bin/tool", "tool"))
	payload := cpioball(cpioItem{name: "./usr/bin/tool", body: "tool"}, cpioItem{name: "x", body: "x"})
	for name, archive := range map[string][]byte{
		"deb": debPackage("data.tar.gz", gzipped(data)), "deb, odd": debPackage("data.tar", append(data, 0)), "apk": apkPackage(data),
		"rpm": rpmPackage(zstded(t, payload)), "rpm, not compressed": rpmPackage(payload),
	} {
		if _, err := scanBytes(archive, Options{}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for n := range len(archive) - 3 { // a cpio's name may be filled up with three zeros at its end
			_, err := scanBytes(archive[:n], Options{})
			var (
				damage *DamagedError
				kind   *UnsupportedError
			)
			if err == nil || !errors.As(err, &damage) && !errors.As(err, &kind) && !errors.Is(err, ErrUnknownFormat) && !errors.Is(err, ErrNoTree) {
				t.Errorf("%s: %d of %d bytes: error %v", name, n, len(archive), err)
			}
		}
	}
}

// TestIsPacked holds what counts as packed, and that what cannot be unpacked does not.
func TestIsPacked(t *testing.T) {
	for name, test := range map[string]struct {
		head []byte
		want bool
	}{
		"deb": {debPackage("data.tar", nil), true}, "rpm": {rpmPackage(nil), true}, "apk": {apkPackage(nil), true},
		"ar": {arball(arMember{name: "x.o/"}), false}, "7z": {[]byte("7z\xbc\xaf\x27\x1c"), false}, "text": {[]byte("text"), false},
	} {
		if got := IsPacked(slices.Concat(test.head, make([]byte, 512))); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
