package unpack

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"depfetch/fetch/digest"
)

// Member writes one file of the archive src, of size bytes, to dst. pattern is
// its name, or a glob as Options.Include has them, that matches exactly one
// regular file, after o.Strip and without leading slashes. A link of the archive
// counts as the file that it leads to within the archive. A compressed file that
// is no archive is written whatever the pattern is.
//
// It reads src to its end, to find out that only one file matches, and another time
// if it was a link that matched. want, unless it is zero, is the digest of the file,
// as somebody has recorded it who has read all of the archive: when a file that
// matches has it, nothing more is read. A file that does not is for the caller to
// refuse. If Member fails, dst may have got bytes, also of another file.
//
// The entry is of the file itself, its name and digest included. Its mode has
// the permission bits alone. A missing file is a *NoMatchError, and more than
// one an *AmbiguousError. Options other than Strip, Limits and Workers are of no
// importance.
func Member(ctx context.Context, src io.ReaderAt, size int64, pattern string, want digest.SHA256, dst io.Writer, o Options) (Entry, error) {
	o = o.withDefaults()
	o.AbsoluteNames = true // it is the caller who says where the file goes
	g, err := parseGlob(pattern)
	if err != nil {
		return Entry{}, err
	}
	f := &finder{o: o, glob: g, want: want, dst: dst, found: make(map[string]found)}
	target, err := f.search(ctx, src, size)
	if errors.Is(err, errFound) {
		return *f.written, nil
	}
	if err != nil {
		return Entry{}, err
	}
	if f.written != nil {
		if target == f.written.Name {
			return *f.written, nil
		}
		return Entry{}, &AmbiguousError{pattern, []string{target, f.written.Name}}
	}
	f.exact = target
	if _, err := f.search(ctx, src, size); err != nil && !errors.Is(err, errFound) {
		return Entry{}, err
	}
	return *f.written, nil
}

// finder looks for one file.
type finder struct {
	o       Options
	glob    *glob
	exact   string // the file to write, once it is known; else what matches glob
	want    digest.SHA256
	dst     io.Writer
	written *Entry

	found   map[string]found
	names   []string // in order, those of directories with a slash
	matches []string // what glob matches
}

// errFound ends a search at a file whose digest is the recorded one.
var errFound = errors.New("found")

// found is a member that has been seen.
type found struct {
	kind  kind
	link  string // of a link; of a hard link, the clean name
	twice bool
}

// search walks the archive. It writes the first match that is a regular file,
// and returns the name of the only one, which may be another if it is a link
// that has matched.
func (f *finder) search(ctx context.Context, src io.ReaderAt, size int64) (string, error) {
	a, err := open(ctx, src, size, &f.o)
	if err != nil {
		return "", err
	}
	defer a.Close()
	if a.single {
		left := f.o.Limits.budget(size)
		return "", f.write(ctx, &Entry{Type: TypeFile, Mode: 0o644}, &limitedReader{a.stream, &left})
	}
	left := f.o.Limits.budget(size)
	err = a.walk(ctx, func(m *member) error {
		name, err := f.o.cleanName(m.name)
		if err != nil || name == "" {
			return nil // it is not what is looked for
		}
		if m.refusal != "" {
			if f.glob.match(strings.Split(name, "/")) {
				return refuse(m.name, "%s", m.refusal)
			}
			return nil
		}
		matches := f.exact == name || f.exact == "" && f.note(m, name)
		if !matches || m.kind != kindFile || f.written != nil {
			return nil
		}
		if err := left.take(m.name, m.size); err != nil {
			return err
		}
		r, err := m.content()
		if err != nil {
			return err
		}
		defer r.Close()
		err = f.write(ctx, &Entry{Name: name, Type: TypeFile, Mode: perm(m.mode), Size: m.size}, r)
		if err == nil && !f.want.IsZero() && f.written.Digest == f.want {
			return errFound
		}
		return err
	})
	if err != nil || f.exact != "" {
		return f.exact, err
	}
	return f.resolve()
}

// note remembers a member, and tells whether it matches.
func (f *finder) note(m *member, name string) bool {
	link := m.link
	if m.kind == kindHardLink {
		link, _ = f.o.cleanName(link)
	}
	before, ok := f.found[name]
	if ok && m.kind == kindHardLink && before.kind != kindDir {
		if _, was := f.behind(name); was.kind != kindHardLink {
			if a, b := f.first(name), f.first(link); a == b {
				return false // it is that file already
			}
		}
	}
	twice := ok && (before.twice || before.kind != kindDir || m.kind != kindDir)
	f.found[name] = found{m.kind, link, twice}
	if m.kind == kindDir {
		f.names = append(f.names, name+"/")
		return false
	}
	f.names = append(f.names, name)
	matches := f.glob.match(strings.Split(name, "/"))
	if matches {
		f.matches = append(f.matches, name)
	}
	return matches
}

// resolve returns the one file that matches lead to.
func (f *finder) resolve() (string, error) {
	r := resolver{lookup: func(name string) (kind, string) {
		_, n := f.behind(name)
		return n.kind, n.link
	}}
	var files []string
	detail := ""
	exact := strings.Join(f.glob.elems, "/")
	if slices.Contains(f.matches, exact) {
		f.matches = []string{exact} // though it may be a glob as well
	}
	for _, name := range f.matches {
		file, why := f.file(&r, name)
		if why != "" {
			detail = why
		} else if !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	switch len(files) {
	case 0:
		if detail == "" && f.found[exact].kind == kindDir {
			detail = "it is a directory"
		}
		return "", &NoMatchError{f.glob.pattern, near(f.glob.pattern, f.names), detail}
	case 1:
		if f.found[files[0]].twice {
			return "", refuse(files[0], "the archive has more than one entry of this name")
		}
		return files[0], nil
	}
	return "", &AmbiguousError{f.glob.pattern, files}
}

// behind returns what bears a name, and its first name if it is a hard link.
func (f *finder) behind(name string) (string, found) {
	n := f.found[name]
	for range maxLinks {
		if n.kind != kindHardLink {
			break
		}
		name, n = n.link, f.found[n.link]
	}
	return name, n
}

// first returns the first name of what bears a name.
func (f *finder) first(name string) string {
	name, _ = f.behind(name)
	return name
}

// file returns the regular file that a name leads to, or says why there is none.
func (f *finder) file(r *resolver, name string) (file, why string) {
	file, n := f.behind(name)
	if n.kind == kindSymlink {
		link := n.link
		if strings.HasPrefix(link, "/") {
			return "", fmt.Sprintf("%q is a link to %q, which is absolute", name, link)
		}
		to, err := r.resolve(name)
		if err == nil && !to.dead && !to.deep {
			file, n = f.behind(to.name)
		}
		if n.kind == "" || n.kind == kindSymlink {
			return "", fmt.Sprintf("%q is a link to %q, which the archive does not hold", name, link)
		}
	}
	switch n.kind {
	case kindFile:
		return file, ""
	case kindDir:
		return "", fmt.Sprintf("%q leads to a directory", name)
	case kindHardLink, "":
		return "", fmt.Sprintf("%q is a hard link to what the archive does not hold", name)
	}
	return "", fmt.Sprintf("%q is %s", name, n.kind)
}

// write writes what r has left to dst, and completes e.
func (f *finder) write(ctx context.Context, e *Entry, r io.Reader) error {
	f.written = e
	sum := sha256.New()
	counted := &countingWriter{f.dst, sum, 0}
	if err := copyContext(ctx, counted, r, make([]byte, 256<<10)); err != nil {
		return err
	}
	e.Size = counted.n
	sum.Sum(e.Digest[:0])
	return nil
}

type countingWriter struct {
	w   io.Writer
	sum hash.Hash
	n   int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.sum.Write(p[:n])
	c.n += int64(n)
	if err != nil {
		err = fmt.Errorf("writing: %w", err)
	}
	return n, err
}

// limitedReader fails where more is read than a budget has.
type limitedReader struct {
	r    io.Reader
	left *budget
}

func (l *limitedReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if over := l.left.take("", int64(n)); over != nil {
		return 0, over
	}
	return n, err
}
