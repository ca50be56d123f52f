//go:build bench

// The benchmark of depfetch beside the programs it replaces. It starts a real
// nginx on loopback, lets every program fetch the same files in interleaved
// rounds, and prints one Markdown table: wall time, CPU, peak memory, and how
// depfetch compares. It reports, it does not judge: a slow run passes, a run of
// depfetch that fails or leaves wrong bytes does not.
//
//	go test -tags bench -count=1 -timeout 60m -run TestBench -v ./cmd/depfetch
//
// It needs Linux or another Unix, nginx and curl; aria2c and wget if they are
// to be compared. The environment can change it:
//
//	DEPFETCH_BENCH_ROUNDS=N      rounds that count, after one that does not (5)
//	DEPFETCH_BENCH_ONLY=REGEXP   only groups whose "workload, protocol" matches
//	DEPFETCH_BENCH_BIN=FILE      measure this depfetch and build none
package main_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	defaultRounds = 5
	startupRounds = 30
	runLimit      = 5 * time.Minute
	neededTmpfs   = 5 << 29 // one big file served, one fetched, and room for the rest
)

// bench is what one TestBench has at hand. All its files are below dir.
type bench struct {
	t      *testing.T
	dir    string
	out    string // the destination, emptied before each run that wants it fresh
	bin    string // depfetch
	copier string // the Go copy loop
	timer  string // starts a command and reports what it used
	env    []string
	server *server
	files  []*fileset

	started, busy int // runs, and those that started while others kept the machine busy
}

// group is one table section: programs that do the same work and are compared
// with each other. The first row is depfetch.
type group struct {
	workload, protocol string
	rounds             int
	fresh              bool // the destination is emptied before each run
	rows               []*row
	check              func() error // what holds after depfetch has run
}

func (g *group) String() string {
	return strings.TrimSuffix(g.workload+", "+g.protocol, ", ")
}

// row is one program in a group.
type row struct {
	tool   string
	argv   []string
	broken string // why there are no numbers, if there are none
	runs   []usage
}

func TestBench(t *testing.T) {
	rounds := defaultRounds
	if s := os.Getenv("DEPFETCH_BENCH_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("DEPFETCH_BENCH_ROUNDS=%s is not a positive number", s)
		}
		rounds = n
	}
	only, err := regexp.Compile(os.Getenv("DEPFETCH_BENCH_ONLY"))
	if err != nil {
		t.Fatalf("DEPFETCH_BENCH_ONLY: %v", err)
	}
	requirePrograms(t)
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	b := newBench(ctx, t)
	var groups []*group
	for _, g := range b.groups(rounds) {
		if only.MatchString(g.String()) {
			groups = append(groups, g)
		}
	}
	if len(groups) == 0 {
		t.Fatalf("DEPFETCH_BENCH_ONLY=%s matches nothing", only)
	}
	load := loadAverage()
	for _, g := range interleave(groups) {
		b.round(ctx, g.group, g.round)
	}
	fmt.Print(b.report(groups, load))
}

// requirePrograms ends the test, saying what to install, when a program is
// missing without which the comparison means nothing.
func requirePrograms(t *testing.T) {
	t.Helper()
	var missing []string
	for _, name := range []string{"nginx", "curl", "sha256sum"} {
		if lookPath(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		t.Fatalf("the benchmark needs %s; on Debian: apt-get install nginx-light curl coreutils (aria2 and wget are optional)",
			strings.Join(missing, ", "))
	}
}

// lookPath is exec.LookPath that also knows where daemons are installed. It
// returns "" for a program that is not there.
func lookPath(name string) string {
	for _, try := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(try); err == nil {
			return path
		}
	}
	return ""
}

// newBench builds the programs, makes the files and starts the server.
func newBench(ctx context.Context, t *testing.T) *bench {
	t.Helper()
	dir := workDir(t)
	b := &bench{t: t, dir: dir, out: filepath.Join(dir, "out")}
	home := filepath.Join(dir, "home")
	for _, d := range []string{b.out, home, filepath.Join(dir, "inplace")} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// No rc files, proxies, caches or mirrors of the user's.
	b.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LC_ALL=C"}

	b.bin = os.Getenv("DEPFETCH_BENCH_BIN")
	if b.bin == "" {
		b.bin = filepath.Join(dir, "depfetch")
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.bin, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building depfetch: %v\n%s", err, out)
		}
	}
	b.timer = b.buildSource(ctx, "timer", timerSource)
	b.copier = b.buildSource(ctx, "gocopy", copierSource)

	www := filepath.Join(dir, "www")
	b.files = []*fileset{
		writeFiles(t, www, bigWorkload, 1, 1<<30),
		writeFiles(t, www, smallWorkload, 300, 100<<10),
	}
	b.server = startServer(ctx, t, dir, www)
	return b
}

// workDir gives a directory on tmpfs when the files fit there, so that no disk
// is measured, and an ordinary temporary one otherwise.
func workDir(t *testing.T) string {
	t.Helper()
	const tmpfs = "/dev/shm"
	var fs syscall.Statfs_t
	if err := syscall.Statfs(tmpfs, &fs); err != nil || int64(fs.Bavail)*int64(fs.Bsize) < neededTmpfs {
		t.Logf("%s is missing or too small: the disk under %s is measured too", tmpfs, os.TempDir())
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(tmpfs, "depfetch-bench-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// turn is one round of one group.
type turn struct {
	*group
	round int
}

// interleave orders the turns so that groups with the same number of rounds
// take theirs in rotation: whatever else the machine does meets all alike.
// Round 0 warms up and is not counted.
func interleave(groups []*group) []turn {
	var turns []turn
	for round, more := 0, true; more; round++ {
		more = false
		for _, g := range groups {
			if round <= g.rounds {
				turns = append(turns, turn{g, round})
				more = true
			}
		}
	}
	return turns
}

// round runs every program of g once, starting with another one each time.
func (b *bench) round(ctx context.Context, g *group, round int) {
	for i := range g.rows {
		n := (i + round) % len(g.rows)
		r := g.rows[n]
		if r.broken != "" {
			continue
		}
		b.started++
		if !waitIdle(ctx) {
			b.busy++
		}
		// As late as this, so that every program is given the memory that the
		// one before it has left: a virtual machine hands free memory back to
		// its host, and gets it again slowly.
		if g.fresh {
			b.emptyOut()
		}
		used, err := b.measure(ctx, r.argv)
		if ctx.Err() != nil {
			b.t.Fatal(ctx.Err())
		}
		if err == nil && n == 0 && g.check != nil {
			err = g.check()
		}
		if err != nil {
			r.broken = "failed"
			report := b.t.Logf
			if n == 0 {
				report = b.t.Errorf
			}
			report("%s: %s: %v", g, r.tool, err)
			continue
		}
		if round > 0 {
			r.runs = append(r.runs, used)
		}
	}
	if g.fresh {
		b.emptyOut()
	}
}

func (b *bench) emptyOut() {
	if err := os.RemoveAll(b.out); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Mkdir(b.out, 0o755); err != nil {
		b.t.Fatal(err)
	}
}
