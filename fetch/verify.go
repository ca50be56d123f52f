package fetch

import (
	"context"
	"errors"
	"slices"
)

// Finding is a file that is not what the lockfile pins.
type Finding struct {
	Artifact *Artifact
	Path     string // on this machine, Client.Root included
	// Wrong is set when something else than the pinned bytes lies there, and
	// not when the file is missing or has another mode or owner.
	Wrong  bool
	Detail string // "missing", "changed: …", "wrong mode: …" or "wrong owner: …"
}

// Verify hashes what is in place and returns a Finding for each file that is
// missing, changed, or has another mode or owner. It asks no source. The error
// joins a *UnverifiableError for each artifact that cannot be compared, among
// others.
func (c *Client) Verify(ctx context.Context, artifacts []Artifact) ([]Finding, error) {
	dests, err := destinations(c.Root, artifacts, nil)
	if err != nil {
		return nil, err
	}
	all := make([][]Finding, len(dests))
	err = each(ctx, c.jobs(), len(dests), nil, func(i int) (err error) {
		d := dests[i]
		_, all[i], err = c.look(ctx, d)
		var occupied *DestinationError
		if errors.As(err, &occupied) {
			all[i], err = []Finding{{d.Artifact, d.file, true, "changed: " + occupied.Err.Error()}}, nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return slices.Concat(all...), nil
}

// look finds out what lies at d, and how that differs from what is pinned. The
// error is as that of inspect, or a *UnverifiableError.
func (c *Client) look(ctx context.Context, d *destination) (state, []Finding, error) {
	if d.Unpack != nil {
		return c.lookTree(ctx, d)
	}
	s, detail, err := d.inspect(ctx)
	if err == nil && s == changed && d.Member != "" && d.Unpacked.IsZero() {
		err = &UnverifiableError{d.Artifact, ErrNotRecorded}
	}
	if err != nil || s == present {
		return s, nil, err
	}
	return s, []Finding{{d.Artifact, d.file, s == changed, detail}}, nil
}
