package scan

import (
	"cmp"
	"slices"
	"strings"

	"depfetch/lock/dockerfile/script"
	"depfetch/lock/release"
)

var unpinnedURL = Rule{
	ID:    "unpinned-url",
	Level: Warning,
	Title: "address without a version",
	Why:   "what it leads to changes without a change of the Dockerfile",
	Fix:   "name a version in the address",
	check: func(p *pass) {
		for _, d := range p.downloads {
			if d.Read == script.ReadCaptured && !d.Evidence {
				p.report(Warning, d.Start, d.End, "what is built depends on what %s answers today", shown(d.URL))
			}
		}
		for _, a := range p.addresses {
			if release.Moving(a.url.Text) != "" {
				p.report(Warning, a.start, a.end, "%s leads to whatever is newest", shown(a.url))
			}
		}
		for _, stage := range p.stages {
			for _, c := range script.Of[*script.Checkout](stage.Events) {
				if c.Module && c.Ref.Known() && slices.Contains(branches, c.Ref.Text) {
					p.report(Warning, c.Start, c.End, "%s takes %s of %s, which is whatever is newest", c.Tool, cmp.Or(c.Ref.Text, "the latest version"), shown(c.URL))
				}
			}
		}
	},
}

// branches are what go takes for versions that change.
var branches = []string{"", "latest", "upgrade", "patch", "master", "main", "HEAD", "develop", "dev", "trunk", "next"}

var unpinnedSource = Rule{
	ID:    "unpinned-source",
	Level: Warning,
	Title: "source code without a commit",
	Why:   "a branch changes with every push and a tag can be moved, so the same Dockerfile builds something else tomorrow",
	Fix:   "name a full commit, which cannot be moved (`git checkout`, pip's `@`, npm's `#`, cargo's `--rev`), or pin an archive of it (`deplock add`)",
	check: func(p *pass) {
		for _, stage := range p.stages {
			for _, c := range script.Of[*script.Checkout](stage.Events) {
				if !c.Module && !c.Signed && c.Ref.Known() {
					p.checkout(c)
				}
			}
		}
	},
}

// checkout reports source code that is taken without naming a whole commit.
func (p *pass) checkout(c *script.Checkout) {
	repo, ref := repository(c.URL), c.Ref.Text
	switch commit := script.CommitOf(ref); {
	case ref == "":
		p.report(Warning, c.Start, c.End, "%s takes %s without naming a commit", c.Tool, repo)
	case commit == script.FullCommit && c.Lost == "":
	case commit == script.FullCommit:
		p.report(Warning, c.Start, c.End, "%s takes %s, and that it finds commit %.12s does not have to be: %s", c.Tool, repo, ref, c.Lost)
	case commit == script.PartCommit:
		p.report(Note, c.Start, c.End, "%s takes %s at %s, which is a part of a commit's name", c.Tool, repo, ref)
	default:
		p.report(Warning, c.Start, c.End, "%s takes %s at %s, which can be moved", c.Tool, repo, ref)
	}
}

// repository returns the address of a repository as it is shown.
func repository(u script.Value) string {
	if !strings.Contains(u.Text, "://") {
		return u.Text // git@host:path: the user is no secret
	}
	return shown(u)
}

var packageSource = Rule{
	ID:    "package-source",
	Level: Error,
	Title: "further place that packages come from",
	Why:   "whoever holds its key decides what is installed, and without a check of signatures everybody on the way does",
	Fix:   "leave the check of signatures on, and name the key that belongs to the place (`signed-by`)",
	check: func(p *pass) {
		for _, stage := range p.stages {
			for _, x := range script.Of[script.PackageSource](stage.Events) {
				if x.Trusted {
					p.report(Error, x.At, x.End, "%s takes packages from %s without checking their signatures", x.Tool, x.Text.Text)
				} else {
					p.report(Note, x.At, x.End, "%s takes packages from %s", x.Tool, x.Text.Text)
				}
			}
		}
	},
}
