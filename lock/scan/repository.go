package scan

import (
	"slices"
	"strings"

	"depfetch/lock/dockerfile/script"
)

// branches are what go takes for versions that change.
var branches = []string{"", "latest", "upgrade", "patch", "master", "main", "HEAD", "develop", "dev", "trunk", "next"}

// checkout reports source code that is taken without naming a commit.
func (s *scanner) checkout(c *script.Checkout) {
	ref := c.Ref.Text
	switch {
	case c.Module:
		if c.Unchecked {
			s.report("unverified", Error, c.Start, c.End, "%s downloads %s, and the checksum database is not asked", c.Tool, shown(c.URL))
		}
		if c.Ref.Known() && slices.Contains(branches, ref) {
			if ref == "" {
				ref = "the latest version"
			}
			s.report("unpinned-url", Warning, c.Start, c.End, "%s takes %s of %s, which is whatever is newest", c.Tool, ref, shown(c.URL))
		}
	case c.Signed:
	case !c.Ref.Known():
	case ref == "":
		s.report("unpinned-source", Warning, c.Start, c.End, "%s takes %s without naming a commit", c.Tool, repository(c.URL))
	case script.CommitOf(ref) == script.FullCommit:
		if c.Lost != "" {
			s.report("unpinned-source", Warning, c.Start, c.End, "%s takes %s, and that it finds commit %.12s does not have to be: %s", c.Tool, repository(c.URL), ref, c.Lost)
		}
	case script.CommitOf(ref) == script.PartCommit:
		s.report("unpinned-source", Note, c.Start, c.End, "%s takes %s at %s, which is a part of a commit's name", c.Tool, repository(c.URL), ref)
	default:
		s.report("unpinned-source", Warning, c.Start, c.End, "%s takes %s at %s, which can be moved", c.Tool, repository(c.URL), ref)
	}
}

// repository returns the address of a repository as it is shown.
func repository(u script.Value) string {
	if !strings.Contains(u.Text, "://") {
		return u.Text // git@host:path: the user is no secret
	}
	return shown(u)
}

// source reports a place that packages are taken from.
func (s *scanner) source(x script.PackageSource) {
	if x.Trusted {
		s.report("package-source", Error, x.At, x.End, "%s takes packages from %s without checking their signatures", x.Tool, x.Text.Text)
		return
	}
	s.report("package-source", Note, x.At, x.End, "%s takes packages from %s", x.Tool, x.Text.Text)
}
