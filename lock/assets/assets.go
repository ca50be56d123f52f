// Package assets finds among the files of a release the one for a platform, by their
// names alone, and the lists of checksums beside it.
//
// It never chooses between two files that are equally good: that is an [AmbiguousError]
// with both. Of the files that may be meant, these rules choose, the first that tells
// them apart:
//
//  1. What is no program is left out: checksums, signatures, SBOMs, sources, debugging
//     symbols, documents, installers of other systems, and archives that cannot be
//     unpacked; so is a file for another system or architecture. An archive that names
//     neither, where others do, is the source. A word such as "test" or "image" counts
//     only if the tool's own name does not have it.
//  2. Programs and archives come before AppImages. Packages of distributions count only
//     where there is nothing else.
//  3. A file that names a system or an architecture comes before one that names neither;
//     that one is taken only for linux/amd64 where other files name them, if it is called
//     as the tool is and no archive, or if the same name with an architecture alone is
//     there too (tool.tgz beside tool-arm64.tgz).
//  4. What is left of a name without platform, version and extension says which of
//     several programs it is: the one that is asked for by name comes first, then the one
//     with the repository's name, then a bare platform. Other names are equally good,
//     and no rule below chooses between them.
//  5. A file that names the system comes before one that does not, which counts for
//     Linux alone.
//  6. The architecture itself, by its name before by a word such as "64bit", comes
//     before one that it can run, which comes before "universal", which comes before none. A name with a system alone is that for
//     amd64, unless no file of the release names an architecture.
//  7. glibc, or no word, comes before musl; where musl is asked for, musl before no word,
//     and glibc is left out; where gnu is asked for by name, musl is left out.
//  8. What is for any distribution comes before what is for one, what needs more of the
//     processor, where the platform says that it has it, before what needs less, and
//     fewer words such as "static" before more.
//  9. The same file packed in several ways: as it is, then .tar.gz, .tar.xz, .tar.zst,
//     .tar.bz2, .tar, .zip, and then without an archive .gz, .xz, .zst, .bz2.
package assets

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"depfetch/fetch/printable"
	"depfetch/lock"
)

// Want says which file is wanted.
type Want struct {
	Platform lock.Platform
	Libc     string // "gnu", "musl", or empty: gnu if there are both
	// Names are what the tool may be called, the likeliest first; the last one is that of
	// the repository.
	Names   []string
	Version string // of the release, which names hold in several forms; may be empty
}

// AmbiguousError reports several files that are equally good.
type AmbiguousError struct {
	Platform lock.Platform
	Files    []string // at least two, in the order of the release
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%s may be any of these files:\n%s", e.Platform, listed(e.Files))
}

// NoneError reports that no file is for a platform.
type NoneError struct {
	Platform lock.Platform
	Files    []string // that are programs or archives for others
}

func (e *NoneError) Error() string {
	if len(e.Files) == 0 {
		return fmt.Sprintf("no file is for %s", e.Platform)
	}
	return fmt.Sprintf("no file is for %s; there are\n%s", e.Platform, listed(e.Files))
}

// maxListed is how many files an error names.
const maxListed = 20

// listed returns the first few files, one a line: a release may have a thousand.
func listed(files []string) string {
	var lines []string
	for _, f := range files[:min(len(files), maxListed)] {
		lines = append(lines, printable.String(f)) // a name is one line
	}
	text := strings.Join(lines, "\n")
	if more := len(files) - maxListed; more > 0 {
		text += fmt.Sprintf("\nand %d more", more)
	}
	return text
}

// Choose returns the file for a platform. Its error is an [*AmbiguousError] or a
// [*NoneError].
func Choose(files []string, w Want) (string, error) {
	r := readAll(files, w)
	var all []candidate
	for _, n := range r.names {
		if c, ok := r.candidate(n, w); ok {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		e := &NoneError{Platform: w.Platform}
		for _, n := range r.names {
			e.Files = append(e.Files, n.text)
		}
		return "", e
	}
	best := slices.MinFunc(all, candidate.compare)
	tie := &AmbiguousError{Platform: w.Platform}
	for _, c := range all {
		if c.class() == best.class() && (c.stem() != best.stem() || c.compare(best) == 0) {
			tie.Files = append(tie.Files, c.name.text)
		}
	}
	if len(tie.Files) > 1 {
		return "", tie
	}
	return best.name.text, nil
}

// Stem returns what a file's name says besides version, platform and kind: the name of
// the program, mostly; it may be empty.
func Stem(file, version string) string {
	n := parse(file, version, nil)
	return strings.Join(n.words, "-")
}

// release is what the names of a release say.
type release struct {
	names     []name // that may be programs
	namesOS   bool   // some name has a system
	namesArch bool
}

func readAll(files []string, w Want) release {
	own := namesOf(w.Names)
	var all []name
	for _, f := range files {
		if n := parse(f, w.Version, own); n.kind != other {
			all = append(all, n)
		}
	}
	packages := !slices.ContainsFunc(all, func(n name) bool { return n.kind != distribution })
	var r release
	for _, n := range all {
		if n.kind == distribution && !packages {
			continue
		}
		r.names = append(r.names, n)
		r.namesOS = r.namesOS || n.os != ""
		r.namesArch = r.namesArch || n.arch != ""
	}
	return r
}

// candidate is a file that may be the one, with how well it fits: less is better.
type candidate struct {
	name                              name
	kind, named, called               int // the rules 2 to 4
	os, arch, libc, distro, level, of int // 5 to 8
	packing                           int // 9
}

// class returns what two files must have in common to be equally good.
func (c candidate) class() [3]int { return [3]int{c.kind, c.named, c.called} }

func (c candidate) stem() string { return strings.Join(c.name.words, "") }

func (c candidate) compare(d candidate) int {
	return cmp.Or(cmp.Compare(c.kind, d.kind), cmp.Compare(c.named, d.named), cmp.Compare(c.called, d.called),
		cmp.Compare(c.os, d.os), cmp.Compare(c.arch, d.arch), cmp.Compare(c.libc, d.libc), cmp.Compare(c.distro, d.distro),
		cmp.Compare(c.level, d.level), cmp.Compare(c.of, d.of), cmp.Compare(c.packing, d.packing))
}

// candidate returns how well a file fits, or false.
func (r release) candidate(n name, w Want) (candidate, bool) {
	os, arch, variant := split(w.Platform)
	c := candidate{name: n, kind: int(n.kind), distro: bit(n.distro), level: -max(n.level, 1), of: n.neutral, packing: n.packing}
	if n.os != "" && n.os != os || n.os == "" && os != "linux" && r.namesOS || n.windows && os != "windows" {
		return c, false
	}
	c.os = bit(n.os == "")
	var ok bool
	if c.arch, ok = n.fits(arch, variant); !ok {
		return c, false
	}
	if c.libc, ok = n.libcFits(w.Libc); !ok {
		return c, false
	}
	c.called = called(c.stem(), w.Names)
	if n.arch != "" {
		return c, true
	}
	switch amd64 := w.Platform == "linux/amd64"; {
	case n.os != "":
		return c, amd64 || !r.namesArch
	case r.namesOS || r.namesArch:
		c.named = 1
		return c, amd64 && (n.packing == 0 && c.called < len(w.Names) || r.hasSibling(n))
	}
	c.named = 1
	return c, true
}

// hasSibling reports whether a file that is called and packed as n names an architecture
// and no system: n is then for the usual one of both.
func (r release) hasSibling(n name) bool {
	return slices.ContainsFunc(r.names, func(s name) bool {
		return s.os == "" && s.arch != "" && s.packing == n.packing && slices.Equal(s.words, n.words)
	})
}

// called returns which of names a stem is, or more for one that is none of them.
func called(stem string, names []string) int {
	for i, n := range names {
		if strings.Join(tokens(strings.ToLower(n)), "") == stem && stem != "" {
			return i
		}
	}
	return len(names) + bit(stem != "")
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// split returns the parts of a platform.
func split(p lock.Platform) (os, arch, variant string) {
	parts := append(strings.Split(p.String(), "/"), "", "")
	return parts[0], parts[1], parts[2]
}

// NamesArch reports whether a file's name says for which architecture it is.
func NamesArch(file, version string) bool {
	n := parse(file, version, nil)
	return n.arch != "" && n.arch != "all"
}

// NamesPlatform reports whether a file's name says for which system or architecture it is.
func NamesPlatform(file, version string) bool {
	n := parse(file, version, nil)
	return n.arch != "" || n.os != ""
}
