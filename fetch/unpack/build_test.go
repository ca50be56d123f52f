package unpack

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	stdflate "compress/flate"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// tarEntry is a member for tarball, written as it stands.
type tarEntry struct {
	name string
	kind byte // '0' if it is 0
	mode int64
	body string
	link string
	size int64 // if not that of body
	pax  []string
}

// tarball returns a tar of any nonsense, which archive/tar would not write.
func tarball(entries ...tarEntry) []byte {
	var b bytes.Buffer
	block := func(name string, kind byte, mode, size int64, link string, body string) {
		h := make([]byte, 512)
		copy(h[:100], name)
		copy(h[100:], fmt.Sprintf("%07o", mode))
		copy(h[108:], "0000000\x000000000\x00")
		copy(h[124:], fmt.Sprintf("%011o", size))
		copy(h[136:], fmt.Sprintf("%011o", 1_500_000_000))
		copy(h[148:], "        ")
		h[156] = kind
		copy(h[157:257], link)
		copy(h[257:], "ustar\x0000")
		sum := 0
		for _, c := range h {
			sum += int(c)
		}
		copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
		b.Write(h)
		b.WriteString(body)
		b.Write(make([]byte, -len(body)&511))
	}
	for _, e := range entries {
		if e.kind == 0 {
			e.kind = '0'
		}
		if e.mode == 0 {
			e.mode = 0o644
			if e.kind == '5' {
				e.mode = 0o755
			}
		}
		size := int64(len(e.body))
		if e.size != 0 {
			size = e.size
		}
		pax := slices.Clone(e.pax)
		if len(e.name) > 100 {
			pax = append(pax, "path="+e.name)
		}
		if len(e.link) > 100 {
			pax = append(pax, "linkpath="+e.link)
		}
		if len(pax) > 0 && e.kind != 'g' {
			block("pax", 'x', 0o644, int64(len(paxRecords(pax))), "", paxRecords(pax))
		}
		if e.kind == 'g' {
			e.body = paxRecords(pax)
			size = int64(len(e.body))
		}
		block(e.name, e.kind, e.mode, size, e.link, e.body)
	}
	b.Write(make([]byte, 1024))
	return b.Bytes()
}

func paxRecords(records []string) string {
	var b strings.Builder
	for _, r := range records {
		n := len(r) + 3
		for len(fmt.Sprint(n))+len(r)+2 != n {
			n++
		}
		fmt.Fprintf(&b, "%d %s\n", n, r)
	}
	return b.String()
}

func file(name, body string) tarEntry    { return tarEntry{name: name, body: body} }
func dir(name string) tarEntry           { return tarEntry{name: name, kind: '5'} }
func symlink(name, to string) tarEntry   { return tarEntry{name: name, kind: '2', link: to, mode: 0o777} }
func hardlink(name, to string) tarEntry  { return tarEntry{name: name, kind: '1', link: to} }
func moded(e tarEntry, m int64) tarEntry { e.mode = m; return e }

// zipItem is an entry for zipball. What is not set is derived from the rest.
type zipItem struct {
	name       string
	localName  string
	mode       uint32 // with the type, of Unix
	creator    uint16
	attributes uint32
	method     uint16
	body       string
	packed     []byte
	flags      uint16
	descriptor bool

	localMethod, localFlags *uint16
	localSize, size         *uint32
	localPacked, packedSize *uint32
	localCRC, crc           *uint32
	offset                  *uint32
	extra, localExtra       []byte
	disk                    uint16
}

// zipEnd is what zipball writes of the end record instead of what is right.
type zipEnd struct {
	count, onDisk, disk *uint16
	start               *uint32
	comment             string
	gap                 string // before the directory
}

func set[T any](v T) *T { return &v }

func or[T any](p *T, v T) T {
	if p != nil {
		return *p
	}
	return v
}

// zipball returns a zip of any nonsense.
func zipball(end zipEnd, items ...zipItem) []byte {
	var b, central bytes.Buffer
	for _, it := range items {
		offset := uint32(b.Len())
		packed := it.packed
		if packed == nil {
			packed = []byte(it.body)
			if it.method == zipDeflate {
				packed = deflate(it.body)
			}
		}
		localName := it.localName
		if localName == "" {
			localName = it.name
		}
		creator := it.creator
		if creator == 0 && it.mode != 0 {
			creator = 3 << 8
		}
		attributes := it.attributes | it.mode<<16
		crc, size, psize := crc32.ChecksumIEEE([]byte(it.body)), uint32(len(it.body)), uint32(len(packed))
		flags := it.flags
		lcrc, lsize, lpsize := crc, size, psize
		if it.descriptor {
			flags |= zipDescriptor
			lcrc, lsize, lpsize = 0, 0, 0
		}
		h := le.AppendUint32(nil, zipLocalSig)
		h = le.AppendUint16(h, 20)
		h = le.AppendUint16(h, or(it.localFlags, flags))
		h = le.AppendUint16(h, or(it.localMethod, it.method))
		h = le.AppendUint32(h, 0x4aee12c0) // 2017-07-14 02:22:00
		h = le.AppendUint32(h, or(it.localCRC, lcrc))
		h = le.AppendUint32(h, or(it.localPacked, lpsize))
		h = le.AppendUint32(h, or(it.localSize, lsize))
		h = le.AppendUint16(h, uint16(len(localName)))
		h = le.AppendUint16(h, uint16(len(it.localExtra)))
		b.Write(h)
		b.WriteString(localName)
		b.Write(it.localExtra)
		b.Write(packed)
		if it.descriptor {
			d := le.AppendUint32(nil, zipDescSig)
			d = le.AppendUint32(d, or(it.localCRC, crc))
			d = le.AppendUint32(d, or(it.localPacked, psize))
			d = le.AppendUint32(d, or(it.localSize, size))
			b.Write(d)
		}
		c := le.AppendUint32(nil, zipCentralSig)
		c = le.AppendUint16(c, creator|20)
		c = le.AppendUint16(c, 20)
		c = le.AppendUint16(c, flags)
		c = le.AppendUint16(c, it.method)
		c = le.AppendUint32(c, 0x4aee12c0)
		c = le.AppendUint32(c, or(it.crc, crc))
		c = le.AppendUint32(c, or(it.packedSize, psize))
		c = le.AppendUint32(c, or(it.size, size))
		c = le.AppendUint16(c, uint16(len(it.name)))
		c = le.AppendUint16(c, uint16(len(it.extra)))
		c = le.AppendUint16(c, 0)
		c = le.AppendUint16(c, it.disk)
		c = le.AppendUint16(c, 0)
		c = le.AppendUint32(c, attributes)
		c = le.AppendUint32(c, or(it.offset, offset))
		central.Write(c)
		central.WriteString(it.name)
		central.Write(it.extra)
	}
	b.WriteString(end.gap)
	start := uint32(b.Len())
	b.Write(central.Bytes())
	n := uint16(len(items))
	e := le.AppendUint32(nil, zipEndSig)
	e = le.AppendUint16(e, or(end.disk, 0))
	e = le.AppendUint16(e, or(end.disk, 0))
	e = le.AppendUint16(e, or(end.onDisk, or(end.count, n)))
	e = le.AppendUint16(e, or(end.count, n))
	e = le.AppendUint32(e, uint32(central.Len()))
	e = le.AppendUint32(e, or(end.start, start))
	e = le.AppendUint16(e, uint16(len(end.comment)))
	b.Write(e)
	b.WriteString(end.comment)
	return b.Bytes()
}

func deflate(s string) []byte {
	var b bytes.Buffer
	w, _ := stdflate.NewWriter(&b, 6)
	w.Write([]byte(s))
	w.Close()
	return b.Bytes()
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, 6)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func zstded(t testing.TB, b []byte) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return e.EncodeAll(b, nil)
}

func itoa(n int) string { return fmt.Sprint(n) }

func scanBytes(archive []byte, o Options) (Manifest, error) {
	return Scan(context.Background(), bytes.NewReader(archive), int64(len(archive)), o)
}
