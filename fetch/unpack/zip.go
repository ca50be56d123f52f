package unpack

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// Compression methods of zip.
const (
	zipStore   = 0
	zipDeflate = 8
	zipBzip2   = 12
	zipZstd    = 93
)

// walkZip calls visit with each member of the zip src, in the order of its
// directory. The contents of members can be opened at any time.
func walkZip(src *io.SectionReader, limits Limits, visit func(*member) error) error {
	dir, err := openZipDirectory(src)
	if err != nil {
		return damaged(formatZip, "", err)
	}
	var used zipExtents
	for {
		e, err := dir.next()
		if err == io.EOF {
			break
		} else if err != nil {
			return damaged(formatZip, "", err)
		}
		if dir.count > limits.Entries {
			return &LimitError{Limit: "entries", Max: int64(limits.Entries)}
		}
		if e.disk != 0 {
			return refuse(e.name, "it is on another volume")
		}
		if err := e.locate(src, dir.start, &used); err != nil {
			return damaged(formatZip, e.name, err)
		}
		m, err := e.member(src)
		if err != nil {
			return err
		}
		if err := visit(m); err != nil {
			return err
		}
	}
	if name := used.overlap(); name != "" {
		return damaged(formatZip, name, errors.New("it overlaps with another entry"))
	}
	return nil
}

// refusal says why e cannot be read, or nothing.
func (e *zipEntry) refusal() string {
	switch {
	case e.flags&(1<<0|1<<6|1<<13) != 0:
		return "it is encrypted"
	case e.flags&(1<<5) != 0:
		return "it is a patch"
	case e.flags&zipUTF8 != 0 && !utf8.ValidString(e.name):
		return "its name is not UTF-8, as it says"
	case !utf8.ValidString(e.name):
		return "its name is not UTF-8, and nothing tells what else"
	}
	switch e.method {
	case zipStore, zipDeflate, zipBzip2, zipZstd:
		return ""
	}
	return fmt.Sprintf("it is compressed by method %d, which is not known here", e.method)
}

// member returns what e says. Its contents, if it is a link, are read.
func (e *zipEntry) member(src io.ReaderAt) (*member, error) {
	m := &member{name: e.name, kind: kindFile, modTime: e.modTime, size: e.size, refusal: e.refusal()}
	if m.refusal != "" {
		return m, nil
	}
	m.open = func() (io.ReadCloser, error) { return e.open(src) }
	isDir := strings.HasSuffix(e.name, "/")
	switch e.creator {
	case 3, 19: // Unix, OS X
		m.mode = e.attributes >> 16 & 0o7777
		switch e.attributes >> 16 & 0o170000 {
		case 0o040000:
			isDir = true
		case 0o120000:
			if isDir {
				return nil, refuse(e.name, "a link whose name ends in a slash")
			}
			return e.link(m)
		case 0, 0o100000:
			if e.attributes>>16 == 0 { // it is not known
				m.mode = defaultMode(isDir)
			}
		case 0o020000, 0o060000:
			m.kind = "a device"
			return m, nil
		case 0o010000:
			m.kind = "a FIFO"
			return m, nil
		default:
			m.kind = "a member of unknown type"
			return m, nil
		}
	default:
		isDir = isDir || e.attributes&0x10 != 0
		m.mode = defaultMode(isDir)
		if e.attributes&1 != 0 { // read-only
			m.mode &^= 0o222
		}
	}
	if isDir {
		m.kind = kindDir
		if e.size > 0 {
			m.kind = "a directory with contents"
		}
	}
	return m, nil
}

func defaultMode(dir bool) uint32 {
	if dir {
		return 0o755
	}
	return 0o644
}

func (e *zipEntry) link(m *member) (*member, error) {
	if e.size > maxName {
		return nil, refuse(e.name, "a link of %d bytes, more than %d", e.size, maxName)
	}
	r, err := m.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	target, err := io.ReadAll(r)
	if err != nil {
		return nil, damaged(formatZip, e.name, err)
	}
	m.kind, m.mode, m.link, m.size = kindSymlink, 0, string(target), 0
	return m, nil
}

// open returns the contents of e, whose reader fails unless they are as long as
// they should be and have the checksum that they should have.
func (e *zipEntry) open(src io.ReaderAt) (io.ReadCloser, error) {
	z := &zipReader{name: e.name, sum: crc32.NewIEEE(), want: e.crc, left: e.size}
	z.packed = io.NewSectionReader(src, e.dataOffset, e.packedSize)
	if e.method == zipStore {
		z.r = z.packed
		return z, nil
	}
	z.in, _ = zipBuffers.Get().(*bufio.Reader)
	if z.in == nil {
		z.in = bufio.NewReaderSize(nil, 32<<10)
	}
	z.in.Reset(z.packed)
	switch e.method {
	case zipDeflate:
		if f, ok := zipInflaters.Get().(io.ReadCloser); ok {
			f.(flate.Resetter).Reset(z.in, nil)
			z.r = f
		} else {
			z.r = flate.NewReader(z.in)
		}
		z.inflater = true
	case zipBzip2:
		z.r = bzip2.NewReader(z.in)
	case zipZstd:
		d, err := zstd.NewReader(z.in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, damaged(formatZip, e.name, err)
		}
		z.r = d
		z.zstd = d
	}
	return z, nil
}

// Decompressors and their buffers are used again; a zip has thousands of files.
var (
	zipBuffers   sync.Pool // of *bufio.Reader
	zipInflaters sync.Pool // of what flate.NewReader returns
)

// zipReader reads the contents of an entry.
type zipReader struct {
	name     string
	packed   *io.SectionReader
	in       *bufio.Reader // of packed; nil if it is stored
	r        io.Reader
	inflater bool
	zstd     *zstd.Decoder
	sum      hash.Hash32
	want     uint32
	left     int64
	err      error
}

func (z *zipReader) Read(p []byte) (int, error) {
	if z.err != nil {
		return 0, z.err
	}
	if z.left == 0 {
		z.err = z.end()
		return 0, z.err
	}
	if int64(len(p)) > z.left {
		p = p[:z.left]
	}
	n, err := z.r.Read(p)
	z.sum.Write(p[:n])
	z.left -= int64(n)
	switch {
	case err == io.EOF && z.left > 0:
		z.err = damaged(formatZip, z.name, fmt.Errorf("it is %d bytes shorter than its size", z.left))
	case err != nil && err != io.EOF:
		z.err = damaged(formatZip, z.name, err)
	}
	return n, z.err
}

// end checks what can be checked when all has been read.
func (z *zipReader) end() error {
	var one [1]byte
	for {
		n, err := z.r.Read(one[:])
		if n > 0 {
			return damaged(formatZip, z.name, errors.New("it is longer than its size"))
		}
		if err == io.EOF {
			break
		} else if err != nil {
			return damaged(formatZip, z.name, err)
		}
	}
	if z.in != nil {
		if _, err := z.in.ReadByte(); err != io.EOF {
			return damaged(formatZip, z.name, errGarbage)
		}
	}
	if z.sum.Sum32() != z.want {
		return damaged(formatZip, z.name, errors.New("its checksum differs"))
	}
	return io.EOF
}

func (z *zipReader) Close() error {
	if z.zstd != nil {
		z.zstd.Close()
	}
	if z.inflater {
		zipInflaters.Put(z.r)
		z.inflater = false
	}
	if z.in != nil {
		z.in.Reset(nil)
		zipBuffers.Put(z.in)
		z.in = nil
	}
	return nil
}

// dosTime returns the time that MS-DOS writes so, taken for UTC; the zero time
// where there is none.
func dosTime(date, clock uint16) time.Time {
	day, month := int(date&31), int(date>>5&15)
	if day == 0 || month == 0 || month > 12 {
		return time.Time{}
	}
	return time.Date(1980+int(date>>9), time.Month(month), day,
		int(clock>>11), int(clock>>5&63), int(clock&31)*2, 0, time.UTC)
}
