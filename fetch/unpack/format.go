package unpack

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// format is how bytes are packed.
type format string

const (
	formatTar   format = "tar"
	formatZip   format = "zip"
	formatGzip  format = "gzip"
	formatBzip2 format = "bzip2"
	formatXz    format = "xz"
	formatZstd  format = "zstd"
	formatDeb   format = "deb"
	formatRPM   format = "rpm"
	formatCpio  format = "cpio"
)

// compression tells by which format a file that begins with head is
// compressed; it is empty for any other.
func compression(head []byte) format {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b\x08")):
		return formatGzip
	case len(head) >= 10 && string(head[:3]) == "BZh" && head[3] >= '1' && head[3] <= '9' &&
		(string(head[4:10]) == "\x31\x41\x59\x26\x53\x59" || string(head[4:10]) == "\x17\x72\x45\x38\x50\x90"):
		return formatBzip2
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return formatXz
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")),
		len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18": // a skippable frame
		return formatZstd
	}
	return ""
}

// IsPacked reports whether a file that begins with head, its first 512 bytes at
// least, is an archive, a package or a compressed file.
func IsPacked(head []byte) bool {
	return compression(head) != "" || isZip(head) || isTar(head) || isDeb(head) || isRPM(head)
}

// unreadable returns the error for a file that begins with head and is nothing that is
// read here.
func unreadable(head []byte) error {
	if bytes.HasPrefix(head, []byte("7z\xbc\xaf\x27\x1c")) {
		return unsupported("7z archives")
	}
	if bytes.HasPrefix(head, []byte("ADB")) {
		return unsupported(".apk packages of version 3")
	}
	return ErrUnknownFormat
}

// isZip tells whether a file that begins with head is a zip, be it an empty or
// a part of several.
func isZip(head []byte) bool {
	return len(head) >= 4 && head[0] == 'P' && head[1] == 'K' &&
		(string(head[2:4]) == "\x03\x04" || string(head[2:4]) == "\x05\x06" || string(head[2:4]) == "\x07\x08")
}

// tarHead is how much of a file isTar wants to see: an empty tar is as long.
const tarHead = 20*512 + 1

// isTar tells whether a file that begins with head is a tar: a first block
// whose checksum holds, or nothing but blocks of zeros, at least two and at
// most one record of them. (A longer run of zeros may be a disk's image.)
func isTar(head []byte) bool {
	if len(head) < 512 {
		return false
	}
	if isZero(head) {
		return len(head) >= 1024 && len(head) < tarHead && len(head)%512 == 0
	}
	block := head[:512]
	field := strings.Trim(string(block[148:156]), " \x00")
	want, err := strconv.ParseUint(field, 8, 32)
	if err != nil {
		return false
	}
	var unsigned, signed int64
	for i, c := range block {
		if i >= 148 && i < 156 {
			c = ' '
		}
		unsigned += int64(c)
		signed += int64(int8(c))
	}
	return int64(want) == unsigned || int64(want) == signed
}

func isZero(b []byte) bool {
	for len(b) > len(zeros) {
		if !bytes.Equal(b[:len(zeros)], zeros[:]) {
			return false
		}
		b = b[len(zeros):]
	}
	return bytes.Equal(b, zeros[:len(b)])
}

var zeros [4096]byte

// newDecompressor returns a reader of what src has compressed by f. It reads to
// the very end of src, and fails unless that is the end of the data.
func newDecompressor(f format, src *io.SectionReader, limits Limits, workers int) (io.ReadCloser, error) {
	const inputBuffer = 256 << 10
	switch f {
	case formatGzip:
		return newGzipReader(bufio.NewReaderSize(src, inputBuffer))
	case formatBzip2:
		return io.NopCloser(bzip2Reader{bzip2.NewReader(bufio.NewReaderSize(src, inputBuffer))}), nil
	case formatXz:
		return newXzReader(src, limits, workers)
	case formatZstd:
		d, err := zstd.NewReader(bufio.NewReaderSize(src, inputBuffer),
			zstd.WithDecoderConcurrency(min(workers, 2)),
			zstd.WithDecoderMaxWindow(uint64(max(limits.Window, zstd.MinWindowSize))),
			zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return zstdReader{d, limits.Window}, nil
	}
	return io.NopCloser(src), nil
}

// bzip2Reader tells what follows a stream from a corrupt one.
type bzip2Reader struct{ r io.Reader }

func (b bzip2Reader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == bzip2.StructuralError("bad magic value in continuation file") {
		err = errGarbage
	}
	return n, err
}

// gzipReader reads gzip members one after another. After the last there may be
// zeros, as there are on tapes.
type gzipReader struct {
	in *bufio.Reader
	z  *gzip.Reader
}

func newGzipReader(in *bufio.Reader) (*gzipReader, error) {
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gzipReader{in, z}, nil
}

func (g *gzipReader) Close() error { return g.z.Close() }

func (g *gzipReader) Read(p []byte) (int, error) {
	n, err := g.z.Read(p)
	if err != io.EOF {
		return n, err
	}
	head, err := g.in.Peek(1)
	if err != nil { // io.EOF where it ends
		return n, err
	}
	if head[0] == 0 {
		return n, skipZeros(g.in)
	}
	if head, _ = g.in.Peek(2); !strings.HasPrefix("\x1f\x8b", string(head)) {
		return n, errGarbage
	}
	if err := g.z.Reset(g.in); err == gzip.ErrHeader {
		return n, errGarbage
	} else if err != nil {
		return n, err
	}
	g.z.Multistream(false)
	return n, nil
}

var errGarbage = errors.New("something else follows its end")

// skipZeros returns io.EOF if nothing but zeros is left.
func skipZeros(r io.Reader) error {
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		if !isZero(buf[:n]) {
			return errGarbage
		}
		if err != nil {
			return err
		}
	}
}

type zstdReader struct {
	d      *zstd.Decoder
	window int64
}

func (z zstdReader) Read(p []byte) (int, error) {
	n, err := z.d.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) {
		err = &LimitError{Limit: "window", Max: z.window}
	} else if errors.Is(err, zstd.ErrMagicMismatch) {
		err = fmt.Errorf("%w: %w", errGarbage, err)
	}
	return n, err
}

func (z zstdReader) Close() error {
	z.d.Close()
	return nil
}
