package script

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// command evaluates one command.
type command func(*Machine, *call) status

// call is a command with its arguments.
type call struct {
	context
	name       string
	args       []Value // without the name
	start, end int     // of the command, in the Dockerfile
	words      []*syntax.Word
	via        []string // what it runs under: see Call.Via
	logged     *Call
	locate     func(int) int // of an offset in the script that it runs; nil if that is an argument
}

// arg returns the text of the i-th argument, or "".
func (c *call) arg(i int) string {
	if i < len(c.args) {
		return c.args[i].Text
	}
	return ""
}

func (c *call) texts() []string {
	texts := make([]string, len(c.args))
	for i, a := range c.args {
		texts[i] = a.Text
	}
	return texts
}

// print prints a value.
func (c *call) print(v Value) {
	if c.out != nil {
		c.out.values = append(c.out.values, v)
	}
}

func (m *Machine) call(s *syntax.Stmt, x *syntax.CallExpr, c context) status {
	if len(x.Args) == 0 {
		for _, a := range x.Assigns {
			m.assign(a)
		}
		return succeeded
	}
	fields := m.fields(x.Args)
	if len(fields) == 0 {
		return succeeded
	}
	// Assignments before a command are for it alone.
	restore := make(map[string]*Value)
	for _, a := range x.Assigns {
		if a.Name == nil {
			continue
		}
		if m.env != nil && !m.env[a.Name.Value] {
			m.env[a.Name.Value] = true
			defer delete(m.env, a.Name.Value)
		}
		restore[a.Name.Value] = nil
		if v, ok := m.Vars[a.Name.Value]; ok {
			restore[a.Name.Value] = &v
		}
		m.assign(a)
	}
	defer func() {
		for name, v := range restore {
			if delete(m.Vars, name); v != nil {
				m.Vars[name] = *v
			}
		}
	}()
	loc := m.source.Locate
	cl := &call{context: c, name: fields[0].Text, args: fields[1:], words: x.Args, via: m.via}
	cl.start, cl.end = loc(int(x.Pos().Offset())), loc(int(s.End().Offset()))
	if !fields[0].Known() {
		m.log(cl, fields[0])
		m.ran(fields[0], cl)
		m.touch(cl)
		return m.unknown(cl)
	}
	return m.dispatch(cl)
}

// dispatch evaluates a command by its name.
func (m *Machine) dispatch(c *call) status {
	if body, ok := m.functions[c.name]; ok && m.depth < maxDepth {
		m.depth++
		src := m.source
		if from, ok := m.bodies[body]; ok {
			m.source = from
			m.source.Run = src.Run
		}
		defer func() { m.depth--; m.source = src }()
		args := m.args
		m.args = c.args
		got := m.stmt(body, c.context)
		m.args, m.returning = args, false
		return got
	}
	c.logged = m.log(c, Text(c.name))
	if strings.Contains(c.name, "/") {
		if got, ok := m.start(c); ok {
			return got
		}
	}
	if base, ok := cutExe(c.name); ok && m.commands[base] != nil {
		c.name = base
	}
	if f, ok := m.commands[path.Base(c.name)]; ok {
		c.name = path.Base(c.name)
		return f(m, c)
	}
	if strings.Contains(c.name, "/") {
		if f := m.used(m.abs(Text(c.name)), c.name, c.start); f != nil {
			m.runs(f, c)
		}
	} else if got, ok := m.start(c); ok {
		return got
	}
	m.touch(c)
	m.pipeInto(c, false)
	return m.unknown(c)
}

// touch notes which downloads the arguments of a command name.
func (m *Machine) touch(c *call) {
	m.touched(m.abs(Text(c.name)), c.name)
	for _, a := range c.args {
		text := a.Text
		if i := strings.LastIndexByte(text, '='); i >= 0 {
			m.touched(m.abs(Text(text[i+1:])), c.name)
		}
		m.touched(m.abs(a), c.name)
	}
}

// ran notes that a value is run as a program, if it is what a download sends.
func (m *Machine) ran(v Value, c *call) {
	if !v.all && !strings.HasPrefix(v.Text, "<(") {
		return
	}
	for _, f := range v.from {
		m.runs(f, c)
		if f.Piped == "" && len(f.Checks) == 0 {
			f.Piped, f.PipedAt, f.Shell, f.Query = c.name, c.start, true, false
		}
	}
}

func (m *Machine) assign(a *syntax.Assign) {
	if a.Name == nil || a.Naked {
		return
	}
	name := a.Name.Value
	if a.Array != nil || a.Index != nil {
		m.Vars[name] = Unknown("${"+name+"}", name+" is an array")
		return
	}
	v := m.word(a.Value)
	if a.Append {
		v = join(m.get(name), v)
	}
	m.Vars[name] = v
}

// redirect applies redirections and returns what to do when the command has run.
func (m *Machine) redirect(redirs []*syntax.Redirect, c context) (context, func()) {
	var (
		to     string
		null   bool
		output *sink
		more   bool
	)
	for _, r := range redirs {
		fd := ""
		if r.N != nil {
			fd = r.N.Value
		}
		switch r.Op {
		case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll:
			if fd != "" && fd != "1" {
				continue
			}
			w := m.word(r.Word)
			to, null = m.abs(w), w.Text == "/dev/null"
			more = r.Op == syntax.AppOut || r.Op == syntax.AppAll
			c, output = c.capture()
		case syntax.DplOut:
			if w := m.word(r.Word); (fd == "" || fd == "1") && w.Text == "2" {
				c, output = c.capture()
				null = true
			}
		case syntax.RdrIn:
			w := m.word(r.Word)
			v, ok := m.files[m.abs(w)]
			if !ok {
				v = Unknown("$(<"+w.Text+")", "only the build has the file "+w.Text)
			}
			if f := m.find(m.abs(w)); f != nil {
				v.from = append(v.from, f)
			}
			v.from = append(v.from, w.from...)
			c.in = &v
		case syntax.WordHdoc:
			v := join(m.word(r.Word), Text("\n"))
			c.in = &v
		case syntax.Hdoc, syntax.DashHdoc:
			v := m.word(r.Hdoc)
			if r.Op == syntax.DashHdoc {
				lines := strings.Split(v.Text, "\n")
				for i := range lines {
					lines[i] = strings.TrimLeft(lines[i], "\t")
				}
				v.Text = strings.Join(lines, "\n")
			}
			c.in = &v
		}
	}
	return c, func() {
		if output == nil {
			return
		}
		v := output.value()
		if !null {
			m.write(to, v, more)
			return
		}
		for _, f := range v.from {
			if f.Output == "" && f.Piped == "" {
				f.Probe = true
			}
		}
	}
}

// write notes that a value is written into a file.
func (m *Machine) write(to string, v Value, more bool) {
	for _, f := range v.from {
		if f.Output == "" && !f.Query && f.Piped == "" {
			f.Output, f.Landed, f.Filtered = to, to, !v.all
			if strings.Contains(to, "$") {
				f.OutputWhy = "the name of the file is not known"
			}
		}
	}
	if more {
		v = join(m.files[to], v)
	}
	m.files[to] = v
}

// commands returns what is known about commands, by name.
func commands() map[string]command {
	t := make(map[string]command)
	registerBuiltins(t)
	registerWrappers(t)
	registerMachine(t)
	registerFilters(t)
	registerDownloads(t)
	registerChecks(t)
	registerFiles(t)
	registerPackages(t)
	registerSystemPackages(t)
	registerLanguages(t)
	registerInterpreters(t)
	registerRepositories(t)
	return t
}
