package scan

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
)

// images reports the images without a digest. What the build is given as a context
// is none.
func (s *scanner) images(contexts []string) {
	for _, im := range s.file.Images() {
		ref := im.Ref
		if !ref.Known() || strings.Contains(ref.Text, "@sha256:") || im.Context(contexts) {
			continue
		}
		s.report("unpinned-image", Warning, im.At, im.End, "%s %s has no digest", im.Where, ref.Text)
	}
}

// final reports what the last stage leaves.
func (s *scanner) final(t *dockerfile.Trace) {
	last := s.file.Final()
	var traces []dockerfile.StageTrace
	for _, stage := range last.Lineage() {
		traces = append(traces, t.Stages[stage.Index])
	}
	s.tools(traces)
	s.user(last)
}

// tools reports curl and wget. A package manager alone is the image's own affair.
func (s *scanner) tools(traces []dockerfile.StageTrace) {
	type installed struct {
		name, virtual string
		stage, run    int
		at            int
	}
	var left []installed
	var (
		order []int
		names = make(map[int][]string)
	)
	tell := func(at int, name string) {
		if names[at] == nil {
			order = append(order, at)
		}
		names[at] = append(names[at], name)
	}
	for n, t := range traces {
		for i, p := range t.Packages {
			switch p.Verb {
			case "install":
				for _, name := range p.Names {
					if name == "curl" || name == "wget" {
						left = append(left, installed{name, p.Virtual, n, p.Run, p.At})
					}
				}
			case "remove", "autoremove":
				auto := p.Verb == "autoremove" || slices.Contains(p.Names, "\x00")
				marked := slices.ContainsFunc(t.Packages[:i], func(q script.Packages) bool {
					return q.Manager == "apt-mark" && q.Verb == "auto" && q.Run == p.Run
				})
				left = slices.DeleteFunc(left, func(x installed) bool {
					if auto && marked && x.stage == n && x.run == p.Run {
						return true
					}
					return slices.ContainsFunc(p.Names, func(name string) bool {
						return name == x.name || name == x.virtual && name != "" || strings.Contains(name, "$")
					})
				})
			}
		}
	}
	for _, x := range left {
		tell(x.at, x.name)
	}
	for _, at := range order {
		s.report("tools-left", Note, at, at, "left in the final stage: %s", strings.Join(names[at], ", "))
	}
}

// user reports a final stage that runs as root.
func (s *scanner) user(last *dockerfile.Stage) {
	lineage := last.Lineage()
	for i := len(lineage) - 1; i >= 0; i-- {
		stage := lineage[i]
		for _, in := range slices.Backward(stage.Instructions) {
			c, ok := in.Command.(*instructions.UserCommand)
			if !ok {
				continue
			}
			name, _, _ := strings.Cut(c.User, ":")
			if name == "root" || name == "0" {
				s.report("root-user", Warning, in.Start, in.End-1, "the final stage runs as root: USER %s is its last", c.User)
			}
			return
		}
	}
	base := strings.ToLower(lineage[0].Image)
	if strings.Contains(base, "nonroot") || strings.Contains(base, "rootless") || strings.HasPrefix(base, "cgr.dev/") || strings.Contains(base, "bitnami/") || strings.Contains(base, "$") {
		return
	}
	if base == "scratch" {
		s.report("root-user", Note, last.From.Start, last.From.End-1, "the final stage has no USER, so it runs as root")
		return
	}
	s.report("root-user", Note, last.From.Start, last.From.End-1, "the final stage has no USER: it runs as root, unless %s says otherwise", lineage[0].Image)
}
