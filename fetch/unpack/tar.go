package unpack

import (
	"archive/tar"
	"errors"
	"io"
	"strings"
)

// walkTar calls visit with each member of the tar that s holds. s is read up
// to the end of the tar.
func walkTar(s *stream, visit func(*member) error) error {
	blocks := &blockReader{r: s}
	tr := tar.NewReader(blocks)
	for {
		h, err := tr.Next()
		switch {
		case err == io.EOF:
			if failed := s.failure(); failed != nil {
				return failed
			}
			if !blocks.zero {
				return &DamagedError{Format: string(formatTar), Err: errTruncated}
			}
			return nil
		case err != nil && !(errors.Is(err, tar.ErrInsecurePath) && h != nil): // names are checked here
			if failed := s.failure(); failed != nil {
				return failed
			}
			return damaged(formatTar, "", err)
		}
		m, err := tarMember(h)
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		body := &tarBody{r: tr, s: s, name: h.Name}
		m.body = body
		if err := visit(m); err != nil {
			return err
		}
		if err := body.skip(); err != nil {
			return err
		}
	}
}

// blockReader remembers whether the last thing read was a block of zeros where
// a block begins. Of a tar that ends as it should that is what is read last.
type blockReader struct {
	r    io.Reader
	off  int64
	zero bool
}

func (b *blockReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if n > 0 {
		b.zero = n == 512 && len(p) == 512 && b.off%512 == 0 && isZero(p)
	}
	b.off += int64(n)
	return n, err
}

// tarBody is the contents of a member.
type tarBody struct {
	r    io.Reader
	s    *stream
	name string
}

func (b *tarBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		if failed := b.s.failure(); failed != nil {
			return n, failed
		}
		err = damaged(formatTar, b.name, err)
	}
	return n, err
}

// skip reads what is left. (The tar reader would do it, but report an end in
// the middle as if it were one between members.)
func (b *tarBody) skip() error {
	_, err := io.Copy(io.Discard, b)
	return err
}

// tarMember returns what h says, or nil where that is nothing to unpack.
func tarMember(h *tar.Header) (*member, error) {
	m := &member{
		name:    h.Name,
		mode:    uint32(h.Mode) & 0o7777,
		modTime: h.ModTime,
		size:    h.Size,
		link:    h.Linkname,
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		m.kind = kindFile
		m.sparse = h.Typeflag == tar.TypeGNUSparse || h.PAXRecords["GNU.sparse.major"] != "" || h.PAXRecords["GNU.sparse.size"] != ""
		if strings.HasSuffix(h.Name, "/") { // how the first tars wrote directories
			m.kind = kindDir
			if h.Size > 0 {
				m.kind = "a directory with contents"
			}
		}
	case tar.TypeDir:
		m.kind = kindDir
	case 'D': // GNU tar's, of incremental backups: a list of names follows it
		m.kind = kindDir
	case tar.TypeSymlink:
		m.kind = kindSymlink
	case tar.TypeLink:
		m.kind = kindHardLink
	case tar.TypeChar, tar.TypeBlock:
		m.kind = "a device"
	case tar.TypeFifo:
		m.kind = "a FIFO"
	case tar.TypeXGlobalHeader:
		for key := range h.PAXRecords {
			switch {
			case key == "path" || key == "linkpath" || key == "size" || key == "mtime" || key == "hdrcharset" || strings.HasPrefix(key, "GNU.sparse."):
				return nil, damaged(formatTar, h.Name, errors.New("a global header sets "+key+", and programs differ in what that means"))
			}
		}
		return nil, nil
	case 'V': // the volume's label
		return nil, nil
	case 'M':
		m.kind = "the continuation of a file from another volume"
	default:
		m.kind = kind("a member of unknown type " + string(rune(h.Typeflag)))
	}
	return m, nil
}
