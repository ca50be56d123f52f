package script

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

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

// under returns what a command runs under that c, a wrapper with words before the
// command at an argument, starts.
func (c *call) under(at int) []string {
	words := c.name
	for _, a := range c.args[:min(at, len(c.args))] {
		words += " " + a.Text
	}
	return append(c.via[:len(c.via):len(c.via)], words)
}

// print prints a value.
func (c *call) print(v Value) {
	if c.out != nil {
		c.out.print(v)
	}
}

// say prints a known line, or an unknown one if it is not known after all.
func (m *Machine) say(c *call, ok bool, line string) status {
	if !ok {
		return m.unknown(c)
	}
	c.print(Text(line + "\n"))
	return succeeded
}

// unknown is a command that is taken to succeed and to print what is not known.
func (m *Machine) unknown(c *call) status {
	text := strings.Join(append([]string{c.name}, c.texts()...), " ")
	out := Unknown("$("+text+")", "only the build can tell what "+c.name+" prints")
	for _, a := range c.args {
		out.add(Value{from: a.from})
	}
	if c.in != nil {
		out.add(Value{from: c.in.from})
		if c.in.content == packed {
			out.content = packed
		}
	}
	c.print(out)
	return assumed
}

// unsureOf is a command that prints what is not known, and of which only the build
// can tell how it ends.
func (m *Machine) unsureOf(c *call) status {
	m.unknown(c)
	return unsure
}

// asked is the status of a command whose failure is no fault where it is asked for.
func asked(c *call) status {
	if c.guarded {
		return unsure
	}
	return assumed
}

func (m *Machine) call(s *syntax.Stmt, x *syntax.CallExpr, c context) status {
	m.substat = succeeded
	if len(x.Args) == 0 {
		for _, a := range x.Assigns {
			m.assign(a)
		}
		return m.substat
	}
	fields := m.fields(x.Args)
	if len(fields) == 0 {
		for _, a := range x.Assigns {
			m.assign(a)
		}
		return m.substat
	}
	// Assignments before a command are for it alone.
	for _, a := range x.Assigns {
		if a.Name != nil {
			defer m.temporarily(a.Name.Value)()
			m.assign(a)
		}
	}
	loc := m.source.Locate
	cl := &call{context: c, name: fields[0].Text, args: fields[1:], words: x.Args, via: m.via}
	cl.start, cl.end = loc(int(x.Pos().Offset())), loc(int(s.End().Offset()))
	if tool, ok := fields[0].lookedUp(); ok {
		cl.name = tool
		return m.program(cl)
	}
	if !fields[0].Known() {
		m.log(cl, fields[0])
		m.ran(fields[0], cl)
		m.touch(cl)
		return m.unsureOf(cl)
	}
	return m.dispatch(cl)
}

// dispatch evaluates a command by its name.
func (m *Machine) dispatch(c *call) status {
	bodies, ok := m.functions[c.name]
	switch {
	case !ok:
		return m.program(c)
	case m.depth >= maxDepth:
		m.overwritten("may be set by functions that call one another")
		return unsure
	}
	var cases []func() status
	for _, body := range bodies {
		cases = append(cases, func() status {
			if body == nil {
				return m.program(c)
			}
			return m.function(c, body)
		})
	}
	if len(cases) == 1 {
		return cases[0]()
	}
	return m.branches(c.context, unsure, cases...)
}

// function evaluates a call of a function.
func (m *Machine) function(c *call, body *syntax.Stmt) status {
	m.depth++
	src := m.source
	if from, ok := m.bodies[body]; ok {
		m.source = from
		m.source.Run = src.Run
	}
	defer func() { m.depth--; m.source = src }()
	args, locals, from := m.args, m.locals, len(m.ways)
	m.args, m.locals = c.args, make(map[string]*Value)
	got := m.stmt(body, c.context)
	m.exit.returns()
	got = m.arrive(got, from, (*exit).returns)
	for name, v := range m.locals {
		if delete(m.Vars, name); v != nil {
			m.Vars[name] = *v
		}
	}
	m.args, m.locals = args, locals
	return got
}

// program evaluates a command that is no function.
func (m *Machine) program(c *call) status {
	c.logged = m.log(c, Text(c.name))
	c.logged.Made, c.logged.Config = m.made(c), m.config(c)
	if as, ok := m.aliases[c.name]; ok {
		return m.branches(c.context, unsure, func() status { return m.expanded(c, as) }, func() status { return m.plain(c) })
	}
	return m.plain(c)
}

// plain evaluates a command that is no alias either.
func (m *Machine) plain(c *call) status {
	if tool := m.underOtherName(c); tool != "" {
		c.name, c.logged.Program = tool, tool
		return m.commands[tool](m, c)
	}
	if strings.Contains(c.name, "/") {
		if got, ok := m.start(c); ok {
			return got
		}
	} else {
		m.runByName(c)
	}
	if base, ok := cutExe(c.name); ok && m.commands[base] != nil {
		c.name, c.logged.Program = base, base
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

// runByName notes that a command without a path runs a download, if the first file of
// the name in $PATH is one.
func (m *Machine) runByName(c *call) {
	for _, dir := range m.searched() {
		p := path.Join(dir, c.name)
		if _, ok := m.files[p]; !ok {
			continue
		}
		if f := m.used(p, c.name, c.start); f != nil {
			m.runs(f, c)
		}
		return
	}
}

// touch notes that a command may change the small files that its arguments name.
func (m *Machine) touch(c *call) {
	for _, a := range c.args {
		p := m.abs(a)
		if v, ok := m.files[p]; ok && v.Known() {
			v.Why = c.name + " may have changed it"
			m.files[p] = v
		}
	}
}

// ran notes that a value is run as a program, if it is what a download sends.
func (m *Machine) ran(v Value, c *call) {
	if v.content != whole && v.origin != process {
		return
	}
	for _, f := range v.from {
		m.runs(f, c)
		m.Log(Piped{Fetch: f, At: c.start, Into: c.name, Runs: true, Argument: true})
		f.consumed = true
	}
}

// pipeInto notes that a program takes downloads from its input, and whether it
// runs them.
func (m *Machine) pipeInto(c *call, runs bool) {
	if c.in == nil {
		return
	}
	for _, f := range c.in.from {
		if runs {
			m.runs(f, c)
		}
		m.Log(Piped{Fetch: f, At: c.start, Into: path.Base(c.name), Runs: runs})
		f.consumed = true
	}
}

// query notes that the answers in a command's input are read as text.
func (m *Machine) query(c *call) {
	if c.in == nil {
		return
	}
	for _, f := range c.in.from {
		if f.Output == "" && c.in.content != packed {
			m.Log(Read{Fetch: f})
			f.consumed = true
		}
	}
}
