package fetch

import (
	"context"
	"errors"
	"path/filepath"
)

// blob is the bytes of one digest, which are fetched once.
type blob struct {
	digest    Digest
	size      int64       // or SizeUnknown
	artifacts []*Artifact // whose bytes they are, at least one
	local     []string    // files that hold these bytes already
	other     otherDownload
}

// newBlob returns the blob of one artifact.
func newBlob(a *Artifact) *blob {
	return &blob{digest: a.Digest, size: a.Size, artifacts: []*Artifact{a}}
}

// name returns the artifact that stands for b in events and errors.
func (b *blob) name() *Artifact { return b.artifacts[0] }

// transfer is a blob and all the places where it goes.
type transfer struct {
	*blob
	dests []*destination // those of its artifacts, in the same order
}

// plan finds out what has to be done: it resolves every destination, looks at
// what lies there, and groups what is missing by digest.
func (r *run) plan(ctx context.Context, artifacts []Artifact) error {
	dests, err := destinations(r.Root, artifacts, r.documents())
	if err != nil {
		return err
	}
	dests, r.docs = dests[:len(artifacts)], dests[len(artifacts):]
	if err := r.checkDocuments(); err != nil {
		return err
	}
	r.stage.sweep(dests)
	states := make([]state, len(dests))
	err = each(ctx, r.jobs(), len(dests), nil, func(i int) (err error) {
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

	byDigest := make(map[Digest]*transfer)
	for i, d := range dests {
		if states[i] == present {
			continue
		}
		t := byDigest[d.Digest]
		if t == nil {
			t = &transfer{blob: &blob{digest: d.Digest, size: d.Size}}
			byDigest[d.Digest] = t
			r.transfers = append(r.transfers, t)
		}
		t.artifacts, t.dests = append(t.artifacts, d.Artifact), append(t.dests, d)
		if t.size == SizeUnknown {
			t.size = d.Size
		}
	}
	for i, d := range dests {
		if t := byDigest[d.Digest]; t != nil && !d.archive() && (states[i] == present || states[i] == moded) {
			t.local = append(t.local, d.file)
		}
	}

	plan := Event{Kind: EventPlan, Artifact: new(Artifact)}
	for _, t := range r.transfers {
		plan.Files += len(t.dests)
		if t.size == SizeUnknown || plan.Bytes == SizeUnknown {
			plan.Bytes = SizeUnknown
		} else {
			plan.Bytes += t.size
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

// destinations resolves where the artifacts go, those of more behind the others, and
// refuses those that would land on one another.
func destinations(root string, artifacts, more []Artifact) ([]*destination, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	var (
		dests []*destination
		errs  []error
		c     = newClaims(root)
	)
	for _, list := range [][]Artifact{artifacts, more} {
		for i := range list {
			d, err := resolve(root, &list[i])
			if err != nil {
				errs = append(errs, err)
				continue
			}
			c.add(d, "")
			dests = append(dests, d)
		}
	}
	return dests, errors.Join(append(errs, c.check())...)
}
