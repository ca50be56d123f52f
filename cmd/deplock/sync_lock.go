package main

import (
	"context"

	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/sync"
)

// wants returns the forms that are to be locked, each with a request of it, in
// their order, and gives moving addresses beside others their line.
func (g *group) wants(f syncFlags, book *pins) []*sync.Request {
	var all []*sync.Request
	seen := make(map[sync.Form]bool)
	want := func(r *sync.Request, adopted bool) {
		pin, pinned := book.Pin(r.URL)
		if !adopted && book.old[r.URL] && pin.Unpinned == "" && (r.Header != "" || !r.Follow) {
			pinned = false // it may get something else than those that asked before
		}
		if _, left := book.left[r.Form]; !pinned && !left && !seen[r.Form] {
			seen[r.Form] = true
			all = append(all, r)
		}
	}
	for _, u := range g.units {
		for _, run := range u.reading.Runs {
			if f.moving == "leave" {
				for _, r := range run.Unpinnable() {
					if _, ok := book.Pin(r.URL); ok {
						continue
					}
					if g.file.Policy.NoUnpinned {
						book.leave(r, source.Redact(r.URL)+" moves: "+r.Moving+", and policy.unpinned is false", "name a version, or deplock sync --moving pin")
						continue
					}
					book.lines[r.URL] = lock.Pin{URL: r.URL, Size: fetch.SizeUnknown, Unpinned: r.Moving}
				}
			}
			if !run.Lockable() && !run.Adopted() {
				continue // no build would ask depfetch for its lines
			}
			for _, c := range run.Calls {
				for _, r := range c.Requests {
					if r.Wanted(f.moving == "pin") {
						want(r, run.Adopted())
					}
				}
			}
		}
		for _, a := range u.reading.Adds {
			if a.Request != nil && (a.Checksum == "" || book.ours(a.Checksum)) && a.Request.Wanted(f.moving == "pin") {
				want(a.Request, a.Checksum != "")
			}
		}
	}
	return all
}

// ours reports whether a checksum is one that the lockfile has.
func (p *pins) ours(checksum string) bool {
	for _, pin := range p.lines {
		if "sha256:"+pin.Digest.String() == checksum {
			return true
		}
	}
	return false
}

// lockAll downloads what is asked for and not pinned, and what the scripts among
// that ask for.
func (c *command) lockAll(ctx context.Context, f syncFlags, g *group, book *pins) error {
	client, err := c.client(f.online, g.file)
	if err != nil {
		return err
	}
	var done func()
	if client.Fetch, done, err = client.Keep(); err != nil {
		return err
	}
	defer done()
	config, err := c.config(f.online, g.file)
	if err != nil {
		return err
	}
	l := &locking{command: c, flags: f, client: client, config: config, book: book, policy: g.file.Policy}
	for range scriptDepth {
		if err := l.lock(ctx, g.wants(f, book)); err != nil {
			return err
		}
		more, err := readScripts(ctx, f, g, client, book)
		if err != nil || !more {
			return err
		}
	}
	for _, u := range g.units {
		for _, run := range u.reading.Runs {
			if !run.Adopted() && run.Judge(book).Adopt {
				run.LeaveScripts()
			}
		}
	}
	return nil
}
