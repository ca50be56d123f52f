package main

import (
	"fmt"
	"time"

	"depfetch/cmd/internal/console"
	"depfetch/fetch"
)

// event tells how a download goes: a line for each. Calls may overlap.
func (c *command) event(e fetch.Event) {
	c.printing.Lock()
	defer c.printing.Unlock()
	what := fmt.Sprintf("%s (%s)", e.Artifact.Name, e.Artifact.Platform)
	switch e.Kind {
	case fetch.EventVerified:
		fmt.Fprintf(c.stderr, "downloaded  %s  %s in %s from %s\n", what,
			console.Bytes(e.Bytes), e.Elapsed.Round(time.Millisecond), fetch.ShowAddress(e.URL, e.Asked))
	case fetch.EventFailed:
		if e.Delay > 0 {
			fmt.Fprintf(c.stderr, "failed      %s  %s: %v; next try in %s\n", what,
				fetch.ShowAddress(e.URL, e.Asked), e.Err, e.Delay.Round(100*time.Millisecond))
		}
	case fetch.EventCacheFailed:
		c.console.Warnf("%s: the cache cannot be used: %v", what, e.Err)
	}
}

// warn prints a warning. Calls may overlap.
func (c *command) warn(err error) {
	c.printing.Lock()
	defer c.printing.Unlock()
	c.console.Warnf("%v", err)
}
