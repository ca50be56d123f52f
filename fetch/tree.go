package fetch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"depfetch/fetch/osfile"
	"depfetch/fetch/regular"
	"depfetch/fetch/unpack"
)

// unpackOptions returns the options by which the archive of d is unpacked.
func (r *run) unpackOptions(d *destination) unpack.Options {
	o := d.Unpack.Options(d.Limits)
	o.Newest, o.ImpliedTime = r.Mtime, r.mtime()
	o.Owner = d.Owner
	return o
}

// unpack stages what d takes out of the archive f of size bytes, which is the file
// that has been hashed.
func (r *run) unpack(ctx context.Context, d *destination, f *os.File, size int64) (staged, error) {
	if d.Unpack != nil {
		return r.unpackTree(ctx, d, f, size)
	}
	g, err := r.stage.temp(d)
	if err != nil {
		return nil, err
	}
	entry, err := unpack.Member(ctx, f, size, d.Member, d.Unpacked, g, r.unpackOptions(d))
	if err == nil && !d.Unpacked.IsZero() && d.Unpacked != Digest(entry.Digest) {
		err = fmt.Errorf("%s has sha256 %s, and %w: %s", entry.Name, entry.Digest, ErrOtherContent, d.Unpacked)
	}
	if err != nil {
		g.Close()
		return nil, unpackError(ctx, d, err)
	}
	return r.stage.file(d, g, r.mtime())
}

// unpackTree stages the tree of d.
func (r *run) unpackTree(ctx context.Context, d *destination, f *os.File, size int64) (staged, error) {
	temp, err := r.stage.tempDir(d.dir)
	if err == nil {
		temp, err = os.MkdirTemp(temp, "")
	}
	if err != nil {
		return nil, d.unwritable(err)
	}
	root, err := os.OpenRoot(temp)
	if err != nil {
		return nil, d.unwritable(err)
	}
	defer root.Close()
	err = unpack.Tree(ctx, f, size, root, r.unpackOptions(d))
	if err == nil {
		err = r.asRecorded(ctx, d, root)
	}
	if err != nil {
		return nil, unpackError(ctx, d, err)
	}
	if d.merges() {
		return stagedMerge{d, temp}, nil
	}
	return stagedSwap{d, temp}, nil
}

// asRecorded returns an error if the tree of d, unpacked in root, is not the one that was
// recorded when it was locked, which an edit of strip, include or modes leads to. What is
// recorded is not there in every build, and then nothing is compared. The bytes of the
// archive have been verified, so names, types, modes and sizes tell one tree from another.
func (r *run) asRecorded(ctx context.Context, d *destination, root *os.Root) error {
	m, err := r.manifest(d.Artifact)
	if err != nil {
		return nil
	}
	differences, err := unpack.CompareShape(ctx, root, m, 0)
	if err != nil {
		return err
	}
	if len(differences) > 0 {
		return fmt.Errorf("%w: %s: %s", ErrOtherContent, differences[0].Name, differences[0].Text)
	}
	if more := strangers(d, root, m); len(more) > 0 {
		return fmt.Errorf("%w: it does not have what would be %s", ErrOtherContent, more[0].Path)
	}
	return nil
}

// unpackError distinguishes an archive that cannot be unpacked from a disk that cannot
// be written to.
func unpackError(ctx context.Context, d *destination, err error) error {
	var path *fs.PathError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &path) || errors.Is(err, syscall.ENOSPC):
		return d.unwritable(err)
	}
	return &ArchiveError{d.Artifact, err}
}

// stagedMerge is a tree that is added to what lies in a directory.
type stagedMerge struct {
	*destination
	temp string
}

func (t stagedMerge) dest() *destination { return t.destination }

func (t stagedMerge) claim(c *claims) error {
	c.add(t.destination, "")
	entries, err := stagedEntries(t.temp)
	c.addTree(t.destination, entries)
	return err
}

// stagedEntries returns what an unpacked tree holds.
func stagedEntries(temp string) (entries []entry, err error) {
	err = filepath.WalkDir(temp, func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrPermission) {
			return nil // a directory that its owner may not look into
		}
		if err != nil || name == temp {
			return err
		}
		rel, err := filepath.Rel(temp, name)
		n := entry{name: filepath.ToSlash(rel), isDir: e.IsDir(), staged: name}
		if err == nil && e.Type()&fs.ModeSymlink != 0 {
			n.link, err = os.Readlink(name)
		}
		entries = append(entries, n)
		return err
	})
	return entries, err
}

func (t stagedMerge) check() error {
	return t.plan(func(*unpack.Merge) error { return nil })
}

// place plans again, since an artifact placed before may have changed the directory.
func (t stagedMerge) place() error { return t.plan((*unpack.Merge).Apply) }

func (t stagedMerge) plan(do func(*unpack.Merge) error) error {
	root, err := os.OpenRoot(t.dir)
	if err != nil {
		return osfile.Cause(err)
	}
	defer root.Close()
	staged, err := filepath.Rel(t.dir, t.temp)
	if err != nil {
		return err
	}
	m, err := unpack.PlanMerge(root, filepath.ToSlash(staged))
	if err != nil {
		return err
	}
	return do(m)
}

// lookTree finds out what lies at d, which is a tree, and how it differs from what
// is pinned.
func (c *Client) lookTree(ctx context.Context, d *destination) (state, []Finding, error) {
	info, err := os.Lstat(d.file)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		return absent, []Finding{{d.Artifact, d.file, false, "missing"}}, nil
	case err != nil:
		return 0, nil, d.fail(osfile.Cause(err))
	case info.Mode()&fs.ModeSymlink != 0: // which is replaced
		return changed, []Finding{{d.Artifact, d.file, true, "changed: it is a symbolic link"}}, nil
	case !info.IsDir():
		return 0, nil, d.fail(errors.New("something that is not a directory is there"))
	}
	m, err := c.manifest(d.Artifact)
	if err != nil {
		return changed, nil, &UnverifiableError{d.Artifact, err}
	}
	root, err := os.OpenRoot(d.file)
	if err != nil {
		return 0, nil, d.fail(osfile.Cause(err))
	}
	defer root.Close()
	differences, err := unpack.Compare(ctx, root, m, 0)
	if err != nil {
		return 0, nil, err
	}
	var findings []Finding
	for _, diff := range differences {
		wrong := diff.Kind != unpack.DifferentMissing && diff.Kind != unpack.DifferentMode
		detail := diff.Text
		if wrong {
			detail = "changed: " + detail
		}
		findings = append(findings, Finding{d.Artifact, filepath.Join(d.file, filepath.FromSlash(diff.Name)), wrong, detail})
	}
	if !d.merges() {
		findings = append(findings, strangers(d, root, m)...)
	}
	if len(findings) > 0 {
		return changed, findings, nil
	}
	return present, nil, nil
}

// strangers returns what is in a directory that d replaces and is not from the archive.
func strangers(d *destination, root *os.Root, m unpack.Manifest) (findings []Finding) {
	names := map[string]bool{".": true}
	for _, e := range m.Entries {
		names[e.Name] = true
	}
	fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && names[name] {
			return nil
		}
		detail := "changed: it is not in the archive"
		if err != nil {
			detail = "changed: it cannot be read: " + osfile.Cause(err).Error()
		}
		findings = append(findings, Finding{d.Artifact, filepath.Join(d.file, filepath.FromSlash(name)), true, detail})
		if e != nil && e.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	return findings
}

// maxManifest is how large a manifest may be, in bytes: more than the limits of an
// archive's entries and names allow.
const maxManifest = 1 << 30

// manifest returns what the tree of a holds.
func (c *Client) manifest(a *Artifact) (unpack.Manifest, error) {
	if a.Unpacked.IsZero() {
		return unpack.Manifest{}, ErrNotRecorded
	}
	name := filepath.Join(c.Trees, a.Unpacked.String())
	text, err := regular.Read(name, maxManifest)
	if err != nil {
		return unpack.Manifest{}, err
	}
	m, err := unpack.ParseManifest(text)
	if err == nil && Digest(m.Digest()) != a.Unpacked {
		err = errors.New("it is another manifest than its name says")
	}
	if err != nil {
		return unpack.Manifest{}, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}
