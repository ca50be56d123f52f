package unpack

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"runtime"
	"time"

	"depfetch/fetch/osfile"
)

// Options say what to unpack, and how. The zero value is all of it, as it is.
type Options struct {
	// Strip is how many leading elements are dropped from each name, and from
	// what hard links lead to, as by tar's --strip-components, except that "."
	// is no element: "./a/b" is "a/b". What has no more elements than that is
	// left out.
	Strip int

	// Include are globs of what to unpack; none means all. They match names as
	// they are after Strip, or whole. Elements match as by path.Match, so "*" ends
	// at a slash, and "**" stands for any number of elements. A glob that names a
	// directory takes all below it. One that matches nothing is an error.
	// Directories above what is included are made as if the archive only implied
	// them.
	Include []string

	// Modes are modes for files in the place of those that the archive has, by globs
	// that match as those of Include, but only names after Strip and only the files
	// themselves, not what lies below. One that matches no file that is unpacked is an
	// error, and so are two with different modes that match one file. A hard link has
	// the mode of its file, and a glob that matches its name must agree.
	Modes []Mode

	// AbsoluteLinks allows symbolic links with an absolute target.
	AbsoluteLinks bool

	// AbsoluteNames takes names that begin with slashes, and hard links to such,
	// without these, as tar does.
	AbsoluteNames bool

	// DropSpecialBits takes the setuid, setgid and sticky bits off files and
	// directories that have them.
	DropSpecialBits bool

	Limits Limits

	// Newest is the latest modification time that anything gets. The zero
	// time is no limit.
	Newest time.Time

	// ImpliedTime is the modification time of directories for which the archive
	// has no entry, and of what has no time. The zero time means
	// 1980-01-01T00:00:00Z.
	ImpliedTime time.Time

	// Owner is who everything is given to; nil leaves it with the running user.
	Owner *osfile.Owner

	// Workers is how many files are written or hashed at a time, and how many
	// goroutines may decompress. 0 means GOMAXPROCS.
	Workers int
}

// Mode is a mode for the files that a glob matches.
type Mode struct {
	Glob string
	Mode fs.FileMode // permission bits alone
}

func (o Options) withDefaults() Options {
	o.Limits = o.Limits.withDefaults()
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.ImpliedTime.IsZero() {
		o.ImpliedTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return o
}

// clamp returns the time that something with the time t gets.
func (o *Options) clamp(t time.Time) time.Time {
	if !o.Newest.IsZero() && t.After(o.Newest) {
		return o.Newest
	}
	return t
}

// archive is an open archive. It can be walked once.
type archive struct {
	src    *io.SectionReader
	o      *Options
	isZip  bool
	isCpio bool
	single bool    // a compressed file that is no archive
	stream *stream // unless it is a zip
}

// open finds out what src is. The archive has to be closed.
func open(ctx context.Context, src io.ReaderAt, size int64, o *Options) (*archive, error) {
	a := &archive{src: section(src, 0, size), o: o}
	head := make([]byte, tarHead)
	n, err := a.src.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	head = head[:n]
	f := compression(head)
	inPackage := false
	switch {
	case f != "":
	case isZip(head):
		a.isZip = true
		return a, nil
	case isTar(head):
		f = formatTar
	case isDeb(head):
		inPackage = true
		if a.src, f, err = debData(a.src); err != nil {
			return nil, damaged(formatDeb, "", err)
		}
	case isRPM(head):
		inPackage, a.isCpio = true, true
		if a.src, f, err = rpmPayload(a.src); err != nil {
			return nil, damaged(formatRPM, "", err)
		}
	default:
		return nil, unreadable(head)
	}
	a.stream = openStream(ctx, f, a.src, o.Limits, o.Workers)
	if f == formatTar || inPackage {
		return a, nil
	}
	if head, err = a.stream.peek(tarHead); err != nil {
		a.Close()
		return nil, err
	}
	if f == formatGzip && isTar(head) {
		if data := apkData(a.src); data != nil {
			a.Close()
			a.stream = openStream(ctx, f, data, o.Limits, o.Workers)
			return a, nil
		}
	}
	a.single = !isTar(head)
	return a, nil
}

// walk calls visit with each member in order. It ends with the first error, be
// it of visit or of the archive.
func (a *archive) walk(ctx context.Context, visit func(*member) error) error {
	entries := 0
	counted := func(m *member) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if entries++; entries > a.o.Limits.Entries {
			return &LimitError{Limit: "entries", Max: int64(a.o.Limits.Entries)}
		}
		return visit(m)
	}
	switch {
	case a.isZip:
		return walkZip(a.src, a.o.Limits, counted)
	case a.single:
		return ErrNoTree
	case a.isCpio:
		return walkCpio(a.stream, a.o.Limits, counted)
	}
	err := walkTar(a.stream, counted)
	if err != nil {
		return err
	}
	return a.stream.drain()
}

// Close waits for the goroutines that decompress.
func (a *archive) Close() error {
	if a.stream == nil {
		return nil
	}
	return a.stream.Close()
}

// damaged makes an error of a parser one of the archive.
func damaged(f format, name string, err error) error {
	var (
		damage *DamagedError
		limit  *LimitError
		refuse *RefusedError
		kind   *UnsupportedError
	)
	switch {
	case errors.As(err, &damage) || errors.As(err, &limit) || errors.As(err, &refuse) || errors.As(err, &kind),
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = errTruncated
	}
	return &DamagedError{Format: string(f), Name: name, Err: err}
}
