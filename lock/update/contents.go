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

// contents is what comes out of the archive of an item.
type contents struct {
	digest   fetch.Digest // of the member, or of the manifest
	manifest []byte       // the text of it, for a tree
	top      string       // the one directory that all of a tree lies in, or empty
	head     []byte       // how a member begins
	size     int64        // of a member
	programs []program
	err      error

	mu sync.Mutex // guards programs while they are looked for
}

// ContentsError says that what a dependency asks for cannot be taken out of its
// archive. It unwraps to an error of package unpack.
type ContentsError struct {
	Dep      string
	Platform lock.Platform
	Err      error
}

func (e *ContentsError) Error() string { return fmt.Sprintf("%s, %s: %v", e.Dep, e.Platform, e.Err) }
func (e *ContentsError) Unwrap() error { return e.Err }

// packed reports whether d takes something out of an archive.
func packed(d *lock.Dep) bool { return !d.Member.IsZero() || d.Unpack != nil }

// keeping returns a client that keeps what it downloads, if there are archives
// among the items: c.Fetch itself if it does, or else one with a cache for the
// time being, which done removes.
func (c *Client) keeping(items []*item) (client *fetch.Client, done func(), err error) {
	archives := false
	for _, it := range items {
		archives = archives || packed(it.dep) || it.sums != ""
	}
	if !archives {
		return c.Fetch, func() {}, nil
	}
	return c.Keep()
}

// findContents finds out what comes out of the archives, which are in store.
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

// readContents fills in the contents of an item.
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
		entry, err := unpack.Member(ctx, f, size, member, &begins, o)
		k.digest, k.head, k.size = fetch.Digest(entry.Digest), begins.head, begins.size
		if m := content.Machines(begins.head); m != nil && err == nil {
			k.programs = []program{{entry.Name, uint32(entry.Mode), m}}
		}
		return err
	}
	m, err := unpack.Inspect(ctx, f, size, o, content.HeadSize, k.tell)
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
	if top := k.top; top != "" && o.Strip == 0 && path.Base(it.dep.Path) != top {
		way := ""
		if _, err := unpack.Scan(ctx, f, size, stripped(o)); err == nil { // links may lead out with it
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
	k.digest, k.manifest = fetch.Digest(m.Digest()), m.Encode()
	return nil
}

// stripped returns o with one element more to drop.
func stripped(o unpack.Options) unpack.Options {
	o.Strip++
	return o
}

// unsearchable returns a directory whose mode keeps its own owner out, or "".
func unsearchable(m unpack.Manifest) string {
	for _, e := range m.Entries {
		if e.Type == unpack.TypeDir && e.Mode&0o111 == 0 {
			return e.Name
		}
	}
	return ""
}

// commonTop returns the directory that all of a tree lies below, or "".
func commonTop(m unpack.Manifest) string {
	top, _, _ := strings.Cut(m.Entries[0].Name, "/")
	for _, e := range m.Entries {
		if first, _, below := strings.Cut(e.Name, "/"); first != top || !below && e.Type != unpack.TypeDir {
			return ""
		}
	}
	return top
}

// warnPacked tells of an archive that is to land as it is where it hardly can be
// meant to: at a name that does not say that it is one.
func (c *Client) warnPacked(it *item) {
	base := path.Base(it.dep.Path)
	if it.dep.Path == "" || !unpack.IsPacked(it.measured.Head) || path.Ext(base) != "" {
		return
	}
	c.warn(fmt.Errorf("%s, %s: it is an archive, and lands at %s as it is; member takes a file out of it, unpack takes all",
		it.dep.Name, it.platform, it.dep.Path))
}

// some returns a few of the names.
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
