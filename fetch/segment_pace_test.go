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

// TestPaceLate has connections whose answers are late, as through a proxy that fetches a
// file from its beginning: they are waited for if none has begun.
func TestPaceLate(t *testing.T) {
	p := pace{segmenting: defaultSegmenting, size: 400 << 20}
	p.begin(0, 0)
	const rate = 10 << 20
	live, starting, got := 1, 0, 0.0
	for now := time.Duration(0); now < 6*time.Second; now += p.tick {
		if now > 4500*time.Millisecond {
			starting = 0
		}
		want := p.want(now, int64(got), live, starting)
		if want > live && live == 1 {
			starting = want - 1
		}
		live = want
		got += float64(live-starting) * rate * p.tick.Seconds()
	}
	if live < 8 {
		t.Errorf("there are %d connections", live)
	}
}

// TestStopSlow holds which connections are closed.
func TestStopSlow(t *testing.T) {
	const mib = 1 << 20
	tests := []struct {
		name     string
		got      int64 // of the file in 10 seconds
		wanted   int
		at       int64 // of a segment in 4 seconds
		answered bool  // there is an answer, which came just now
		want     bool
	}{
		{"far slower than the others", 800 * mib, 8, mib, false, true},
		{"as the others", 800 * mib, 8, 40 * mib, false, false},
		{"alone, after a quick start", 12 * mib, 1, 4 * mib, false, false},
		{"one with a late answer", 800 * mib, 8, 0, true, false},
	}
	for _, test := range tests {
		e := &extent{at: 0, to: 1000 * mib, held: true}
		stopped := false
		e.begin(func(error) { stopped = true })
		e.since = e.since.Add(-4 * time.Second)
		p := &segments{pace: pace{segmenting: defaultSegmenting, each: 100 * mib}, started: true, got: test.got, wanted: test.wanted, live: 1}
		p.extents.list = []*extent{e}
		if e.begun = true; test.answered {
			w := &worker{p: p, extent: e}
			if err := w.Begin(0); err != nil {
				t.Fatal(err)
			}
		}
		e.at = test.at
		if p.stopSlow(10 * time.Second); stopped != test.want {
			t.Errorf("%s: closed %t, want %t", test.name, stopped, test.want)
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
