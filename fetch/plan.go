package fetch

import (
	"context"
	"errors"
	"path/filepath"
)

// blob is what has to be had once: the bytes of a digest, and all the places
// where they go.
type blob struct {
	digest Digest
	size   int64
	dests  []*destination // at least one
	local  []string       // files that hold these bytes already
}

// plan finds out what has to be done: it resolves every destination, looks at
// what lies there, and groups what is missing by digest.
func (r *run) plan(ctx context.Context, artifacts []Artifact) error {
	dests, err := destinations(r.Root, artifacts)
	if err != nil {
		return err
	}
	r.stage.sweep(dests)
	states := make([]state, len(dests))
	err = each(ctx, r.jobs(), len(dests), func(i int) (err error) {
		var unknown *UnverifiableError
		states[i], _, err = r.look(ctx, dests[i])
		if errors.As(err, &unknown) {
			return nil // what cannot be compared is fetched
		}
		return err
	})
	if err != nil {
		return err
	}

	byDigest := make(map[Digest]*blob)
	for i, d := range dests {
		if states[i] == present {
			continue
		}
		b := byDigest[d.Digest]
		if b == nil {
			b = &blob{digest: d.Digest, size: d.Size}
			byDigest[d.Digest] = b
			r.blobs = append(r.blobs, b)
		}
		b.dests = append(b.dests, d)
		if b.size == SizeUnknown {
			b.size = d.Size
		}
	}
	for i, d := range dests {
		if b := byDigest[d.Digest]; b != nil && !d.archive() && (states[i] == present || states[i] == moded) {
			b.local = append(b.local, d.file)
		}
	}

	plan := Event{Kind: EventPlan, Artifact: new(Artifact)}
	for _, b := range r.blobs {
		plan.Files += len(b.dests)
		if b.size == SizeUnknown || plan.Bytes == SizeUnknown {
			plan.Bytes = SizeUnknown
		} else {
			plan.Bytes += b.size
		}
	}
	r.present = len(dests) - plan.Files
	for i, d := range dests {
		if states[i] == present {
			r.inPlace = append(r.inPlace, d)
		}
	}
	r.emit(plan)
	for i, d := range dests {
		if states[i] == present {
			r.emit(Event{Kind: EventPresent, Artifact: d.Artifact})
		}
	}
	return nil
}

// destinations resolves where the artifacts go, and refuses those that would land
// on one another.
func destinations(root string, artifacts []Artifact) ([]*destination, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	var (
		dests []*destination
		errs  []error
		c     = newClaims(root)
	)
	for i := range artifacts {
		d, err := resolve(root, &artifacts[i])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.add(d, "")
		dests = append(dests, d)
	}
	return dests, errors.Join(append(errs, c.check())...)
}
