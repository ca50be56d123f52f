// Command depfetch puts the files that a lockfile pins in place. See
// "depfetch --help".
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"depfetch/cmd/internal/console"
)

// version is set when a release is built.
var version = "dev"

func main() { os.Exit(run()) }

func run() int {
	// The heap is small and the run is short: collecting less often takes a
	// tenth off many small files, for 4 MB.
	debug.SetGCPercent(400)
	log.SetOutput(io.Discard) // net/http writes what a server sent there
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A second signal ends the program, unless it is the first one once more: timeout(1) and
	// terminals that close send it twice.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second/2, stop) })
	return program{
		name:    os.Args[0],
		args:    os.Args[1:],
		getenv:  os.Getenv,
		stdout:  os.Stdout,
		stderr:  os.Stderr,
		columns: console.Columns(os.Stderr, os.Getenv),
	}.run(ctx)
}
