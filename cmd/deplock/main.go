// Command deplock keeps a lockfile: it adds, updates and checks what depfetch
// fetches. See "deplock --help".
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"depfetch/cmd/internal/console"
)

// version is set when a release is built.
var version = "dev"

func main() { os.Exit(run()) }

func run() int {
	debug.SetGCPercent(400)         // the heap is small and the run is short
	debug.SetMemoryLimit(128 << 20) // but where it is not
	log.SetOutput(io.Discard)       // net/http writes what a server sent there
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, func() { end(stop) })
	return program{
		stdin:   console.Answers(os.Stdin),
		name:    os.Args[0],
		args:    os.Args[1:],
		getenv:  os.Getenv,
		stdout:  os.Stdout,
		stderr:  os.Stderr,
		columns: console.Columns(os.Stderr, os.Getenv),
		shown:   console.Columns(os.Stdout, os.Getenv) != nil,
	}.run(ctx)
}
