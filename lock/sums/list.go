// Package sums reads the checksum lists that upstreams publish, and finds the sha256,
// the sha512 or the sha384 of a file in them.
//
// It reads, in any mixture:
//   - the output of sha256sum and shasum: text, binary and escaped names, and variants
//     with one space, tabs, or no name at all;
//   - tagged lines of BSD and of openssl dgst, and digests with a label, as in
//     "SHA256 (name) = …", "SHA2-256(name)= …", "sha256:…";
//   - lines that begin with the name, as in "name …" and "name: …", or that name the
//     algorithm, as in "name sha256 …";
//   - rows of tables of Markdown and of CSV, items of Markdown's lists, with links and
//     code; several digests of one file if they are of different lengths; digests
//     below a line that is nothing but the name, as a heading of release notes;
//   - the output of Get-FileHash as a table, as a list and in Markdown, of certutil
//     -hashfile and of gpg --print-md; the Checksums fields of Debian's control files.
//
// Byte order marks, UTF-16, CRLF, upper-case digests, comments and blank lines are
// accepted. Of a clearsigned message (RFC 9580, section 7) only the signed text counts;
// the signature itself is not checked here. In a JSON document, a pointer names the
// digest, unless there is only one, or objects that name files have one for each.
//
// A digest that Lookup returns is one that the list gives for that file. A list that
// names other files alone has no answer, even if it has a single line; nor does a list
// with two different digests for the file. Digests of other algorithms, such as md5 and
// sha1, are skipped, and so are ambiguous lines, such as those with two digests of one
// length. Base64 is read in JSON alone. Web pages, empty files and everything else
// without a sha256, sha512 or sha384 are not lists.
package sums

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"depfetch/fetch/source"
)

// List is a checksum list. [Parse] and [ParsePointer] return one. It is safe for
// concurrent use.
type List struct {
	sha256, sha512, sha384 digests
}

// Sum is the checksum of a file. The zero Sum is no checksum.
type Sum struct {
	Algorithm string // "sha256", "sha512" or "sha384" of a list; other programs' sums may have others
	Hex       string // in lower-case digits, as many as Algorithm has
}

// IsZero reports whether s is the zero Sum.
func (s Sum) IsZero() bool { return s == Sum{} }

// Unnamed reports whether l has an answer for every file, since it has digests and names
// no file.
func (l *List) Unnamed() bool { return !l.names() && !l.empty() }

// names reports whether l gives any digest for a file by its name.
func (l *List) names() bool {
	return len(l.sha256.entries) > 0 || len(l.sha512.entries) > 0 || len(l.sha384.entries) > 0
}

func (l *List) empty() bool { return l.sha256.empty() && l.sha512.empty() && l.sha384.empty() }

// digests are the digests of one algorithm in a list.
type digests struct {
	entries []entry
	byName  map[string][]int // by the last element of an entry's name
	bare    []string         // without a name
}

func (d *digests) empty() bool { return len(d.entries) == 0 && len(d.bare) == 0 }

// entry is a digest with the name of a file.
type entry struct {
	elems  []string // of the path that names the file; never empty
	digest string   // in lower-case hexadecimal digits
}

func (e entry) name() string { return e.elems[len(e.elems)-1] }

// Parse reads a list in time linear in its length, which the caller limits. Its error
// is a [*NotAListError].
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
	if p.list.empty() {
		return nil, &NotAListError{Reason: p.emptyReason()}
	}
	return p.list, nil
}

// Lookup returns the sum that l gives for the file at an address: a sha256, else a
// sha512, else a sha384. The file's name is the last element of the address's path,
// unescaped. Of several files with that name in the list, the one counts whose
// directories agree best with the path. A list of one digest without a name gives it
// for every file. Errors about the list are a [*NotListedError] or a [*ConflictError].
func (l *List) Lookup(address string) (Sum, error) {
	path, err := pathElements(address)
	if err != nil {
		return Sum{}, err
	}
	var none error
	for _, of := range []struct {
		algorithm algorithm
		digests   *digests
	}{{sha256, &l.sha256}, {sha512, &l.sha512}, {sha384, &l.sha384}} {
		hex, err := of.digests.lookup(path, l.names())
		if err == nil {
			return Sum{Algorithm: string(of.algorithm), Hex: hex}, nil
		}
		e, ok := errors.AsType[*NotListedError](err)
		if !ok {
			return Sum{}, err
		}
		if none == nil || len(e.Near) > 0 && !named(none) {
			none = err
		}
	}
	return Sum{}, none
}

// named reports whether a NotListedError has similar names.
func named(err error) bool {
	e, ok := errors.AsType[*NotListedError](err)
	return ok && len(e.Near) > 0
}

// lookup returns the digest of the file at a path, which is not empty. Digests without a
// name count in lists that name no file, by whatever algorithm.
func (l *digests) lookup(path []string, named bool) (string, error) {
	// Some file hosts append this element to the name.
	if n := len(path) - 1; n > 0 && path[n] == "download" && l.byName["download"] == nil {
		path = path[:n]
	}
	name := path[len(path)-1]
	found := l.bare
	if named {
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
func (l *digests) nearest(path []string) []string {
	var (
		best  int
		found []string
	)
	for _, i := range l.byName[path[len(path)-1]] {
		e := l.entries[i]
		n := commonSuffix(e.elems, path)
		rank := 2 * n
		if n == len(e.elems) {
			rank++ // of two that agree equally far, the one with no more elements
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

// near returns the names in l that are most similar to name, best first.
func (l *digests) near(name string) []string {
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

// likeness counts the bytes that two names share at both ends, ignoring case.
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
