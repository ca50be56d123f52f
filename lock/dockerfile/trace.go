package dockerfile

import (
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock"
	"depfetch/lock/dockerfile/script"
)

// Trace is what a Dockerfile does for one target platform.
type Trace struct {
	Platform lock.Platform
	Stages   []StageTrace
}

// StageTrace is what one stage does.
type StageTrace struct {
	Stage  *Stage
	Runs   []*Instruction // by the Run of the events
	Adds   []Add
	Events []script.Event // of its scripts and of its ADDs, which are downloads
	Unread []Unread       // the RUNs and scripts that could not be read
}

// Add is an address that an ADD downloads.
type Add struct {
	Instruction *Instruction
	At          int // the offset of the address
	URL         script.Value
	Checksum    string // of --checksum; may be empty
	Git         bool   // the address is that of a repository
	Sources     int    // the number of sources of the instruction
	// Fetch is the same download among the events of the stage. Its Tool is ADD.
	Fetch *script.Fetch
}

// Unread is a script that could not be read.
type Unread struct {
	At       int
	In       *Instruction // that runs it
	Why      string
	Language string // what it is written in, if that is not a language of the shell
}

// Trace evaluates all stages for a target platform.
func (f *File) Trace(p lock.Platform) *Trace {
	t := &Trace{Platform: p}
	meta := f.meta(p)
	budget := &script.Budget{Work: script.DefaultWork}
	ends := make(map[*Stage]*evaluation)
	for _, s := range f.Stages {
		base := s.Base
		if base == nil && strings.Contains(s.Image, "$") {
			if ref := f.expand(s.Image, meta); ref.Known() {
				base = f.before(s, ref.Text)
			}
		}
		e := f.evaluate(s, p, meta, ends, base, budget)
		ends[s] = e
		t.Stages = append(t.Stages, e.trace)
	}
	return t
}

// evaluation is the state of a stage after its last instruction so far.
type evaluation struct {
	file    *File
	meta    scope
	scope   scope
	machine *script.Machine
	shell   []string
	copies  []*copied // from the context, the oldest first
	mounts  []*copied // from the context, into the current RUN
	trace   StageTrace
	ends    map[*Stage]*evaluation // of the stages before it
}

func (f *File) evaluate(s *Stage, p lock.Platform, meta scope, ends map[*Stage]*evaluation, on *Stage, budget *script.Budget) *evaluation {
	e := &evaluation{file: f, meta: meta, scope: newScope(), trace: StageTrace{Stage: s}, ends: ends}
	base := ends[on]
	if base != nil && budget.Spend(256*(len(base.scope.env)+len(base.scope.arg)+len(base.scope.unset)+1)) {
		e.scope, e.machine = base.scope.clone(), base.machine.Clone()
		e.shell = base.shell
		e.copies = slices.Clip(base.copies)
	} else {
		budget.Spend(1 << 12)
		e.machine = script.New(p)
		e.inherit()
	}
	e.machine.Budget = budget
	e.machine.Script = e.contextFile
	for _, in := range slices.Concat(f.triggered(s, on), s.Instructions) {
		e.instruction(in)
	}
	if !f.begins(s) {
		for _, in := range s.triggers {
			e.instruction(in) // as another build will
		}
	}
	e.trace.Events = e.machine.Events
	for _, u := range script.Of[script.Unread](e.trace.Events) {
		e.trace.Unread = append(e.trace.Unread, Unread{At: u.At, In: e.trace.Runs[u.Run], Why: u.What, Language: u.Language})
	}
	return e
}

// inherit sets the variables of the base image, but for PATH, which every image has.
func (e *evaluation) inherit() {
	if e.file.Env == nil {
		return
	}
	for _, kv := range e.file.Env(e.trace.Stage.Image) {
		if name, value, ok := strings.Cut(kv, "="); ok && name != "PATH" && len(value) <= maxWord {
			e.scope.assign(e.scope.env, name, script.Text(value))
		}
	}
}

func (e *evaluation) instruction(in *Instruction) {
	f := e.file
	switch c := in.Command.(type) {
	case *instructions.ArgCommand:
		f.declare(c, &e.scope, e.meta)
	case *instructions.EnvCommand:
		f.set(c, &e.scope)
	case *instructions.WorkdirCommand:
		dir := f.expand(c.Path, e.scope)
		switch {
		case strings.HasPrefix(dir.Text, "/"), strings.HasPrefix(dir.Text, "$"):
			e.machine.Dir = path.Clean(dir.Text)
		default:
			e.machine.Dir = path.Join(e.machine.Dir, dir.Text)
		}
	case *instructions.ShellCommand:
		e.shell = c.Shell
	case *instructions.AddCommand:
		e.add(in, c)
		e.copyFiles(in, c.SourcesAndDest, false)
	case *instructions.CopyCommand:
		if c.From == "" {
			e.copyFiles(in, c.SourcesAndDest, c.Parents)
		} else {
			e.programCopied(c)
			e.toolsCopied(c)
		}
	case *instructions.RunCommand:
		e.run(in, c)
	}
}

func (e *evaluation) add(in *Instruction, c *instructions.AddCommand) {
	f := e.file
	dest := f.expand(c.DestPath, e.scope)
	for _, src := range c.SourcePaths {
		u := f.expand(src, e.scope)
		if !strings.Contains(u.Text, "://") && !strings.HasPrefix(u.Text, "git@") {
			continue
		}
		a := Add{Instruction: in, At: in.Start, URL: u, Sources: len(c.SourcePaths)}
		if i := strings.Index(in.text.text, src); i >= 0 {
			a.At = in.text.offsets[i]
		}
		address, fragment, _ := strings.Cut(u.Text, "#")
		repository, _, _ := strings.Cut(address, "?") // its query names the commit too
		a.Git = strings.HasPrefix(u.Text, "git") || strings.HasSuffix(repository, ".git") || fragment != ""
		to := dest.Text
		if !strings.HasPrefix(to, "/") {
			to = path.Join(e.machine.Dir, to)
		}
		if strings.HasSuffix(dest.Text, "/") || dest.Text == "." || len(c.SourcePaths) > 1 {
			name, _, _ := strings.Cut(address, "?")
			to = path.Join(to, path.Base(name))
		}
		a.Checksum = f.expand(c.Checksum, e.scope).Text
		a.Fetch = &script.Fetch{Start: a.At, End: in.End, Run: -1, Tool: "ADD", URL: a.URL, Output: to}
		e.machine.Log(a.Fetch)
		e.trace.Adds = append(e.trace.Adds, a)
	}
}

// posix are the shells whose scripts are read.
var posix = map[string]bool{"sh": true, "bash": true, "ash": true, "dash": true, "zsh": true, "ksh": true, "busybox": true}

func (e *evaluation) run(in *Instruction, c *instructions.RunCommand) {
	src := script.Source{Run: len(e.trace.Runs), Shell: "/bin/sh"}
	if len(e.shell) > 0 {
		src.Shell, src.Login = e.shell[0], script.Login(e.shell)
	}
	e.trace.Runs = append(e.trace.Runs, in)
	// BuildKit parses mounts when it expands their variables.
	err := c.Expand(func(word string) (string, error) { return e.file.expand(word, e.scope).Text, nil })
	if err != nil {
		e.unread(in, err.Error())
	}
	e.mounts = e.mounted(in, c)
	for _, m := range instructions.GetMounts(c) {
		if m.From != "" && path.Base(m.Source) == "depfetch" {
			e.machine.Aliases[path.Clean(m.Target)] = "/depfetch"
		}
	}
	switch {
	case !c.PrependShell:
		src.Text, src.Locate = exec(in, c)
		src.Shell, src.Login = "", ""
	case !e.useShell(in, &src) || !e.useScript(in, c, &src):
		return
	}
	if !e.machine.Budget.Spend(1024 * (len(e.scope.env) + len(e.scope.arg) + 1)) {
		e.unread(in, "the file takes too many steps to be followed to its end")
		return
	}
	e.machine.Vars, e.machine.Unset = e.scope.vars(), e.scope.unset
	if _, ok := e.machine.Vars["PATH"]; !ok { // every image has one
		e.machine.Vars["PATH"] = script.Unknown("$PATH", "PATH is that of the image")
	}
	for _, m := range instructions.GetMounts(c) {
		if m.Type == instructions.MountTypeSecret && m.Env != nil && m.Required {
			e.machine.Vars[*m.Env] = script.Unknown("${"+*m.Env+"}", *m.Env+" is a secret")
		}
	}
	if err := e.machine.Run(src); err != nil {
		e.unread(in, err.Error())
	}
}

func (e *evaluation) unread(in *Instruction, why string) {
	e.trace.Unread = append(e.trace.Unread, Unread{At: in.Start, In: in, Why: why})
}

// useShell applies the stage's SHELL to a script. It returns false if scripts of that
// shell are not read, which it reports.
func (e *evaluation) useShell(in *Instruction, src *script.Source) bool {
	if len(e.shell) == 0 {
		return true
	}
	name := path.Base(strings.ReplaceAll(strings.ToLower(e.shell[0]), `\`, "/"))
	if name == "env" && len(e.shell) > 1 {
		name = path.Base(e.shell[1])
	}
	if !posix[name] {
		e.unread(in, "SHELL is "+e.shell[0])
		return false
	}
	src.Bash = name == "bash" || name == "zsh"
	for i, a := range e.shell {
		if !strings.HasPrefix(a, "-") || strings.HasPrefix(a, "--") {
			continue
		}
		src.Errexit = src.Errexit || strings.Contains(a, "e")
		if strings.HasSuffix(strings.TrimSuffix(a, "c"), "o") && i+1 < len(e.shell) {
			src.Pipefail = src.Pipefail || e.shell[i+1] == "pipefail"
			src.Errexit = src.Errexit || e.shell[i+1] == "errexit"
		}
	}
	return true
}

// useScript sets the script of a RUN in the shell form. It returns false if that is not
// read, which it reports.
func (e *evaluation) useScript(in *Instruction, c *instructions.RunCommand, src *script.Source) bool {
	f, j := e.file, in.text
	if len(c.CmdLine) == 0 {
		e.unread(in, "it is empty")
		return false
	}
	line := c.CmdLine[0]
	locate := j.locate(max(0, strings.LastIndex(j.text, line)))
	docs := f.heredocs(in.node, j)
	if len(docs) == 0 {
		src.Text, src.Locate = line, locate
		return true
	}
	if isHeredoc(line) && len(docs) == 1 {
		// The heredoc is the script.
		body := string(f.Data[docs[0].start:docs[0].end])
		if first, _, _ := strings.Cut(body, "\n"); strings.HasPrefix(first, "#!") {
			words := strings.Fields(first[2:])
			name := ""
			for _, w := range words {
				if name = path.Base(w); name != "env" && !strings.HasPrefix(w, "-") {
					break
				}
			}
			if !posix[name] {
				e.trace.Unread = append(e.trace.Unread, Unread{At: in.Start, In: in, Why: "it is a script for " + name, Language: name})
				return false
			}
			src.Bash = name == "bash"
			src.Errexit = strings.Contains(first, " -e") || strings.Contains(first, " -ue")
		}
		src.Text, src.Locate = body, func(i int) int { return docs[0].start + i }
		return true
	}
	// The shell gets the line and the heredocs after it.
	first := docs[0].start
	behind := string(f.Data[first:in.End])
	ends := strings.Count(behind, "\r\n")
	if src.CRLF = ends > 0; src.CRLF && ends != strings.Count(behind, "\n") {
		e.unread(in, "only some of the lines of its heredoc end with CRLF")
		return false
	}
	behind = strings.ReplaceAll(behind, "\r\n", "\n")
	src.Text = line + "\n" + behind
	src.Locate = func(i int) int {
		if i <= len(line) {
			return locate(i)
		}
		at := first + i - len(line) - 1
		if src.CRLF {
			at += strings.Count(behind[:min(i-len(line)-1, len(behind))], "\n")
		}
		return at
	}
	return true
}

// isHeredoc reports whether a command line consists of the mark of a heredoc alone.
func isHeredoc(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "<<") && !strings.ContainsAny(line[2:], " \t<>|&;")
}

// exec returns a RUN in the exec form as a script, whose bytes are all located at the
// beginning of the instruction.
func exec(in *Instruction, c *instructions.RunCommand) (string, func(int) int) {
	words := make([]string, len(c.CmdLine))
	for i, w := range c.CmdLine {
		words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(words, " "), func(int) int { return in.Start }
}
