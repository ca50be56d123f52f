//go:build bench

package bench

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Aim is a measure that the project has set itself for the first row of every
// group of a workload.
type Aim struct {
	workload string
	tool     string // that it is compared with, or "" for the peak in MB or the wall time
	cpu      bool   // compare CPU, not wall time
	seconds  bool   // the wall time itself
	limit    float64
}

// WallAtMost is the aim that the wall time is at most that of tool, times limit.
// Groups of the workload without that tool are left out.
func WallAtMost(workload, tool string, limit float64) Aim {
	return Aim{workload: workload, tool: tool, limit: limit}
}

// CPUAtMost is WallAtMost for user and system time.
func CPUAtMost(workload, tool string, limit float64) Aim {
	return Aim{workload: workload, tool: tool, cpu: true, limit: limit}
}

// PeakAtMost is the aim that the largest resident set has at most so many MB.
func PeakAtMost(workload string, limit float64) Aim {
	return Aim{workload: workload, limit: limit}
}

// SecondsAtMost is the aim that the wall time is at most so many seconds.
func SecondsAtMost(workload string, limit float64) Aim {
	return Aim{workload: workload, seconds: true, limit: limit}
}

// Report is everything that the benchmark has to say, as Markdown. Aims are
// reported in their order, and after them those whose Verdict is given.
func (b *Bench) Report(aims []Aim, verdicts ...string) string {
	program := b.config.Program
	var out strings.Builder
	fmt.Fprintf(&out, "\n## %s beside others\n\n", program)
	b.writeRows(&out)
	fmt.Fprintf(&out, "\nMedians of interleaved rounds, and the best of them; %s/program is the median of each round's own ratio, below 1 where %s is faster. CPU is user + system time. Peak is the largest resident set.\n", program, program)

	out.WriteString("\n## Aims\n\n")
	for _, a := range aims {
		for _, g := range b.groups {
			if g.Workload == a.workload {
				out.WriteString(a.line(g))
			}
		}
	}
	for _, v := range verdicts {
		out.WriteString(v)
	}

	out.WriteString("\n## Commands\n\n```\n")
	for _, g := range b.groups {
		fmt.Fprintf(&out, "# %s\n", g)
		for _, r := range g.Rows {
			switch {
			case r.Argv != nil:
				fmt.Fprintln(&out, b.commandLine(r.Argv))
			case r.Call != nil:
				fmt.Fprintf(&out, "%s, called by the benchmark itself\n", r.Tool)
			}
		}
	}
	out.WriteString("```\n\n## Machine\n\n")
	out.WriteString(b.machine())
	return out.String()
}

// writeRows writes the table of all rows, with a column for the protocol if
// there are any.
func (b *Bench) writeRows(out *strings.Builder) {
	protocols := slices.ContainsFunc(b.groups, func(g *Group) bool { return g.Protocol != "" })
	names := func(workload, protocol, tool string) []string {
		if !protocols {
			return []string{workload, tool}
		}
		return []string{workload, protocol, tool}
	}
	head := names("workload", "protocol", "program")
	table := [][]string{append(head, "wall", "best", b.config.Program+"/program", "CPU s", "peak MB")}
	for _, g := range b.groups {
		for _, r := range g.Rows {
			table = append(table, append(names(g.Workload, g.Protocol, r.Tool), r.cells(g.Rows[0])...))
		}
	}
	writeTable(out, table, len(head))
}

// cells are the numbers of r, beside those of the first row.
func (r *Row) cells(first *Row) []string {
	if r.broken != "" {
		return []string{r.broken, "", "", "", ""}
	}
	cells := []string{formatWall(r.wall()), formatWall(r.best()), "", "", ""}
	if r != first && first.broken == "" {
		cells[2] = fmt.Sprintf("%.2f", first.ratio(r, usage.wall))
	}
	if r.Call == nil {
		cells[3] = fmt.Sprintf("%.3f", r.cpu())
		cells[4] = fmt.Sprintf("%.1f", r.peakMB())
	}
	return cells
}

func formatWall(d time.Duration) string {
	if d < 100*time.Millisecond {
		return fmt.Sprintf("%.2f ms", d.Seconds()*1e3)
	}
	return fmt.Sprintf("%.3f s", d.Seconds())
}

// line says whether g reaches the aim, or "" if g has nothing to compare with.
func (a Aim) line(g *Group) string {
	first, other := g.Rows[0], g.Rows[0]
	subject, value := "peak MB", (*Row).peakMB
	if a.seconds {
		subject, value = "seconds", func(r *Row) float64 { return r.wall().Seconds() }
	}
	if a.tool != "" {
		i := slices.IndexFunc(g.Rows, func(r *Row) bool { return r.Tool == a.tool })
		if i < 0 {
			return ""
		}
		other = g.Rows[i]
		subject, value = "wall / "+a.tool, func(r *Row) float64 { return r.ratio(other, usage.wall) }
		if a.cpu {
			subject, value = "CPU / "+a.tool, func(r *Row) float64 { return r.ratio(other, usage.cpu) }
		}
	}
	subject = g.String() + ": " + subject
	if first.broken != "" || other.broken != "" {
		return fmt.Sprintf("- not measured: %s\n", subject)
	}
	return Verdict(subject, value(first), a.limit)
}

// Verdict is the line of the report that says whether value is within limit.
func Verdict(subject string, value, limit float64) string {
	word := "reached"
	if value > limit {
		word = "MISSED"
	}
	return fmt.Sprintf("- %s: %s: %.3f, aim at most %.2f\n", word, subject, value, limit)
}

// commandLine is argv as one would type it, with $DIR for where the benchmark's
// files are.
func (b *Bench) commandLine(argv []string) string {
	var words []string
	for _, w := range argv {
		if strings.ContainsAny(w, " &") {
			w = "'" + w + "'"
		}
		words = append(words, w)
	}
	return strings.ReplaceAll(strings.Join(words, " "), b.Dir, "$DIR")
}
