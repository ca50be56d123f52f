package unpack

import (
	"archive/tar"
	"bufio"
	"bytes"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// An .apk package of Alpine, version 2, is two or three gzip files one after another,
// each of them a tar: a signature, which may be missing, what the package manager reads,
// and the files. The first two have no blocks of zeros at their ends, so that tar takes
// all for one archive.

// apkControlMax is how long the parts before the files may be, in bytes.
const apkControlMax = 64 << 20

// isApk tells whether a tar that begins with head may be the first part of an .apk
// package. Packages of Arch begin with .PKGINFO, too.
func isApk(head []byte) bool {
	return bytes.HasPrefix(head, []byte(".SIGN.")) || bytes.HasPrefix(head, []byte(".PKGINFO\x00"))
}

// apkData returns the part of an .apk package that has the files, or nil unless the gzip
// file src is such a package. That is so if a gzip member, behind one of signatures or
// without that, holds a tar of hidden files alone, .PKGINFO the first of them, that is
// cut off before its end, and another member follows.
func apkData(src *io.SectionReader) *io.SectionReader {
	counted := section(src, 0, src.Size())
	in := bufio.NewReader(counted)
	z := new(gzip.Reader)
	left := budget{left: apkControlMax}
	for signed := false; ; signed = true {
		if z.Reset(in) != nil {
			return nil
		}
		z.Multistream(false)
		first := apkPart(&limitedReader{z, &left})
		if first == ".PKGINFO" {
			break
		}
		if signed || !strings.HasPrefix(first, ".SIGN.") {
			return nil
		}
	}
	if head, _ := in.Peek(3); compression(head) != formatGzip {
		return nil
	}
	read, _ := counted.Seek(0, io.SeekCurrent)
	at := read - int64(in.Buffered())
	return section(src, at, src.Size()-at)
}

// apkPart reads a part of an .apk package to its end and returns its first name; "" if it
// is no part with signatures or for the package manager.
func apkPart(r io.Reader) (first string) {
	blocks := &blockReader{r: r}
	tr := tar.NewReader(blocks)
	for {
		h, err := tr.Next()
		switch {
		case err == io.EOF && !blocks.zero && blocks.off%512 == 0:
			return first
		case err != nil || !strings.HasPrefix(h.Name, ".") || strings.Contains(h.Name, "/"):
			return ""
		case first == "":
			first = h.Name
		case strings.HasPrefix(h.Name, ".SIGN.") != strings.HasPrefix(first, ".SIGN."):
			return ""
		}
	}
}
