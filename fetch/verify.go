package fetch

import (
	"context"
	"errors"
)

// Finding is a file that is not what the lockfile pins.
type Finding struct {
	Artifact Artifact
	Path     string // on this machine, Client.Root included
	// Wrong is set when something else than the pinned bytes lies there, and
	// not when the file is missing or has another mode or owner.
	Wrong  bool
	Detail string // "missing", "changed: …", "wrong mode: …" or "wrong owner: …"
}

// Verify hashes what is in place below root, jobs files at a time, and returns
// a Finding for each artifact that is missing, changed, or has another mode or
// owner. It asks no source.
func Verify(ctx context.Context, root string, jobs int, artifacts []Artifact) ([]Finding, error) {
	c := &Client{Jobs: jobs}
	dests, err := destinations(root, artifacts)
	if err != nil {
		return nil, err
	}
	all := make([]Finding, len(dests))
	err = each(ctx, c.jobs(), len(dests), func(i int) error {
		d := dests[i]
		s, detail, err := d.inspect(ctx)
		var occupied *DestinationError
		if errors.As(err, &occupied) {
			s, detail, err = changed, "changed: "+occupied.Err.Error(), nil
		}
		all[i] = Finding{Artifact: d.Artifact, Path: d.file, Wrong: s == changed, Detail: detail}
		return err
	})
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, f := range all {
		if f.Detail != "" {
			findings = append(findings, f)
		}
	}
	return findings, nil
}
