// Command release makes of the programs that `make dist` has built what a release holds.
// The Makefile starts it:
//
//	release image   OCI image layouts of depfetch and its frontend
//	release push    copies them to a registry
//	release check   is the version one that a release can have?
//	release files   these, archives, packages, installers and documents
//
// It guarantees that the same programs of the same commit make the same bytes, wherever and
// whenever: nothing in them is of this machine or of this hour. It refuses what it cannot
// know, such as the commit of a folder with changes.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Getenv, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "release: error: %v\n", err)
		return 1
	}
	return 0
}
