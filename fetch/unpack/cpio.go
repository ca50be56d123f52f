package unpack

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// The new ASCII format of cpio(5), which is what .rpm packages hold.
//
// Own code because no Go library of this format is kept that is strict, and it is small.

const (
	cpioHeaderLen = 110
	cpioTrailer   = "TRAILER!!!"
)

// The fields of a header that are read here, each 8 hexadecimal digits.
const (
	cpioMode     = 1
	cpioLinks    = 4
	cpioTime     = 5
	cpioSize     = 6
	cpioNameSize = 11
	cpioFields   = 13
)

// cpioWalker reads a cpio.
type cpioWalker struct {
	s     *stream
	visit func(*member) error

	// A file with several names has its contents at one of them, the last as a rule, so
	// the others wait for the end of the archive.
	// They are known by inode and device.
	full    map[string]string // names with contents
	waiting []*member         // whose link is inode and device
	limits  Limits
	h       [cpioHeaderLen]byte
}

// walkCpio calls visit with each member of the cpio that s holds. s is read to its end.
func walkCpio(s *stream, limits Limits, visit func(*member) error) error {
	w := &cpioWalker{s: s, visit: visit, full: make(map[string]string), limits: limits}
	var h [cpioFields]uint32
	for {
		name, err := w.header(&h)
		if err != nil {
			return damaged(formatCpio, "", err)
		}
		if name == cpioTrailer {
			break
		}
		body := &cpioBody{s, int64(h[cpioSize])}
		if err := w.member(name, &h, body); err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, body)
		if err == nil {
			err = w.pad(h[cpioSize])
		}
		if err != nil {
			return damaged(formatCpio, name, err)
		}
	}
	for _, m := range w.waiting {
		if name := w.full[m.link]; name != "" {
			m.kind, m.link = kindHardLink, name
		} else { // it is an empty file, and those after it are links to that
			w.full[m.link], m.link = m.name, ""
		}
		if err := visit(m); err != nil {
			return err
		}
	}
	if err := skipZeros(s); err != io.EOF {
		return damaged(formatCpio, "", err)
	}
	return nil
}

// header reads a header and its name.
func (w *cpioWalker) header(h *[cpioFields]uint32) (name string, err error) {
	b := w.h[:]
	if err := w.read(b); err != nil {
		return "", err
	}
	if string(b[:6]) == "07070X" {
		return "", unsupported(".rpm packages with a file of 4 GiB, or of version 6 (cpio 07070X),")
	}
	if string(b[:6]) != "070701" {
		return "", errHeader
	}
	for i := range h {
		n, err := strconv.ParseUint(string(b[6+8*i:14+8*i]), 16, 32)
		if err != nil {
			return "", errHeader
		}
		h[i] = uint32(n)
	}
	size := h[cpioNameSize]
	if size == 0 || size > 2*maxName {
		return "", errHeader
	}
	text := make([]byte, size)
	if err := w.read(text); err != nil {
		return "", err
	}
	name = string(text[:size-1])
	if text[size-1] != 0 || strings.Contains(name, "\x00") {
		return "", errHeader
	}
	return name, w.pad(cpioHeaderLen + size)
}

// read fills b.
func (w *cpioWalker) read(b []byte) error {
	n, err := io.ReadFull(w.s, b)
	if n == 0 && err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// pad reads the zeros that fill up n bytes to a multiple of four.
func (w *cpioWalker) pad(n uint32) error {
	b := make([]byte, -n&3)
	if len(b) == 0 {
		return nil
	}
	err := w.read(b)
	if err == nil && !isZero(b) {
		err = errHeader
	}
	return err
}

// cpioKinds are what members are, by the type in their modes.
var cpioKinds = [16]kind{1: "a FIFO", 2: "a device", 4: kindDir, 6: "a device", 8: kindFile, 10: kindSymlink, 12: "a socket"}

// member visits a member, or lets it wait for the contents of its file.
func (w *cpioWalker) member(name string, h *[cpioFields]uint32, body *cpioBody) error {
	m := &member{
		name: name, kind: cpioKinds[h[cpioMode]>>12&15], mode: h[cpioMode] & 0o7777, size: body.left,
		modTime: time.Unix(int64(h[cpioTime]), 0), body: body,
	}
	switch {
	case m.kind == "" || h[cpioMode]>>16 != 0:
		m.kind = "a member of unknown type"
	case m.kind == kindDir && m.size > 0:
		m.kind = "a directory with contents"
	case m.kind == kindSymlink:
		target, err := io.ReadAll(io.LimitReader(body, maxName+1)) // and more is refused
		if err != nil {
			return damaged(formatCpio, name, err)
		}
		m.link = string(target)
	case m.kind == kindFile && h[cpioLinks] > 1:
		id := string(w.h[6:14]) + string(w.h[62:78])
		switch {
		case m.size > 0 && w.full[id] == "":
			w.full[id] = name
		case m.size > 0:
			return damaged(formatCpio, name, errors.New("contents of a file that has some"))
		case len(w.waiting) == w.limits.Entries:
			return &LimitError{Limit: "entries", Max: int64(w.limits.Entries)}
		default:
			m.link = id
			w.waiting = append(w.waiting, m)
			return nil
		}
	}
	return w.visit(m)
}

// cpioBody is the contents of a member.
type cpioBody struct {
	s    *stream
	left int64
}

func (b *cpioBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.s.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err == io.EOF {
		err = damaged(formatCpio, "", errTruncated)
	}
	return n, err
}
