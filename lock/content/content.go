// Package content recognises what downloaded bytes are from their beginning: a program
// for certain machines and systems, or something that is served in the place of a file.
//
// It reads headers alone and does not guess: what it does not recognise is neither a
// program nor a substitute. It guarantees that no bytes make it fail. The formats are
// few and only their machines matter, so debug/elf, debug/macho and debug/pe, which want
// the whole file, do not serve.
package content

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// HeadSize is how many bytes of the beginning of a file this package needs to recognise
// all that it can. Nearly all of it needs only 512.
const HeadSize = 4096

// Substitute is what is served in the place of a file.
type Substitute string

// The substitutes. Text is one for archives only.
const (
	None       Substitute = ""
	Empty      Substitute = "an empty file"
	LFSPointer Substitute = "a Git LFS pointer, not the file that it stands for"
	JSON       Substitute = "JSON, such as APIs answer"
	XML        Substitute = "XML, such as APIs and object stores answer"
	HTML       Substitute = "a web page"
	Text       Substitute = "text"
)

// SubstituteOf returns which substitute a file of size bytes is that begins with head,
// or None.
func SubstituteOf(head []byte, size int64) Substitute {
	if size == 0 {
		return Empty
	}
	if !plainText(head) {
		return None
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	lower := strings.ToLower(string(text[:min(len(text), 1024)]))
	switch {
	case len(text) == 0 && int64(len(head)) == size:
		return Empty
	case strings.HasPrefix(lower, "version https://git-lfs.github.com/spec/"), strings.HasPrefix(lower, "version https://hawser.github.com/spec/"):
		return LFSPointer
	case strings.HasPrefix(lower, "<!doctype html"), strings.HasPrefix(lower, "<html"), strings.HasPrefix(lower, "<head"), strings.HasPrefix(lower, "<body"):
		return HTML
	case strings.HasPrefix(lower, "<") && strings.Contains(lower, "<html"):
		return HTML
	case strings.HasPrefix(lower, "<") && isXML(text):
		return XML
	case strings.HasPrefix(lower, "{") && startsJSON(text), strings.HasPrefix(lower, "[") && startsJSON(text):
		return JSON
	}
	return Text
}

// plainText reports whether head is text in UTF-8. Its last character may be incomplete.
func plainText(head []byte) bool {
	for i := 0; i < len(head); {
		r, n := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && n == 1 && (len(head)-i >= utf8.UTFMax || utf8.FullRune(head[i:])) {
			return false
		}
		if r < ' ' && !strings.ContainsRune("\t\n\v\f\r\x1b", r) {
			return false
		}
		i += n
	}
	return true
}

// isXML reports whether text begins as XML does.
func isXML(text []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict = false
	for {
		t, err := d.RawToken()
		if err != nil {
			return false
		}
		switch t := t.(type) {
		case xml.ProcInst:
			return t.Target == "xml" // and not, for instance, php
		case xml.StartElement, xml.Directive:
			return true
		}
	}
}

// startsJSON reports whether text, which begins with a bracket, continues as JSON does.
// The shell's "[ -f x ]" and "{ cmd; }" do not.
func startsJSON(text []byte) bool {
	rest := strings.TrimLeft(string(text[1:]), " \t\r\n")
	if rest == "" {
		return true
	}
	if text[0] == '{' {
		return rest[0] == '"' || rest[0] == '}'
	}
	if len(rest) > 1 && rest[0] == '-' {
		return rest[1] >= '0' && rest[1] <= '9'
	}
	return strings.ContainsRune("{[\"]0123456789", rune(rest[0])) || strings.HasPrefix(rest, "null") ||
		strings.HasPrefix(rest, "true") || strings.HasPrefix(rest, "false")
}

// archives are the extensions of archives and compressed files.
var archives = []string{
	".tar", ".gz", ".tgz", ".bz2", ".tbz", ".tbz2", ".xz", ".txz", ".zst", ".tzst", ".lz", ".lz4", ".lzma", ".br", ".zip", ".7z", ".rar",
	".jar", ".war", ".ear", ".whl", ".egg", ".nupkg", ".vsix", ".xpi", ".crx", ".apk", ".deb", ".rpm", ".ipk", ".crate", ".gem",
	".cab", ".msi", ".dmg", ".pkg", ".iso", ".img", ".qcow2", ".vhd", ".vmdk", ".ova", ".snap", ".flatpak", ".cpio", ".zz",
}

// programs are the extensions of programs and scripts.
var programs = []string{".sh", ".bash", ".zsh", ".ps1", ".bat", ".cmd", ".py", ".pl", ".exe", ".dll", ".so", ".dylib", ".appimage", ".bin", ".run", ".com", ".sys", ".efi", ".wasm", ".elf", ".ko", ".a", ".node"}

// Named is the kind of file that a name stands for.
type Named int

// The kinds.
const (
	NamedNothing Named = iota
	NamedArchive
	NamedProgram
)

// ByName returns the kind of file that the last element of a path or an address stands
// for. Some file hosts append /download, which is ignored.
func ByName(name string) Named {
	if _, rest, ok := strings.Cut(name, "://"); ok {
		if _, name, ok = strings.Cut(rest, "/"); !ok {
			return NamedNothing
		}
	}
	name = strings.TrimSuffix(strings.ToLower(name), "/download")
	base := path.Base(name)
	ext := path.Ext(base)
	switch {
	case slices.Contains(archives, ext):
		return NamedArchive
	case slices.Contains(programs, ext), strings.Contains(base, ".so."):
		return NamedProgram
	}
	return NamedNothing
}

// Instead returns the substitute that an address serves in the place of the archive or
// program that it names, or None. head are the first bytes of the size that it serves.
func Instead(address string, head []byte, size int64) Substitute {
	name, _, _ := strings.Cut(address, "?")
	if what := SubstituteOf(head, size); what != Text && ByName(name) != NamedNothing {
		return what
	}
	return None
}

// uncompressed returns the first bytes of the content of a gzip file, or head if it is
// not one.
func uncompressed(head []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return head
	}
	inside := make([]byte, HeadSize)
	n, _ := io.ReadFull(z, inside)
	return inside[:n]
}

// IsRefusal reports whether a text that begins with head is an error message of an API
// or an object store.
func IsRefusal(head []byte) bool { return refusal.Match(head) }

var refusal = regexp.MustCompile(`^\s*(\{\s*"(message|error|errors|error_description|documentation_url|detail|fault)"\s*:|(<\?xml[^>]*>\s*)?<(Error|error|errors)\b)`)
