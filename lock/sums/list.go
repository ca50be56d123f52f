// Package sums reads the checksum lists that upstreams publish, and finds the
// sha256 of one file in them.
//
// It reads, in any mixture:
//   - what sha256sum and shasum print: text, binary, escaped names, and their
//     cousins with one space, tabs, or no name at all;
//   - tagged lines of BSD and of openssl dgst, and digests with a label, as in
//     "SHA256 (name) = …", "SHA2-256(name)= …", "sha256:…";
//   - the name first, as in "name …" and "name: …";
//   - Get-FileHash as a table, as a list and in Markdown; certutil -hashfile;
//     gpg --print-md; the Checksums fields of Debian's control files.
//
// Byte order marks, UTF-16, CRLF, upper-case digests, comments and blank lines
// are taken in stride. Of a clearsigned message (RFC 9580, section 7) only the
// text that is signed counts; the signature itself is not checked here.
//
// What a Lookup returns stands in the list, for that file. A list that names
// files and not this one has no answer, even if it has a single line; a list
// that has two has none either. A sha512 is asked for by itself. Of a JSON document
// a pointer names the digest, unless it holds a single one. Digests of other
// algorithms are passed over,
// and so is every line that could be read in two ways, such as one with several
// digests. Base64 is not read. A web page, an empty file and everything else
// without a sha256 or sha512 in it are refused as no lists.
package sums

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/fetch/source"
)

// List is a checksum list. It comes from [Parse], and is safe for concurrent
// use.
type List struct {
	entries []entry
	byName  map[string][]int // by the last element of an entry's name
	bare    []string         // those without a name
	sha512  *List            // the same, of sha512; nil in itself
}

// empty reports whether l holds nothing.
func (l *List) empty() bool { return l == nil || len(l.entries) == 0 && len(l.bare) == 0 }

// Unnamed reports whether l has an answer for every file, since it gives digests and
// names no file.
func (l *List) Unnamed() bool {
	return l != nil && (len(l.entries) == 0 && len(l.bare) > 0 || l.sha512.Unnamed())
}

// entry is one named digest.
type entry struct {
	elems  []string // of the path that names the file; never empty
	digest string   // in lower-case hexadecimal digits
}

func (e entry) name() string { return e.elems[len(e.elems)-1] }

// Parse reads a list, in time linear in its length. The caller bounds that. Its
// errors are of type [*NotAListError].
func Parse(data []byte) (*List, error) {
	if l, ok := parseJSON(strings.TrimSpace(decode(data))); ok {
		return l, nil
	}
	text, err := plainText(data)
	if err != nil {
		return nil, err
	}
	p := newParser()
	for line := range strings.SplitSeq(text, "\n") {
		p.line(line)
	}
	p.flush()
	if p.list.empty() && p.list.sha512.empty() {
		return nil, &NotAListError{Reason: p.emptyReason()}
	}
	return p.list, nil
}

// Lookup returns the sha256 that l gives for the file at an address. The file's
// name is the last element of the address's path, unescaped. Where several
// files of the list have that name, the one counts whose directories agree with
// the path furthest up. A list that is nothing but one digest gives it for
// every file. Errors about the list are of type [*NotListedError] and
// [*ConflictError].
func (l *List) Lookup(address string) (fetch.Digest, error) {
	s, err := l.lookup(address)
	if err != nil {
		return fetch.Digest{}, err
	}
	return digest.Parse(s)
}

// LookupSHA512 is Lookup for the sha512 of a file, in lower-case hexadecimal digits.
func (l *List) LookupSHA512(address string) (string, error) { return l.sha512.lookup(address) }

func (l *List) lookup(address string) (string, error) {
	path, err := pathElements(address)
	if err != nil {
		return "", err
	}
	// File hosters have the name before this.
	if n := len(path) - 1; n > 0 && path[n] == "download" && l.byName["download"] == nil {
		path = path[:n]
	}
	name := path[len(path)-1]
	found := l.bare
	if len(l.entries) > 0 {
		found = l.nearest(path)
	}
	switch found = distinct(found); len(found) {
	case 0:
		return "", &NotListedError{Name: name, Near: l.near(name)}
	case 1:
		return found[0], nil
	}
	return "", &ConflictError{Name: name, Digests: found}
}

// nearest returns the digests of the entries whose names agree best with path.
func (l *List) nearest(path []string) []string {
	var (
		best  int
		found []string
	)
	for _, i := range l.byName[path[len(path)-1]] {
		e := l.entries[i]
		n := commonSuffix(e.elems, path)
		rank := 2 * n
		if n == len(e.elems) {
			rank++ // of two that agree equally far, the one that ends there
		}
		if rank > best {
			best, found = rank, nil
		}
		if rank == best {
			found = append(found, e.digest)
		}
	}
	return found
}

func commonSuffix(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

func distinct(digests []string) []string {
	seen := make(map[string]bool, len(digests))
	return slices.DeleteFunc(slices.Clone(digests), func(d string) bool {
		again := seen[d]
		seen[d] = true
		return again
	})
}

// pathElements returns the elements of an address's path, unescaped. There is
// at least one; the last is empty if the path ends in a slash.
func pathElements(address string) ([]string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read as a URL", source.Redact(address))
	}
	elems := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	for i, e := range elems {
		if elems[i], err = url.PathUnescape(e); err != nil {
			return nil, fmt.Errorf("%s cannot be read as a URL", source.Redact(address))
		}
	}
	return elems, nil
}

// maxNear is how many names a NotListedError offers.
const maxNear = 3

// near returns the names in l that are most like name, best first.
func (l *List) near(name string) []string {
	type match struct {
		name string
		like int
	}
	var best []match
	for _, e := range l.entries {
		m := match{e.name(), likeness(e.name(), name)}
		if len(l.byName) > maxNear && 2*m.like < max(len(name), len(m.name)) {
			continue
		}
		if slices.ContainsFunc(best, func(b match) bool { return b.name == m.name }) {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, m, func(b, m match) int {
			if b.like >= m.like {
				return -1
			}
			return 1
		})
		best = slices.Insert(best, at, m)
		best = best[:min(len(best), maxNear)]
	}
	names := make([]string, len(best))
	for i, b := range best {
		names[i] = b.name
	}
	return names
}

// likeness counts the bytes that two names share at both ends, without regard
// to case.
func likeness(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	a, b = a[n:], b[n:]
	k := 0
	for k < len(a) && k < len(b) && a[len(a)-1-k] == b[len(b)-1-k] {
		k++
	}
	return n + k
}
