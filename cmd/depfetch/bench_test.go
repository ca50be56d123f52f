//go:build bench

// The benchmark of depfetch beside the programs it replaces: a real nginx on
// loopback, from which every program fetches the same files. It needs nginx and
// curl; aria2c and wget if they are to be compared. Package bench says how to
// run it.
package main_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"depfetch/cmd/internal/bench"
)

// aims are in the order in which they are reported. "A few times" is read as 3.
var aims = []bench.Aim{
	bench.WallAtMost(bigWorkload, toolCurl, 1.0),
	bench.CPUAtMost(bigWorkload, toolCurl, 1.3),
	bench.WallAtMost(bigWorkload, toolCurlSum, 0.35),
	bench.WallAtMost(bigWorkload, toolGoCopy, 1.25),
	bench.PeakAtMost(bigWorkload, 40),
	bench.WallAtMost(smallWorkload, toolCurlParallel, 0.45),
	bench.WallAtMost(smallWorkload, toolAria2List, 0.45),
	bench.PeakAtMost(smallWorkload, 40),
	bench.WallAtMost(slowWorkload, toolCurlParallel, 0.6),
	bench.WallAtMost(slowWorkload, toolAria2List, 0.6),
	bench.WallAtMost(tinyWorkload, toolCurlParallel, 0.6),
	bench.WallAtMost(tinyWorkload, toolAria2List, 0.6),
	bench.WallAtMost(bigWorkload+inCache, toolGoHash, 1.3),
	bench.WallAtMost(smallWorkload+inCache, toolGoHash, 1.3),
	bench.WallAtMost(bigWorkload+inPlace, toolGoHash, 1.2),
	bench.WallAtMost(smallWorkload+inPlace, toolGoHash, 1.2),
	bench.WallAtMost(resetWorkload, toolCurlRetry, 0.6),
	bench.WallAtMost(shimTinyWorkload, toolRealCurl, 1.0),
	bench.WallAtMost(shimBigWorkload, toolRealCurl, 1.3),
	bench.WallAtMost(helpWorkload, toolCurlVersion, 3),
	bench.WallAtMost(startupWorkload, toolCurlVersion, 3),
}

const aimBinaryMB = 9.0

// benchmark is what one TestBench has at hand.
type benchmark struct {
	*bench.Bench
	out    string // the destination, emptied before each run that wants it fresh
	copier string // the Go copy loop
	hasher string // Go's sha256 alone
	server *server
}

func TestBench(t *testing.T) {
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := newBenchmark(ctx, t)
	b.Run(ctx, b.groups(ctx))
	fmt.Print(b.Report(aims, b.binarySize()))
}

// newBenchmark builds the programs, makes the files and starts the server.
func newBenchmark(ctx context.Context, t *testing.T) *benchmark {
	t.Helper()
	b := &benchmark{Bench: bench.New(ctx, t, bench.Config{
		Program:  "depfetch",
		Needs:    []string{"nginx", "curl", "sha256sum"},
		Optional: []string{"aria2c", "wget", "tar", "bsdtar", "unzip"},
		Install:  "apt-get install nginx-light curl coreutils (aria2 and wget are optional; archives are measured with bzip2, libarchive-tools, unzip, xz-utils, zip, zstd)",
		Memory:   5 << 29, // one big file served, one fetched, and room for the rest
	})}
	b.out = filepath.Join(b.Dir, "out")
	www := filepath.Join(b.Dir, "www")
	for _, d := range []string{b.out, www, filepath.Join(b.Dir, "inplace")} {
		b.empty(d)
	}
	b.copier = b.BuildSource(ctx, "gocopy", copierSource)
	b.hasher = b.BuildSource(ctx, "gohash", hasherSource)
	b.server = startServer(ctx, t, b.Dir, www)
	return b
}

// empty makes an empty directory, in place of what is there.
func (b *benchmark) empty(dir string) {
	b.T.Helper()
	if err := os.RemoveAll(dir); err != nil {
		b.T.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		b.T.Fatal(err)
	}
}

func (b *benchmark) binarySize() string {
	data, err := os.ReadFile(b.Bin)
	if err != nil {
		b.T.Fatal(err)
	}
	var zipped bytes.Buffer
	w, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	w.Write(data)
	w.Close()
	return bench.Verdict(fmt.Sprintf("binary: MB (%d bytes, %d gzipped)", len(data), zipped.Len()), float64(len(data))/1e6, aimBinaryMB)
}
