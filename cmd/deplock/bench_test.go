//go:build bench

// The benchmark of deplock beside programs that do the same without checking
// anything: check beside the TOML library alone, update beside curl, which it
// needs. A run that asks the server for too little or that changes the lockfile
// fails. Package bench says how to run it.
package main_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"testing"

	"depfetch/cmd/internal/bench"
)

const (
	checkRounds  = 31
	updateRounds = 11
	syncRounds   = 11
)

// aims are in the order in which they are reported.
var aims = []bench.Aim{
	bench.WallAtMost(checkWorkload, toolToml, 3),
	bench.WallAtMost(checkWorkload, toolTomlStruct, 3),
	bench.WallAtMost(processWorkload, toolToml, 3),
	bench.WallAtMost(processWorkload, toolTomlStruct, 3),
	bench.WallAtMost(updateWorkload, toolCurl, 1.3),
	bench.PeakAtMost(updateWorkload, 60),
	bench.WallAtMost(updateOneList, toolCurl, 1.3),
	bench.PeakAtMost(updateOneList, 60),
	bench.WallAtMost(updateManyLists, toolCurl, 1.3),
	bench.PeakAtMost(updateManyLists, 60),
	bench.SecondsAtMost(syncWorkload, 1),
}

// benchmark is what one TestBench has at hand.
type benchmark struct {
	*bench.Bench
	decoder string // the TOML library alone
	server  *server
}

func TestBench(t *testing.T) {
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := newBenchmark(ctx, t)
	b.Run(ctx, slices.Concat(b.checkGroups(), b.syncGroups(), b.updateGroups()))
	fmt.Print(b.Report(aims))
}

// newBenchmark builds the programs and starts the server.
func newBenchmark(ctx context.Context, t *testing.T) *benchmark {
	t.Helper()
	b := &benchmark{Bench: bench.New(ctx, t, bench.Config{
		Program: "deplock",
		Needs:   []string{"curl"},
		Install: "apt-get install curl, 7.66 or later",
		Strict:  true,
	})}
	b.decoder = b.BuildSource(ctx, "tomldecode", decoderSource, layoutSource(t))
	b.server = b.startServer(ctx)
	return b
}
