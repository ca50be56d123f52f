package update

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"

	"depfetch/fetch"
	"depfetch/fetch/unpack"
	"depfetch/lock"
	"depfetch/lock/content"
)

// Looked is what an address serves.
type Looked struct {
	Err      error // why it could not be downloaded, or not read as the archive that it is
	Packed   bool  // it is an archive or compressed
	Single   bool  // it is one compressed file, without a name
	Programs []Program
}

// Program is a file that runs: the download itself, without a name, or one in its archive.
type Program struct {
	Name     string
	Machines []content.Machine // none of a script
}

// Runs reports whether p can run on a platform.
func (p Program) Runs(on lock.Platform) bool {
	return len(p.Machines) == 0 || content.Fits(p.Machines, on)
}

// looked is what Look has downloaded.
type looked struct {
	client   *fetch.Client
	measured map[string]fetch.Measurement
}

// Look downloads addresses and says what they serve. Until done is called, Lock takes
// what has come here instead of downloading it again.
func (c *Client) Look(ctx context.Context, artifacts []fetch.Artifact) (all []Looked, done func(), err error) {
	for _, a := range artifacts {
		if plain := c.insecure(a.URL); plain != "" {
			return nil, nil, &InsecureError{Dep: a.Name, URL: plain}
		}
	}
	client, remove, err := c.Keep()
	if err != nil {
		return nil, nil, err
	}
	done = func() { c.looked = nil; remove() }
	measured, err := measure(ctx, client, artifacts)
	if err != nil {
		done()
		return nil, nil, err
	}
	c.looked = &looked{client: client, measured: measured}
	for _, a := range artifacts {
		m := measured[a.URL]
		l := Looked{Err: m.Err}
		if m.Err == nil {
			l.Err = c.look(ctx, m, &l)
		}
		all = append(all, l)
	}
	return all, done, ctx.Err()
}

// look finds the programs in what was downloaded.
func (c *Client) look(ctx context.Context, m fetch.Measurement, l *Looked) error {
	if l.Packed = unpack.IsPacked(m.Head); !l.Packed {
		l.add("", 0o755, m.Head)
		return nil
	}
	f, err := c.openBlob(ctx, c.looked.client.Cache, m.Digest, m.Size)
	if err != nil {
		return err
	}
	defer f.Close()
	o := unpack.Options{AbsoluteLinks: true, AbsoluteNames: true, DropSpecialBits: true}
	names, err := unpack.Names(ctx, f, m.Size, o)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		var begins beginning
		l.Single = true
		if _, err := unpack.Member(ctx, f, m.Size, "file", fetch.Digest{}, &begins, o); err != nil {
			return err
		}
		l.add("", 0o755, begins.head)
		return nil
	}
	var mu sync.Mutex
	_, err = unpack.Inspect(ctx, f, m.Size, o, content.HeadSize, func(e unpack.Entry, head []byte) {
		mu.Lock()
		defer mu.Unlock()
		l.add(e.Name, uint32(e.Mode), head)
	})
	slices.SortFunc(l.Programs, func(a, b Program) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return err
}

// add adds a file if it is a program, or a script that may be run.
func (l *Looked) add(name string, mode uint32, head []byte) {
	machines := content.Machines(head)
	if machines != nil || mode&0o111 != 0 && bytes.HasPrefix(head, []byte("#!")) {
		l.Programs = append(l.Programs, Program{Name: name, Machines: machines})
	}
}

// measureNew is measure of what Look has not downloaded.
func (c *Client) measureNew(ctx context.Context, client *fetch.Client, artifacts []fetch.Artifact) (map[string]fetch.Measurement, error) {
	if c.looked == nil {
		return measure(ctx, client, artifacts)
	}
	missing := slices.DeleteFunc(slices.Clone(artifacts), func(a fetch.Artifact) bool {
		_, ok := c.looked.measured[a.URL]
		return ok
	})
	measured, err := measure(ctx, client, missing)
	if err == nil {
		maps.Copy(measured, c.looked.measured)
	}
	return measured, err
}
