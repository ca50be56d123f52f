package unpack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"

	"github.com/mikelolasagasti/xz"
)

// The .xz file format, version 1.2.0: https://tukaani.org/xz/xz-file-format.txt
//
// Own code because no Go library decompresses the blocks of a file in parallel: the
// decoder that is used for each block reads one stream on one processor.
const (
	xzHeaderLen = 12
	xzFooterLen = 12
	xzMaxBlocks = 1 << 20
)

// xzBlock is one block of an xz file, as the index of its stream has it.
type xzBlock struct {
	offset       int64   // of its header
	unpadded     int64   // its length
	uncompressed int64   // the length of what it holds
	flags        [2]byte // of the stream: the type of its check
}

func (b xzBlock) padded() int64 { return (b.unpadded + 3) &^ 3 }

// newXzReader returns a reader of an xz file. Blocks are decompressed in parallel,
// each as a stream of its own under a header and an index that are made for it from
// the file's index: so the decompressor checks every block against the index, and
// the index itself is checked here.
func newXzReader(src *io.SectionReader, limits Limits, workers int) (io.ReadCloser, error) {
	blocks, err := xzBlocks(src)
	if err != nil {
		return nil, err
	}
	return startXz(src, blocks, limits, xzWorkers(src, blocks, workers)), nil
}

// xzMemory is about how much memory parallel decompression may take.
const xzMemory = 80 << 20

// xzWorkers returns how many blocks to decompress at a time: as many as workers
// says, and as fit into xzMemory with dictionaries and what is read ahead.
func xzWorkers(src io.ReaderAt, blocks []xzBlock, workers int) int {
	workers = min(workers, len(blocks))
	if workers < 2 {
		return 1
	}
	var each int64
	for _, b := range blocks {
		each = max(each, xzDictionary(src, b)+min(b.uncompressed, xzAhead*chunkSize))
	}
	return max(1, min(workers, int(xzMemory/max(each, 1))))
}

// xzDictionary returns the size of the dictionary that a block's header
// declares, or a size too large to use if the header is anything uncommon.
func xzDictionary(src io.ReaderAt, b xzBlock) int64 {
	var h [64]byte
	n, _ := src.ReadAt(h[:min(int64(len(h)), b.unpadded)], b.offset)
	r := bytes.NewReader(h[:n])
	r.Seek(1, io.SeekStart)
	flags, _ := r.ReadByte()
	if flags&0x40 != 0 {
		binary.ReadUvarint(r) // the compressed size
	}
	if flags&0x80 != 0 {
		binary.ReadUvarint(r) // and the other one
	}
	for range flags&3 + 1 {
		id, _ := binary.ReadUvarint(r)
		size, _ := binary.ReadUvarint(r)
		if bits, _ := r.ReadByte(); id == 0x21 && size == 1 && bits < 40 {
			return (2 | int64(bits)&1) << (bits/2 + 11)
		}
		r.Seek(int64(size)-1, io.SeekCurrent)
	}
	return xzMemory
}

// xzBlocks reads the indexes of all streams of the file, which stand at their
// ends, and returns the blocks in order.
func xzBlocks(src *io.SectionReader) (blocks []xzBlock, err error) {
	for end := src.Size(); end > 0; {
		var word [4]byte
		if end%4 != 0 || end < 2*xzHeaderLen {
			if xzEndsBefore(src, end) {
				return nil, errGarbage
			}
			return nil, errTruncated
		}
		if _, err := src.ReadAt(word[:], end-4); err != nil {
			return nil, err
		}
		if word == [4]byte{} { // padding between streams
			end -= 4
			continue
		}
		var stream []xzBlock
		if stream, end, err = xzStream(src, end); err != nil {
			return nil, err
		}
		slices.Reverse(stream)
		if blocks = append(blocks, stream...); len(blocks) > xzMaxBlocks {
			return nil, fmt.Errorf("more than %d blocks", xzMaxBlocks)
		}
	}
	slices.Reverse(blocks)
	return blocks, nil
}

// xzEndsBefore reports whether a stream ends not far before end.
func xzEndsBefore(src *io.SectionReader, end int64) bool {
	tail := make([]byte, min(end, 64<<10))
	if _, err := src.ReadAt(tail, end-int64(len(tail))); err != nil && err != io.EOF {
		return false
	}
	for i := len(tail) - xzFooterLen; i >= 0; i-- {
		footer := tail[i:][:xzFooterLen]
		if string(footer[10:]) == "YZ" && crc32.ChecksumIEEE(footer[4:10]) == binary.LittleEndian.Uint32(footer) {
			return true
		}
	}
	return false
}

var errXzIndex = errors.New("its index does not fit")

// xzStream reads the index of the stream that ends at end, and returns its
// blocks and where it begins.
func xzStream(src *io.SectionReader, end int64) (blocks []xzBlock, start int64, err error) {
	footer := make([]byte, xzFooterLen)
	if _, err := src.ReadAt(footer, end-xzFooterLen); err != nil {
		return nil, 0, err
	}
	if string(footer[10:]) != "YZ" {
		if xzEndsBefore(src, end) {
			return nil, 0, errGarbage
		}
		return nil, 0, errTruncated
	}
	if crc32.ChecksumIEEE(footer[4:10]) != binary.LittleEndian.Uint32(footer) {
		return nil, 0, errors.New("the checksum of its footer differs")
	}
	indexLen := (int64(binary.LittleEndian.Uint32(footer[4:])) + 1) * 4
	indexAt := end - xzFooterLen - indexLen
	if indexAt < xzHeaderLen {
		return nil, 0, errXzIndex
	}
	flags := [2]byte{footer[8], footer[9]}
	blocks, err = xzIndex(bufio.NewReader(io.NewSectionReader(src, indexAt, indexLen)), indexLen, flags)
	if err != nil {
		return nil, 0, err
	}
	start = indexAt
	for i := len(blocks) - 1; i >= 0; i-- {
		if start -= blocks[i].padded(); start < xzHeaderLen {
			return nil, 0, errXzIndex
		}
		blocks[i].offset = start
	}
	start -= xzHeaderLen
	header := make([]byte, xzHeaderLen)
	if _, err := src.ReadAt(header, start); err != nil {
		return nil, 0, err
	}
	if !bytes.Equal(header, xzHeader(flags)) {
		return nil, 0, errors.New("the header of a stream does not fit its footer")
	}
	return blocks, start, nil
}

// xzIndex reads the records of an index, and checks its padding and checksum.
func xzIndex(r *bufio.Reader, length int64, flags [2]byte) ([]xzBlock, error) {
	sum := crc32.NewIEEE()
	in := &summedReader{r: r, sum: sum}
	if b, err := in.ReadByte(); err != nil || b != 0 {
		return nil, errXzIndex
	}
	count, err := binary.ReadUvarint(in)
	if err != nil || count > uint64(length)/2 || count > xzMaxBlocks {
		return nil, errXzIndex
	}
	blocks := make([]xzBlock, count)
	for i := range blocks {
		unpadded, err1 := binary.ReadUvarint(in)
		uncompressed, err2 := binary.ReadUvarint(in)
		if err1 != nil || err2 != nil || unpadded < 5 || unpadded > 1<<62 || uncompressed > 1<<62 {
			return nil, errXzIndex
		}
		blocks[i] = xzBlock{unpadded: int64(unpadded), uncompressed: int64(uncompressed), flags: flags}
	}
	for in.n%4 != 0 {
		if b, err := in.ReadByte(); err != nil || b != 0 {
			return nil, errXzIndex
		}
	}
	want := sum.Sum32()
	var stored [4]byte
	if _, err := io.ReadFull(r, stored[:]); err != nil || in.n+4 != length {
		return nil, errXzIndex
	}
	if binary.LittleEndian.Uint32(stored[:]) != want {
		return nil, errors.New("the checksum of its index differs")
	}
	return blocks, nil
}

// summedReader counts the bytes it gives, and adds them to a checksum.
type summedReader struct {
	r   io.ByteReader
	n   int64
	sum io.Writer
}

func (s *summedReader) ReadByte() (byte, error) {
	b, err := s.r.ReadByte()
	if err == nil {
		s.n++
		s.sum.Write([]byte{b})
	}
	return b, err
}

func xzHeader(flags [2]byte) []byte {
	h := append([]byte("\xfd7zXZ\x00"), flags[:]...)
	return binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE(flags[:]))
}

// stream returns b alone as a file.
func (b xzBlock) stream(src io.ReaderAt) io.Reader {
	index := []byte{0, 1}
	index = binary.AppendUvarint(index, uint64(b.unpadded))
	index = binary.AppendUvarint(index, uint64(b.uncompressed))
	for len(index)%4 != 0 {
		index = append(index, 0)
	}
	index = binary.LittleEndian.AppendUint32(index, crc32.ChecksumIEEE(index))
	footer := binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1))
	footer = append(footer, b.flags[:]...)
	footer = append(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(footer)), footer...)
	footer = append(footer, "YZ"...)
	return io.MultiReader(
		bytes.NewReader(xzHeader(b.flags)),
		io.NewSectionReader(src, b.offset, b.padded()),
		bytes.NewReader(append(index, footer...)))
}

func xzError(err error, limits Limits) error {
	switch err {
	case xz.ErrMemlimit:
		return &LimitError{Limit: "window", Max: limits.Window}
	case xz.ErrBuf:
		return errors.New("it ends early or is corrupt")
	}
	return err
}

// xzAhead is how many chunks of a block may wait to be read, if there are others.
const xzAhead = 24 << 20 / chunkSize

// xzReader decompresses several blocks at a time and gives them in order.
type xzReader struct {
	outputs chan chan chunk // of the blocks, in order
	free    sync.Pool       // of *[]byte
	stop    chan struct{}
	wg      sync.WaitGroup
	cur     chan chunk
	data    []byte
	buf     []byte
	err     error
}

func startXz(src io.ReaderAt, blocks []xzBlock, limits Limits, workers int) *xzReader {
	x := &xzReader{outputs: make(chan chan chunk, workers-1), stop: make(chan struct{})}
	ahead := xzAhead
	if workers == 1 {
		ahead = 1 // the stream reads ahead
	}
	type job struct {
		block xzBlock
		out   chan chunk
	}
	jobs := make(chan job)
	x.wg.Go(func() {
		defer close(x.outputs)
		defer close(jobs)
		for _, b := range blocks {
			j := job{b, make(chan chunk, ahead)}
			select {
			case x.outputs <- j.out: // first, so that no more blocks than workers are held
			case <-x.stop:
				return
			}
			select {
			case jobs <- j:
			case <-x.stop:
				return
			}
		}
	})
	for range workers {
		x.wg.Go(func() {
			var r *xz.Reader
			for j := range jobs {
				r = x.block(r, j.block.stream(src), j.out, limits)
			}
		})
	}
	return x
}

// block decompresses one block into out. It returns the reader for the next.
func (x *xzReader) block(r *xz.Reader, src io.Reader, out chan chunk, limits Limits) *xz.Reader {
	defer close(out)
	var err error
	if r == nil {
		r, err = xz.NewReader(src, uint32(min(limits.Window, 1<<32-1)))
	} else {
		err = r.Reset(src)
	}
	for err == nil {
		buf, _ := x.free.Get().(*[]byte)
		if buf == nil {
			b := make([]byte, chunkSize)
			buf = &b
		}
		n := 0
		for n < len(*buf) && err == nil {
			var m int
			m, err = r.Read((*buf)[n:])
			n += m
		}
		select {
		case out <- chunk{data: (*buf)[:n]}:
		case <-x.stop:
			return r
		}
	}
	if err != io.EOF {
		select {
		case out <- chunk{err: xzError(err, limits)}:
		case <-x.stop:
		}
	}
	return r
}

func (x *xzReader) Read(p []byte) (int, error) {
	for len(x.data) == 0 {
		if x.err != nil {
			return 0, x.err
		}
		if cap(x.buf) > 0 {
			buf := x.buf
			x.free.Put(&buf)
			x.buf = nil
		}
		if x.cur == nil {
			out, ok := <-x.outputs
			if !ok {
				x.err = io.EOF
				continue
			}
			x.cur = out
		}
		c, ok := <-x.cur
		if !ok {
			x.cur = nil
			continue
		}
		x.data, x.buf, x.err = c.data, c.data[:cap(c.data)], c.err
	}
	n := copy(p, x.data)
	x.data = x.data[n:]
	return n, nil
}

// Close stops all decompression and waits until it has.
func (x *xzReader) Close() error {
	close(x.stop)
	x.wg.Wait()
	return nil
}
