package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/printable"
	"depfetch/fetch/source"
	"depfetch/lock/dockerfile"
	"depfetch/lock/sync"
)

// tally counts what sync has done.
type tally struct {
	files, adopted, already, left    int
	edited                           int // of those adopted, where depfetch is mounted
	broken                           int // adopted, and will fail
	failed, refused, wrong, findings int
	declared                         []string // the compose and bake files that describe what was adopted
}

// say prints a reason, or whatever else is so at a place of a Dockerfile, behind a prefix.
// kind is what console.Mark takes, or empty.
func (c *command) say(u *unit, kind, prefix string, r sync.Reason) {
	name, p := u.reading.File.Place(r.At)
	place := console.Marked(fmt.Sprintf("%s:%d:", printable.String(name), p.Line))
	if kind != "" {
		place = c.console.Mark(kind, string(place))
	}
	c.printf("%s %s\n", place, prefix+r.What)
	if r.Hint != "" {
		c.printf("    %s\n", r.Hint)
	}
}

// blockedAt is u.blocked at an instruction.
func (u *unit) blockedAt(in *dockerfile.Instruction) sync.Reason {
	r := *u.blocked
	r.At = in.Start
	return r
}

// report prints what becomes of the instructions of a Dockerfile.
func (c *command) report(u *unit, book *pins, total *tally) {
	leave := func(reasons ...sync.Reason) {
		total.left++
		for _, r := range reasons {
			c.say(u, "warning", "left: ", r)
		}
	}
	var last *dockerfile.Instruction
	adopted := func(in *dockerfile.Instruction) {
		if last == in {
			return // an ADD of several addresses
		}
		last = in
		total.adopted++
		what := "adopted"
		if u.noEdit {
			what = "pinned, and left as it is"
		}
		c.say(u, "", "", sync.Reason{At: in.Start, What: what})
	}
	total.files++
	for _, run := range u.reading.Runs {
		v := run.Judge(book)
		switch {
		case run.Adopted():
			total.already++
			if u.blocked != nil {
				c.say(u, "error", "adopted, and will fail: ", u.blockedAt(run.Instruction))
				total.left++
				total.broken++
			}
			for _, r := range distinct(v.Reasons) {
				total.left++
				if slices.Contains(run.Obstacles, r) {
					c.say(u, "warning", "in an adopted RUN: ", r)
					continue
				}
				c.say(u, "error", "left unpinned in an adopted RUN, which will fail: ", r)
				total.broken++
			}
		case v.Adopt && u.blocked != nil:
			leave(u.blockedAt(run.Instruction))
		case v.Adopt:
			adopted(run.Instruction)
		default:
			leave(distinct(v.Reasons)...)
		}
	}
	for _, a := range u.reading.Adds {
		switch v := a.Judge(book); {
		case v.Adopt && a.Checksum != "":
			total.already++
		case v.Adopt:
			adopted(a.Instruction)
		case len(v.Reasons) > 0:
			leave(v.Reasons...)
		}
	}
	for _, r := range u.reading.Left {
		leave(r)
	}
}

// distinct returns each of the reasons once, in the order of their places.
func distinct(reasons []sync.Reason) []sync.Reason {
	var all []sync.Reason
	for _, r := range reasons {
		if !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b sync.Reason) int { return cmp.Compare(a.At, b.At) })
	return all
}

// checkGroup reports what sync would have to do; it asks nobody.
func (c *command) checkGroup(f syncFlags, g *group, total *tally) {
	book := newPins(g.file)
	unread := c.readCached(f, g, book)
	find := func(u *unit, prefix string, reasons ...sync.Reason) {
		for _, r := range reasons {
			total.findings++
			c.say(u, "error", prefix, r)
		}
	}
	todo := func(in *dockerfile.Instruction, what string) sync.Reason {
		return sync.Reason{At: in.Start, What: what, Hint: "deplock sync"}
	}
	for _, u := range g.units {
		total.files++
		for _, run := range u.reading.Runs {
			v := run.Judge(book)
			switch {
			case run.Adopted():
				find(u, "", v.Reasons...)
				if u.blocked != nil {
					find(u, "", u.blockedAt(run.Instruction))
				}
			case v.Adopt && u.noEdit:
			case v.Adopt && u.blocked == nil && g.askedOtherwise(run):
				// Whether it gets the same bytes is not known offline.
			case v.Adopt && u.blocked == nil:
				find(u, "", todo(run.Instruction, "could be adopted and is not"))
			case len(run.Obstacles) == 0 && !v.Moves && u.blocked == nil && f.lockable(run):
				find(u, "", v.Reasons...)
			case f.strict && v.Adopt:
				find(u, "left: ", u.blockedAt(run.Instruction))
			case f.strict:
				find(u, "left: ", v.Reasons...)
			}
		}
		for _, a := range u.reading.Adds {
			pin, pinned := book.Pin(requestURL(a))
			switch {
			case a.Request == nil || !pinned && !f.wanted(a.Request):
				if f.strict {
					find(u, "left: ", a.Judge(book).Reasons...)
				}
			case !pinned && a.Checksum == "":
				find(u, "", todo(a.Instruction, source.Redact(a.Request.URL)+" is not pinned"))
			case pinned && a.Checksum == "" && u.noEdit:
			case pinned && a.Checksum == "":
				find(u, "", todo(a.Instruction, "could be adopted and is not"))
			case pinned && a.Checksum != "sha256:"+pin.Digest.String():
				find(u, "", todo(a.Instruction, "--checksum is not what the lockfile has"))
			}
		}
	}
	if f.strict {
		for _, u := range g.units {
			find(u, "left: ", u.reading.Left...)
		}
	}
	c.checkUnused(g, unread, total)
	c.checkVendored(g, total)
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
		if t.edited > 0 && f.vendor == "" {
			c.sayBuild(f, t.declared)
		}
	}
}

// sayBuild says what a build needs from now on: the lines of the compose and bake
// files that describe it, and the option of the command.
func (c *command) sayBuild(f syncFlags, files []string) {
	if strings.ContainsAny(f.from, "/:") {
		return // it is an image, which builds get by themselves
	}
	c.console.Hintf("builds need depfetch: docker buildx build --build-context %s=DIR …, the folder that holds it (or docker-image://IMAGE); deplock sync --vendor puts it into the repository", f.from)
	for _, name := range files {
		if strings.Contains(name, "docker-bake") {
			c.console.Hintf("in its target of %s: contexts = { %s = \"docker-image://IMAGE\" }", printable.String(name), f.from)
			continue
		}
		c.console.Hintf("in its build of %s:\n  additional_contexts:\n    %s: docker-image://IMAGE", printable.String(name), f.from)
	}
}
