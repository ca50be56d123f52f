package unpack

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"unicode/utf8"

	"depfetch/fetch/digest"
)

// Manifest is what a tree holds. The package comment defines its text.
type Manifest struct {
	Entries []Entry // in ascending order of the bytes of their names
}

const manifestHead = "depfetch-manifest 1\n"

// Encode returns the text of m.
func (m Manifest) Encode() []byte {
	b := []byte(manifestHead)
	for _, e := range m.Entries {
		b = append(b, byte(e.Type), ' ')
		switch e.Type {
		case TypeDir:
			b = fmt.Appendf(b, "%04o ", e.Mode.Perm())
		case TypeFile:
			b = fmt.Appendf(b, "%04o %d %s ", e.Mode.Perm(), e.Size, e.Digest)
		}
		b = appendQuoted(b, e.Name)
		if e.Type == TypeSymlink {
			b = appendQuoted(append(b, ' '), e.Link)
		}
		b = append(b, '\n')
	}
	return b
}

// Digest returns the sha256 of the text of m.
func (m Manifest) Digest() digest.SHA256 { return digest.Of(m.Encode()) }

// ParseManifest reads the text of a manifest. It accepts nothing but what
// Encode returns for a manifest of a tree.
func ParseManifest(text []byte) (Manifest, error) {
	rest, ok := strings.CutPrefix(string(text), manifestHead)
	if !ok {
		return Manifest{}, fmt.Errorf("manifest:1: it does not begin with %q", strings.TrimSpace(manifestHead))
	}
	var m Manifest
	for n := 2; rest != ""; n++ {
		line, after, ended := strings.Cut(rest, "\n")
		e, err := parseEntry(line)
		switch {
		case err != nil:
		case !ended:
			err = errors.New("the line has no end")
		case len(m.Entries) > 0 && m.Entries[len(m.Entries)-1].Name >= e.Name:
			err = errors.New("the name does not come after that of the line before")
		}
		if err != nil {
			return Manifest{}, fmt.Errorf("manifest:%d: %w", n, err)
		}
		m.Entries = append(m.Entries, e)
		rest = after
	}
	if string(m.Encode()) != string(text) {
		return Manifest{}, errors.New("manifest: it is not written in the one form that it has")
	}
	return m, nil
}

func parseEntry(line string) (Entry, error) {
	kind, rest, _ := strings.Cut(line, " ")
	fields := map[string]int{"d": 1, "f": 3, "l": 0}
	n, ok := fields[kind]
	if !ok {
		return Entry{}, fmt.Errorf("unknown type %q: want d, f or l", kind)
	}
	e := Entry{Type: Type(kind[0])}
	for i := range n {
		var field string
		field, rest, _ = strings.Cut(rest, " ")
		if err := e.setField(i, field); err != nil {
			return Entry{}, err
		}
	}
	var err error
	if e.Name, rest, err = cutQuoted(rest); err != nil {
		return Entry{}, err
	}
	if !validName(e.Name) {
		return Entry{}, fmt.Errorf("%q is no name of an entry", e.Name)
	}
	if e.Type == TypeSymlink {
		if !strings.HasPrefix(rest, " ") {
			return Entry{}, errors.New("a link without target")
		}
		if e.Link, rest, err = cutQuoted(rest[1:]); err != nil {
			return Entry{}, err
		}
		if e.Link == "" {
			return Entry{}, errors.New("a link without target")
		}
	}
	if rest != "" {
		return Entry{}, fmt.Errorf("%q after the entry", rest)
	}
	return e, nil
}

// setField reads the field that comes i-th after the type.
func (e *Entry) setField(i int, field string) error {
	switch i {
	case 0:
		mode, err := strconv.ParseUint(field, 8, 32)
		if err != nil || mode > 0o777 {
			return fmt.Errorf("%q is no mode", field)
		}
		e.Mode = fs.FileMode(mode)
	case 1:
		size, err := strconv.ParseInt(field, 10, 64)
		if err != nil || size < 0 {
			return fmt.Errorf("%q is no size", field)
		}
		e.Size = size
	case 2:
		if len(field) != 2*len(e.Digest) {
			return fmt.Errorf("%q is no sha256", field)
		}
		if _, err := hex.Decode(e.Digest[:], []byte(field)); err != nil {
			return fmt.Errorf("%q is no sha256", field)
		}
	}
	return nil
}

// validName tells whether name is relative, clean and does not climb, so that
// it can be looked for below a directory.
func validName(name string) bool {
	if name == "" {
		return false
	}
	for elem := range strings.SplitSeq(name, "/") {
		if elem == "" || elem == "." || elem == ".." {
			return false
		}
	}
	return !strings.Contains(name, "\x00")
}

func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', s[i])
		case r < ' ' || r == 0x7f || r == utf8.RuneError && n == 1:
			b = fmt.Appendf(b, `\x%02x`, s[i])
		default:
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return append(b, '"')
}

var errQuotes = errors.New("want a name in quotes")

// cutQuoted returns the string in quotes that s begins with, and what follows.
func cutQuoted(s string) (string, string, error) {
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil || quoted[0] != '"' {
		return "", "", errQuotes
	}
	text, err := strconv.Unquote(quoted)
	if err != nil || string(appendQuoted(nil, text)) != quoted {
		return "", "", fmt.Errorf("%s is not written in the one form that it has", quoted)
	}
	return text, s[len(quoted):], nil
}
