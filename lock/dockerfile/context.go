package dockerfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"depfetch/fetch/regular"
)

const (
	maxScript  = 1 << 20 // of the largest script that is read, in bytes
	maxScripts = 200     // that are read for one Dockerfile
)

// Files are the files of a build context. Names are clean, relative and with slashes; "."
// is the context itself.
type Files interface {
	// IsDir reports whether there is a folder of that name.
	IsDir(name string) bool
	// Read returns a regular file of at most limit bytes. Its error is fs.ErrNotExist
	// if there is none.
	Read(name string, limit int64) ([]byte, error)
}

// Context is the build context: the folder whose files COPY takes.
type Context struct {
	dir   string // for messages
	files Files
}

// OpenContext opens a folder as a build context. Nothing outside of it is read, and no
// link that leads out of it is followed. The caller closes it.
func OpenContext(dir string) (*Context, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the build context: %w", err)
	}
	return &Context{dir, rooted{root}}, nil
}

// NewContext returns a build context of files.
func NewContext(files Files) *Context { return &Context{files: files} }

// Close closes the folder of OpenContext.
func (c *Context) Close() error {
	if r, ok := c.files.(rooted); ok {
		return r.Close()
	}
	return nil
}

// rooted is a folder.
type rooted struct{ *os.Root }

func (r rooted) IsDir(name string) bool {
	info, err := r.Stat(name)
	return err == nil && info.IsDir()
}

func (r rooted) Read(name string, limit int64) ([]byte, error) {
	return regular.ReadIn(r.Root, name, limit)
}

// attached is a script of the context that the Dockerfile runs. Its bytes have offsets
// of their own, which follow those of the Dockerfile and of the scripts before it.
type attached struct {
	text
	name    string   // for messages
	base    int      // the offset of its first byte
	ignores *ignores // nil until they are read
}

// attach reads a file of the context. Each is read once.
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
	data, err := f.Context.files.Read(name, maxScript)
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

// Place returns the file that an offset belongs to, the Dockerfile or a script of the
// context, and the position in it.
func (f *File) Place(offset int) (name string, p Position) {
	for _, a := range f.attached {
		if offset >= a.base && offset <= a.base+len(a.data) {
			return a.name, a.position(offset - a.base)
		}
	}
	return f.Name, f.Position(offset)
}

// copied is one source of a COPY, an ADD or a bind mount, and where it goes.
type copied struct {
	source string // in the context, or the name of a heredoc
	dest   string // a clean path
	inside bool   // dest is certainly a directory
	parent bool   // --parents: the directories of source are kept
	at     int
	text   *string       // the content of a heredoc; nil for files
	why    string        // why the content of a heredoc is not known; empty if it is
	locate func(int) int // maps an offset in text to one in the file
}

// candidate is a file of the context that a path of a stage may be.
type candidate struct {
	name  string
	named bool // by the instruction itself, not through a directory that is copied
}

// candidates returns the files that the path p of a stage may come from, the likeliest
// first.
func (c *copied) candidates(p string) []candidate {
	source := c.source
	if c.parent {
		rest, ok := below(c.dest, p)
		if match, err := path.Match(source, rest); ok && (strings.HasPrefix(rest, source+"/") || source == "." || match && err == nil) {
			return []candidate{{rest, rest == source}}
		}
		return nil
	}
	base, folder := path.Base(source), path.Dir(source)
	if strings.ContainsAny(folder, "*?[") {
		return nil
	}
	var all []candidate
	if strings.ContainsAny(base, "*?[") {
		// Only the last element is a pattern: matching files keep their names.
		rest, ok := below(c.dest, p)
		if first, _, _ := strings.Cut(rest, "/"); ok {
			if match, err := path.Match(base, first); err == nil && match {
				all = append(all, candidate{path.Join(folder, rest), false})
			}
		}
		return all
	}
	if p == c.dest && !c.inside {
		all = append(all, candidate{source, true})
	}
	if p == path.Join(c.dest, base) {
		all = append(all, candidate{source, c.inside})
	}
	if rest, ok := below(c.dest, p); ok && c.text == nil {
		all = append(all, candidate{path.Join(source, rest), false})
	}
	return all
}

// below returns the path of p relative to dir; ok says that p lies below dir.
func below(dir, p string) (rest string, ok bool) {
	if dir == "/" {
		return p[1:], len(p) > 1
	}
	rest, ok = strings.CutPrefix(p, dir+"/")
	return rest, ok && rest != ""
}

// clean returns a path of the context in the form that os.Root takes.
func clean(name string) string {
	if name = path.Clean("/" + name)[1:]; name == "" {
		return "."
	}
	return name
}

// missing returns the reason why a file of the context could not be read.
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
