package main

import (
	"os"
	"time"

	"depfetch/cmd/internal/exit"
)

// grace is how long a command that is told to end may take to do so.
const grace = 3 * time.Second

// twice is for how long a signal is the first one once more: timeout(1) and terminals that
// close send it twice.
const twice = time.Second / 2

// end lets a second signal end the program at once, and ends it after a moment if
// the command does not heed the first.
func end(stop func()) {
	time.Sleep(twice)
	stop()
	time.Sleep(grace - twice)
	os.Exit(exit.Failure)
}
