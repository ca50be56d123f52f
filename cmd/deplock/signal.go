package main

import (
	"os"
	"time"

	"depfetch/cmd/internal/exit"
)

// grace is how long a command that is told to end may take to do so.
const grace = 3 * time.Second

// end lets a second signal end the program at once, and ends it after a moment if
// the command does not heed the first.
func end(stop func()) {
	stop()
	time.Sleep(grace)
	os.Exit(exit.Failure)
}
