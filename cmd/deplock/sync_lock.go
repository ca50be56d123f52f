package main

import (
	"context"
	"fmt"
	"io"

	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/sync"
	"depfetch/lock/update"
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
			if len(run.Obstacles) > 0 && !run.Adopted() {
				continue
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

// scriptDepth is how deep scripts that download scripts are followed.
const scriptDepth = 4

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
		more, err := c.readScripts(ctx, f, g, client, book)
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

// readScripts reads the scripts that RUNs download and run, and reports whether
// there were any. What was pinned before is read only where that decides something.
func (c *command) readScripts(ctx context.Context, f syncFlags, g *group, client *update.Client, book *pins) (more bool, err error) {
	for _, u := range g.units {
		for _, run := range u.reading.Runs {
			for _, r := range run.Scripts() {
				pin, ok := book.Pin(r.URL)
				decides := f.prune || !run.Adopted() && run.Judge(book).Adopt
				if !ok || pin.Unpinned != "" || book.old[r.URL] && !decides {
					continue
				}
				text, err := c.pinned(ctx, client, pin)
				if err != nil {
					return more, err
				}
				run.ReadScript(r, text)
				more = true
			}
		}
	}
	return more, nil
}

// pinned returns what is pinned, out of the cache or from upstream.
func (c *command) pinned(ctx context.Context, client *update.Client, pin lock.Pin) ([]byte, error) {
	a := fetch.Artifact{Name: source.Redact(pin.URL), Platform: lock.Any.String(), URL: pin.URL, Mirrors: pin.Mirrors, Digest: pin.Digest, Size: pin.Size}
	if _, err := client.Fetch.Fill(ctx, []fetch.Artifact{a}); err != nil {
		return nil, err
	}
	file, err := client.Fetch.Cache.Open(pin.Digest)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxScript+1))
	if err == nil && len(text) <= maxScript && digest.Of(text) != pin.Digest {
		err = fmt.Errorf("%s: the cache holds other bytes under its name", source.Redact(pin.URL))
	}
	return text, err
}

// maxScript is how much of a script is read, in bytes.
const maxScript = 1 << 20
