package sync

import (
	"bytes"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"depfetch/fetch/source"
	"depfetch/lock/dockerfile/script"
)

// Scripts returns the requests of a RUN whose files it runs, without those that have
// been passed to ReadScript.
func (run *Run) Scripts() []*Request {
	var all []*Request
	for _, c := range run.Calls {
		for _, r := range c.Requests {
			if len(r.runs) > 0 && !r.read && r.pinnable() {
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

// ReadScript reads the content of one of the Scripts. Its downloads become those of the
// RUN, and what cannot be known about them becomes an obstacle.
func (run *Run) ReadScript(r *Request, text []byte) {
	r.read = true
	shown := source.Redact(r.URL)
	interpreter := "sh"
	if m := shebang.FindSubmatch(text); m != nil {
		interpreter = path.Base(string(m[1]))
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
		name := path.Base(e.call.Name.Text)
		sourced := name == "." || name == "source"
		if !sourced && !isShell(name) {
			name = interpreter
		}
		if !sourced && !isShell(name) {
			run.leave(r.At, shown+" runs, names curl or wget, and is a script for "+name, hintRecord)
			return
		}
		inner := &Run{Stage: run.Stage, Instruction: run.Instruction, platform: e.platform}
		inner.script(r.At, e, text, name == "bash")
		run.Fetches = run.Fetches || inner.Fetches
		for _, o := range inner.Obstacles {
			run.leave(r.At, shown+" runs: "+o.What, hintRecord)
		}
		for _, c := range inner.Calls {
			for _, more := range c.Requests {
				switch {
				case more.Unknown != "":
					run.leave(r.At, shown+" runs, and downloads more: an address is not known: "+more.Unknown, hintRecord)
				case more.Refused != (Reason{}):
					run.leave(r.At, shown+" runs: "+more.Refused.What, hintRecord)
				}
			}
			run.merge(c)
		}
		run.paths, run.changed = append(run.paths, inner.paths...), append(run.changed, inner.changed...)
	}
}

// maxScript is the size of the largest script that is read, in bytes.
const maxScript = 1 << 20

// script reads a script as if it were a RUN of its own.
func (run *Run) script(at int, e execution, text []byte, bash bool) {
	m := script.New(e.platform)
	maps.Copy(m.Vars, e.env)
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

// operands returns the arguments that the command which runs a script passes to it.
func operands(c *script.Call) []script.Value {
	switch name := path.Base(c.Name.Text); {
	case name == "." || name == "source":
		return c.Args[min(1, len(c.Args)):]
	case !isShell(name):
		return c.Args // the script is run by its own name
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

func isShell(name string) bool { return hasWord("sh bash ash dash zsh ksh", name) }

// isText reports whether a file can be a script.
func isText(b []byte) bool { return !bytes.ContainsRune(b[:min(len(b), 1024)], 0) }

// LeaveScripts adds an obstacle for each of the Scripts that are left.
func (run *Run) LeaveScripts() {
	for _, r := range run.Scripts() {
		run.leave(r.At, source.Redact(r.URL)+" is run by a script that runs in a script: they are followed no deeper", hintRecord)
	}
}
