package script

import (
	"cmp"
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
	if !fields[0].Known() {
		m.log(cl, fields[0])
		m.ran(fields[0], cl)
		m.touch(cl)
		return m.unsureOf(cl)
	}
	return m.dispatch(cl)
}

// temporarily exports a variable, and returns what makes it again what it is now.
func (m *Machine) temporarily(name string) (restore func()) {
	old, had := m.Vars[name]
	added := m.env != nil && !m.env[name]
	if added {
		m.env[name] = true
	}
	return func() {
		if added {
			delete(m.env, name)
		}
		if delete(m.Vars, name); had {
			m.Vars[name] = old
		}
	}
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
	} else if ok {
		m.overwritten("may be set by functions that call one another")
		return unsure
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
	if !v.all && !strings.HasPrefix(v.Text, "<(") {
		return
	}
	for _, f := range v.from {
		m.runs(f, c)
		m.Log(Piped{Fetch: f, At: c.start, Into: c.name, Runs: true, Argument: true})
		f.consumed = true
	}
}

// put sets a variable.
func (m *Machine) put(name string, v Value) {
	v.many = false
	m.Vars[name] = v
}

func (m *Machine) assign(a *syntax.Assign) {
	if a.Name == nil || a.Naked {
		return
	}
	name := a.Name.Value
	if a.Array != nil || a.Index != nil || m.Vars[name].array != nil {
		m.assignArray(a, false)
		return
	}
	v := m.word(a.Value)
	v.array = nil
	if a.Append {
		if v = join(m.get(name), v); !m.source.Bash {
			v.Why = "what += does depends on the shell"
		}
	}
	m.put(name, v)
}

// declare evaluates export, local, declare and their like.
func (m *Machine) declare(d *syntax.DeclClause) status {
	var (
		flags    string
		variant  = d.Variant.Value
		exported = variant == "export"
	)
	local := func(name string) {
		if _, ok := m.locals[name]; ok || m.locals == nil || strings.Contains(flags, "g") {
			return
		}
		m.locals[name] = nil
		if v, ok := m.Vars[name]; ok {
			m.locals[name] = &v
		}
	}
	for _, a := range d.Args {
		if a.Name == nil {
			if a.Value == nil {
				continue
			}
			if lit := a.Value.Lit(); strings.HasPrefix(lit, "-") || strings.HasPrefix(lit, "+") {
				flags += lit
				exported = exported || strings.HasPrefix(lit, "-") && strings.Contains(lit, "x")
				continue
			}
			// Words that are no assignments as they are written: export $(…).
			for _, v := range m.fields([]*syntax.Word{a.Value}) {
				name, value, ok := strings.Cut(v.Text, "=")
				if v.many || !v.Known() && !(ok && syntax.ValidName(name)) {
					m.overwritten("may be set by what " + variant + " is given")
					continue
				}
				if ok && syntax.ValidName(name) {
					v.Text, v.parts = value, nil
					if m.put(name, v); exported {
						m.export(name)
					}
				}
			}
			continue
		}
		name := a.Name.Value
		if variant == "local" || (variant == "declare" || variant == "typeset") && m.locals != nil {
			_, had := m.Vars[name]
			local(name)
			if a.Naked {
				switch {
				case !had && m.assigned[name]:
				case m.source.Bash:
					m.Vars[name] = Value{}
				default:
					u := Unknown("${"+name+"}", "what a local variable is before it is set depends on the shell")
					m.Vars[name] = u
				}
			}
		}
		assoc := strings.Contains(flags, "A")
		switch {
		case strings.ContainsAny(flags, "inulc"):
			m.put(name, Unknown("${"+name+"}", name+" is declared in a way that is not read"))
		case a.Array != nil || a.Index != nil:
			m.assignArray(a, assoc)
		case a.Naked && strings.ContainsAny(flags, "aA") && variant != "export":
			if v, ok := m.Vars[name]; !ok || v.array == nil {
				m.put(name, arrayValue(name, &array{values: map[string]Value{}, assoc: assoc}))
			}
		default:
			m.assign(a)
			if !m.source.Bash && !a.Naked && m.unsplit(a) {
				v := m.Vars[name]
				v.Why = cmp.Or(v.Why, "whether it is split depends on the shell")
				m.Vars[name] = v
			}
		}
		switch {
		case exported && strings.Contains(flags, "-n"):
			delete(m.env, name)
		case exported:
			m.export(name)
		}
	}
	return succeeded
}

// unsplit reports whether the value of an assignment may be split by shells that
// take export and its like for ordinary commands.
func (m *Machine) unsplit(a *syntax.Assign) bool {
	if a.Value == nil || !strings.ContainsAny(m.Vars[a.Name.Value].Text, " \t\n") {
		return false
	}
	for _, p := range a.Value.Parts {
		switch p.(type) {
		case *syntax.ParamExp, *syntax.CmdSubst:
			return true
		}
	}
	return false
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
				v.add(Value{from: []*Fetch{f}})
			}
			v.add(Value{from: w.from})
			c.in = &v
		case syntax.WordHdoc:
			v := join(m.word(r.Word), Text("\n"))
			v.many = false
			c.in = &v
		case syntax.Hdoc, syntax.DashHdoc:
			v := m.heredoc(r)
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
			if f.Output == "" {
				m.Log(Discarded{f})
			}
		}
	}
}

// heredoc returns the text of a heredoc.
func (m *Machine) heredoc(r *syntax.Redirect) Value {
	if r.Hdoc == nil {
		return Value{}
	}
	raw := false // the delimiter is quoted, and nothing is expanded
	for _, p := range r.Word.Parts {
		if l, ok := p.(*syntax.Lit); !ok || strings.Contains(l.Value, `\`) {
			raw = true
		}
	}
	var values []Value
	for _, p := range r.Hdoc.Parts {
		v := Value{}
		if l, ok := p.(*syntax.Lit); ok {
			v = Text(l.Value)
			if !raw {
				v.Text = unescapeHeredoc(l.Value)
			}
			if r.Op == syntax.DashHdoc {
				v.Text = untab(v.Text, len(values) == 0)
			}
		} else {
			v = m.parts([]syntax.WordPart{p}, true, false)
		}
		v.many = false
		values = append(values, v)
	}
	if len(values) == 0 {
		return Value{}
	}
	return join(values...)
}

// unescapeHeredoc removes the backslashes that mean something in a heredoc.
func unescapeHeredoc(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\$`, `$`, "\\`", "`", "\\\n", "").Replace(s)
}

// untab removes the tabs at the beginnings of lines.
func untab(s string, begins bool) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		if i > 0 || begins {
			lines[i] = strings.TrimLeft(lines[i], "\t")
		}
	}
	return strings.Join(lines, "\n")
}

// write notes that a value is written into a file.
func (m *Machine) write(to string, v Value, more bool) {
	for _, f := range v.from {
		if f.Output == "" && !f.consumed {
			f.Output = to
		}
	}
	if old, ok := m.files[to]; more && ok {
		v = join(old, v)
	} else if more {
		v = join(Unknown("$(cat "+to+")", "only the build has the file "+to), v)
	}
	if len(m.files) > maxFetches {
		v = Unknown("$(cat "+to+")", "there are too many files")
	}
	v.many = false
	m.files[to] = v
}
