package fetch

import "fmt"

// place renames all staged files to where they belong. By now every one of them
// is verified and has its mode and owner, so nothing but the renames can fail.
func (r *run) place() error {
	for i, t := range r.staged {
		err := r.stage.place(t)
		if err != nil && i == 0 {
			return &DestinationError{t.Artifact, t.file, err} // nothing has changed
		}
		if err != nil {
			r.stage.keep(r.mtime()) // for the files that are in place
			return &PlaceError{
				Artifact: t.Artifact,
				Placed:   artifactsOf(r.staged[:i]),
				Missing:  artifactsOf(r.staged[i:]),
				Err:      fmt.Errorf("cannot place %s: %w", t.file, err),
			}
		}
		r.emit(Event{Kind: EventPlaced, Artifact: t.Artifact})
	}
	r.stage.keep(r.mtime())
	return nil
}

func artifactsOf(staged []stagedFile) []Artifact {
	artifacts := make([]Artifact, len(staged))
	for i, t := range staged {
		artifacts[i] = t.Artifact
	}
	return artifacts
}
