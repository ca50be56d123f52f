package scan

import (
	"slices"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock/dockerfile"
)

// target are the variables that say what BuildKit builds for.
var target = []string{"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT"}

// targets reports the defaults of those variables: they take the place of what
// BuildKit would say.
func (s *scanner) targets() {
	for _, in := range s.file.Args() {
		for _, kv := range in.Command.(*instructions.ArgCommand).Args {
			if kv.Value != nil && slices.Contains(target, kv.Key) {
				s.report("target-platform", Warning, in.Start, in.End-1, "ARG %s has a default, which is taken for every platform that is built for", kv.Key)
			}
		}
	}
}

// platform reports a run of depfetch on another machine than the one that is built
// for, to which nobody says the difference.
func (s *scanner) platform(t dockerfile.StageTrace) {
	where := s.file.RunsOn(t.Stage)
	if where == "" {
		return
	}
	for _, d := range t.Depfetch {
		if !d.Platform {
			s.report("target-platform", Warning, d.Start, d.End, "depfetch runs on %s and is not told the platform that is built for: this stage has no ARG TARGETPLATFORM before it", where)
		}
	}
}
