package unpack

import (
	"archive/tar"
	"bufio"
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
		if first == apkInfo {
			break
		}
		if signed || first == "" {
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

// What the parts before the files begin with.
const (
	apkSignature = ".SIGN." // and more
	apkInfo      = ".PKGINFO"
)

// apkPart reads a part of an .apk package to its end and returns its first name; "" if it
// is no part with signatures or for the package manager. Of a tar whose first name is
// neither's it reads no more than that.
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
		case first == "" && h.Name != apkInfo && !strings.HasPrefix(h.Name, apkSignature):
			return ""
		case first == "":
			first = h.Name
		case strings.HasPrefix(h.Name, apkSignature) != strings.HasPrefix(first, apkSignature):
			return ""
		}
	}
}
