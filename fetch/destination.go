package fetch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	securejoin "github.com/cyphar/filepath-securejoin"

	"depfetch/fetch/osfile"
	"depfetch/fetch/regular"
)

// destination is where an artifact lands, resolved on this machine.
type destination struct {
	*Artifact
	root string // absolute
	dir  string // holds no links below the root
	file string // dir and the artifact's own name, which is not followed; dir itself if d merges
}

// merges reports whether the artifact adds to a directory that others use too.
func (d *destination) merges() bool { return d.Unpack != nil && !d.Unpack.Replace }

// resolve finds where a lands below root, which is absolute. Links in its directory
// lead to where they lead in a root file system at root. The last element is not
// followed: a link there is what the artifact replaces, as it would be with
// rename(2), and not the file that it points to (/usr/bin/wget must not become
// busybox). A directory that is merged into is followed.
func resolve(root string, a *Artifact) (*destination, error) {
	fail := func(path string, err error) (*destination, error) {
		return nil, &DestinationError{Artifact: a, Path: path, Err: err}
	}
	if a.Path == "" {
		return fail(a.Name, ErrNoPath)
	}
	d := &destination{Artifact: a, root: root}
	rel := relative(a.Path)
	if rel == "" && d.merges() {
		rel = "."
	}
	if !fs.ValidPath(rel) {
		return fail(a.Path, errors.New("the path leads out of the root"))
	}
	dir, name := filepath.Split(filepath.FromSlash(rel))
	if d.merges() {
		dir, name = filepath.FromSlash(rel), ""
	}
	dir, err := securejoin.SecureJoin(root, dir)
	if err != nil {
		return fail(a.Path, osfile.Cause(err))
	}
	d.dir, d.file = dir, filepath.Join(dir, name)
	return d, nil
}

// fail returns the error of what keeps d from lying where it is meant to. It is
// called from so many places that inlining it would cost 2 kB.
//
//go:noinline
func (d *destination) fail(err error) error {
	return &DestinationError{Artifact: d.Artifact, Path: d.file, Err: err}
}

// relative returns path without its leading slash.
func relative(path string) string {
	if len(path) > 0 && path[0] == '/' {
		return path[1:]
	}
	return path
}

// state is what lies at a destination.
type state int

const (
	absent  state = iota
	present       // the pinned bytes, mode and owner
	moded         // the pinned bytes with another mode or owner
	changed       // something else, which may be replaced
)

// inspect finds out what lies at d, which is a file. The error is of what cannot be
// replaced by a file, or of the context. detail says how a state other than present
// differs.
func (d *destination) inspect(ctx context.Context) (s state, detail string, err error) {
	info, err := os.Lstat(d.file)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		return absent, "missing", nil
	case err != nil:
		return 0, "", d.fail(osfile.Cause(err))
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := securejoin.SecureJoin(d.root, relative(d.Path))
		if err != nil {
			return 0, "", d.fail(osfile.Cause(err))
		}
		if info, err := os.Stat(target); err == nil && info.IsDir() {
			return 0, "", d.fail(errIsDirectory)
		}
		return changed, "changed: it is a symbolic link", nil
	case info.IsDir():
		return 0, "", d.fail(errIsDirectory)
	case !info.Mode().IsRegular():
		return 0, "", d.fail(errors.New("something that is not a regular file is there"))
	case d.Member == "" && d.Size != SizeUnknown && info.Size() != d.Size:
		return changed, fmt.Sprintf("changed: want %d bytes, it has %d", d.Size, info.Size()), nil
	}
	want := d.Digest
	if d.Member != "" {
		want = d.Unpacked
	}
	digest, err := hashFile(ctx, d.file)
	switch {
	case ctx.Err() != nil:
		return 0, "", context.Cause(ctx)
	case err != nil:
		return changed, fmt.Sprintf("changed: it cannot be read: %v", osfile.Cause(err)), nil
	case digest != want:
		return changed, fmt.Sprintf("changed: want sha256 %s, it has %s", want, digest), nil
	}
	if detail := d.attributes(info); detail != "" {
		return moded, detail, nil
	}
	return present, "", nil
}

var errIsDirectory = errors.New("a directory is there")

// attributes says how the mode or owner of a file differs from what is pinned.
func (d *destination) attributes(info fs.FileInfo) string {
	if runtime.GOOS == "windows" {
		return "" // has neither
	}
	const bits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
	if got := info.Mode() & bits; got != d.Mode {
		return fmt.Sprintf("wrong mode: want %04o, it has %04o", d.Mode, unixMode(got))
	}
	if d.Owner != nil {
		if got := osfile.OwnerOf(info); got != *d.Owner {
			return fmt.Sprintf("wrong owner: want %s, it has %s", d.Owner, got)
		}
	}
	return ""
}

// unixMode returns the bits of m as chmod(1) counts them.
func unixMode(m fs.FileMode) uint32 {
	bits := uint32(m.Perm())
	for i, b := range []fs.FileMode{fs.ModeSticky, fs.ModeSetgid, fs.ModeSetuid} {
		if m&b != 0 {
			bits |= 0o1000 << i
		}
	}
	return bits
}

// hashFile returns the digest of a file's bytes.
func hashFile(ctx context.Context, name string) (Digest, error) {
	f, err := regular.Open(name)
	if err != nil {
		return Digest{}, err
	}
	defer f.Close()
	return hashOpen(ctx, f, SizeUnknown)
}

// hashOpen returns the digest of what an open file holds, which may be SizeUnknown
// or size bytes.
func hashOpen(ctx context.Context, f *os.File, size int64) (Digest, error) {
	s := hashers{}.newSink(nil, SizeUnknown)
	overlong, _, err := s.copy(ctx, f, size)
	if err == nil && overlong {
		err = errors.New("it is too large")
	}
	return s.close(), err
}
