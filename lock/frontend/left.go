package frontend

import (
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"

	"depfetch/lock/dockerfile"
	"depfetch/lock/sync"
)

var (
	commit = regexp.MustCompile(`#[0-9a-f]{40}(:|$)`)
	asks   = regexp.MustCompile(`\b(curl|wget)\b`)
)

// isOnbuild reports whether steps at a place are of ONBUILDs of a base, to which BuildKit
// gives the line of FROM.
func (c *change) isOnbuild(at place) bool {
	return slices.ContainsFunc(c.own[0].File.Stages, func(s *dockerfile.Stage) bool { return c.starts(c.own[0], s.From.Start, at) })
}

// leaveAt leaves a step for one reason.
func (c *change) leaveAt(at place, what, hint string) error {
	r := c.own[0]
	for _, s := range r.File.Stages {
		for _, in := range append([]*dockerfile.Instruction{s.From}, s.Instructions...) {
			if c.starts(r, in.Start, at) {
				return c.leave(r, at, []sync.Reason{{At: in.Start, What: what, Hint: hint}})
			}
		}
	}
	return nil
}

// moves reports whether a source is a repository without a commit.
func moves(src *pb.SourceOp) bool {
	return strings.HasPrefix(src.Identifier, "git://") && !commit.MatchString(src.Identifier) && src.Attrs[pb.AttrGitChecksum] == ""
}
