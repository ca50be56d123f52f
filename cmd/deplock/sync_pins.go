package main

import (
	"cmp"
	"context"
	"slices"

	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/sync"
)

// pins are what a lockfile pins, with what has been locked in this run.
type pins struct {
	lines map[string]lock.Pin
	old   map[string]bool // that the lockfile has
	left  map[sync.Form]sync.Reason
	// source is the request whose answer a new line is, and twofold the requests for
	// an address that has two contents.
	source  map[string]*sync.Request
	twofold map[string][]*sync.Request
	wrong   map[sync.Form]bool // what came has another sum than somebody says

	failed, refused int
}

// leave notes why a request is not pinned.
func (p *pins) leave(r *sync.Request, what, hint string) {
	p.left[r.Form] = sync.Reason{At: r.At, What: what, Hint: hint}
}

// Left returns why a form of a request is not pinned, if something was found out.
func (p *pins) Left(f sync.Form) (sync.Reason, bool) {
	reason, ok := p.left[f]
	return reason, ok
}

// differ notes that an address has another content for r than it has or may have for
// other requests: it is pinned for none.
func (p *pins) differ(r *sync.Request) {
	if p.old[r.URL] {
		p.leave(r, source.Redact(r.URL)+" has other bytes than those that are pinned when it is asked for as here", "ask for it alike everywhere")
		return
	}
	if first := p.source[r.URL]; first != nil {
		p.twofold[r.URL] = append(p.twofold[r.URL], first)
	}
	p.twofold[r.URL] = append(p.twofold[r.URL], r)
	for _, r := range p.twofold[r.URL] {
		if _, said := p.left[r.Form]; said {
			continue
		}
		p.leave(r, source.Redact(r.URL)+" has other bytes when it is asked for with other options", "ask for it alike everywhere")
	}
	delete(p.lines, r.URL)
	delete(p.source, r.URL)
}

// spoilt reports whether a Dockerfile asks for something that has another sum than
// somebody says. Nothing of it is written.
func (p *pins) spoilt(u *unit) bool {
	return slices.ContainsFunc(u.reading.Requests(), func(r *sync.Request) bool { return p.wrong[r.Form] })
}

// drop takes the new lines away which only Dockerfiles ask for that are spoilt.
func (p *pins) drop(units []*unit) {
	if len(p.wrong) == 0 {
		return
	}
	asked := make(map[string]bool)
	for _, u := range units {
		if p.spoilt(u) {
			continue
		}
		for _, r := range u.reading.Requests() {
			asked[r.URL] = true
		}
	}
	for url := range p.lines {
		if !p.old[url] && !asked[url] {
			delete(p.lines, url)
		}
	}
}

// newPins returns what a lockfile pins by address: lines of urls, and locked lines.
func newPins(f *lock.File) *pins {
	p := &pins{
		lines: sync.Lines(f), old: make(map[string]bool), left: make(map[sync.Form]sync.Reason),
		source: make(map[string]*sync.Request), twofold: make(map[string][]*sync.Request), wrong: make(map[sync.Form]bool),
	}
	for url := range p.lines {
		p.old[url] = true
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

// writePins writes the lines that are new, or prints the difference.
func (c *command) writePins(ctx context.Context, f syncFlags, g *group, book *pins) error {
	changes := book.changes()
	var unused []string
	if f.prune {
		unused = g.unused()
	}
	if len(changes) == 0 && len(unused) == 0 {
		return nil
	}
	change := func(doc *edit.Document) error {
		return doc.Batch(func(doc *edit.Document) error {
			if err := doc.SetPins(changes...); err != nil {
				return err
			}
			return doc.RemovePins(unused...)
		})
	}
	for _, address := range unused {
		c.printf("%s: removed %s, which nothing asks for\n", g.name, source.Redact(address))
	}
	if f.dryRun {
		return c.preview(g.target, change)
	}
	return g.write(ctx, change)
}
