package fetch

import (
	"testing"
	"time"
)

// TestPace has a server that gives each connection so much, and all together no more than
// a link has.
func TestPace(t *testing.T) {
	const mib = 1 << 20
	tests := []struct {
		name        string
		size        int64
		each, link  float64 // bytes a second
		most        int     // connections that may be opened
		want, least int     // how many there are in the end, and when half has come
	}{
		{"limited", 400 * mib, 20 * mib, 1000 * mib, 8, 8, 8},
		{"the link is full", 400 * mib, 20 * mib, 20 * mib, 8, 1, 1},
		{"some help", 400 * mib, 20 * mib, 90 * mib, 8, 4, 4},
		{"fast", 4000 * mib, 500 * mib, 500 * mib, 8, 1, 1},
		{"small", 10 * mib, mib, 100 * mib, 8, 1, 1},
		{"soon there", 30 * mib, 20 * mib, 100 * mib, 8, 1, 1},
		{"no room", 400 * mib, 20 * mib, 1000 * mib, 1, 1, 1},
	}
	for _, test := range tests {
		p := pace{segmenting: defaultSegmenting, size: test.size}
		p.begin(0, 0)
		live, got, changes, half := 1, 0.0, 0, 0
		for now := time.Duration(0); got < float64(test.size); now += p.tick {
			want := min(p.want(now, int64(got), live, 0), test.most)
			if want == live && p.trying && p.added == now {
				p.none(now, int64(got))
			}
			if want != live {
				live = want
				changes++
			}
			got += min(float64(live)*test.each, test.link) * p.tick.Seconds()
			if got < float64(test.size)/2 {
				half = live
			}
		}
		if live != test.want || half < test.least || changes > 3 {
			t.Errorf("%s: %d connections in the end, %d at half of it, %d changes", test.name, live, half, changes)
		}
	}
}

func TestSegmentLength(t *testing.T) {
	p := pace{segmenting: defaultSegmenting, each: 4 << 20}
	for _, test := range []struct {
		left        int64
		connections int
		want        int64
	}{
		{1 << 30, 1, 1 << 30}, // nobody else is there
		{1 << 30, 8, 4 << 20}, // a second's worth
		{32 << 20, 8, 2 << 20},
		{3 << 20, 8, 1 << 20}, // no shorter than this
	} {
		if got := p.segment(test.left, test.connections); got != test.want {
			t.Errorf("%d left for %d: %d, want %d", test.left, test.connections, got, test.want)
		}
	}
}

func TestExtents(t *testing.T) {
	x, main := newExtents(0, 100)
	if e := x.claim(10); e != nil {
		t.Fatalf("claimed %+v while the main stream has all", e)
	}
	main.to, x.next = 20, 20
	a, b := x.claim(10), x.claim(10)
	if a.at != 20 || a.to != 30 || b.at != 30 || b.to != 40 {
		t.Fatalf("claimed %+v, %+v", a, b)
	}
	main.at, b.at, a.begun = 20, 40, true
	if x.extend(main, 10) || x.front() != 20 {
		t.Errorf("the main stream goes on at %d though a worker is there", main.at)
	}
	a.at, a.held = 25, false // that worker breaks
	if !x.extend(main, 10) || main.to != 30 || !a.taken || main.at != 20 {
		t.Errorf("the main stream has %+v in the place of %+v", main, a)
	}
	main.at, main.held, b.held = 30, false, false
	if got := x.front(); got != 40 {
		t.Errorf("all is there up to %d", got)
	}
	if e := x.claim(100); e.at != 40 || e.to != 100 || x.claim(1) != nil {
		t.Errorf("claimed %+v of the rest", e)
	}
}
