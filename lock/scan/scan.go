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
}

// File returns the findings in a Dockerfile, by position.
func File(f *dockerfile.File, opts Options) []Finding {
	s := &scanner{file: f, seen: make(map[string]int)}
	platforms := opts.Platforms
	if len(platforms) == 0 {
		platforms = []lock.Platform{"linux/amd64", "linux/arm64"}
	}
	s.images(opts.Contexts)
	s.targets()
	for i, p := range platforms {
		t := f.Trace(p)
		for _, stage := range t.Stages {
			s.stage(stage)
			s.platform(stage)
		}
		if i == 0 {
			s.final(t)
		}
	}
	all := slices.DeleteFunc(s.findings, func(x Finding) bool {
		return slices.Contains(opts.Ignore, x.Rule.ID) || f.Ignores(x.Rule.ID, x.File, x.Start.Line)
	})
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

type scanner struct {
	file     *dockerfile.File
	findings []Finding
	seen     map[string]int // where findings are, by rule and place
}

// report adds a finding at bytes of the file. Of several of one rule at one place,
// the first and the highest level count.
func (s *scanner) report(id string, level Level, start, end int, format string, args ...any) {
	rule, _ := FindRule(id)
	key := fmt.Sprintf("%s %d", id, start)
	if i, ok := s.seen[key]; ok {
		s.findings[i].Level = max(s.findings[i].Level, level)
		return
	}
	s.seen[key] = len(s.findings)
	name, from := s.file.Place(start)
	to := from
	if other, at := s.file.Place(max(start, end)); other == name {
		to = at
	}
	s.findings = append(s.findings, Finding{
		Rule: rule, Level: level, File: name, Start: from, End: to,
		Message: printable.String(fmt.Sprintf(format, args...)),
	})
}
