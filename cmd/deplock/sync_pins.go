package main

import (
	"cmp"
	"slices"

	"depfetch/fetch/cmdline"
	"depfetch/lock"
	"depfetch/lock/sync"
)

// pins are what a lockfile pins, with what has been locked in this run.
type pins struct {
	lines map[string]lock.Pin
	old   map[string]bool // that the lockfile has
	left  map[sync.Form]sync.Reason
}

// newPins returns what a lockfile pins by address: lines of urls, and locked lines.
func newPins(f *lock.File) *pins {
	p := &pins{lines: make(map[string]lock.Pin), old: make(map[string]bool), left: make(map[sync.Form]sync.Reason)}
	for _, d := range f.Deps {
		for _, l := range d.Locked {
			if a, err := cmdline.Normalize(l.URL, "", false); err == nil {
				p.lines[a.URL] = lock.Pin{URL: a.URL, Digest: l.Digest, Size: l.Size, Trust: l.Trust}
				p.old[a.URL] = true
			}
		}
	}
	for _, pin := range f.URLs {
		p.lines[pin.URL], p.old[pin.URL] = pin, true
	}
	return p
}

// Pin implements sync.Pins.
func (p *pins) Pin(url string) (lock.Pin, bool) {
	pin, ok := p.lines[url]
	return pin, ok
}

// changes returns the lines that the lockfile lacks, sorted.
func (p *pins) changes() []lock.Pin {
	var all []lock.Pin
	for url, pin := range p.lines {
		if !p.old[url] {
			all = append(all, pin)
		}
	}
	slices.SortFunc(all, func(a, b lock.Pin) int { return cmp.Compare(a.URL, b.URL) })
	return all
}

// unused returns the addresses of urls that no Dockerfile of the group asks for.
func (g *group) unused(p *pins) []string {
	asked := make(map[string]bool)
	for _, u := range g.units {
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
