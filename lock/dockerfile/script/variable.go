package script

import (
	"cmp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

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

// export notes that scripts that this one starts get a variable.
func (m *Machine) export(name string) {
	if m.env != nil {
		m.env[name] = true
	}
}

func evalUnset(m *Machine, c *call) status {
	for _, a := range c.args {
		switch {
		case a.many || !a.Known():
			m.overwritten("may be unset")
		case a.Text == "-f":
			for _, name := range c.args {
				delete(m.functions, name.Text)
			}
			return succeeded
		case syntax.ValidName(a.Text):
			m.Vars[a.Text] = Value{}
			delete(m.env, a.Text)
		default:
			name, _, _ := strings.Cut(a.Text, "[")
			delete(m.Vars, name)
		}
	}
	return succeeded
}

func evalShift(m *Machine, c *call) status {
	n := 1
	if len(c.args) > 0 {
		var err error
		if n, err = strconv.Atoi(c.arg(0)); !c.args[0].Known() {
			m.args = []Value{{Text: "$@", Why: "the number of arguments is not known", many: true}}
			return assumed
		} else if err != nil || n < 0 {
			return failed
		}
	}
	for _, a := range m.args[:min(n, len(m.args))] {
		if a.many {
			m.args = []Value{{Text: "$@", Why: "the number of arguments is not known", many: true}}
			return assumed
		}
	}
	if n > len(m.args) {
		if !m.source.Bash {
			// Some shells that /bin/sh may be end with it.
			return m.branches(c.context, unsure, func() status { return failed }, func() status {
				m.exit = exit{to: theEnd}
				return failed
			})
		}
		return failed
	}
	m.args = m.args[n:]
	return succeeded
}

// evalRead evaluates the builtin that reads a line.
func evalRead(m *Machine, c *call) status {
	var names []string
	raw, odd := false, false
	for _, a := range c.args {
		switch {
		case a.Text == "-r":
			raw = true
		case strings.HasPrefix(a.Text, "-"):
			odd = true
		case syntax.ValidName(a.Text):
			names = append(names, a.Text)
		}
	}
	if len(names) == 0 {
		names = []string{"REPLY"}
		odd = true
	}
	ifs, set := m.Vars["IFS"]
	if !set {
		ifs = Text(" \t\n")
	}
	sep := strings.Trim(ifs.Text, " \t\n")
	switch {
	case c.in == nil || !c.in.Known() || odd || !ifs.Known() || len(sep) > 1:
		for _, name := range names {
			v := Unknown("${"+name+"}", name+" is read from input")
			if c.in != nil {
				v.from = c.in.from
			}
			m.put(name, v)
		}
		return unsure
	case c.in.Text == "":
		for _, name := range names {
			m.put(name, c.in.with(""))
		}
		return failed
	}
	line, rest, whole := strings.Cut(c.in.Text, "\n")
	input := *c.in
	*c.in = input.with(rest)
	unknown := !raw && strings.Contains(line, `\`)
	blanks := ""
	for _, b := range " \t" {
		if strings.ContainsRune(ifs.Text, b) {
			blanks += string(b)
		}
	}
	for i, name := range names {
		line = strings.Trim(line, blanks)
		word := line
		if i < len(names)-1 {
			if at := strings.IndexAny(line, sep+blanks); at >= 0 {
				word, line = line[:at], strings.TrimLeft(line[at:], blanks)
				if sep != "" {
					line = strings.TrimPrefix(line, sep)
				}
			} else {
				line = ""
			}
		} else if sep != "" && strings.Contains(word, sep) {
			unknown = true // the last one takes separators as they are, but for one at the end
		}
		v := input.with(word)
		if unknown {
			v.Why = name + " is read in a way that is not followed"
		}
		m.put(name, v)
	}
	return truth(whole)
}

func evalGetopts(m *Machine, c *call) status {
	if name := c.arg(1); syntax.ValidName(name) {
		m.put(name, Unknown("${"+name+"}", name+" is set by getopts"))
	}
	return unsure
}

func evalMapfile(m *Machine, c *call) status {
	m.overwritten("may be set by " + c.name)
	return assumed
}
