package scan

import (
	"slices"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock/dockerfile/script"
)

// targetArgs are the variables that say what BuildKit builds for.
var targetArgs = []string{"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT"}

var targetPlatform = Rule{
	ID:    "target-platform",
	Level: Warning,
	Title: "platform that is not the one built for",
	Why:   "the files of another architecture are taken, and nothing fails until they are run",
	Fix:   "put `ARG TARGETPLATFORM`, without a default, into the stage; if files for the build machine are meant, say `depfetch --platform`",
	check: func(p *pass) {
		// A default takes the place of what BuildKit would say.
		for _, in := range p.file.Args() {
			for _, kv := range in.Command.(*instructions.ArgCommand).Args {
				if kv.Value != nil && slices.Contains(targetArgs, kv.Key) {
					p.report(Warning, in.Start, in.End-1, "ARG %s has a default, which is taken for every platform that is built for", kv.Key)
				}
			}
		}
		for _, stage := range p.stages {
			where := p.file.RunsOn(stage.Stage)
			for _, d := range script.Of[script.Depfetch](stage.Events) {
				if where != "" && !d.Platform {
					p.report(Warning, d.Start, d.End, "depfetch runs on %s and is not told the platform that is built for: this stage has no ARG TARGETPLATFORM before it", where)
				}
			}
		}
	},
}
