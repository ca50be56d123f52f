package unpack

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// arMember is a member for arball, written as it stands.
type arMember struct {
	name string
	body string
	size string // if not that of body
	pad  string // if not a line feed where it is due
	end  string // of the header, if not what it should be
}

// arball returns an ar archive of any nonsense.
func arball(members ...arMember) []byte {
	b := []byte(arMagic)
	for _, m := range members {
		if m.size == "" {
			m.size = itoa(len(m.body))
		}
		if m.end == "" {
			m.end = "`\n"
		}
		if m.pad == "" && len(m.body)%2 != 0 {
			m.pad = "\n"
		}
		b = fmt.Appendf(b, "%-16s%-12s%-6s%-6s%-8s%-10s%s%s%s", m.name, "1500000000", "0", "0", "100644", m.size, m.end, m.body, m.pad)
	}
	return b
}

// debPackage returns a package whose third member has a name and contents.
func debPackage(name string, data []byte) []byte {
	return arball(arMember{name: "debian-binary", body: "2.0\n"}, arMember{name: "control.tar.gz", body: "odd"}, arMember{name: name, body: string(data)})
}

// cut returns a tar without the blocks of zeros at its end.
func cut(tar []byte) []byte { return tar[:len(tar)-1024] }

// apkPackage returns a package of Alpine with a signature.
func apkPackage(data []byte) []byte {
	signature := gzipped(cut(tarball(file(".SIGN.RSA.key.rsa.pub", "signature"))))
	control := gzipped(cut(tarball(file(".PKGINFO", "pkgname = x\n"), file(".post-install", "#!/bin/sh\n"))))
	return slices.Concat(signature, control, gzipped(data))
}

// cpioItem is a member for cpioball.
type cpioItem struct {
	name        string
	mode        uint32
	body        string
	inode       int
	links       int
	magic, size string // if not what they should be
	pad         string // of the body, instead of zeros
}

// cpioball returns a cpio of any nonsense.
func cpioball(items ...cpioItem) []byte {
	var b []byte
	for _, it := range append(slices.Clone(items), cpioItem{name: cpioTrailer, links: 1}) {
		if it.magic == "" {
			it.magic = "070701"
		}
		if it.size == "" {
			it.size = fmt.Sprintf("%08x", len(it.body))
		}
		if it.mode == 0 && it.name != cpioTrailer {
			it.mode = 0o100644
		}
		b = fmt.Appendf(b, "%s%08x%08x%08x%08x%08x%08x%s%08x%08x%08x%08x%08x%08x%s\x00", it.magic, it.inode, it.mode, 0, 0, max(it.links, 1),
			1_500_000_000, it.size, 1, 2, 0, 0, len(it.name)+1, 0, it.name)
		b = append(b, strings.Repeat("\x00", -len(b)&3)...)
		b = append(b, it.body...)
		if it.pad == "" {
			it.pad = strings.Repeat("\x00", -len(b)&3)
		}
		b = append(b, it.pad...)
	}
	return b
}

// rpmPackage returns a package of RPM with a payload.
func rpmPackage(payload []byte) []byte {
	b := append([]byte(rpmMagic+"\x03\x00"), make([]byte, rpmLeadLen-6)...)
	for _, store := range []string{"signature", "all the rest of it"} {
		b = append(b, make([]byte, -len(b)&7)...)
		b = append(b, rpmHeaderMagic+"\x00\x00\x00\x00"...)
		b = binary.BigEndian.AppendUint32(b, 1)
		b = binary.BigEndian.AppendUint32(b, uint32(len(store)))
		b = append(b, make([]byte, 16)...)
		b = append(b, store...)
	}
	return append(b, payload...)
}
