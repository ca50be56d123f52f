package unpack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"sync"
	"time"

	"depfetch/fetch/osfile"
)

// writer writes a tree into a directory, only ever through os.Root. Directories
// are kept open, so that a name is not walked again for each file.
type writer struct {
	dst *os.Root
	o   *Options

	// mask is what the umask leaves of permissions, and inherited whether new
	// directories get bits from the one they are made in.
	mask      fs.FileMode
	inherited bool

	mu    sync.Mutex
	open  map[string]*dirHandle // by name
	clock int64
}

// dirHandle is an open directory.
type dirHandle struct {
	root  *os.Root
	timer dirTimer
	name  string
	refs  int
	used  int64 // when, by writer.clock
}

// maxHandles is how many directories are kept open that are not in use.
const maxHandles = 64

func newWriter(dst *os.Root, o *Options) (*writer, error) {
	w := &writer{dst: dst, o: o, open: make(map[string]*dirHandle)}
	if err := w.inspect(); err != nil {
		return nil, fmt.Errorf("unpacking into %s: %w", dst.Name(), err)
	}
	return w, nil
}

// inspect makes sure that the directory is empty, and finds out with which modes
// things are made in it.
func (w *writer) inspect() error {
	dir, err := w.dst.Open(".")
	if err != nil {
		return err
	}
	names, err := dir.Readdirnames(1)
	dir.Close()
	if len(names) > 0 {
		return errors.New("the directory is not empty")
	}
	if err != nil && err != io.EOF {
		return err
	}
	const probe = "mode"
	if err := w.dst.Mkdir(probe, 0o777); err != nil {
		return err
	}
	info, err := w.dst.Lstat(probe)
	if err != nil {
		return err
	}
	w.mask = info.Mode().Perm()
	w.inherited = info.Mode()&(fs.ModeSetgid|fs.ModeSetuid|fs.ModeSticky) != 0
	return w.dst.Remove(probe)
}

// handle returns the directory name, open. It is to be released.
func (w *writer) handle(name string) (*dirHandle, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h, err := w.lookup(name)
	if err != nil {
		return nil, err
	}
	h.refs++
	return h, nil
}

func (w *writer) lookup(name string) (*dirHandle, error) {
	w.clock++
	if h, ok := w.open[name]; ok {
		h.used = w.clock
		return h, nil
	}
	var root *os.Root
	var err error
	if name == "." {
		root, err = w.dst.OpenRoot(".")
	} else {
		var parent *dirHandle
		if parent, err = w.lookup(path.Dir(name)); err == nil {
			root, err = parent.root.OpenRoot(path.Base(name))
		}
	}
	if err != nil {
		return nil, err
	}
	h := &dirHandle{root: root, name: name, used: w.clock}
	if h.timer, err = newDirTimer(root); err != nil {
		root.Close()
		return nil, err
	}
	if len(w.open) >= maxHandles {
		w.evict()
	}
	w.open[name] = h
	return h, nil
}

// evict closes the directory that has not been used for longest, of those that are
// not in use.
func (w *writer) evict() {
	var oldest *dirHandle
	for _, h := range w.open {
		if h.refs == 0 && (oldest == nil || h.used < oldest.used) {
			oldest = h
		}
	}
	if oldest != nil {
		delete(w.open, oldest.name)
		oldest.close()
	}
}

func (w *writer) release(h *dirHandle) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if h.refs--; len(w.open) > maxHandles {
		w.evict()
	}
}

func (h *dirHandle) close() {
	h.timer.close()
	h.root.Close()
}

// close gives up all directories. No file is being written any more.
func (w *writer) close() {
	for _, h := range w.open {
		h.close()
	}
	w.open = nil
}

func (w *writer) mkdir(name string, d *directory) error {
	h, err := w.handle(path.Dir(name))
	if err != nil {
		return err
	}
	defer w.release(h)
	return made(name, h.root.Mkdir(path.Base(name), perm(d.mode)|0o700))
}

// made explains why something could not be made.
func made(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist): // the archive has only one of this name
		return refuse(name, "this disk takes it for the same as another name of the archive")
	}
	return failed("unpacking", name, err)
}

// failed returns the error of an operation on what a name of the archive stands for.
func failed(doing, name string, err error) error {
	return fmt.Errorf("%s %q: %w", doing, name, osfile.Cause(err))
}

func perm(mode uint32) fs.FileMode { return fs.FileMode(mode) & fs.ModePerm }

func (w *writer) file(p *placed) (func() (output, error), error) {
	h, err := w.handle(path.Dir(p.path))
	if err != nil {
		return nil, err
	}
	return func() (output, error) {
		f, err := h.root.OpenFile(path.Base(p.path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm(p.mode))
		if err != nil {
			w.release(h)
			return nil, made(p.path, err)
		}
		return &fileOutput{w: w, h: h, p: p, f: f}, nil
	}, nil
}

// fileOutput is a file of the tree.
type fileOutput struct {
	w   *writer
	h   *dirHandle
	p   *placed
	f   *os.File
	off int64 // written, if sparse
}

func (f *fileOutput) Write(b []byte) (int, error) {
	if !f.p.sparse {
		n, err := f.f.Write(b)
		if err != nil {
			err = failed("writing", f.p.path, err)
		}
		return n, err
	}
	if !isZero(b) { // and else it becomes a hole
		if _, err := f.f.WriteAt(b, f.off); err != nil {
			return 0, failed("writing", f.p.path, err)
		}
	}
	f.off += int64(len(b))
	return len(b), nil
}

func (f *fileOutput) close(complete bool) error {
	defer f.w.release(f.h)
	if !complete {
		return f.f.Close()
	}
	var err error
	if f.p.sparse {
		err = f.f.Truncate(f.p.size)
	}
	if o := f.w.o.Owner; o != nil && err == nil {
		err = f.f.Chown(int(o.UID), int(o.GID))
	}
	if mode := perm(f.p.mode); mode&f.w.mask != mode && err == nil {
		err = f.f.Chmod(mode)
	}
	if closed := f.f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = f.h.chtimes(path.Base(f.p.path), f.p.modTime)
	}
	if err != nil {
		return failed("unpacking", f.p.path, err)
	}
	return nil
}

// chtimes sets the modification time of what lies in the directory, of a link
// itself and not of what it leads to.
func (h *dirHandle) chtimes(base string, t time.Time) error { return h.timer.chtimes(h.root, base, t) }

// complete makes the links of t, and then gives directories their attributes, the
// deepest first, since some may not be written in any more.
func (w *writer) complete(ctx context.Context, t *tree) error {
	// Hard links to symbolic ones come after these.
	hardLinks := func(toSymlinks bool) error {
		for _, p := range t.hard {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if (t.nodes[p.link].kind == kindSymlink) != toSymlinks {
				continue
			}
			if err := made(p.path, w.dst.Link(p.link, p.path)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := hardLinks(false); err != nil {
		return err
	}
	for _, p := range t.symlinks {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := w.symlink(p.path, p.link, p.modTime); err != nil {
			return err
		}
	}
	if err := hardLinks(true); err != nil {
		return err
	}
	names := make([]string, 0, len(t.dirs))
	for name := range t.dirs {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range slices.Backward(names) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := w.directory(name, t.dirs[name]); err != nil {
			return failed("unpacking", name, err)
		}
	}
	return nil
}

func (w *writer) symlink(name, target string, modTime time.Time) error {
	h, err := w.handle(path.Dir(name))
	if err != nil {
		return err
	}
	defer w.release(h)
	base := path.Base(name)
	if err := made(name, h.root.Symlink(target, base)); err != nil {
		return err
	}
	if o := w.o.Owner; o != nil {
		if err := h.root.Lchown(base, int(o.UID), int(o.GID)); err != nil {
			return failed("unpacking", name, err)
		}
	}
	if err := h.chtimes(base, modTime); err != nil {
		return failed("unpacking", name, err)
	}
	return nil
}

// directory gives a directory its attributes.
func (w *writer) directory(name string, d *directory) error {
	h, err := w.handle(path.Dir(name))
	if err != nil {
		return err
	}
	defer w.release(h)
	base := path.Base(name)
	if o := w.o.Owner; o != nil {
		if err := h.root.Lchown(base, int(o.UID), int(o.GID)); err != nil {
			return err
		}
	}
	mode := perm(d.mode)
	if w.inherited || name == "." || mode != (mode|0o700)&w.mask {
		if err := h.root.Chmod(base, mode); err != nil {
			return err
		}
	}
	return h.chtimes(base, d.modTime)
}
