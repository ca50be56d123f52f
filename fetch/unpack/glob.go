package unpack

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Own code because path.Match has no "**", and a module for one operator would stand in
// the vendor folder of everybody who uses depfetch.

// glob is a pattern for names: elements as path.Match has them, where "**"
// stands for any number of elements.
type glob struct {
	pattern string
	elems   []string
	used    bool   // it has matched something
	mode    uint32 // that it gives to files
}

func parseGlob(pattern string) (*glob, error) {
	g := &glob{pattern: pattern}
	for elem := range strings.SplitSeq(pattern, "/") {
		if elem == "" || elem == "." {
			continue
		}
		if _, err := path.Match(elem, ""); err != nil {
			return nil, fmt.Errorf("glob %q: %w", pattern, err)
		}
		g.elems = append(g.elems, elem)
	}
	if len(g.elems) == 0 || pattern[0] == '/' || slices.Contains(g.elems, "..") {
		return nil, fmt.Errorf("glob %q names nothing in an archive", pattern)
	}
	return g, nil
}

// CheckGlob returns an error unless a glob could name something in an archive.
func CheckGlob(pattern string) error {
	_, err := parseGlob(pattern)
	return err
}

// match tells whether g names what has these elements.
func (g *glob) match(name []string) bool {
	return matchElems(g.elems, name, false) || slices.Equal(g.elems, name)
}

// matchTree tells whether g names that or a directory above it.
func (g *glob) matchTree(name []string) bool { return matchElems(g.elems, name, true) }

// matchElems matches as a wildcard matcher matches characters: a "**" is first
// tried for nothing, and then, from the last one seen, for one more element.
func matchElems(pattern, name []string, prefix bool) bool {
	p, n := 0, 0
	star, resume := -1, 0
	for {
		switch {
		case p == len(pattern) && (n == len(name) || prefix):
			return true
		case p < len(pattern) && pattern[p] == "**":
			star, resume = p, n
			p++
			continue
		case p < len(pattern) && n < len(name):
			if ok, _ := path.Match(pattern[p], name[n]); ok {
				p++
				n++
				continue
			}
		}
		if star < 0 || resume == len(name) {
			return false
		}
		resume++
		p, n = star+1, resume
	}
}

// globs is a choice of names; an empty one takes all.
type globs []*glob

func parseGlobs(patterns []string) (globs, error) {
	var gs globs
	for _, p := range patterns {
		g, err := parseGlob(p)
		if err != nil {
			return nil, err
		}
		gs = append(gs, g)
	}
	return gs, nil
}

// match tells whether the name is chosen, and notes by which globs.
func (gs globs) match(name []string) bool {
	matched := len(gs) == 0
	for _, g := range gs {
		if g.matchTree(name) {
			g.used = true
			matched = true
		}
	}
	return matched
}

// unused returns the first glob that has matched nothing, or nil.
func (gs globs) unused() *glob {
	i := slices.IndexFunc(gs, func(g *glob) bool { return !g.used })
	if i < 0 {
		return nil
	}
	return gs[i]
}
