package fetch

import (
	"errors"
	"fmt"
	"slices"

	"depfetch/fetch/unpack"
)

// place renames all that is staged to where it belongs. By now every file is
// verified and has its mode and owner, and every tree has been found to fit into
// its directory, so nothing but the renames can fail.
func (r *run) place() error {
	errs := r.collisions()
	for _, t := range r.staged {
		if err := t.check(); err != nil {
			errs = append(errs, &DestinationError{t.dest().Artifact, t.dest().file, err})
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, t := range r.staged {
		err := t.place()
		var merge *unpack.MergeError
		begun := errors.As(err, &merge) && len(merge.Placed) > 0
		d := t.dest()
		if err != nil && i == 0 && !begun {
			return &DestinationError{d.Artifact, d.file, err} // nothing has changed
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
		r.emit(Event{Kind: EventPlaced, Artifact: d.Artifact})
	}
	r.stage.keep(r.mtime())
	return nil
}

// collisions returns an error for each artifact that would place a file where
// another one does. For files the plan has seen to that; what is in a tree is known
// only now.
func (r *run) collisions() (errs []error) {
	isMerge := func(t staged) bool { return t.dest().merges() }
	if len(r.staged) < 2 || !slices.ContainsFunc(r.staged, isMerge) {
		return nil
	}
	owners := make(map[string]string)
	for _, t := range r.staged {
		d := t.dest()
		files, err := t.files()
		if err != nil {
			errs = append(errs, &DestinationError{d.Artifact, d.file, cause(err)})
		}
		for _, f := range files {
			if other, ok := owners[f]; ok {
				errs = append(errs, &DestinationError{d.Artifact, f, fmt.Errorf("%s lands there too", other)})
				break
			}
			owners[f] = d.Name
		}
	}
	return errs
}

func artifactsOf(all []staged) []Artifact {
	artifacts := make([]Artifact, len(all))
	for i, t := range all {
		artifacts[i] = t.dest().Artifact
	}
	return artifacts
}
