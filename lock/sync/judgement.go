package sync

import (
	"slices"

	"depfetch/fetch/source"
	"depfetch/lock"
)

// Pins finds what a lockfile says of an address in the form of cmdline.Normalize.
// One whose Unpinned is set leaves the address to the image's own programs.
type Pins interface {
	Pin(url string) (pin lock.Pin, ok bool)
}

// Verdict says what becomes of an instruction.
type Verdict struct {
	Adopt bool
	// Reasons are why it is left, in the order of their places; empty if it is
	// adopted, or has nothing to adopt.
	Reasons []Reason
	// Moves says that the reasons are all of addresses that move.
	Moves bool
}

// Judge says what becomes of a RUN with the lines that a lockfile has.
func (run *Run) Judge(pins Pins) Verdict {
	v := Verdict{Reasons: slices.Clip(run.Obstacles)} // not to be written behind
	var lacking []Reason                              // said only if nothing else keeps it
	pinned, moving, other := 0, 0, len(run.Obstacles)
	for _, c := range run.Calls {
		before := pinned
		unpinned := false
		for _, r := range c.Requests {
			reason, ok := r.reason(pins)
			switch {
			case ok && reason == (Reason{}):
				pinned++
			case ok: // unpinned by its line
				moving++
				unpinned = true
			case r.Moving != "" && r.Unknown == "" && r.Refused == (Reason{}):
				moving++
				v.Reasons = append(v.Reasons, reason)
			case r.Unknown == "" && r.Refused == (Reason{}):
				other++
				lacking = append(lacking, reason)
			default:
				other++
				v.Reasons = append(v.Reasons, reason)
			}
		}
		if unpinned && pinned > before {
			other++
			v.Reasons = append(v.Reasons, Reason{c.At, "one call of " + c.Tool + " asks for what is pinned and for what is not", "write a call for each"})
		}
	}
	if len(v.Reasons) == 0 {
		v.Reasons = lacking
	}
	v.Moves = other == 0 && pinned == 0 && moving > 0
	v.Adopt = len(v.Reasons) == 0 && pinned > 0
	return v
}

// reason says why a request keeps its RUN from being adopted. Ok says that it does
// not; with a reason then, the lockfile leaves it unpinned.
func (r *Request) reason(pins Pins) (reason Reason, ok bool) {
	shown := source.Redact(r.URL)
	switch {
	case r.Unknown != "":
		return Reason{r.At, "an address is not known: " + r.Unknown, "give ARGs with --build-arg, or " + hintRecord}, false
	case r.Refused != (Reason{}):
		return r.Refused, false
	}
	if reason, left := left(r, pins); left {
		return reason, false
	}
	pin, there := pins.Pin(r.URL)
	switch {
	case there && pin.Unpinned != "":
		return Reason{r.At, shown + " is unpinned: " + pin.Unpinned, ""}, true
	case there:
		return Reason{}, true
	case r.Moving != "":
		return Reason{r.At, shown + " moves: " + r.Moving, "name a version, or deplock sync --moving pin"}, false
	}
	return Reason{r.At, shown + " is not pinned", "deplock sync"}, false
}

// left returns why a request is left though its address may be pinned for others, which
// ask otherwise: Pins may have a method Left that says so.
func left(r *Request, pins Pins) (Reason, bool) {
	p, ok := pins.(interface{ Left(Form) (Reason, bool) })
	if !ok {
		return Reason{}, false
	}
	reason, ok := p.Left(r.Form)
	reason.At = r.At
	return reason, ok
}

// Judge says what becomes of an ADD.
func (a *Add) Judge(pins Pins) Verdict {
	if a.Obstacle != (Reason{}) {
		if a.Checksum != "" {
			return Verdict{}
		}
		return Verdict{Reasons: []Reason{a.Obstacle}}
	}
	pin, there := pins.Pin(a.Request.URL)
	_, left := left(a.Request, pins)
	switch {
	case there && pin.Unpinned == "" && !left:
		return Verdict{Adopt: true}
	case a.Checksum != "":
		return Verdict{}
	}
	reason, _ := a.Request.reason(pins)
	return Verdict{Reasons: []Reason{reason}, Moves: a.Request.Moving != ""}
}

// Wanted reports whether the request is one to be pinned: its address is known, and
// does not move unless moving is set.
func (r *Request) Wanted(moving bool) bool {
	return r.Unknown == "" && r.Refused == (Reason{}) && (moving || r.Moving == "")
}

// Beside returns the requests of a RUN that move, if it would be adopted were they
// unpinned: it asks for something that does not move as well, and nothing else
// keeps it.
func (run *Run) Beside() []*Request {
	var moving []*Request
	still := false
	if len(run.Obstacles) > 0 {
		return nil
	}
	for _, c := range run.Calls {
		before, fixed := len(moving), false
		for _, r := range c.Requests {
			switch {
			case r.Unknown != "" || r.Refused != (Reason{}):
				return nil
			case r.Moving != "":
				moving = append(moving, r)
			default:
				fixed = true
			}
		}
		if still = still || fixed; fixed && len(moving) > before {
			return nil // depfetch hands over whole calls
		}
	}
	if !still {
		return nil
	}
	return moving
}
