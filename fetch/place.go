package fetch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"depfetch/fetch/osfile"
	"depfetch/fetch/unpack"
)

// place renames all that is staged to where it belongs. By now every file is
// verified and has its mode and owner, and every tree has been found to fit into
// its directory, so nothing but the renames can fail.
func (r *run) place() error {
	if len(r.staged) == 0 {
		return nil
	}
	held, err := r.claims()
	errs := []error{err}
	for _, t := range r.staged {
		if err := t.check(); err != nil {
			errs = append(errs, t.dest().fail(err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	held.look()
	for i, t := range r.staged {
		err := t.place()
		var merge *unpack.MergeError
		begun := errors.As(err, &merge) && len(merge.Placed) > 0
		d := t.dest()
		if err != nil && i == 0 && !begun {
			return d.fail(err) // nothing has changed
		}
		if err != nil {
			r.stage.keep(r.mtime()) // for the files that are in place
			return &PlaceError{
				Artifact: d.Artifact,
				Placed:   artifactsOf(r.staged[:i]),
				Missing:  artifactsOf(r.staged[i:]),
				Err:      fmt.Errorf("cannot place %s: %w", d.file, err),
			}
		}
		if i < len(r.staged)-r.written {
			r.emit(Event{Kind: EventPlaced, Artifact: d.Artifact})
		}
	}
	r.stage.keep(r.mtime())
	r.stage.removeTemps() // before confirm, which could reach them under another name of the directory
	return r.confirm(held)
}

// claims returns what all destinations take up, those that are present included,
// and why they cannot be placed together. For files the plan has seen to that; what
// is in a tree is known only now.
func (r *run) claims() (*claims, error) {
	root, err := filepath.Abs(r.Root)
	if err != nil {
		return nil, err
	}
	c := newClaims(root)
	c.foldsCase = r.stage.foldsCase
	for _, t := range r.staged {
		if err := t.claim(c); err != nil {
			c.refuse(t.dest(), t.dest().file, "%w", osfile.Cause(err))
		}
	}
	for _, d := range r.inPlace {
		c.add(d, "")
		if !d.merges() {
			continue
		}
		m, err := r.manifest(d.Artifact)
		if err != nil {
			c.refuse(d, d.file, "%w", err)
			continue
		}
		entries := make([]entry, len(m.Entries))
		for i, e := range m.Entries {
			entries[i] = entry{name: e.Name, isDir: e.Type == unpack.TypeDir, link: e.Link}
		}
		c.addTree(d, entries)
	}
	return c, c.check()
}

// look notes what each claim is before anything moves.
func (c *claims) look() {
	c.each(func(n *claim) {
		name := n.staged
		if name == "" {
			name = n.path
		}
		n.info, _ = os.Lstat(name)
	})
}

// each calls f for every claim, in several goroutines.
func (c *claims) each(f func(n *claim)) {
	all := slices.Collect(maps.Values(c.taken))
	each(context.Background(), DefaultJobs, len(all), nil, func(i int) error {
		f(all[i])
		return nil
	})
}

// confirm returns an error if what lies at a claim is not what was put there, or
// has been found there.
func (r *run) confirm(c *claims) error {
	c.each(func(n *claim) {
		info, err := os.Lstat(n.path)
		if n.info == nil || errors.Is(err, fs.ErrPermission) {
			return // in a directory of the archive that its owner may not look into
		}
		same := err == nil && os.SameFile(n.info, info) && n.info.Mode() == info.Mode()
		if same && !info.IsDir() {
			same = n.info.Size() == info.Size() && n.info.ModTime().Equal(info.ModTime())
		}
		n.lost = !same
	})
	lost := make(map[string]string)
	for _, n := range c.taken {
		if n.lost {
			lost[n.d.Name] = n.path
		}
	}
	if len(lost) == 0 {
		return nil
	}
	e := new(PlaceError)
	sort := func(d *destination) {
		path, ok := lost[d.Name]
		if !ok {
			e.Placed = append(e.Placed, d.Artifact)
			return
		}
		if e.Err == nil {
			e.Artifact, e.Err = d.Artifact, fmt.Errorf("%s is no longer what was put there", path)
		}
		e.Missing = append(e.Missing, d.Artifact)
	}
	for _, t := range r.staged {
		sort(t.dest())
	}
	for _, d := range r.inPlace {
		sort(d)
	}
	return e
}

func artifactsOf(all []staged) []*Artifact {
	artifacts := make([]*Artifact, len(all))
	for i, t := range all {
		artifacts[i] = t.dest().Artifact
	}
	return artifacts
}
