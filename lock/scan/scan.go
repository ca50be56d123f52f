package scan

import (
	"cmp"
	"fmt"
	"slices"

	"depfetch/fetch/printable"
	"depfetch/lock"
	"depfetch/lock/dockerfile"
)

// Finding is one breach of a rule at one place.
type Finding struct {
	Rule       Rule
	Level      Level // of this finding, at most that of the rule
	File       string
	Start, End dockerfile.Position
	Message    string
}

// Options say what to look for.
type Options struct {
	Ignore    []string        // IDs of rules
	Platforms []lock.Platform // default linux/amd64 and linux/arm64
	Contexts  []string        // names of further contexts that the build is given
	// LockedImage reports whether the lockfile has the digest of an image, in the form of
	// lock.ImageName, for files that depfetch-frontend builds. Nil means that none has one.
	LockedImage func(name string) bool
}

func (o Options) platforms() []lock.Platform {
	if len(o.Platforms) == 0 {
		return []lock.Platform{"linux/amd64", "linux/arm64"}
	}
	return o.Platforms
}

// File returns the findings in a Dockerfile, by position.
func File(f *dockerfile.File, opts Options) []Finding {
	s := newSubject(f, opts)
	var all []Finding
	for _, rule := range Rules() {
		if slices.Contains(opts.Ignore, rule.ID) {
			continue
		}
		p := &pass{subject: s, rule: rule, seen: make(map[int]int)}
		rule.check(p)
		all = append(all, p.findings...)
	}
	all = slices.DeleteFunc(all, func(x Finding) bool { return f.Ignores(x.Rule.ID, x.File, x.Start.Line) })
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(place(f, a.File), place(f, b.File)), cmp.Compare(a.Start.Offset, b.Start.Offset), cmp.Compare(b.Level, a.Level), cmp.Compare(a.Rule.ID, b.Rule.ID))
	})
	return all
}

// place sorts the Dockerfile before the scripts that it runs, which follow by name.
func place(f *dockerfile.File, name string) string {
	if name == f.Name {
		return ""
	}
	return "/" + name
}

// subject is a Dockerfile as the rules see it.
type subject struct {
	file     *dockerfile.File
	contexts []string
	adopted  map[int]bool // see adoptedBy
	locked   func(string) bool
	// stages are what the stages do, on one platform after the other; final is what
	// the last stage and those it is built from do, on the first platform.
	stages []dockerfile.StageTrace
	final  []dockerfile.StageTrace
	// downloads are what their commands download, and addresses those of ADD too.
	downloads []download
	adds      []add
	addresses []address
}

func newSubject(f *dockerfile.File, opts Options) *subject {
	s := &subject{file: f, contexts: opts.Contexts, locked: opts.LockedImage, adopted: adoptedBy(f, opts.platforms())}
	for i, p := range opts.platforms() {
		t := f.Trace(p)
		s.stages = append(s.stages, t.Stages...)
		if i > 0 {
			continue
		}
		for _, stage := range f.Final().Lineage() {
			s.final = append(s.final, t.Stages[stage.Index])
		}
	}
	for _, stage := range s.stages {
		s.collect(stage)
	}
	return s
}

// pass is the work of one rule on a file.
type pass struct {
	*subject
	rule     Rule
	findings []Finding
	seen     map[int]int // where findings are, by place
}

// report adds a finding at bytes of the file. Of several at one place, the first and
// the highest level count.
func (p *pass) report(level Level, start, end int, format string, args ...any) {
	if i, ok := p.seen[start]; ok {
		p.findings[i].Level = max(p.findings[i].Level, level)
		return
	}
	p.seen[start] = len(p.findings)
	name, from := p.file.Place(start)
	to := from
	if other, at := p.file.Place(max(start, end)); other == name {
		to = at
	}
	p.findings = append(p.findings, Finding{
		Rule: p.rule, Level: level, File: name, Start: from, End: to,
		Message: printable.String(fmt.Sprintf(format, args...)),
	})
}
