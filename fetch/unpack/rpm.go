package unpack

import (
	"bytes"
	"encoding/binary"
	"io"
)

// RPM's file format, versions 3 and 4: a lead, a header of signatures, a header of
// what the package manager reads, and a cpio, which is compressed.

const (
	rpmMagic       = "\xed\xab\xee\xdb"
	rpmHeaderMagic = "\x8e\xad\xe8\x01"
	rpmLeadLen     = 96
)

// isRPM tells whether a file that begins with head is an .rpm package.
func isRPM(head []byte) bool { return bytes.HasPrefix(head, []byte(rpmMagic)) }

// rpmPayload returns the cpio of an .rpm package, and how it is compressed.
func rpmPayload(src *io.SectionReader) (*io.SectionReader, format, error) {
	at := int64(rpmLeadLen)
	for range 2 {
		at = (at + 7) &^ 7 // the second header is aligned
		var h [16]byte
		if err := readAt(src, h[:], at); err != nil {
			return nil, "", err
		}
		if string(h[:4]) != rpmHeaderMagic {
			return nil, "", errHeader
		}
		at += 16 + 16*int64(binary.BigEndian.Uint32(h[8:])) + int64(binary.BigEndian.Uint32(h[12:]))
	}
	if at >= src.Size() {
		return nil, "", errTruncated
	}
	payload := section(src, at, src.Size()-at)
	head := peekAt(payload)
	f := compression(head)
	if f == "" {
		if !bytes.HasPrefix(head, []byte("07070")) {
			return nil, "", unsupported(".rpm packages that are compressed with anything but gzip, bzip2, xz or zstd")
		}
		f = formatCpio
	}
	return payload, f, nil
}
