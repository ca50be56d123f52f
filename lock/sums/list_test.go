package sums

import (
	"encoding/binary"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/txtar"

	"depfetch/fetch"
)

// cases returns the archives of testdata/sums: lists, and what to find in them.
// Their forms and names are those of the projects that they cite; most digests
// are those of single letters.
func cases(t testing.TB) map[string]*txtar.Archive {
	t.Helper()
	names, err := filepath.Glob("../../testdata/sums/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	archives := make(map[string]*txtar.Archive, len(names))
	for _, name := range names {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Files) != 2 || a.Files[0].Name != "list" || a.Files[1].Name != "want" {
			t.Fatalf("%s: want a list and a want", name)
		}
		archives[strings.TrimSuffix(filepath.Base(name), ".txtar")] = a
	}
	return archives
}

// answer looks an address up, and renders the digest or the error.
func answer(list []byte, address string) string {
	l, err := Parse(list)
	if err != nil {
		return "error: " + err.Error()
	}
	s, err := l.Lookup(address)
	switch {
	case err != nil:
		return "error: " + err.Error()
	case s.Algorithm != "sha256":
		return s.Algorithm + ":" + s.Hex
	}
	return s.Hex
}

// encodings are ways in which the same list may come.
var encodings = map[string]func(string) []byte{
	"plain":             func(s string) []byte { return []byte(s) },
	"no last line feed": func(s string) []byte { return []byte(strings.TrimSuffix(s, "\n")) },
	"CRLF":              func(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) },
	"byte order mark":   func(s string) []byte { return []byte("\ufeff" + s) },
	"UTF-16LE":          func(s string) []byte { return encodeUTF16(s, binary.LittleEndian) },
	"UTF-16BE": func(s string) []byte {
		return encodeUTF16(strings.ReplaceAll(s, "\n", "\r\n"), binary.BigEndian)
	},
}

func encodeUTF16(s string, order binary.AppendByteOrder) []byte {
	data := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(s)) {
		data = order.AppendUint16(data, u)
	}
	return data
}

// TestLists finds in every list of testdata, in every encoding, what it holds.
func TestLists(t *testing.T) {
	for name, a := range cases(t) {
		t.Run(name, func(t *testing.T) {
			for line := range strings.Lines(string(a.Files[1].Data)) {
				line = strings.TrimSuffix(line, "\n")
				address, want, _ := strings.Cut(line, " ")
				if address == "error:" {
					address, want = "https://host.example/one.tgz", line
				}
				for encoding, encode := range encodings {
					if got := answer(encode(string(a.Files[0].Data)), address); got != want {
						t.Errorf("%s, %s:\n got %s\nwant %s", address, encoding, got, want)
					}
				}
			}
		})
	}
}

func TestErrorTypes(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	if _, err := Parse(nil); !isA[*NotAListError](err) {
		t.Errorf("nothing: %v", err)
	}
	if _, err := Parse([]byte("\x7fELF\x00\x01")); !isA[*NotAListError](err) || !strings.Contains(err.Error(), "binary") {
		t.Errorf("a binary: %v", err)
	}
	l, err := Parse([]byte(a + "  tool-a\n" + a + "  dup\n" + b + "  dup\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Lookup("https://host.example/tool-b")
	if e, ok := errors.AsType[*NotListedError](err); !ok || e.Name != "tool-b" || len(e.Near) == 0 || e.Near[0] != "tool-a" {
		t.Errorf("not listed: %v", err)
	}
	_, err = l.Lookup("https://host.example/dup")
	if e, ok := errors.AsType[*ConflictError](err); !ok || e.Name != "dup" || len(e.Digests) != 2 {
		t.Errorf("conflict: %v", err)
	}
	for _, bad := range []string{"https://host.example/%zz?token=secret", "http://[?token=secret"} {
		if d, err := l.Lookup(bad); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, %v", bad, d, err)
		}
	}
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// TestLinear reads lists made to be slow; a quadratic step would take minutes.
func TestLinear(t *testing.T) {
	digest := func(i int) string { return fetch.Digest{1, byte(i), byte(i >> 8), byte(i >> 16)}.String() }
	for name, line := range map[string]func(int) string{
		"one name":        func(i int) string { return digest(i) + "  tool\n" },
		"no name":         func(i int) string { return digest(i) + "\n" },
		"unfinished":      func(int) string { return "name: ABCD\nABCD\nABCD\n" },
		"headings":        func(int) string { return "SHA256 MD5 SHA1 SHA3-256 SHA512 CRC32\n" },
		"unfinished tags": func(int) string { return "SHA256 ((((((((((((((((((((= = = = = = = =\n" },
		"one line":        func(i int) string { return digest(i) + " |" },
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for i := range 50_000 {
				b.WriteString(line(i))
			}
			l, err := Parse([]byte(b.String()))
			if err != nil && !isA[*NotAListError](err) {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			if d, err := l.Lookup("https://host.example/tool"); !isA[*ConflictError](err) {
				t.Errorf("%v, %v", d, err)
			}
		})
	}
}

// FuzzParse holds that a list never makes Parse or Lookup panic, and that what
// is found is in the text.
func FuzzParse(f *testing.F) {
	for _, a := range cases(f) {
		for line := range strings.Lines(string(a.Files[1].Data)) {
			address, _, _ := strings.Cut(line, " ")
			for _, encode := range encodings {
				f.Add(encode(string(a.Files[0].Data)), address)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, address string) {
		l, err := Parse(data)
		if err != nil {
			if !isA[*NotAListError](err) {
				t.Fatalf("%q: %T", data, err)
			}
			return
		}
		addresses := []string{address, "https://host.example/"}
		for _, e := range slices.Concat(l.sha256.entries, l.sha512.entries, l.sha384.entries) {
			addresses = append(addresses, "https://host.example/"+strings.Join(e.elems, "/"))
		}
		// gpg and certutil break digests into groups, and lines of a signed
		// message may begin with a dash. Markdown has marks within words.
		joined := strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) || strings.ContainsRune("-`*[", r) {
				return -1
			}
			return unicode.ToLower(r)
		}, decode(data))
		for _, a := range addresses {
			d, err := l.Lookup(a)
			if err == nil && !strings.Contains(joined, "sha256-") && (d.IsZero() || !strings.Contains(joined, d.Hex)) {
				t.Errorf("%q: %s is not in %q", a, d.Hex, data)
			}
		}
	})
}
