package unpack

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// deb(5), format 2.0: an ar archive of debian-binary, control.tar and data.tar, in
// this order.

const (
	arMagic     = "!<arch>\n"
	arHeaderLen = 60
)

// isDeb tells whether a file that begins with head is a .deb package: an ar archive
// whose first member is debian-binary.
func isDeb(head []byte) bool { return bytes.HasPrefix(head, []byte(arMagic+"debian-binary")) }

// debFormats are how the data of a package may be compressed, by its name.
var debFormats = [...]struct {
	name string
	format
}{
	{"data.tar", formatTar}, {"data.tar.gz", formatGzip}, {"data.tar.xz", formatXz}, {"data.tar.zst", formatZstd}, {"data.tar.bz2", formatBzip2},
}

// debData returns the data part of a .deb package, which is a tar, and how it is
// compressed. The structure of the whole package is checked.
func debData(src *io.SectionReader) (data *io.SectionReader, f format, err error) {
	var h [arHeaderLen]byte
	at := int64(len(arMagic))
	for n := 0; n < 3 || at < src.Size(); n++ {
		if err := readAt(src, h[:], at); err != nil {
			return nil, "", err
		}
		// GNU's ar writes a slash behind names. Long names, of which ar has two forms,
		// are no names of a package's members.
		name := strings.TrimSuffix(strings.TrimRight(string(h[:16]), " "), "/")
		size, err := strconv.ParseUint(strings.TrimRight(string(h[48:58]), " "), 10, 40)
		if err != nil || string(h[58:]) != "`\n" {
			return nil, "", errHeader
		}
		body := at + arHeaderLen
		at = body + int64(size)
		if size%2 != 0 { // a line feed fills up the last two bytes
			if err := readAt(src, h[:1], at); err != nil {
				return nil, "", err
			}
			if h[0] != '\n' {
				return nil, "", errHeader
			}
			at++
		}
		switch {
		case at > src.Size():
			return nil, "", errTruncated
		case n == 0 && name == "debian-binary":
			// The version of the format, of which the second number may be any.
			if src.ReadAt(h[:2], body); size < 4 || h[0] != '2' || h[1] != '.' {
				return nil, "", unsupported(".deb packages of another format than 2.0")
			}
		case n > 0 && strings.HasPrefix(name, "_"):
			n-- // what others add, such as signatures
		case n == 1 && strings.HasPrefix(name, "control.tar"):
		case n == 2 && strings.HasPrefix(name, "data.tar"):
			data = section(src, body, int64(size))
			for _, known := range debFormats {
				if known.name == name {
					f = known.format
				}
			}
			if f == "" || f != formatTar && compression(peekAt(data)) != f {
				return nil, "", unsupported(".deb packages with a data part other than data.tar, alone or in gzip, bzip2, xz or zstd,")
			}
		default:
			return nil, "", errors.New("a member " + strconv.Quote(name) + " stands where none should")
		}
	}
	return data, f, nil
}

// errHeader says that a header is not as its format has it.
var errHeader = errors.New("a header is corrupt")

// readAt fills b with what src has at an offset.
func readAt(src io.ReaderAt, b []byte, at int64) error {
	n, err := src.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == io.EOF {
		return errTruncated
	}
	return err
}

// section returns a part of src. It is called so often that inlining it would cost room
// in the program.
//
//go:noinline
func section(src io.ReaderAt, at, size int64) *io.SectionReader {
	return io.NewSectionReader(src, at, size)
}

// peekAt returns how src begins, as much of it as compression wants to see. An error is
// left to who reads it later.
func peekAt(src io.ReaderAt) []byte {
	head := make([]byte, 10)
	n, _ := src.ReadAt(head, 0)
	return head[:n]
}
