package unpack

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"sort"
)

// Scan returns what Tree would give for the same archive and options, and
// writes nothing. It does not know whether a disk would take two names for one.
func Scan(ctx context.Context, src io.ReaderAt, size int64, o Options) (Manifest, error) {
	return Inspect(ctx, src, size, o, 0, nil)
}

// Inspect is Scan, and also calls see with each file that the archive holds, and
// with how it begins: head bytes of it at the most, which are see's to keep. Calls
// may overlap.
func Inspect(ctx context.Context, src io.ReaderAt, size int64, o Options, head int, see func(e Entry, head []byte)) (Manifest, error) {
	o = o.withDefaults()
	s := scanner{head: head, see: see}
	t, err := run(ctx, src, size, &o, &s)
	if err != nil {
		return Manifest{}, err
	}
	entries := make([]Entry, 0, len(t.dirs)+len(t.nodes))
	files := make(map[string]*Entry, len(s.files)) // for hard links
	for _, e := range s.files {
		files[e.Name] = e
		entries = append(entries, *e)
	}
	for name, d := range t.dirs {
		if name != "." {
			entries = append(entries, Entry{Name: name, Type: TypeDir, Mode: perm(d.mode)})
		}
	}
	for _, p := range t.symlinks {
		entries = append(entries, Entry{Name: p.path, Type: TypeSymlink, Link: p.link})
	}
	for _, p := range t.hard {
		e := Entry{Name: p.path, Type: TypeSymlink, Link: t.nodes[p.link].link}
		if file, ok := files[p.link]; ok {
			e = *file
			e.Name = p.path
		}
		entries = append(entries, e)
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name < entries[j].Name })
	return Manifest{Entries: entries}, nil
}

// scanner is a sink that keeps digests.
type scanner struct {
	files []*Entry
	head  int
	see   func(Entry, []byte)
}

func (*scanner) mkdir(string, *directory) error { return nil }

func (s *scanner) file(p *placed) (func() (output, error), error) {
	e := &Entry{Name: p.path, Type: TypeFile, Mode: perm(p.mode), Size: p.size}
	s.files = append(s.files, e)
	return func() (output, error) { return &digester{e: e, Hash: sha256.New(), s: s}, nil }, nil
}

// digester sets the digest of an entry.
type digester struct {
	e *Entry
	hash.Hash
	s    *scanner
	head []byte
}

func (d *digester) Write(p []byte) (int, error) {
	if room := d.s.head - len(d.head); room > 0 {
		d.head = append(d.head, p[:min(room, len(p))]...)
	}
	return d.Hash.Write(p)
}

func (d *digester) close(bool) error {
	d.Sum(d.e.Digest[:0])
	if d.s.see != nil {
		d.s.see(*d.e, d.head)
	}
	return nil
}

// Names returns the names of all that the archive holds, after o.Strip and
// whatever o.Include says, in the order of the archive, directories with a
// slash at their ends. What Tree would refuse is in it, unless it has no name
// that could be unpacked. A compressed file that is no archive has none.
func Names(ctx context.Context, src io.ReaderAt, size int64, o Options) ([]string, error) {
	o = o.withDefaults()
	a, err := open(ctx, src, size, &o)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	if a.single {
		return nil, a.stream.drain()
	}
	var names []string
	err = a.walk(ctx, func(m *member) error {
		if name, err := o.cleanName(m.name); err == nil && name != "" {
			if m.kind == kindDir {
				name += "/"
			}
			names = append(names, name)
		}
		return nil
	})
	return names, err
}
