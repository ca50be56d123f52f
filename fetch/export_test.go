package fetch

import "time"

// SegmentSoon lets files of a few hundred KiB come in segments, after some milliseconds.
func (c *Client) SegmentSoon() {
	c.segmenting = &segmenting{
		tick: time.Millisecond, first: 10 * time.Millisecond, window: 10 * time.Millisecond, patience: time.Second,
		worth: 0.02, least: 64 << 10, fastest: 256 << 20, shortest: 16 << 10, longest: 64 << 10,
	}
}

// FastFrom is how many bytes a second are enough, after SegmentSoon.
func (c *Client) FastFrom(rate float64) { c.segmenting.fastest = rate }
