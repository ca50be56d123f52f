//go:build bench

package main_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
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

// aim is a measure that the project has set itself: in every group of the
// workload, the value of depfetch's row is at most limit.
type aim struct {
	workload string
	tool     string // compare with this one, or "" for depfetch alone
	what     string
	limit    float64
	value    func(depfetch, other *row) float64
}

func wallRatio(depfetch, other *row) float64 { return depfetch.ratio(other) }
func peakMB(depfetch, _ *row) float64        { return depfetch.peakMB() }

// aims are in the order in which they are reported. "A few times" is read as 3.
var aims = []aim{
	{bigWorkload, toolCurl, "wall", 1.0, wallRatio},
	{bigWorkload, toolGoCopy, "wall", 1.25, wallRatio},
	{bigWorkload, "", "peak MB", 40, peakMB},
	{smallWorkload, toolCurlParallel, "wall", 0.5, wallRatio},
	{smallWorkload, "", "peak MB", 40, peakMB},
	{helpWorkload, toolCurlVersion, "wall", 3, wallRatio},
	{inPlaceWorkload, toolCurlVersion, "wall", 3, wallRatio},
}

const aimBinaryMB = 9.0

// report is everything that the benchmark prints.
func (b *bench) report(groups []*group, load string) string {
	var out strings.Builder
	out.WriteString("\n## depfetch beside others\n\n")
	table := [][]string{{"workload", "protocol", "tool", "wall", "best", "depfetch/tool", "CPU s", "peak MB"}}
	for _, g := range groups {
		for _, r := range g.rows {
			table = append(table, append([]string{g.workload, g.protocol, r.tool}, r.cells(g.rows[0])...))
		}
	}
	writeTable(&out, table, 3)
	out.WriteString("\nMedians of interleaved rounds, and the best of them; depfetch/tool is the median of each round's own ratio, below 1 where depfetch is faster. CPU is user + system time. Peak is the largest resident set.\n")

	out.WriteString("\n## Aims\n\n")
	for _, a := range aims {
		for _, g := range groups {
			if g.workload == a.workload {
				out.WriteString(a.line(g))
			}
		}
	}
	out.WriteString(b.binarySize())

	out.WriteString("\n## Commands\n\n```\n")
	for _, g := range groups {
		fmt.Fprintf(&out, "# %s\n", g)
		for _, r := range g.rows {
			if r.argv != nil {
				fmt.Fprintf(&out, "%s\n", b.shorten(commandLine(r.argv)))
			}
		}
	}
	out.WriteString("```\n\n## Machine\n\n")
	out.WriteString(machine())
	fmt.Fprintf(&out, "- load average %s before, %s after; %d of %d runs began while other programs kept the machine busy\n",
		load, loadAverage(), b.busy, b.started)
	return out.String()
}

// cells are the numbers of r, beside those of depfetch.
func (r *row) cells(depfetch *row) []string {
	if r.broken != "" {
		return []string{r.broken, "", "", "", ""}
	}
	ratio := ""
	if r != depfetch && depfetch.broken == "" {
		ratio = fmt.Sprintf("%.2f", depfetch.ratio(r))
	}
	return []string{
		formatWall(r.wall()),
		formatWall(slices.MinFunc(r.runs, func(a, b usage) int { return cmp.Compare(a.Wall, b.Wall) }).Wall),
		ratio,
		fmt.Sprintf("%.3f", median(r.runs, func(u usage) float64 { return u.CPU.Seconds() })),
		fmt.Sprintf("%.1f", r.peakMB()),
	}
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
	subject, depfetch, other := g.String(), g.rows[0], g.rows[0]
	if a.tool != "" {
		i := slices.IndexFunc(g.rows, func(r *row) bool { return r.tool == a.tool })
		other = g.rows[i]
		subject += ": " + a.what + " / " + a.tool
	} else {
		subject += ": " + a.what
	}
	if depfetch.broken != "" || other.broken != "" {
		return fmt.Sprintf("- not measured: %s\n", subject)
	}
	return verdict(subject, a.value(depfetch, other), a.limit)
}

func verdict(subject string, value, limit float64) string {
	word := "reached"
	if value > limit {
		word = "MISSED"
	}
	return fmt.Sprintf("- %s: %s: %.3f, aim at most %.2f\n", word, subject, value, limit)
}

func (b *bench) binarySize() string {
	data, err := os.ReadFile(b.bin)
	if err != nil {
		b.t.Fatal(err)
	}
	var zipped bytes.Buffer
	w, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	w.Write(data)
	w.Close()
	return verdict(fmt.Sprintf("binary: MB (%d bytes, %d gzipped)", len(data), zipped.Len()), float64(len(data))/1e6, aimBinaryMB)
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

// commandLine is argv as one would type it.
func commandLine(argv []string) string {
	var words []string
	for _, w := range argv {
		if strings.ContainsAny(w, " &") {
			w = "'" + w + "'"
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// shorten hides where the working directory is.
func (b *bench) shorten(s string) string {
	return strings.ReplaceAll(s, b.dir, "$DIR")
}

// machine describes what the numbers were measured on.
func machine() string {
	var out strings.Builder
	cpu := "unknown CPU"
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			cpu = strings.TrimSpace(value)
			break
		}
	}
	if strings.Contains(string(info), " sha_ni") {
		cpu += " with SHA-NI"
	}
	fmt.Fprintf(&out, "- %d cores, %s; %s/%s; %s\n", runtime.NumCPU(), cpu, runtime.GOOS, runtime.GOARCH, runtime.Version())
	for _, argv := range [][]string{
		{"nginx", "-v"}, {"curl", "--version"}, {"sha256sum", "--version"}, {"aria2c", "--version"}, {"wget", "--version"},
	} {
		path := lookPath(argv[0])
		if path == "" {
			fmt.Fprintf(&out, "- %s: not installed\n", argv[0])
			continue
		}
		said, _ := exec.Command(path, argv[1:]...).CombinedOutput()
		first, _, _ := strings.Cut(string(said), "\n")
		fmt.Fprintf(&out, "- %s\n", first)
	}
	return out.String()
}

func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(data))[:3], " ")
}
