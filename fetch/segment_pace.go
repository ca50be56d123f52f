package fetch

import "time"

// pace decides over how many connections a file comes. It is told at short intervals how
// much has come; a moment is the time since the file began.
//
// A file that would take long is tried over more connections, and then over twice as
// many. Those that do not bring more are given up, and none are tried after them, so that
// the number does not go up and down.
type pace struct {
	*segmenting
	size int64

	since   time.Duration // when the window began over which the rate is measured
	bytes   int64         // what had come then
	rate    float64       // in bytes a second, before connections were added
	each    float64       // the rate of the first connection
	before  int           // how many there were before some were added
	trying  bool          // it is being found out what they bring
	added   time.Duration // since when
	settled bool          // none will be added
}

// segmenting says when and how files come in segments.
type segmenting struct {
	tick              time.Duration // how often to look
	first             time.Duration // how long to look at one stream before others are added
	window            time.Duration // how long to look at what others bring, once they have begun
	patience          time.Duration // how long they may take to begin; four times that if none does
	worth             float64       // what is left must take longer, in seconds,
	least             int64         // and be more than so many bytes
	fastest           float64       // in bytes a second: more hardly helps
	shortest, longest int64         // segments, in bytes
}

var defaultSegmenting = &segmenting{
	tick: 50 * time.Millisecond, first: 500 * time.Millisecond, window: 300 * time.Millisecond, patience: 2 * time.Second,
	worth: 2, least: 16 << 20, fastest: 256 << 20, shortest: 1 << 20, longest: 16 << 20,
}

// gain is how much faster a file must come for connections to be kept.
const gain = 1.15

// firstConnections is over how many connections a file is tried first.
const firstConnections = 4

// begin begins a window.
func (p *pace) begin(now time.Duration, bytes int64) { p.since, p.bytes = now, bytes }

// want returns how many connections there should be, where bytes have come so far over
// live connections, of which some are still starting.
func (p *pace) want(now time.Duration, bytes int64, live, starting int) int {
	elapsed, left := now-p.since, p.size-bytes
	rate := float64(bytes-p.bytes) / max(elapsed.Seconds(), 1e-3)
	window := p.window
	if p.before == 0 {
		window = p.first
	}
	switch {
	case p.settled:
	case p.trying && live <= p.before:
		p.settled = true // none of those added is left
	case p.trying && starting > 0 && now-p.added < p.patience,
		p.trying && starting >= live-p.before && now-p.added < 4*p.patience:
		p.begin(now, bytes)
	case elapsed < window:
	case p.trying && rate < gain*p.rate:
		p.settled = true
		return p.before
	case rate > 0 && rate < p.fastest && left > p.least && float64(left) > rate*p.worth:
		if p.before == 0 {
			p.each = rate
		}
		p.rate, p.before, p.trying, p.added = rate, live, true, now
		p.begin(now, bytes)
		return max(firstConnections, 2*live)
	default:
		p.trying = false
		p.begin(now, bytes)
	}
	return live
}

// slowness is how many times slower than usual a connection must be to be closed.
// Those that share a full link, and are kept because there is some gain, are not that slow.
const slowness = 8

// slow reports whether the stream that fetches e is so slow that it is worth another
// request, where usual is how many bytes a second come over a connection. One without an
// answer is given more time.
func (p *pace) slow(e *extent, usual float64) bool {
	took, patience := time.Since(e.since), p.patience
	if !e.begun {
		patience *= 4
	}
	rate := float64(e.at-e.from) / max(took.Seconds(), 1e-3)
	return took > patience && rate < usual/slowness && float64(e.to-e.at) > rate*p.worth
}

// none notes that no connection may be added now.
func (p *pace) none(now time.Duration, bytes int64) {
	p.trying = false
	p.begin(now, bytes)
}

// segment returns how long the next segment is to be, where left bytes are unclaimed:
// what one connection brings in about a second, and less near the end, so that all
// connections end at about the same time.
func (p *pace) segment(left int64, connections int) int64 {
	if connections <= 1 {
		return left
	}
	return max(min(int64(p.each), p.longest, left/int64(2*connections)), p.shortest)
}
