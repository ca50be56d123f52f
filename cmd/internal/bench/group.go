//go:build bench

package bench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Group is programs that do the same work and are compared with each other. The
// first row is the project's own.
type Group struct {
	Workload string
	Protocol string // how the work is done, if that is compared too
	Rounds   int    // that count
	Rows     []*Row

	// Reset, if not nil, makes ready for a run. It is called before each run
	// and after each round.
	Reset func()
	// Check, if not nil, says whether a run has done its work. It is called
	// after each run that has not failed.
	Check func(*Row) error
}

func (g *Group) String() string {
	return strings.TrimSuffix(g.Workload+", "+g.Protocol, ", ")
}

// Row is one program in a group, or a function of this process.
type Row struct {
	Tool string // its name in the report, and for aims
	Argv []string
	Says string       // what its output holds
	Call func() error // in place of Argv: CPU and memory are not known

	broken string // why there are no numbers, if there are none
	runs   []usage
}

// Command makes a row of a command line, whose program may be missing.
func Command(tool string, args ...[]string) *Row {
	argv := slices.Concat(args...)
	path := LookPath(argv[0])
	if path == "" {
		return &Row{Tool: tool, broken: "not installed"}
	}
	argv[0] = path
	return &Row{Tool: tool, Argv: argv}
}

// wall is the median of the wall times.
func (r *Row) wall() time.Duration {
	return time.Duration(median(r.runs, func(u usage) float64 { return float64(u.Wall) }))
}

// best is the shortest wall time.
func (r *Row) best() time.Duration {
	return slices.MinFunc(r.runs, func(a, b usage) int { return cmp.Compare(a.Wall, b.Wall) }).Wall
}

// cpu is the median of the CPU times, in seconds.
func (r *Row) cpu() float64 {
	return median(r.runs, usage.cpu)
}

// peakMB is the median of the largest resident sets.
func (r *Row) peakMB() float64 {
	return median(r.runs, func(u usage) float64 { return float64(u.Peak) * 1024 / 1e6 })
}

// ratio is the median over the rounds of what value gives for r over what it
// gives for other in the same round: what else the machine does weighs on both
// alike.
func (r *Row) ratio(other *Row, value func(usage) float64) float64 {
	var ratios []float64
	for i := range min(len(r.runs), len(other.runs)) {
		ratios = append(ratios, value(r.runs[i])/value(other.runs[i]))
	}
	return median(ratios, func(f float64) float64 { return f })
}

// median of what value gives for each of runs, which are not empty.
func median[T any](runs []T, value func(T) float64) float64 {
	var values []float64
	for _, r := range runs {
		values = append(values, value(r))
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// Run measures those of the groups that BENCH_ONLY asks for. They take their
// rounds in rotation: whatever else the machine does meets all alike. The first
// round warms up and is not counted.
func (b *Bench) Run(ctx context.Context, groups []*Group) {
	b.T.Helper()
	b.groups = b.settings.choose(b.T, groups)
	b.load = loadAverage()
	for round, more := 0, true; more; round++ {
		more = false
		for _, g := range b.groups {
			if round <= g.Rounds {
				b.round(ctx, g, round)
				more = true
			}
		}
	}
}

// round runs every row of g once, starting with another one each time.
func (b *Bench) round(ctx context.Context, g *Group, round int) {
	for i := range g.Rows {
		n := (i + round) % len(g.Rows)
		r := g.Rows[n]
		if r.broken != "" {
			continue
		}
		used, err := b.run(ctx, g, r)
		if ctx.Err() != nil {
			b.T.Fatal(ctx.Err())
		}
		if err != nil {
			r.broken = "failed"
			said := fmt.Sprintf("%s: %s: %v", g, r.Tool, err)
			if n == 0 || b.config.Strict {
				b.T.Error(said)
			} else {
				b.T.Log(said)
			}
			continue
		}
		if round > 0 {
			r.runs = append(r.runs, used)
		}
	}
	if g.Reset != nil {
		g.Reset()
	}
}

// run runs r once and checks what it has done.
func (b *Bench) run(ctx context.Context, g *Group, r *Row) (used usage, err error) {
	b.started++
	if !b.waitIdle(ctx) {
		b.busy++
	}
	// As late as this, so that every program is given the memory that the one
	// before it has left: a virtual machine hands free memory back to its host,
	// and gets it again slowly.
	if g.Reset != nil {
		g.Reset()
	}
	if r.Call != nil {
		used, err = timeCalls(r.Call)
	} else {
		used, err = b.measure(ctx, r)
	}
	if err == nil && g.Check != nil {
		err = g.Check(r)
	}
	return used, err
}
