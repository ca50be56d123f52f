package unpack

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"

	"depfetch/fetch/digest"
	"depfetch/fetch/osfile"
)

// DifferenceKind is in what a placed tree differs from its manifest.
type DifferenceKind int

// The kinds of differences.
const (
	DifferentMissing DifferenceKind = iota // nothing is there
	DifferentType
	DifferentMode
	DifferentTarget  // of a link
	DifferentContent // or its size
	DifferentUnknown // it cannot be read
)

// Difference is one thing in which a placed tree differs from its manifest.
type Difference struct {
	Name string
	Kind DifferenceKind
	Text string // "missing", "want mode 0755, it has 0700"
}

// compareGroup is how many entries of a directory one job compares.
const compareGroup = 16

// Compare compares what lies in root with a manifest, with jobs files at a time;
// 0 means GOMAXPROCS. It returns the differences in order of names.
//
// What the manifest does not name is ignored. A link to a directory within root
// will do for a directory, and modes of directories are not compared, since
// merging leaves those that were there as they were. Where files have no
// mode, none is compared. The error is that of ctx, or of root itself.
func Compare(ctx context.Context, root *os.Root, m Manifest, jobs int) ([]*Difference, error) {
	return compare(ctx, &comparer{root: root}, m, jobs)
}

// CompareShape is Compare but for the bytes of the files, which it does not read.
func CompareShape(ctx context.Context, root *os.Root, m Manifest, jobs int) ([]*Difference, error) {
	return compare(ctx, &comparer{root: root, shape: true}, m, jobs)
}

func compare(ctx context.Context, c *comparer, m Manifest, jobs int) ([]*Difference, error) {
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	if _, err := c.root.Lstat("."); err != nil {
		return nil, err
	}
	dirs := make(map[string][]Entry)
	var order []string
	for _, e := range m.Entries {
		if !validName(e.Name) {
			return nil, fmt.Errorf("%q is no name of an entry", e.Name)
		}
		dir := path.Dir(e.Name)
		if _, ok := dirs[dir]; !ok {
			order = append(order, dir)
		}
		dirs[dir] = append(dirs[dir], e)
	}
	p, ctx := newPool(ctx, jobs)
	err := func() error {
		for _, dir := range order {
			for group := range slices.Chunk(dirs[dir], compareGroup) {
				if err := p.do(ctx, func() error { return c.directory(ctx, dir, group) }); err != nil {
					return err
				}
			}
		}
		return nil
	}()
	if err := p.wait(ctx, err); err != nil {
		return nil, err
	}
	slices.SortFunc(c.found, func(a, b *Difference) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), int(a.Kind)-int(b.Kind))
	})
	return c.found, nil
}

type comparer struct {
	root  *os.Root
	shape bool // the files are not read
	mu    sync.Mutex
	found []*Difference
}

func (c *comparer) report(e Entry, kind DifferenceKind, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found = append(c.found, &Difference{e.Name, kind, fmt.Sprintf(format, args...)})
}

func (c *comparer) reportError(e Entry, err error) {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		c.report(e, DifferentMissing, "missing")
		return
	}
	c.report(e, DifferentUnknown, "it cannot be read: %v", osfile.Cause(err))
}

// directory compares entries of one directory.
func (c *comparer) directory(ctx context.Context, name string, entries []Entry) error {
	dir, err := c.root.OpenRoot(name)
	if err != nil {
		if info, statErr := c.root.Stat(name); statErr == nil && !info.IsDir() {
			err = fs.ErrNotExist
		}
		for _, e := range entries {
			c.reportError(e, err)
		}
		return nil
	}
	defer dir.Close()
	buf := make([]byte, 128<<10)
	for _, e := range entries {
		if err := c.entry(ctx, dir, e, buf); err != nil {
			return err
		}
	}
	return nil
}

// entry compares one entry, which lies in dir. It returns the error of ctx.
func (c *comparer) entry(ctx context.Context, dir *os.Root, e Entry, buf []byte) error {
	base := path.Base(e.Name)
	info, err := dir.Lstat(base)
	if err == nil && e.Type == TypeDir && info.Mode()&fs.ModeSymlink != 0 {
		info, err = c.root.Stat(e.Name)
	}
	if err != nil {
		c.reportError(e, err)
		return nil
	}
	if got := typeOf(info.Mode()); got != e.Type {
		c.report(e, DifferentType, "want %v, it is %v", e.Type, got)
		return nil
	}
	switch e.Type {
	case TypeSymlink:
		if target, err := dir.Readlink(base); err != nil {
			c.reportError(e, err)
		} else if target != e.Link {
			c.report(e, DifferentTarget, "want a link to %q, it leads to %q", e.Link, target)
		}
	case TypeFile:
		if got := info.Mode() & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky); got != e.Mode && runtime.GOOS != "windows" {
			c.report(e, DifferentMode, "want mode %04o, it has %v", e.Mode.Perm(), got)
		}
		if info.Size() != e.Size {
			c.report(e, DifferentContent, "want %d bytes, it has %d", e.Size, info.Size())
			return nil
		}
		if !c.shape {
			return c.content(ctx, dir, e, buf)
		}
	}
	return nil
}

func typeOf(mode fs.FileMode) Type {
	switch mode.Type() {
	case 0:
		return TypeFile
	case fs.ModeDir:
		return TypeDir
	case fs.ModeSymlink:
		return TypeSymlink
	}
	return 0
}

func (c *comparer) content(ctx context.Context, dir *os.Root, e Entry, buf []byte) error {
	f, err := dir.Open(path.Base(e.Name))
	if err != nil {
		c.reportError(e, err)
		return nil
	}
	defer f.Close()
	sum := sha256.New()
	err = copyContext(ctx, sum, io.LimitReader(f, e.Size+1), buf)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		c.reportError(e, err)
	} else if got := digest.SHA256(sum.Sum(nil)); got != e.Digest {
		c.report(e, DifferentContent, "want sha256 %s, it has %s", e.Digest, got)
	}
	return nil
}
