package migrate

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
)

// element is a command, or a pipe of them, of a script's top level.
// elements returns the top level of a script: what && and ; join.
// stepCommands are the programs that a step consists of.
// isStep reports whether an element holds nothing but programs of steps, in a pipe,
// with nothing behind || but the end of the script, and writes no other file than
// that where the download has landed.
// onlyAsks reports whether a substitution only asks for the machine or changes
// text.
// isIdle reports whether an element does nothing that outlasts the script.
// change is an edit of the file.
type change struct {
	start, end int
	text       string
}

// Rewrite returns the Dockerfile with depfetch in the place of the downloads that
// can be taken over. lockfile is the path of the lockfile in the build's context.
// The Keep of the downloads that stay says why.
func (p *Plan) Rewrite(lockfile string) ([]byte, error) {
	var changes []change
	p.declared = make(map[int]int)
	for stage := range p.File.Stages {
		t := p.traces[p.Platforms[0]].Stages[stage]
		for i, run := range t.Runs {
			changes = append(changes, p.rewriteRun(stage, i, run, lockfile)...)
		}
		for _, d := range p.Downloads {
			if d.stage == stage && d.add != nil {
				changes = append(changes, p.rewriteAdd(d, lockfile)...)
			}
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	var out bytes.Buffer
	at := 0
	for _, c := range changes {
		out.Write(p.File.Data[at:c.start])
		out.WriteString(c.text)
		at = c.end
	}
	out.Write(p.File.Data[at:])
	return out.Bytes(), p.verify(out.Bytes())
}

// keep notes why downloads stay.
func keep(all []*Download, format string, args ...any) {
	for _, d := range all {
		if d.Keep == "" {
			d.Keep = fmt.Sprintf(format, args...)
		}
	}
}

// candidates returns the downloads of a script that may be rewritten so far.
func (p *Plan) candidates(stage, run int) []*Download {
	var all []*Download
	for _, d := range p.Downloads {
		if d.stage == stage && d.run == run && d.add == nil && d.Keep == "" {
			all = append(all, d)
		}
	}
	return all
}

// rewriteRun returns the edits of one RUN.
func (p *Plan) rewriteRun(stage, n int, run dockerfile.Run, lockfile string) []change {
	all := p.candidates(stage, n)
	if len(all) == 0 {
		return nil
	}
	if why := p.unfit(stage, run, all); why != "" {
		keep(all, "%s", why)
		return nil
	}
	parts, err := elements(run)
	if err != nil {
		keep(all, "%v", err)
		return nil
	}
	// A download that cannot be taken over may keep another from it, so until all
	// that is left can be.
	for {
		before := len(all)
		p.take(stage, n, parts, all)
		if all = p.candidates(stage, n); len(all) == before {
			break
		}
	}
	if len(all) == 0 {
		return nil
	}
	return p.edits(stage, run, parts, all, lockfile)
}

// unfit says why nothing of a RUN can be taken over, or returns "".
func (p *Plan) unfit(stage int, run dockerfile.Run, all []*Download) string {
	if !run.Shell {
		return "it is in a heredoc or in the exec form"
	}
	s := p.File.Stages[stage]
	if s.Platform != "" && slices.ContainsFunc(all, func(d *Download) bool { return len(d.Dep.Alias) > 0 || perPlatform(d.Dep.URL) }) {
		return "its stage has a --platform of its own"
	}
	for _, d := range all {
		for _, m := range run.Mounts {
			if m != "" && below(d.Dep.Path, strings.TrimSuffix(m, "/")) {
				return m + " is a mount of the step"
			}
		}
	}
	return ""
}

func perPlatform(url string) bool {
	for _, w := range []string{"{arch}", "{uname}", "{variant}", "{alias}", "{os}"} {
		if strings.Contains(url, w) {
			return true
		}
	}
	return false
}

// take marks the elements that the downloads consist of, and says of those that
// cannot be taken over why.
func (p *Plan) take(stage, run int, parts []*element, all []*Download) {
	for _, e := range parts {
		e.taken = false
	}
	for _, d := range all {
		for _, x := range d.fetches {
			for _, s := range x.Steps {
				if !d.needs(x, s.What) {
					continue
				}
				i := slices.IndexFunc(parts, func(e *element) bool { return s.Start >= e.start && s.Start < e.end })
				optional := (s.What == "check" || s.What == "mode") && d.Dep.Unpack == nil && d.Dep.Path == x.Landed
				switch {
				case optional && (i < 0 || !isStep(parts[i].stmt, x.Landed) || s.Files != p.sharing(stage, run, s, all)):
					// It finds the file where it was, so it can stay.
				case i < 0 || !isStep(parts[i].stmt, x.Landed):
					keep([]*Download{d}, "its steps are entangled with other commands")
				case s.Files != p.sharing(stage, run, s, all):
					keep([]*Download{d}, "a step of it is about other files too")
				default:
					parts[i].taken = true
				}
			}
		}
		if d.Keep == "" && !d.unconditional(p) {
			keep([]*Download{d}, "it does not happen on every platform of the lockfile")
		}
	}
	// What else is in the elements stays, and so do they.
	ours := make(map[*script.Fetch]bool)
	for _, d := range all {
		for _, x := range d.fetches {
			ours[x] = d.Keep == ""
		}
	}
	for _, t := range p.traces {
		for _, x := range t.Stages[stage].Fetches {
			for _, e := range parts {
				if x.Run == run && !ours[x] && e.taken && x.Start >= e.start && x.Start < e.end {
					p.release(e, all, "the same command makes another download, which stays")
				}
			}
		}
	}
	// depfetch comes before what stays of the step, and what came before the
	// download must leave its file.
	for _, e := range parts {
		if e.taken {
			continue
		}
		for _, gone := range removes(e.stmt) {
			for _, d := range all {
				if x := d.one(p.Platforms); below(d.Dep.Path, gone) && e.end <= x.Start {
					keep([]*Download{d}, "the same step removes %s", gone)
				}
			}
		}
	}
}

// removes returns the absolute paths that rm and mv in an element take away.
// below reports whether a path is another or below it.
// release keeps the downloads that an element is a step of.
func (p *Plan) release(e *element, all []*Download, why string) {
	for _, d := range all {
		for _, x := range d.fetches {
			for _, s := range x.Steps {
				if s.Start >= e.start && s.Start < e.end {
					keep([]*Download{d}, "%s", why)
				}
			}
		}
	}
}

// needs reports whether depfetch takes a step over.
func (d *Download) needs(x *script.Fetch, what string) bool {
	switch what {
	case "fetch", "check":
		return true
	case "mode":
		return d.Dep.Mode != ""
	case "move", "install":
		return d.Dep.Path == x.Moved && d.Dep.Unpack == nil
	case "unpack":
		return d.Dep.Unpack != nil
	case "remove":
		// Of what is not there in the first place.
		return d.Dep.Unpack != nil || d.Dep.Path == x.Moved && installed(x)
	}
	return false
}

// sharing returns how many files the downloads have in one step.
func (p *Plan) sharing(stage, run int, step script.Step, all []*Download) int {
	if step.What == "fetch" {
		return 1
	}
	n := 0
	for _, d := range all {
		for _, platform := range p.Platforms {
			x := d.fetches[platform]
			if x == nil {
				continue
			}
			if slices.ContainsFunc(x.Steps, func(s script.Step) bool { return s.Start == step.Start && s.What == step.What }) {
				n++
			}
			break
		}
	}
	return n
}

// unconditional reports whether every platform has the download.
func (d *Download) unconditional(p *Plan) bool { return len(d.fetches) == len(p.Platforms) }

// edits returns the edits of a RUN whose elements are marked.
func (p *Plan) edits(stage int, run dockerfile.Run, parts []*element, all []*Download, lockfile string) []change {
	in := run.Instruction
	step := p.step(stage, in, all, lockfile)
	left := slices.ContainsFunc(parts, func(e *element) bool { return !e.taken && !isIdle(e.stmt) })
	if !left {
		return []change{{in.Start, in.End, step}}
	}
	changes := []change{{in.Start, in.Start, step}}
	for i := 0; i < len(parts); i++ {
		if !parts[i].taken {
			continue
		}
		j := i
		for j+1 < len(parts) && parts[j+1].taken {
			j++
		}
		switch last := j == len(parts)-1; {
		case !last && (i == 0 || parts[i].semicolon):
			changes = append(changes, change{parts[i].start, parts[j+1].start, ""})
		default:
			changes = append(changes, change{parts[i-1].end, parts[j].end, ""})
		}
		i = j
	}
	return changes
}

// step returns the instruction that fetches dependencies.
func (p *Plan) step(stage int, before *dockerfile.Instruction, all []*Download, lockfile string) string {
	var b strings.Builder
	var names []string
	platform := false
	for _, d := range all {
		names = append(names, fmt.Sprintf("%q", d.Dep.Name))
		platform = platform || perPlatform(d.Dep.URL) || len(d.Dep.Platforms) > 0
	}
	if platform && !p.declares(stage, before) {
		b.WriteString("ARG TARGETPLATFORM\n")
	}
	fmt.Fprintf(&b, `RUN --mount=type=bind,from=depfetch,source=depfetch,target=/depfetch \
    --mount=type=bind,source=%s,target=/deps.lock.toml \
    ["/depfetch", "fetch", "--lock", "/deps.lock.toml", %s]
`, path.Clean(lockfile), strings.Join(names, ", "))
	text := b.String()
	if escape := p.File.Escape(); escape != '\\' {
		text = strings.ReplaceAll(text, "\\\n", string(escape)+"\n")
	}
	if bytes.Contains(p.File.Data, []byte("\r\n")) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text
}

// declares reports whether the stage has ARG TARGETPLATFORM before an instruction,
// or gets one there.
func (p *Plan) declares(stage int, before *dockerfile.Instruction) bool {
	for _, in := range p.File.Stages[stage].Instructions {
		if in == before {
			break
		}
		if c, ok := in.Command.(*instructions.ArgCommand); ok {
			for _, kv := range c.Args {
				if kv.Key == "TARGETPLATFORM" {
					return true
				}
			}
		}
	}
	if at, ok := p.declared[stage]; ok && at < before.Start {
		return true
	}
	p.declared[stage] = before.Start
	return false
}

// rewriteAdd returns the edit of an ADD.
func (p *Plan) rewriteAdd(d *Download, lockfile string) []change {
	all := []*Download{d}
	switch s := p.File.Stages[d.stage]; {
	case d.Keep != "":
		return nil
	case d.add.Sources > 1:
		keep(all, "its ADD has several sources")
		return nil
	case !d.unconditional(p):
		keep(all, "it does not happen on every platform of the lockfile")
		return nil
	case !isRoot(d.add.User):
		keep(all, "ADD gives it to root, and depfetch would run as %s", d.add.User)
		return nil
	case s.Platform != "" && perPlatform(d.Dep.URL):
		keep(all, "its stage has a --platform of its own")
		return nil
	}
	in := d.add.Instruction
	return []change{{in.Start, in.End, p.step(d.stage, in, all, lockfile)}}
}

// isRoot reports whether a USER is root, or none.
func isRoot(user string) bool {
	name, _, _ := strings.Cut(user, ":")
	return name == "" || name == "root" || name == "0"
}

// verify reads a rewritten Dockerfile again: what it downloads must be what was to
// stay.
func (p *Plan) verify(data []byte) error {
	f, err := dockerfile.Parse(p.File.Name, data)
	if err != nil {
		return fmt.Errorf("reading what was rewritten: %w", err)
	}
	for _, platform := range p.Platforms {
		want, got := make(map[string]int), make(map[string]int)
		gone := make(map[*script.Fetch]bool)
		for _, d := range p.Downloads {
			if d.Keep == "" {
				gone[d.fetches[platform]] = true
			}
		}
		count := func(t *dockerfile.Trace, into map[string]int) {
			for _, s := range t.Stages {
				for _, x := range s.Fetches {
					if !gone[x] && !x.Query {
						into[fmt.Sprintf("%s > %s", x.URL.Text, x.Output)]++
					}
				}
			}
		}
		count(p.traces[platform], want)
		count(f.Trace(platform), got)
		for what, n := range want {
			if got[what] != n {
				return fmt.Errorf("%s: rewriting would change what stays: %s", p.File.Name, what)
			}
			delete(got, what)
		}
		for what := range got {
			return fmt.Errorf("%s: rewriting would change what stays: %s", p.File.Name, what)
		}
	}
	return nil
}
