package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"depfetch/fetch/printable"
	"depfetch/fetch/source"
	"depfetch/lock/sync"
)

// tally counts what sync has done.
type tally struct {
	files, adopted, already, left, moving int
	broken                                int // adopted, and will fail
	failed, refused, wrong, findings      int
	declared                              []string // the compose and bake files that describe what was adopted
}

// place prints what is so at a place of a Dockerfile.
func (c *command) place(u *unit, at int, what, hint string) {
	name, p := u.reading.File.Place(at)
	fmt.Fprintf(c.stdout, "%s:%d: %s\n", printable.String(name), p.Line, printable.String(what))
	if hint != "" {
		fmt.Fprintf(c.stdout, "    %s\n", printable.String(hint))
	}
}

// report prints what becomes of the instructions of a Dockerfile.
func (c *command) report(u *unit, book *pins, total *tally) {
	total.files++
	for _, run := range u.reading.Runs {
		at := run.Instruction.Start
		v := run.Judge(book)
		switch {
		case run.Adopted():
			total.already++
			if u.blocked != nil {
				c.place(u, at, "adopted, and will fail: "+u.blocked.What, u.blocked.Hint)
				total.left++
				total.broken++
			}
			for _, r := range c.reasons(v, book, run) {
				total.left++
				if slices.Contains(run.Obstacles, r) {
					c.place(u, r.At, "in an adopted RUN: "+r.What, r.Hint)
					continue
				}
				c.place(u, r.At, "left unpinned in an adopted RUN, which will fail: "+r.What, r.Hint)
				total.broken++
			}
		case v.Adopt && u.blocked != nil:
			total.left++
			c.place(u, at, "left: "+u.blocked.What, u.blocked.Hint)
		case v.Adopt:
			total.adopted++
			c.place(u, at, "adopted", "")
		case v.Moves:
			total.moving++
			fallthrough
		default:
			total.left++
			for _, r := range c.reasons(v, book, run) {
				c.place(u, r.At, "left: "+r.What, r.Hint)
			}
		}
	}
	for _, a := range u.reading.Adds {
		switch v := a.Judge(book); {
		case v.Adopt && a.Checksum != "":
			total.already++
		case v.Adopt:
			total.adopted++
			c.place(u, a.Instruction.Start, "adopted", "")
		case len(v.Reasons) > 0:
			total.left++
			for _, r := range v.Reasons {
				if left, ok := leftOf(a.Request, book); ok {
					r = left
				}
				c.place(u, r.At, "left: "+r.What, r.Hint)
			}
		}
	}
	for _, r := range u.reading.Left {
		total.left++
		c.place(u, r.At, "left: "+r.What, r.Hint)
	}
}

func leftOf(r *sync.Request, book *pins) (sync.Reason, bool) {
	if r == nil {
		return sync.Reason{}, false
	}
	reason, ok := book.left[r.Form]
	return reason, ok
}

// reasons returns the reasons of a verdict, with what was found out in the place of
// what is only not pinned.
func (c *command) reasons(v sync.Verdict, book *pins, run *sync.Run) []sync.Reason {
	var all []sync.Reason
	add := func(r sync.Reason) {
		if !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	known := make(map[string]sync.Reason)
	for _, call := range run.Calls {
		for _, r := range call.Requests {
			if reason, ok := book.left[r.Form]; ok {
				known[source.Redact(r.URL)+" is not pinned"] = reason
				known[source.Redact(r.URL)+" moves: "+r.Moving] = reason
			}
		}
	}
	for _, r := range v.Reasons {
		if reason, ok := known[r.What]; ok {
			r = reason
		}
		add(r)
	}
	slices.SortStableFunc(all, func(a, b sync.Reason) int { return cmp.Compare(a.At, b.At) })
	return all
}

// checkGroup reports what sync would have to do; it asks nobody.
func (c *command) checkGroup(f syncFlags, g *group, total *tally) error {
	book := newPins(g.file)
	unread := c.readCached(f, g, book)
	find := func(u *unit, at int, what, hint string) {
		total.findings++
		c.place(u, at, what, hint)
	}
	for _, u := range g.units {
		total.files++
		for _, run := range u.reading.Runs {
			v := run.Judge(book)
			switch {
			case run.Adopted():
				for _, r := range v.Reasons {
					find(u, r.At, r.What, r.Hint)
				}
				if u.blocked != nil {
					find(u, run.Instruction.Start, u.blocked.What, u.blocked.Hint)
				}
			case v.Adopt && u.blocked == nil && g.askedOtherwise(run):
				// Whether it gets the same bytes is not known offline.
			case v.Adopt && u.blocked == nil:
				find(u, run.Instruction.Start, "could be adopted and is not", "deplock sync")
			case len(run.Obstacles) == 0 && !v.Moves && u.blocked == nil && f.lockable(run):
				for _, r := range v.Reasons {
					find(u, r.At, r.What, r.Hint)
				}
			case f.strict && v.Adopt:
				find(u, run.Instruction.Start, "left: "+u.blocked.What, u.blocked.Hint)
			case f.strict:
				for _, r := range v.Reasons {
					find(u, r.At, "left: "+r.What, r.Hint)
				}
			}
		}
		for _, a := range u.reading.Adds {
			pin, pinned := book.Pin(requestURL(a))
			switch {
			case a.Request == nil || !pinned && !f.wanted(a.Request):
				for _, r := range a.Judge(book).Reasons {
					if f.strict {
						find(u, r.At, "left: "+r.What, r.Hint)
					}
				}
			case !pinned && a.Checksum == "":
				find(u, a.Instruction.Start, source.Redact(a.Request.URL)+" is not pinned", "deplock sync")
			case pinned && a.Checksum == "":
				find(u, a.Instruction.Start, "could be adopted and is not", "deplock sync")
			case pinned && a.Checksum != "sha256:"+pin.Digest.String():
				find(u, a.Instruction.Start, "--checksum is not what the lockfile has", "deplock sync")
			}
		}
	}
	c.checkUnused(g, unread, total)
	return c.checkVendored(g, total)
}

func requestURL(a *sync.Add) string {
	if a.Request == nil {
		return ""
	}
	return a.Request.URL
}

// wanted reports whether sync would lock what a request asks for.
func (f syncFlags) wanted(r *sync.Request) bool {
	return r.Wanted(f.moving == "pin") && (f.allowHTTP || !r.Local && !strings.HasPrefix(r.URL, "http://"))
}

// lockable reports whether sync would lock all that a RUN asks for.
func (f syncFlags) lockable(run *sync.Run) bool {
	for _, call := range run.Calls {
		for _, r := range call.Requests {
			if !f.wanted(r) {
				return false
			}
		}
	}
	return true
}

// syncSummary prints the counts.
func (c *command) syncSummary(f syncFlags, t *tally) {
	switch {
	case f.undo:
	case f.check:
		fmt.Fprintf(c.stdout, "%s, %s\n", count(t.files, "Dockerfile"), count(t.findings, "finding"))
	default:
		fmt.Fprintf(c.stdout, "%s: %d adopted, %d adopted before, %d left\n", count(t.files, "Dockerfile"), t.adopted, t.already, t.left)
		if t.adopted > 0 && !f.noEdit && f.vendor == "" {
			c.sayBuild(f, t.declared)
		}
	}
}

// sayBuild says what a build needs from now on: the lines of the compose and bake
// files that describe it, and the option of the command.
func (c *command) sayBuild(f syncFlags, files []string) {
	c.console.Hintf("builds need depfetch: docker buildx build --build-context %s=docker-image://IMAGE … (or a folder that holds the binary); deplock sync --vendor puts it into the repository", f.from)
	for _, name := range files {
		if strings.Contains(name, "docker-bake") {
			c.console.Hintf("in its target of %s: contexts = { %s = \"docker-image://IMAGE\" }", printable.String(name), f.from)
			continue
		}
		c.console.Hintf("in its build of %s:\n  additional_contexts:\n    %s: docker-image://IMAGE", printable.String(name), f.from)
	}
}
