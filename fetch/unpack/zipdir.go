package unpack

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The .ZIP file format specification, APPNOTE.TXT version 6.3.10, and the extra
// fields of Info-ZIP.
//
// Own code because archive/zip believes the directory alone: here the entries have to
// agree with it, and none may overlap.

const (
	zipLocalSig   = 0x04034b50
	zipCentralSig = 0x02014b50
	zipEndSig     = 0x06054b50
	zip64EndSig   = 0x06064b50
	zip64LocSig   = 0x07064b50
	zipDescSig    = 0x08074b50

	zipLocalLen   = 30
	zipCentralLen = 46
	zipEndLen     = 22
	zip64EndLen   = 56
	zip64LocLen   = 20

	zipMaxZeros = 1 << 16 // after the end

	zipDescriptor = 1 << 3  // flag: sizes and checksum follow the data
	zipUTF8       = 1 << 11 // flag: the name is UTF-8
)

var le = binary.LittleEndian

// zipDirectory is the central directory of a zip.
type zipDirectory struct {
	r     *bufio.Reader
	start int64 // where it begins
	left  int64 // bytes of it not read
	count int   // of its entries
	seen  int
}

// zipEntry is one entry of the directory.
type zipEntry struct {
	name       string
	rawName    string // the bytes of the name field
	creator    byte   // the system that the attributes are of
	flags      uint16
	method     uint16
	crc        uint32
	packedSize int64
	size       int64
	attributes uint32
	disk       uint32
	modTime    time.Time
	offset     int64 // of the local header
	dataOffset int64
}

// openZipDirectory finds the directory: its end record is the last thing in the
// file, but for the zeros that some programs fill their last block with, and the
// directory lies right before it.
func openZipDirectory(src *io.SectionReader) (*zipDirectory, error) {
	size := src.Size()
	tail := make([]byte, min(size, zipEndLen+1<<16-1+zipMaxZeros))
	tailAt := size - int64(len(tail))
	if _, err := src.ReadAt(tail, tailAt); err != nil && err != io.EOF {
		return nil, err
	}
	at, followed := -1, false
	for i := len(tail) - zipEndLen; i >= 0; i-- {
		if le.Uint32(tail[i:]) != zipEndSig {
			continue
		}
		if end := i + zipEndLen + int(le.Uint16(tail[i+20:])); end <= len(tail) && isZero(tail[end:]) {
			if at >= 0 {
				return nil, errors.New("it has two ends")
			}
			at = i
		} else if uint64(le.Uint32(tail[i+12:]))+uint64(le.Uint32(tail[i+16:])) == uint64(tailAt)+uint64(i) {
			followed = true // it ends the archive that lies before it
		}
	}
	if at < 0 && followed {
		return nil, errGarbage
	}
	if at < 0 {
		return nil, fmt.Errorf("no directory at its end: %w", errTruncated)
	}
	end := tail[at:]
	endAt := tailAt + int64(at)
	disk, dirDisk := uint32(le.Uint16(end[4:])), uint32(le.Uint16(end[6:]))
	onDisk, count := uint64(le.Uint16(end[8:])), uint64(le.Uint16(end[10:]))
	length, start := uint64(le.Uint32(end[12:])), uint64(le.Uint32(end[16:]))

	var loc [zip64LocLen]byte
	if endAt >= zip64LocLen {
		if _, err := src.ReadAt(loc[:], endAt-zip64LocLen); err != nil {
			return nil, err
		}
	}
	if le.Uint32(loc[:]) == zip64LocSig {
		if le.Uint32(loc[4:]) != 0 || le.Uint32(loc[16:]) > 1 {
			return nil, errVolumes
		}
		var end64 [zip64EndLen]byte
		end64At := endAt - zip64LocLen - zip64EndLen // without an extensible data sector
		if le.Uint64(loc[8:]) != uint64(end64At) || end64At < 0 {
			return nil, errors.New("its zip64 end record is not where it should be")
		}
		if _, err := src.ReadAt(end64[:], end64At); err != nil {
			return nil, err
		}
		if le.Uint32(end64[:]) != zip64EndSig || le.Uint64(end64[4:]) != zip64EndLen-12 {
			return nil, errors.New("its zip64 end record is not where it should be")
		}
		big := []struct{ small, max, value uint64 }{
			{uint64(disk), 0xffff, uint64(le.Uint32(end64[16:]))}, {uint64(dirDisk), 0xffff, uint64(le.Uint32(end64[20:]))},
			{onDisk, 0xffff, le.Uint64(end64[24:])}, {count, 0xffff, le.Uint64(end64[32:])},
			{length, 0xffffffff, le.Uint64(end64[40:])}, {start, 0xffffffff, le.Uint64(end64[48:])},
		}
		for _, b := range big {
			if b.small != b.max && b.small != b.value {
				return nil, errors.New("its two end records differ")
			}
		}
		disk, dirDisk = le.Uint32(end64[16:]), le.Uint32(end64[20:])
		onDisk, count, length, start = big[2].value, big[3].value, big[4].value, big[5].value
		endAt = end64At
	}
	switch {
	case disk != 0 || dirDisk != 0 || onDisk != count:
		return nil, errVolumes
	case length > uint64(endAt) || start != uint64(endAt)-length:
		return nil, errors.New("its directory is not where it should be")
	case count > length/zipCentralLen:
		return nil, errors.New("its directory is too small for its entries")
	}
	return &zipDirectory{
		r:     bufio.NewReaderSize(io.NewSectionReader(src, int64(start), int64(length)), 128<<10),
		start: int64(start),
		left:  int64(length),
		count: int(count),
	}, nil
}

var errVolumes = errors.New("it is one of several volumes")

// next returns the next entry, or io.EOF where the directory ends as it should.
func (d *zipDirectory) next() (*zipEntry, error) {
	if d.seen == d.count {
		if d.left > 0 {
			return nil, errors.New("its directory has more entries than it says")
		}
		return nil, io.EOF
	}
	d.seen++
	var h [zipCentralLen]byte
	if _, err := io.ReadFull(d.r, h[:]); err != nil {
		return nil, errors.New("its directory has fewer entries than it says")
	}
	if le.Uint32(h[:]) != zipCentralSig {
		return nil, errors.New("its directory is corrupt")
	}
	rest := make([]byte, int(le.Uint16(h[28:]))+int(le.Uint16(h[30:]))+int(le.Uint16(h[32:])))
	if _, err := io.ReadFull(d.r, rest); err != nil {
		return nil, errors.New("its directory is corrupt")
	}
	d.left -= int64(len(h) + len(rest))
	nameLen, extraLen := int(le.Uint16(h[28:])), int(le.Uint16(h[30:]))
	e := &zipEntry{
		rawName:    string(rest[:nameLen]),
		creator:    h[5],
		flags:      le.Uint16(h[8:]),
		method:     le.Uint16(h[10:]),
		crc:        le.Uint32(h[16:]),
		packedSize: int64(le.Uint32(h[20:])),
		size:       int64(le.Uint32(h[24:])),
		disk:       uint32(le.Uint16(h[34:])),
		attributes: le.Uint32(h[38:]),
		modTime:    dosTime(le.Uint16(h[14:]), le.Uint16(h[12:])),
		offset:     int64(le.Uint32(h[42:])),
	}
	e.name = e.rawName
	err := e.extra(rest[nameLen : nameLen+extraLen])
	if e.creator == 0 && !strings.Contains(e.name, "/") {
		// Of MS-DOS, as .NET and PowerShell wrote it; unzip reads it like this.
		e.name = strings.ReplaceAll(e.name, `\`, "/")
	}
	return e, err
}

// extra reads the extra fields of the directory's entry.
func (e *zipEntry) extra(b []byte) error {
	seen64 := false
	for len(b) >= 4 {
		id, n := le.Uint16(b), int(le.Uint16(b[2:]))
		if b = b[4:]; n > len(b) {
			break // padding, as some programs align with
		}
		field := b[:n]
		b = b[n:]
		switch id {
		case 0x0001: // zip64
			if seen64 {
				return damaged(formatZip, e.name, errors.New("it has two zip64 fields"))
			}
			seen64 = true
			for _, v := range []struct {
				to  *int64
				max int64
			}{{&e.size, 0xffffffff}, {&e.packedSize, 0xffffffff}, {&e.offset, 0xffffffff}} {
				if *v.to != v.max {
					continue
				}
				if len(field) < 8 || le.Uint64(field) > 1<<62 {
					return damaged(formatZip, e.name, errors.New("its zip64 field is too small"))
				}
				*v.to = int64(le.Uint64(field))
				field = field[8:]
			}
			if e.disk == 0xffff && len(field) >= 4 {
				e.disk = le.Uint32(field)
			}
		case 0x5455: // extended timestamp
			if len(field) >= 5 && field[0]&1 != 0 {
				e.modTime = time.Unix(int64(int32(le.Uint32(field[1:]))), 0)
			}
		case 0x5855: // Info-ZIP's first Unix field: access time, modification time
			if len(field) >= 8 {
				e.modTime = time.Unix(int64(int32(le.Uint32(field[4:]))), 0)
			}
		case 0x7075: // Info-ZIP's name in UTF-8, if it is of this name
			if len(field) > 5 && field[0] == 1 && le.Uint32(field[1:]) == crc32.ChecksumIEEE([]byte(e.rawName)) {
				e.name = string(field[5:])
			}
		}
	}
	return nil
}

// locate compares the local header of e with the directory, and finds its data.
// limit is where the directory begins.
func (e *zipEntry) locate(src io.ReaderAt, limit int64, used *zipExtents) error {
	if e.offset > limit-zipLocalLen {
		return errors.New("it lies outside of the archive")
	}
	b := make([]byte, min(limit-e.offset, zipLocalLen+int64(len(e.rawName))+128))
	if _, err := src.ReadAt(b, e.offset); err != nil && err != io.EOF {
		return err
	}
	nameLen, extraLen := int(le.Uint16(b[26:])), int(le.Uint16(b[28:]))
	if le.Uint32(b) != zipLocalSig || nameLen != len(e.rawName) || len(b) < zipLocalLen+nameLen ||
		string(b[zipLocalLen:zipLocalLen+nameLen]) != e.rawName {
		return errDisagree
	}
	relevant := uint16(1<<0 | zipDescriptor)
	if !isASCII(e.rawName) {
		relevant |= zipUTF8
	}
	if le.Uint16(b[8:]) != e.method || le.Uint16(b[6:])&relevant != e.flags&relevant {
		return errDisagree
	}
	e.dataOffset = e.offset + zipLocalLen + int64(nameLen) + int64(extraLen)
	end := e.dataOffset + e.packedSize
	if e.packedSize > limit || end > limit {
		return errors.New("it lies outside of the archive")
	}
	extra := make([]byte, extraLen)
	if _, err := src.ReadAt(extra, e.offset+zipLocalLen+int64(nameLen)); err != nil {
		return err
	}
	crc, packed, size := le.Uint32(b[14:]), int64(le.Uint32(b[18:])), int64(le.Uint32(b[22:]))
	is64 := false
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			break
		}
		if id == 0x0001 && n >= 16 && !is64 {
			is64 = true
			if size == 0xffffffff {
				size = int64(le.Uint64(extra))
			}
			if packed == 0xffffffff {
				packed = int64(le.Uint64(extra[8:]))
			}
		}
		extra = extra[n:]
	}
	if e.flags&zipDescriptor == 0 {
		if crc != e.crc || packed != e.packedSize || size != e.size {
			return errDisagree
		}
	} else {
		// Sizes here are zero, or right, or left to the field of zip64.
		if crc != 0 && crc != e.crc || packed != 0 && packed != e.packedSize || size != 0 && size != e.size {
			return errDisagree
		}
		n, err := e.descriptor(src, end, limit)
		if err != nil {
			return err
		}
		end += n
	}
	used.add(e.name, e.offset, end)
	return nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

var errDisagree = errors.New("the directory and the entry itself disagree")

// descriptor checks the record behind the data and returns its length. It comes
// with and without a signature, and with sizes of four bytes or eight.
func (e *zipEntry) descriptor(src io.ReaderAt, at, limit int64) (int64, error) {
	b := make([]byte, max(0, min(24, limit-at)))
	if _, err := src.ReadAt(b, at); err != nil && err != io.EOF {
		return 0, err
	}
	length := func(b []byte) int64 {
		switch {
		case len(b) >= 20 && le.Uint32(b) == e.crc && le.Uint64(b[4:]) == uint64(e.packedSize) && le.Uint64(b[12:]) == uint64(e.size):
			return 20
		case len(b) >= 12 && le.Uint32(b) == e.crc && le.Uint32(b[4:]) == uint32(e.packedSize) && le.Uint32(b[8:]) == uint32(e.size):
			return 12
		}
		return 0
	}
	if len(b) >= 4 && le.Uint32(b) == zipDescSig {
		if n := length(b[4:]); n > 0 {
			return n + 4, nil
		}
	}
	if n := length(b); n > 0 {
		return n, nil
	}
	return 0, errDisagree
}

// zipExtents are the parts of a zip that entries take up.
type zipExtents []*zipExtent

type zipExtent struct {
	name       string
	start, end int64
}

func (x *zipExtents) add(name string, start, end int64) {
	*x = append(*x, &zipExtent{name, start, end})
}

// overlap returns the name of an entry that overlaps with another, or nothing.
func (x zipExtents) overlap() string {
	slices.SortFunc(x, func(a, b *zipExtent) int { return cmp.Compare(a.start, b.start) })
	for i := 1; i < len(x); i++ {
		if x[i].start < x[i-1].end {
			return x[i].name
		}
	}
	return ""
}
