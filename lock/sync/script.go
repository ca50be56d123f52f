package sync

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"depfetch/fetch/source"
	"depfetch/lock/dockerfile/script"
)

// Scripts returns the requests of a RUN whose bytes it runs as a program, and which
// have not been given to ReadScript yet.
func (run *Run) Scripts() []*Request {
	var all []*Request
	for _, c := range run.Calls {
		for _, r := range c.Requests {
			if len(r.runs) > 0 && !r.read && r.Unknown == "" && r.Refused == (Reason{}) {
				all = append(all, r)
			}
		}
	}
	return all
}

var (
	shebang     = regexp.MustCompile(`^#![ \t]*(\S+)(?:[ \t]+(\S+))?`)
	downloading = regexp.MustCompile(`\b(curl|wget)\b`)
)

// ReadScript reads what one of the Scripts sends: its own downloads become those of
// the RUN, and what cannot be known of them an obstacle.
func (run *Run) ReadScript(r *Request, text []byte) {
	r.read = true
	shown := source.Redact(r.URL)
	interpreter := "sh"
	if m := shebang.FindSubmatch(text); m != nil {
		interpreter = lastElement(string(m[1]))
		if interpreter == "env" {
			interpreter = string(m[2])
		}
	}
	switch {
	case !isText(text), !downloading.Match(text):
		return // a program, or a script that calls neither
	case len(text) > maxScript:
		run.leave(r.At, shown+" runs, and is too long a script to be read", hintRecord)
		return
	}
	for _, e := range r.runs {
		name := lastElement(e.call.Name.Text)
		if name != "." && name != "source" && !isShell(name) {
			name = interpreter
		}
		if !isShell(name) && name != "." && name != "source" {
			run.leave(r.At, shown+" runs, names curl or wget, and is a script for "+name, hintRecord)
			return
		}
		inner := &Run{Stage: run.Stage, Instruction: run.Instruction, platform: e.platform}
		inner.script(r.At, e, text, name == "bash")
		for _, o := range inner.Obstacles {
			run.leave(r.At, shown+" runs: "+o.What, hintRecord)
		}
		for _, c := range inner.Calls {
			for _, more := range c.Requests {
				if why := more.Unknown; why != "" {
					run.leave(r.At, shown+" runs, and downloads more: an address is not known: "+why, hintRecord)
				} else if more.Refused != (Reason{}) {
					run.leave(r.At, shown+" runs: "+more.Refused.What, hintRecord)
				}
			}
			run.merge(c)
		}
		run.paths, run.changed = append(run.paths, inner.paths...), append(run.changed, inner.changed...)
	}
}

// maxScript is how long a script may be that is read, in bytes.
const maxScript = 1 << 20

// script reads a script as a RUN of its own.
func (run *Run) script(at int, e execution, text []byte, bash bool) {
	m := script.New(e.platform)
	for name, v := range e.env {
		m.Vars[name] = v
	}
	m.Dir = e.call.Dir
	src := script.Source{Text: string(text), Locate: func(int) int { return at }, Bash: bash, Args: operands(e.call)}
	if err := m.Run(src); err != nil {
		run.leave(at, "it cannot be read: "+err.Error(), hintRecord)
		return
	}
	downloads := byCall(m.Events)
	for _, c := range script.Of[*script.Call](m.Events) {
		c.Via = append(slices.Clone(e.call.Via), c.Via...)
		run.command(c, downloads[c])
	}
}

// merge adds the requests of a call.
func (run *Run) merge(c *Call) {
	for _, have := range run.Calls {
		if have.At == c.At && have.Tool == c.Tool {
			have.Requests = append(have.Requests, c.Requests...)
			return
		}
	}
	run.Calls = append(run.Calls, c)
}

// operands returns the arguments that a script gets from the command that runs it.
func operands(c *script.Call) []script.Value {
	name := lastElement(c.Name.Text)
	if !isShell(name) {
		if name == "." || name == "source" {
			return c.Args[min(1, len(c.Args)):]
		}
		return c.Args // it is run by its own name
	}
	for i, a := range c.Args {
		switch {
		case a.Text == "-c":
			return c.Args[min(i+3, len(c.Args)):]
		case a.Text == "-s" || a.Text == "-":
			rest := c.Args[i+1:]
			if len(rest) > 0 && rest[0].Text == "--" {
				rest = rest[1:]
			}
			return rest
		case a.Text == "--":
			return c.Args[min(i+2, len(c.Args)):]
		case !strings.HasPrefix(a.Text, "-"):
			return c.Args[i+1:]
		}
	}
	return nil
}

func isShell(name string) bool {
	return slices.Contains([]string{"sh", "bash", "ash", "dash", "zsh", "ksh"}, name)
}

// isText reports whether what a server sends can be a script.
func isText(b []byte) bool { return !bytes.ContainsRune(b[:min(len(b), 1024)], 0) }

// Unfollowed notes that scripts are left which have not been read.
func (run *Run) Unfollowed() {
	for _, r := range run.Scripts() {
		run.leave(r.At, source.Redact(r.URL)+" is run by a script that runs in a script: they are followed no deeper", hintRecord)
	}
}
