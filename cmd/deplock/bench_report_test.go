//go:build bench

package main_test

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// aim is a measure that the project has set itself: the value of deplock's row
// in the group of a workload is at most limit.
type aim struct {
	workload string
	tool     string // compare wall time with this one, or "" for deplock's peak in MB
	limit    float64
}

// aims are in the order in which they are reported.
var aims = []aim{
	{checkWorkload, toolToml, 3},
	{checkWorkload, toolTomlStruct, 3},
	{processWorkload, toolToml, 3},
	{processWorkload, toolTomlStruct, 3},
	{updateWorkload, toolCurl, 1.3},
	{updateWorkload, "", 60},
	{updateOneList, toolCurl, 1.3},
	{updateOneList, "", 60},
	{updateManyLists, toolCurl, 1.3},
	{updateManyLists, "", 60},
}

// report is everything that the benchmark prints.
func (b *bench) report(groups []*group, load string) string {
	var out strings.Builder
	out.WriteString("\n## deplock beside others\n\n")
	table := [][]string{{"workload", "program", "wall", "best", "deplock/program", "CPU s", "peak MB"}}
	for _, g := range groups {
		for _, r := range g.rows {
			table = append(table, append([]string{g.workload, r.tool}, r.cells(g.rows[0])...))
		}
	}
	writeTable(&out, table, 2)
	out.WriteString("\nMedians of interleaved rounds, and the best of them; deplock/program is the median of each round's own ratio, below 1 where deplock is faster. CPU is user + system time. Peak is the largest resident set.\n")

	out.WriteString("\n## Aims\n\n")
	for _, a := range aims {
		for _, g := range groups {
			if g.workload == a.workload {
				out.WriteString(a.line(g))
			}
		}
	}

	out.WriteString("\n## Commands\n\n```\n")
	for _, g := range groups {
		fmt.Fprintf(&out, "# %s\n", g.workload)
		for _, r := range g.rows {
			if r.argv != nil {
				fmt.Fprintln(&out, b.commandLine(r.argv))
			} else {
				fmt.Fprintf(&out, "%s, called by the benchmark itself\n", r.tool)
			}
		}
	}
	out.WriteString("```\n\n## Machine\n\n")
	out.WriteString(machine())
	fmt.Fprintf(&out, "- load average %s before, %s after\n", load, loadAverage())
	return out.String()
}

// cells are the numbers of r, beside those of deplock.
func (r *row) cells(deplock *row) []string {
	if r.broken {
		return []string{"failed", "", "", "", ""}
	}
	cells := []string{
		formatWall(r.wall()),
		formatWall(slices.MinFunc(r.runs, func(a, b usage) int { return cmp.Compare(a.Wall, b.Wall) }).Wall),
		"", "", "",
	}
	if r != deplock && !deplock.broken {
		cells[2] = fmt.Sprintf("%.2f", deplock.ratio(r))
	}
	if r.argv != nil {
		cells[3] = fmt.Sprintf("%.3f", median(r.runs, func(u usage) float64 { return u.CPU.Seconds() }))
		cells[4] = fmt.Sprintf("%.1f", r.peakMB())
	}
	return cells
}

func (r *row) wall() time.Duration {
	return time.Duration(median(r.runs, func(u usage) float64 { return float64(u.Wall) }))
}

func (r *row) peakMB() float64 {
	return median(r.runs, func(u usage) float64 { return float64(u.Peak) * 1024 / 1e6 })
}

// ratio is the median over the rounds of r's wall time over other's in the same
// round: what else the machine does weighs on both alike.
func (r *row) ratio(other *row) float64 {
	var ratios []float64
	for i := range min(len(r.runs), len(other.runs)) {
		ratios = append(ratios, float64(r.runs[i].Wall)/float64(other.runs[i].Wall))
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

func formatWall(d time.Duration) string {
	if d < 100*time.Millisecond {
		return fmt.Sprintf("%.2f ms", d.Seconds()*1e3)
	}
	return fmt.Sprintf("%.3f s", d.Seconds())
}

// line says whether g reaches the aim.
func (a aim) line(g *group) string {
	deplock, other := g.rows[0], g.rows[0]
	subject := g.workload + ": peak MB"
	if a.tool != "" {
		other = g.rows[slices.IndexFunc(g.rows, func(r *row) bool { return r.tool == a.tool })]
		subject = g.workload + ": wall / " + a.tool
	}
	if deplock.broken || other.broken {
		return fmt.Sprintf("- not measured: %s\n", subject)
	}
	value, word := deplock.peakMB(), "reached"
	if a.tool != "" {
		value = deplock.ratio(other)
	}
	if value > a.limit {
		word = "MISSED"
	}
	return fmt.Sprintf("- %s: %s: %.2f, aim at most %.1f\n", word, subject, value, a.limit)
}

// writeTable writes an aligned Markdown table, its first row the head, its
// columns from number right on aligned to the right.
func writeTable(out io.Writer, table [][]string, right int) {
	width := make([]int, len(table[0]))
	for _, cells := range table {
		for i, c := range cells {
			width[i] = max(width[i], utf8.RuneCountInString(c), 4)
		}
	}
	for n, cells := range table {
		for i, c := range cells {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i < right {
				c += pad
			} else {
				c = pad + c
			}
			fmt.Fprintf(out, "| %s ", c)
		}
		fmt.Fprintln(out, "|")
		if n > 0 {
			continue
		}
		for i, w := range width {
			rule := strings.Repeat("-", w+2)
			if i >= right {
				rule = rule[1:] + ":"
			}
			fmt.Fprintf(out, "|%s", rule)
		}
		fmt.Fprintln(out, "|")
	}
}

// commandLine is argv as one would type it, with $DIR for where the benchmark's
// files are.
func (b *bench) commandLine(argv []string) string {
	return strings.ReplaceAll(strings.Join(argv, " "), b.dir, "$DIR")
}

// machine describes what the numbers were measured on.
func machine() string {
	cpu := "unknown CPU"
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			cpu = strings.TrimSpace(value)
			break
		}
	}
	said, _ := exec.Command("curl", "--version").Output()
	curl, _, _ := strings.Cut(string(said), "\n")
	return fmt.Sprintf("- %d cores, %s; %s/%s; %s\n- %s\n", runtime.NumCPU(), cpu, runtime.GOOS, runtime.GOARCH, runtime.Version(), curl)
}

func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(data))[:3], " ")
}
