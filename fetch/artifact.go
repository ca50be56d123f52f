package fetch

import (
	"io/fs"
	"time"

	"depfetch/fetch/digest"
	"depfetch/fetch/osfile"
	"depfetch/fetch/unpack"
)

// SizeUnknown is the Size of an artifact whose lockfile line has none.
const SizeUnknown int64 = -1

// Artifact is one pinned file: where its bytes come from, what they must be,
// and where they go. It is what a lockfile yields for one platform; paths and
// digests in it have been checked when it was made.
type Artifact struct {
	Name     string // of the dependency, for messages
	Version  string // for messages; may be empty
	Platform string // the locked line it came from: "linux/amd64", or "any"

	URL     string   // the origin, sent to the server byte for byte
	Mirrors []string // further addresses of the same bytes, in order
	Digest  Digest
	Size    int64 // in bytes, or SizeUnknown

	// Modified is the Last-Modified of the origin when the file was locked, or zero.
	// Fetch does not use it: curl and wget give it to their output.
	Modified time.Time

	// Path is where the file lands, slash-separated and below Client.Root.
	// It is empty when the lockfile gives none.
	Path  string
	Mode  fs.FileMode // permission bits only
	Owner *Owner      // nil leaves the file with the running user

	Member string        // the one file to extract from the archive: a name or a glob, or empty
	Unpack *Unpack       // how to unpack the archive into Path, or nil
	Limits unpack.Limits // of the resources that an archive may use
	// Unpacked is the digest of what comes out of the archive: of the member,
	// or of the unpacked tree's manifest. The zero value is unknown.
	Unpacked Digest
}

// Digest is the sha256 of a file's bytes; the zero Digest is unknown.
type Digest = digest.SHA256

// Owner is a numeric user and group.
type Owner = osfile.Owner

// archive reports whether a is not placed as it is.
func (a *Artifact) archive() bool { return a.Member != "" || a.Unpack != nil }

// Unpack says how an archive becomes a directory tree.
type Unpack struct {
	Strip         int           // leading path elements to drop, "." not counted
	Include       []string      // globs of the names to unpack; empty means all
	Modes         []unpack.Mode // of files, by globs, in the place of the archive's
	Replace       bool          // swap the whole directory instead of merging into it
	AbsoluteLinks bool          // allow symbolic links with an absolute target
	AbsoluteNames bool          // drop the leading slash of absolute names, as tar does, instead of refusing them
	DropSpecial   bool          // drop setuid, setgid and sticky bits instead of refusing them
}

// Options returns the options of package unpack for u, which may be nil, and limits.
func (u *Unpack) Options(limits unpack.Limits) unpack.Options {
	o := unpack.Options{Limits: limits}
	if u != nil {
		o.Strip, o.Include, o.Modes = u.Strip, u.Include, u.Modes
		o.AbsoluteLinks, o.AbsoluteNames, o.DropSpecialBits = u.AbsoluteLinks, u.AbsoluteNames, u.DropSpecial
	}
	return o
}
