// Package lock reads deps.lock.toml, the lockfile of depfetch. FORMAT.md,
// beside this file, specifies it.
//
// What [Parse] returns is a whole, valid lockfile: every digest, address,
// path, mode and platform in it has been checked and is of a type of its own,
// and every template expands for every platform that is locked. Whatever the
// format does not define is refused, not ignored: unknown keys, keys that
// differ only in case, other versions of the format, values of the wrong type,
// addresses that hold credentials or that a client would rewrite, paths that
// climb, two dependencies with one path. All faults are reported together,
// each with its line and column.
//
// [File.Check] finds what is well-formed but must not be used: locked lines
// that no longer fit their template, and what the file's own policy forbids.
// [File.Artifacts] gives what is pinned for one platform, and fails for what
// is not.
//
// What is TOML, github.com/BurntSushi/toml says. The package reads the text into a
// tree of its own, [Syntax], because the library does not tell where a key or a
// value stands; errors, values and edits all come from that one tree. A parser with
// ranges, pelletier/go-toml's, does not fit into the size that depfetch may have.
//
// The package holds no code that writes a lockfile, and it opens none: it
// reads bytes and returns values.
package lock

import (
	"io/fs"
	"net/url"
	"slices"

	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/fetch/source"
	"depfetch/fetch/unpack"
)

// MaxSize is how large a lockfile may be, in bytes. Programs read no more.
const MaxSize = 64 << 20

// File is a lockfile. It comes from [Parse]. It is safe for concurrent use as
// long as nobody changes it.
type File struct {
	Name      string     // as given to Parse
	Platforms []Platform // what deplock locks for a dependency that does not say
	Policy    Policy
	Deps      []*Dep // in the order of the document
	URLs      []Pin  // in the order of the document
	Vendor    []Vendored
	Catalogue []Registry    // in the order of the document, in which names are looked up
	Images    []Image       // in the order of the document
	Syntax    *Syntax       // of the text, without its byte order mark
	Digest    digest.SHA256 // of the text, with it
}

// Policy is the least that a lockfile demands of its own lines.
type Policy struct {
	Hosts []source.HostPattern // the hosts allowed; empty means any
	Trust Trust
	// NoUnpinned forbids lines of urls that pin nothing.
	NoUnpinned bool
	Images     []*ImageRule // who must have signed images
}

// Allows reports whether a file may come from u. A file URL has no host to
// forbid.
func (p Policy) Allows(u *url.URL) bool {
	allowed := func(h source.HostPattern) bool { return h.Match(u) }
	return len(p.Hosts) == 0 || u.Scheme == "file" || slices.ContainsFunc(p.Hosts, allowed)
}

// Dep is one dependency: what a person wrote about it, and its locked lines.
type Dep struct {
	Name      string
	Version   string     // may be empty
	Platforms []Platform // nil if the file's own hold
	Groups    []string

	URL       Template
	Alias     map[Platform]string
	Mirrors   []Template
	Sums      Template // where upstream publishes its checksums; may be zero
	Latest    *Latest  // where newer versions are found; may be nil
	Catalogue string   // the full name of the entry that it was made of; may be empty

	// Signatures are what deplock verifies when it locks: all of them must hold.
	Signatures []Signature

	Path   string        // clean, with a leading slash, below the root; may be empty
	Mode   fs.FileMode   // permission bits; zero with Unpack
	Owner  *fetch.Owner  // nil leaves the file with the running user
	Member Template      // the one file to take out of an archive; may be zero
	Unpack *fetch.Unpack // nil if the file is not unpacked
	Limits unpack.Limits // of what an archive may cost; zero fields mean the defaults

	// AllowPlatformMismatch is set if programs for other machines than those of
	// the platform are meant to be locked.
	AllowPlatformMismatch bool

	Locked []Line // in the order of the document

	at *value
}

// Line is one locked line: the bytes of a dependency for a platform.
type Line struct {
	Platform Platform // or Any
	URL      string
	Digest   fetch.Digest
	Size     int64        // in bytes, or fetch.SizeUnknown
	Unpacked fetch.Digest // of what comes out of the archive: see fetch.Artifact; may be zero
	Trust    Trust
	// By says who has signed what is Signed: "KIND KEY" for each of the dependency's
	// signatures, with ", " between.
	By string

	at *value
}

// Dep returns the dependency of that name, or nil.
func (f *File) Dep(name string) *Dep {
	for _, d := range f.Deps {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// Groups returns the names of all groups, sorted.
func (f *File) Groups() []string {
	var groups []string
	for _, d := range f.Deps {
		groups = append(groups, d.Groups...)
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// Line returns the locked line for p: its own, or the one for [Any].
func (d *Dep) Line(p Platform) (Line, bool) {
	for _, l := range d.Locked {
		if l.Platform == p || l.Platform == Any {
			return l, true
		}
	}
	return Line{}, false
}
