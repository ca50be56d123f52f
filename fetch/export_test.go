package fetch

import "time"

// SegmentSoon lets files of a few hundred KiB come in segments, after some milliseconds.
func (c *Client) SegmentSoon() {
	c.segmenting = &segmenting{
		tick: time.Millisecond, first: 10 * time.Millisecond, window: 10 * time.Millisecond, patience: time.Second,
		worth: 0.02, least: 64 << 10, fastest: 256 << 20, shortest: 16 << 10, longest: 64 << 10,
	}
}
