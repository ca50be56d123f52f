package fetch

import (
	"context"
	"time"
)

// extents divides a file between the streams that fetch it. They are claimed in order
// from the front, so that what is missing before the last byte that came is little.
type extents struct {
	size int64
	next int64     // from here on nobody has claimed anything
	list []*extent // what is claimed, in order and without gaps, but for complete ones at the front
}

// extent is a part of the file that one stream fetches.
type extent struct {
	at, to int64 // what is missing
	held   bool  // a stream fetches it
	begun  bool  // that stream has an answer that fits
	taken  bool  // the main stream fetches it in that stream's place

	from  int64     // where that stream began
	since time.Time // and when
	stop  context.CancelCauseFunc
}

// begin notes that a stream, which stop stops, begins to fetch e.
func (e *extent) begin(stop context.CancelCauseFunc) {
	e.from, e.since, e.stop = e.at, time.Now(), stop
}

// newExtents returns a file of which the main stream fetches all from offset on.
func newExtents(offset, size int64) (extents, *extent) {
	e := &extent{at: offset, to: size, held: true, begun: true}
	return extents{size: size, next: size, list: []*extent{e}}, e
}

// claim returns what a stream is to fetch next: what another has not finished, else the
// next n bytes; or nil if all is claimed.
func (x *extents) claim(n int64) *extent {
	for _, e := range x.list {
		if !e.held && e.at < e.to {
			e.held, e.begun = true, false
			return e
		}
	}
	if x.next == x.size {
		return nil
	}
	e := &extent{at: x.next, to: min(x.next+n, x.size), held: true}
	x.next = e.to
	x.list = append(x.list, e)
	return e
}

// extend gives the main stream, which has finished e, what follows: the next n bytes if
// nobody has claimed them, or what is claimed by a stream that has no answer yet. It
// reports whether there is anything.
func (x *extents) extend(e *extent, n int64) bool {
	x.front()
	if x.next == e.to {
		e.to = min(e.to+n, x.size)
		x.next = e.to
	} else if f := x.list[1]; f.at < f.to && !(f.held && f.begun) {
		f.taken = true
		e.to = f.to
		x.list = append(x.list[:1], x.list[2:]...)
	}
	return e.at < e.to
}

// front returns up to where all bytes are there.
func (x *extents) front() int64 {
	for len(x.list) > 0 && !x.list[0].held && x.list[0].at == x.list[0].to {
		x.list = x.list[1:]
	}
	if len(x.list) == 0 {
		return x.next
	}
	return x.list[0].at
}
