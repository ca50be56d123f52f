package script

import "math"

// exit is where a way through a script goes on, if not with its next command.
type exit struct {
	to    target
	loops int // how many it leaves; of nextRound, it is the last of them that goes on
}

type target int

const (
	nextCommand target = iota
	nextRound          // continue
	behindLoop         // break
	caller             // return
	theEnd             // exit, or a failure under set -e
)

// rank orders exits by how far they lead.
func (e exit) rank() int {
	switch e.to {
	case theEnd:
		return math.MaxInt
	case caller:
		return math.MaxInt - 1
	}
	return e.loops
}

// endRound ends the round of a loop, and reports whether it is the last.
func (e *exit) endRound() bool {
	if e.to != nextRound && e.to != behindLoop {
		return false
	}
	last := e.to == behindLoop || e.loops > 1
	e.leaveLoop()
	return last
}

// leaveLoop notes that one loop is left, and reports whether that was the last.
func (e *exit) leaveLoop() bool {
	e.loops--
	if e.loops > 0 {
		return false
	}
	*e = exit{}
	return true
}

// The methods below report whether a way that has left something arrives behind it,
// where it goes on.

// goesOn is about the next round of a loop whose body was left.
func (e *exit) goesOn() bool { return e.to == nextRound && e.loops == 1 && e.leaveLoop() }

// breaks is about what follows a loop. A way that leaves more loops has left this one.
func (e *exit) breaks() bool { return (e.to == nextRound || e.to == behindLoop) && e.leaveLoop() }

// returns is about what follows a function or an included file.
func (e *exit) returns() bool {
	if e.to != caller {
		return false
	}
	*e = exit{}
	return true
}
