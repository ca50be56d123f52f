package dockerfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// The bounds of what is read of a context: the bytes of one script, and how many
// scripts of one Dockerfile.
const (
	maxScript  = 1 << 20
	maxScripts = 200
)

// Context is the folder that a build is given: its files are what COPY takes. It is
// read within the folder only, and never through a link that leaves it.
type Context struct {
	dir  string
	root *os.Root
}

// OpenContext opens a folder. Close has to be called.
func OpenContext(dir string) (*Context, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the build context: %w", err)
	}
	return &Context{dir, root}, nil
}

// Close releases the folder.
func (c *Context) Close() error { return c.root.Close() }

var errNoScript = errors.New("it is no regular file")

// read returns a file of the context.
func (c *Context) read(name string) ([]byte, error) {
	info, err := c.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNoScript
	}
	f, err := c.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errNoScript
	}
	data, err := io.ReadAll(io.LimitReader(f, maxScript+1))
	if err == nil && len(data) > maxScript {
		err = fmt.Errorf("it is larger than %d bytes", maxScript)
	}
	return data, err
}

// isDir reports whether a name is that of a folder of the context.
func (c *Context) isDir(name string) bool {
	info, err := c.root.Stat(name)
	return err == nil && info.IsDir()
}

// attached is a script of the context that the Dockerfile runs. Its bytes have
// offsets of their own, behind those of the Dockerfile.
type attached struct {
	text
	name    string // as it is shown
	base    int
	ignores *ignores // nil if they have not been read
}

// attach reads a file of the context, once.
func (f *File) attach(name string) (*attached, error) {
	shown := filepath.Join(f.Context.dir, filepath.FromSlash(name))
	base := len(f.Data) + 1
	for _, a := range f.attached {
		if a.name == shown {
			return a, nil
		}
		base = a.base + len(a.data) + 1
	}
	if err, ok := f.absent[name]; ok {
		return nil, err
	}
	data, err := f.Context.read(name)
	if err == nil && len(f.attached) == maxScripts {
		err = errors.New("there are too many scripts")
	}
	if err != nil {
		if f.absent == nil {
			f.absent = make(map[string]error)
		}
		f.absent[name] = err
		return nil, err
	}
	a := &attached{text: newText(data), name: shown, base: base}
	f.attached = append(f.attached, a)
	return a, nil
}

// Place returns the file and the place in it that an offset stands for: the
// Dockerfile, or a script of the context.
func (f *File) Place(offset int) (name string, p Position) {
	for _, a := range f.attached {
		if offset >= a.base && offset <= a.base+len(a.data) {
			return a.name, a.position(offset - a.base)
		}
	}
	return f.Name, f.Position(offset)
}

// copied is what one source of a COPY or of a mount puts into a stage.
type copied struct {
	source string // in the context
	dest   string // cleaned
	inside bool   // dest is a directory for certain
	parent bool   // --parents: the source's directories are kept
	at     int
	text   *string // of a heredoc; then source is its name
	locate func(int) int
}

// candidate is where a file of a stage may be in the context.
type candidate struct {
	name  string
	named bool // by the instruction itself, not by a directory that is copied
	of    *copied
}

// candidates returns where the file of a path may come from, the likeliest first.
func (c *copied) candidates(p string) []candidate {
	source := c.source
	if c.parent {
		rest, ok := below(c.dest, p)
		if match, err := path.Match(source, rest); ok && (strings.HasPrefix(rest, source+"/") || source == "." || match && err == nil) {
			return []candidate{{rest, rest == source, c}}
		}
		return nil
	}
	base, folder := path.Base(source), path.Dir(source)
	if strings.ContainsAny(folder, "*?[") {
		return nil
	}
	var all []candidate
	if strings.ContainsAny(base, "*?[") {
		// Only the last part is a pattern: what it matches keeps its name.
		rest, ok := below(c.dest, p)
		if first, _, _ := strings.Cut(rest, "/"); ok {
			if match, err := path.Match(base, first); err == nil && match {
				all = append(all, candidate{path.Join(folder, rest), false, c})
			}
		}
		return all
	}
	if p == c.dest && !c.inside {
		all = append(all, candidate{source, true, c})
	}
	if p == path.Join(c.dest, base) {
		all = append(all, candidate{source, c.inside, c})
	}
	if rest, ok := below(c.dest, p); ok && c.text == nil {
		all = append(all, candidate{path.Join(source, rest), false, c})
	}
	return all
}

// below returns the path of p within dir.
func below(dir, p string) (string, bool) {
	if dir == "/" {
		return p[1:], len(p) > 1
	}
	rest, ok := strings.CutPrefix(p, dir+"/")
	return rest, ok && rest != ""
}

// clean returns a path of the context as os.Root takes it.
func clean(name string) string {
	if name = path.Clean("/" + name)[1:]; name == "" {
		return "."
	}
	return name
}

// missing says why a file of the context is not read.
func missing(name string, err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "the build context has no " + name
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return name + " of the build context: " + err.Error()
}
