package sync

import (
	"slices"

	"depfetch/fetch/cmdline"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// Pins are the lines of a lockfile.
type Pins interface {
	// Pin returns the line of an address in the form of cmdline.Normalize. One with
	// Unpinned leaves the address to the programs of the image.
	Pin(url string) (pin lock.Pin, ok bool)
	// Left returns the reason why a request of that form is left although its
	// address may be pinned for others, if there is one. Its At is not set.
	Left(Form) (reason Reason, ok bool)
}

// Lines returns what a lockfile pins by address, in the form of cmdline.Normalize: the
// lines of urls, and those of dependencies.
func Lines(f *lock.File) map[string]lock.Pin {
	lines := make(map[string]lock.Pin)
	for _, d := range f.Deps {
		for _, l := range d.Locked {
			if a, err := cmdline.Normalize(l.URL, "", false); err == nil {
				lines[a.URL] = lock.Pin{URL: a.URL, Digest: l.Digest, Size: l.Size, Trust: l.Trust}
			}
		}
	}
	for _, pin := range f.URLs {
		lines[pin.URL] = pin
	}
	return lines
}

// Verdict says whether an instruction is adopted.
type Verdict struct {
	Adopt bool
	// Reasons say why it is left. They are empty if it is adopted or has nothing to
	// adopt.
	Reasons []Reason
	// Moves says that all reasons are addresses that move.
	Moves bool
	// Lacks says that all reasons are lines which the lockfile lacks.
	Lacks bool
	// Unknown says that all reasons are addresses which are not known before the RUN is
	// run. Whatever they are, depfetch would be asked for them.
	Unknown bool
}

// Judge decides whether a RUN is adopted with the lines of a lockfile.
func (run *Run) Judge(pins Pins) Verdict {
	v := Verdict{Reasons: slices.Clip(run.Obstacles)} // appending must not change run
	var lacking []Reason                              // reported if there are no other reasons
	pinned, moving, unknown, other := 0, 0, 0, len(run.Obstacles)
	for _, c := range run.Calls {
		before := pinned
		unpinned := false
		for _, r := range c.Requests {
			reason, ok := r.reason(pins)
			switch {
			case ok && reason == (Reason{}):
				pinned++
			case ok: // its line says unpinned
				moving++
				unpinned = true
			case r.Unknown != "":
				unknown++
				v.Reasons = append(v.Reasons, reason)
			case !r.pinnable():
				other++
				v.Reasons = append(v.Reasons, reason)
			case r.Moving != "":
				moving++
				v.Reasons = append(v.Reasons, reason)
			default:
				other++
				lacking = append(lacking, reason)
			}
		}
		if unpinned && pinned > before {
			other++
			v.Reasons = append(v.Reasons, Reason{c.At, "one call of " + c.Tool + " asks for what is pinned and for what is not", "write a call for each"})
		}
	}
	if len(v.Reasons) == 0 {
		v.Reasons, v.Lacks = lacking, len(lacking) > 0
	}
	v.Moves = other+unknown == 0 && pinned == 0 && moving > 0
	v.Unknown = unknown > 0 && unknown == len(v.Reasons) && len(lacking) == 0
	v.Adopt = len(v.Reasons) == 0 && pinned > 0
	return v
}

// reason returns the reason why a request keeps its instruction from being adopted. If
// ok is set, it does not: the zero reason means that it is pinned, and any other that
// the lockfile leaves it unpinned.
func (r *Request) reason(pins Pins) (reason Reason, ok bool) {
	shown := source.Redact(r.URL)
	switch {
	case r.Unknown != "":
		return Reason{r.At, "an address is not known: " + r.Unknown, "give ARGs with --build-arg, or " + hintRecord}, false
	case r.Refused != (Reason{}):
		return r.Refused, false
	}
	if reason, left := pins.Left(r.Form); left {
		reason.At = r.At
		return reason, false
	}
	pin, found := pins.Pin(r.URL)
	switch {
	case found && pin.Unpinned != "":
		return Reason{r.At, shown + " is unpinned: " + pin.Unpinned, ""}, true
	case found:
		return Reason{}, true
	case r.Moving != "":
		return Reason{r.At, shown + " moves: " + r.Moving, "name a version, or deplock sync --moving pin"}, false
	}
	return Reason{r.At, shown + " is not pinned", "deplock sync"}, false
}

// Judge decides whether an ADD is adopted with the lines of a lockfile.
func (a *Add) Judge(pins Pins) Verdict {
	reason, ok := a.Obstacle, false
	if a.Request != nil {
		reason, ok = a.Request.reason(pins)
	}
	switch {
	case ok && reason == (Reason{}):
		return Verdict{Adopt: true}
	case a.Checksum != "":
		return Verdict{}
	}
	moves := a.Request != nil && a.Request.Moving != ""
	return Verdict{Reasons: []Reason{reason}, Moves: moves, Lacks: a.Obstacle == (Reason{}) && !moves}
}

// Wanted reports whether the request is to be pinned: it can be, and its address does
// not move unless moving is set.
func (r *Request) Wanted(moving bool) bool {
	return r.pinnable() && (moving || r.Moving == "")
}

// Lockable reports whether lines for what a RUN asks for may be used: nothing keeps it from
// being adopted, but for addresses that are not pinned, move or are not known yet.
func (run *Run) Lockable() bool {
	refused := func(r *Request) bool { return r.Unknown == "" && r.Refused != (Reason{}) }
	return len(run.Obstacles) == 0 && !slices.ContainsFunc(run.Calls, func(c *Call) bool { return slices.ContainsFunc(c.Requests, refused) })
}

// Unpinnable returns the requests of a RUN whose addresses move, if the RUN would be
// adopted once they are left unpinned: it also asks for addresses that do not move,
// and nothing else keeps it from being adopted.
func (run *Run) Unpinnable() []*Request {
	moving, _ := run.adoptable()
	return moving
}

// Adoptable reports whether the RUN would be adopted with a line for each of its
// addresses, which leaves those that move unpinned.
func (run *Run) Adoptable() bool {
	_, ok := run.adoptable()
	return ok
}

func (run *Run) adoptable() (moving []*Request, ok bool) {
	if len(run.Obstacles) > 0 {
		return nil, false
	}
	fixed := 0 // calls for addresses that do not move
	for _, c := range run.Calls {
		before := len(moving)
		for _, r := range c.Requests {
			switch {
			case !r.pinnable():
				return nil, false
			case r.Moving != "":
				moving = append(moving, r)
			}
		}
		switch moves := len(moving) - before; {
		case moves == 0 && len(c.Requests) > 0:
			fixed++
		case moves < len(c.Requests):
			return nil, false // depfetch passes on whole calls
		}
	}
	if fixed == 0 {
		return nil, false
	}
	return moving, true
}
