//go:build bench

// The benchmark of deplock beside programs that do the same without checking
// anything: check beside the TOML library alone, update beside curl. It runs
// all of them in interleaved rounds and prints one Markdown table: wall time,
// CPU, peak memory, and how deplock compares. It reports, it does not judge: a
// slow run passes, a run of deplock that fails, that asks the server for too
// little or that changes the lockfile does not.
//
//	go test -tags bench -count=1 -run TestBench -v ./cmd/deplock
//
// It needs Linux or another Unix, and curl. The environment can change it:
//
//	DEPLOCK_BENCH_ROUNDS=N      rounds that count, after one that does not (31 of check, 11 of update)
//	DEPLOCK_BENCH_ONLY=REGEXP   only groups whose workload matches
//	DEPLOCK_BENCH_BIN=FILE      measure this deplock and build none
package main_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const (
	checkRounds  = 31
	updateRounds = 11
	runLimit     = time.Minute
)

// bench is what one TestBench has at hand. All its files are below dir.
type bench struct {
	t       *testing.T
	dir     string
	bin     string // deplock
	timer   string // starts a command and reports what it used
	decoder string // the TOML library alone
	env     []string
	server  *server
}

// group is programs that do the same work and are compared with each other. The
// first row is deplock.
type group struct {
	workload string
	rounds   int
	rows     []*row
	check    func() error // what holds after deplock has run
	requests int          // that every row makes of the server
}

// row is one program in a group, or a function of this process.
type row struct {
	tool   string
	argv   []string
	says   string // what its output holds
	call   func() error
	broken bool // there are no numbers
	runs   []usage
}

func TestBench(t *testing.T) {
	rounds := 0
	if s := os.Getenv("DEPLOCK_BENCH_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("DEPLOCK_BENCH_ROUNDS=%s is not a positive number", s)
		}
		rounds = n
	}
	only, err := regexp.Compile(os.Getenv("DEPLOCK_BENCH_ONLY"))
	if err != nil {
		t.Fatalf("DEPLOCK_BENCH_ONLY: %v", err)
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("the benchmark needs curl, 7.66 or later; on Debian: apt-get install curl")
	}
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	b := newBench(ctx, t)
	groups := slices.Concat(b.checkGroups(), b.updateGroups())
	groups = slices.DeleteFunc(groups, func(g *group) bool { return !only.MatchString(g.workload) })
	if len(groups) == 0 {
		t.Fatalf("DEPLOCK_BENCH_ONLY=%s matches nothing", only)
	}
	load := loadAverage()
	for _, g := range groups {
		if rounds > 0 {
			g.rounds = rounds
		}
	}
	for round, more := 0, true; more; round++ {
		more = false
		for _, g := range groups {
			if round <= g.rounds {
				b.round(ctx, g, round)
				more = true
			}
		}
	}
	fmt.Print(b.report(groups, load))
}

// newBench builds the programs and starts the server.
func newBench(ctx context.Context, t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir()}
	home := filepath.Join(b.dir, "home")
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	// No rc files, proxies, caches or tokens of the user's.
	b.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LC_ALL=C"}

	b.bin = os.Getenv("DEPLOCK_BENCH_BIN")
	if b.bin == "" {
		b.bin = b.build(ctx, "deplock", ".")
	}
	b.timer = b.buildSource(ctx, "timer", timerSource)
	b.decoder = b.buildSource(ctx, "tomldecode", decoderSource, layoutSource(t))
	b.server = b.startServer(ctx)
	return b
}

// round runs every row of g once, starting with another one each time. Round 0
// warms up and is not counted.
func (b *bench) round(ctx context.Context, g *group, round int) {
	for i := range g.rows {
		n := (i + round) % len(g.rows)
		r := g.rows[n]
		if r.broken {
			continue
		}
		used, err := b.run(ctx, g, r)
		if ctx.Err() != nil {
			b.t.Fatal(ctx.Err())
		}
		if err == nil && n == 0 && g.check != nil {
			err = g.check()
		}
		if err != nil {
			r.broken = true
			b.t.Errorf("%s: %s: %v", g.workload, r.tool, err)
			continue
		}
		if round > 0 {
			r.runs = append(r.runs, used)
		}
	}
}

// run runs r once, and counts its requests.
func (b *bench) run(ctx context.Context, g *group, r *row) (usage, error) {
	if r.call != nil {
		return timeCalls(r.call)
	}
	before := b.server.count(ctx)
	used, err := b.measure(ctx, r)
	if n := b.server.count(ctx) - before; err == nil && n != g.requests {
		err = fmt.Errorf("%d requests, want %d", n, g.requests)
	}
	return used, err
}
