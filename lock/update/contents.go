package update

import (
	"context"
	"fmt"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/unpack"
	"depfetch/lock"
	"depfetch/lock/content"
)

// contents is what an item takes out of its archive.
type contents struct {
	digest   fetch.Digest // of the member, or of the manifest of a tree
	manifest []byte       // of a tree
	top      string       // the directory that all of a tree is in, or empty
	head     []byte       // the first bytes of a member
	size     int64        // of a member
	programs []program
	command  string // of a tree: the first program or script by name that looks like a command, without an extension
	err      error

	mu sync.Mutex // guards programs while readContents runs
}

// packed reports whether d takes something out of an archive.
func packed(d *lock.Dep) bool { return !d.Member.IsZero() || d.Unpack != nil }

// keepFor returns Keep's client if an item needs its bytes after the download: archives,
// and files with a signature, or with a list of sums, which may be sha512. Otherwise it returns c.Fetch.
func (c *Client) keepFor(items []*item) (client *fetch.Client, done func(), err error) {
	if c.looked != nil {
		return c.looked.client, func() {}, nil
	}
	if slices.ContainsFunc(items, func(it *item) bool { return packed(it.dep) || it.sums != "" || signed(it.dep) }) {
		return c.Keep()
	}
	return c.Fetch, func() {}, nil
}

// findContents reads the archives of the items, which are in store.
func (c *Client) findContents(ctx context.Context, store *cache.Store, items []*item) {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, it := range items {
		switch {
		case it.measured.Err != nil:
		case packed(it.dep):
			g.Go(func() error {
				it.contents.err = c.readContents(ctx, store, it)
				return nil
			})
		default:
			c.warnPacked(it)
		}
	}
	g.Wait()
}

// readContents sets the contents of an item.
func (c *Client) readContents(ctx context.Context, store *cache.Store, it *item) error {
	k := &it.contents
	f, err := c.openBlob(ctx, store, it.measured.Digest, it.measured.Size)
	if err != nil {
		return err
	}
	defer f.Close()
	size := it.measured.Size
	o := it.dep.Unpack.Options(it.dep.Limits)
	if it.dep.Unpack == nil {
		member, err := it.dep.Expand(it.dep.Member, it.platform)
		if err != nil {
			return err
		}
		var begins beginning
		entry, err := unpack.Member(ctx, f, size, member, fetch.Digest{}, &begins, o)
		k.digest, k.head, k.size = fetch.Digest(entry.Digest), begins.head, begins.size
		if m := content.Machines(begins.head); m != nil && err == nil {
			k.programs = []program{{name: entry.Name, mode: uint32(entry.Mode), machines: m}}
		}
		return err
	}
	m, err := unpack.Inspect(ctx, f, size, o, content.HeadSize, k.addProgram)
	if err != nil {
		return err
	}
	slices.SortFunc(k.programs, func(a, b program) int { return strings.Compare(a.name, b.name) })
	if len(m.Entries) == 0 {
		names, err := unpack.Names(ctx, f, size, unpack.Options{Limits: o.Limits, AbsoluteNames: o.AbsoluteNames})
		if err == nil {
			err = fmt.Errorf("strip = %d leaves nothing of the archive; it holds %s", o.Strip, some(names))
		}
		return err
	}
	k.top = commonTop(m)
	if top := k.top; top != "" && o.Strip == 0 && path.Base(it.dep.Path) != top && !(it.dep.Path == "/" && ofRoot(top)) {
		way := ""
		stripped := o
		stripped.Strip++
		stripped.Modes = nil                                           // whose globs are for the names with top
		if _, err := unpack.Scan(ctx, f, size, stripped); err == nil { // without top, links may lead out
			way = "; strip = 1 in unpack leaves that out"
			if reflect.DeepEqual(*it.dep.Unpack, fetch.Unpack{}) {
				way = "; unpack = { strip = 1 } leaves that out"
			}
		}
		c.warn(fmt.Errorf("%s, %s: all of the archive lies below %q, and so in %s%s",
			it.dep.Name, it.platform, top, path.Join("/", it.dep.Path, top), way))
	}
	if dir := unsearchable(m); dir != "" {
		c.warn(fmt.Errorf("%s, %s: the directory %q has no x in its mode in the archive, so only root can use what lies in it",
			it.dep.Name, it.platform, dir))
	}
	if k.command != "" && !strings.HasPrefix(it.platform.String(), "windows/") && !slices.ContainsFunc(m.Entries, executable) {
		c.warn(fmt.Errorf("%s, %s: no file of the archive is executable, and %q is a program; modes = { %q = \"0755\" } in unpack makes it so",
			it.dep.Name, it.platform, k.command, k.command))
	}
	k.digest, k.manifest = fetch.Digest(m.Digest()), m.Encode()
	return nil
}

// unsearchable returns a directory that nobody but root can enter, or "".
func unsearchable(m unpack.Manifest) string {
	for _, e := range m.Entries {
		if e.Type == unpack.TypeDir && e.Mode&0o111 == 0 {
			return e.Name
		}
	}
	return ""
}

func executable(e unpack.Entry) bool { return e.Type == unpack.TypeFile && e.Mode&0o111 != 0 }

// ofRoot reports whether a directory is one of those in the root of a system, into which
// packages are unpacked.
func ofRoot(dir string) bool {
	return strings.Contains(" bin boot etc lib opt sbin srv usr var ", " "+dir+" ")
}

// commonTop returns the directory that all of a tree is in, or "".
func commonTop(m unpack.Manifest) string {
	top, _, _ := strings.Cut(m.Entries[0].Name, "/")
	for _, e := range m.Entries {
		if first, _, below := strings.Cut(e.Name, "/"); first != top || !below && e.Type != unpack.TypeDir {
			return ""
		}
	}
	return top
}

// warnPacked warns of an archive that is placed as it is under a name without an
// extension, which is hardly meant.
func (c *Client) warnPacked(it *item) {
	base := path.Base(it.dep.Path)
	if it.dep.Path == "" || !unpack.IsPacked(it.measured.Head) || path.Ext(base) != "" {
		return
	}
	c.warn(fmt.Errorf("%s, %s: it is an archive, and lands at %s as it is; member takes a file out of it, unpack takes all",
		it.dep.Name, it.platform, it.dep.Path))
}

// some returns the first few names, for a message.
func some(names []string) string {
	const few = 5
	var quoted []string
	for _, n := range names[:min(few, len(names))] {
		quoted = append(quoted, fmt.Sprintf("%q", n))
	}
	if len(names) > few {
		quoted = append(quoted, fmt.Sprintf("and %d more", len(names)-few))
	}
	return strings.Join(quoted, ", ")
}
