package unpack

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"depfetch/fetch/spelling"
)

const (
	maxNear        = 5
	maxCompared    = 200_000 // names whose distance is measured
	maxForDistance = 256
)

// near returns those names that are likely to be meant by pattern, which is a
// name or a glob: first those with the same last element, wherever they lie,
// then those that are spelled much the same.
func near(pattern string, names []string) []string {
	pattern = strings.TrimSuffix(path.Clean(pattern), "/")
	base := path.Base(pattern)
	type candidate struct {
		name string
		rank int
	}
	var found []*candidate
	seen := make(map[string]bool)
	for i, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		plain := strings.TrimSuffix(name, "/")
		if same, _ := path.Match(base, path.Base(plain)); same && base != "*" && base != "**" {
			found = append(found, &candidate{name, len(plain)})
			continue
		}
		if i >= maxCompared || len(plain) > maxForDistance || len(pattern) > maxForDistance {
			continue
		}
		limit := max(2, len(pattern)/4)
		d := spelling.Distance(strings.ToLower(pattern), strings.ToLower(plain), limit)
		if b := spelling.Distance(strings.ToLower(base), strings.ToLower(path.Base(plain)), max(1, len(base)/4)); b < d-1 {
			d = b + 1 // in another directory
		}
		if d <= limit {
			found = append(found, &candidate{name, 1<<20 + d})
		}
	}
	slices.SortFunc(found, func(a, b *candidate) int {
		return cmp.Or(a.rank-b.rank, strings.Compare(a.name, b.name))
	})
	var best []string
	for _, c := range found[:min(len(found), maxNear)] {
		best = append(best, c.name)
	}
	return best
}
