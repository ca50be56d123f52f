package unpack

import (
	"io"
	"io/fs"
	"time"

	"depfetch/fetch/digest"
)

// Type is what an entry is, as its letter in the text of a manifest.
type Type byte

// The types of entries.
const (
	TypeFile    Type = 'f'
	TypeDir     Type = 'd'
	TypeSymlink Type = 'l'
)

func (t Type) String() string {
	switch t {
	case TypeFile:
		return "a file"
	case TypeDir:
		return "a directory"
	case TypeSymlink:
		return "a symbolic link"
	}
	return "nothing known"
}

// Entry is one file, directory or symbolic link of a tree.
type Entry struct {
	Name   string        // slash-separated, stripped, without "." and empty elements
	Type   Type          //
	Mode   fs.FileMode   // permission bits; 0 for links
	Size   int64         // of a file, in bytes
	Digest digest.SHA256 // of a file; only in a Manifest and from Member
	Link   string        // where a symbolic link leads, as the archive has it
}

// member is one entry of an archive as its format has it, nothing checked.
type member struct {
	name    string
	kind    kind
	mode    uint32 // as stat(2) has it, without the type
	modTime time.Time
	size    int64
	link    string

	// Contents come from one of these. A body is to be read before the next
	// member; what can be opened may be read at any time, in any goroutine.
	body io.Reader
	open func() (io.ReadCloser, error)

	sparse bool // most of it may be holes

	// refusal says why this member of a zip cannot be read; others can.
	refusal string
}

// kind is what a member is. A kind that is none of the constants says why the
// member is not unpacked.
type kind string

const (
	kindFile     kind = "file"
	kindDir      kind = "directory"
	kindSymlink  kind = "symbolic link"
	kindHardLink kind = "hard link"
)

// content returns what a file holds.
func (m *member) content() (io.ReadCloser, error) {
	if m.open != nil {
		return m.open()
	}
	return io.NopCloser(m.body), nil
}
