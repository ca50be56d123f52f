package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"depfetch/fetch/source"
	"depfetch/lock/sync"
)

// unused returns the addresses of urls that no Dockerfile asks for which has this
// lockfile, whether it was named or not.
func (g *group) unused() []string {
	asked := make(map[string]bool)
	for _, u := range slices.Concat(g.units, g.others) {
		for _, r := range u.reading.Requests() {
			asked[r.URL] = true
		}
	}
	var all []string
	for _, pin := range g.file.URLs {
		if !asked[pin.URL] {
			all = append(all, pin.URL)
		}
	}
	return all
}

// askedOtherwise reports whether a RUN asks for an address with a header, or without
// following redirects, which other instructions ask for in another way.
func (g *group) askedOtherwise(run *sync.Run) bool {
	var all []*sync.Request
	for _, u := range slices.Concat(g.units, g.others) {
		all = append(all, u.reading.Requests()...)
	}
	return slices.ContainsFunc(run.Calls, func(c *sync.Call) bool {
		return slices.ContainsFunc(c.Requests, func(r *sync.Request) bool {
			other := func(o *sync.Request) bool { return o.URL == r.URL && o.Form != r.Form }
			return (r.Header != "" || !r.Follow) && slices.ContainsFunc(all, other)
		})
	})
}

// findOthers reads the Dockerfiles below the lockfile's folder that were not named and
// have the same lockfile.
func (c *command) findOthers(f syncFlags, args map[string]string, g *group) error {
	names, err := dockerfiles([]string{filepath.Dir(g.name)}, nil)
	if err != nil {
		return nil // there are none
	}
	for _, name := range names {
		same := func(u *unit) bool {
			return filepath.Clean(u.name) == filepath.Clean(name) || absolute(u.name) == absolute(name)
		}
		if slices.ContainsFunc(g.units, same) {
			continue
		}
		var apart []*group
		if err := c.addUnit(f, args, name, &apart); err != nil {
			return fmt.Errorf("whether a line of %s is asked for is not known: %w", g.name, err)
		}
		if absolute(apart[0].name) == absolute(g.name) {
			g.others = append(g.others, apart[0].units...)
		}
	}
	return nil
}

func absolute(name string) string {
	abs, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	return abs
}

// checkUnused reports the lines that nothing asks for. What scripts ask for that are
// not in the cache is not known offline, so that no line counts as unused then.
func (c *command) checkUnused(g *group, unread []string, total *tally) {
	unused := g.unused()
	if len(unused) > 0 && len(unread) > 0 {
		c.printf("%s: %s may be unused; what %s asks for is not known offline, since it runs as a script and is in no cache (--cache)\n",
			g.name, count(len(unused), "line"), unread[0])
		return
	}
	for _, address := range unused {
		total.findings++
		c.printf("%s: nothing asks for %s\n    deplock sync --prune; or give the --build-arg that it was locked with\n", g.name, source.Redact(address))
	}
}
