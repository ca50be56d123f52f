package unpack

import (
	"context"
	"io"
	"os"
	"sync"
)

// Tree unpacks the archive src, of size bytes, into the empty directory dst. It
// reads src to its end. If it fails, or ctx is cancelled, what has been written
// stays in dst, for the caller to remove; nothing outside of dst is ever touched.
//
// Nobody else may write in dst meanwhile.
func Tree(ctx context.Context, src io.ReaderAt, size int64, dst *os.Root, o Options) error {
	o = o.withDefaults()
	w, err := newWriter(dst, &o)
	if err != nil {
		return err
	}
	defer w.close()
	t, err := run(ctx, src, size, &o, w)
	if err != nil {
		return err
	}
	return w.complete(ctx, t)
}

// sink is where files and directories go. Links and attributes of directories
// are left to when all of these are there.
type sink interface {
	// mkdir makes a directory. Its parents are made before.
	mkdir(p string, d *directory) error

	// file returns what makes a file, which may be called in another goroutine.
	file(p *placed) (create func() (output, error), err error)
}

// output is a file that is being written. Nothing is called after close, whose
// argument says whether all has been written.
type output interface {
	io.Writer
	close(complete bool) error
}

// run unpacks the files and directories of an archive into s. The tree that it
// returns has passed all checks.
func run(ctx context.Context, src io.ReaderAt, size int64, o *Options, s sink) (*tree, error) {
	t, err := newTree(o, size)
	if err != nil {
		return nil, err
	}
	p, ctx := newPool(ctx, o.Workers)
	err = func() error {
		a, err := open(ctx, src, size, o)
		if err != nil {
			return err
		}
		defer a.Close()
		c := copier{p, s, newBuffers()}
		err = a.walk(ctx, func(m *member) error {
			placed, made, err := t.add(m)
			if err != nil {
				return err
			}
			for _, dir := range made {
				if err := s.mkdir(dir, t.dirs[dir]); err != nil {
					return err
				}
			}
			if placed != nil && placed.kind == kindFile {
				return c.copy(ctx, placed)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return t.check()
	}()
	if err := p.wait(ctx, err); err != nil {
		return nil, err
	}
	return t, nil
}

// copier copies the contents of files.
type copier struct {
	pool    *pool
	sink    sink
	buffers buffers
}

// copy has a file written. Small files of a stream are read into memory and
// written by the pool while the next one is read.
func (c *copier) copy(ctx context.Context, p *placed) error {
	create, err := c.sink.file(p)
	if err != nil {
		return err
	}
	switch {
	case p.open != nil:
		return c.pool.do(ctx, func() error {
			buf := copyBuffers.Get().(*[bufferSize]byte)
			defer copyBuffers.Put(buf)
			r, err := p.open()
			if err != nil {
				return err
			}
			defer r.Close()
			return c.write(ctx, create, r, buf[:])
		})
	case p.size > smallFile:
		buf := copyBuffers.Get().(*[bufferSize]byte)
		defer copyBuffers.Put(buf)
		return c.write(ctx, create, p.body, buf[:])
	}
	parts, err := c.buffers.read(ctx, p.body, p.size)
	if err != nil {
		return err
	}
	return c.pool.do(ctx, func() error {
		defer c.buffers.release(parts)
		out, err := create()
		if err != nil {
			return err
		}
		for _, part := range parts {
			if _, err := out.Write(part); err != nil {
				out.close(false)
				return err
			}
		}
		return out.close(true)
	})
}

var copyBuffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

func (c *copier) write(ctx context.Context, create func() (output, error), r io.Reader, buf []byte) error {
	out, err := create()
	if err != nil {
		return err
	}
	if err := copyContext(ctx, out, r, buf); err != nil {
		out.close(false)
		return err
	}
	return out.close(true)
}
