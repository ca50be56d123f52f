package script

import (
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// get returns the value of a variable.
func (m *Machine) get(name string) Value {
	v, _ := m.lookup(name)
	return v
}

// lookup returns the value of a variable, and whether it is set.
func (m *Machine) lookup(name string) (Value, bool) {
	switch name {
	case "@", "*":
		if len(m.args) == 0 {
			return Value{}, false
		}
		return m.joined(m.args, name == "*"), true
	case "#":
		if slices.ContainsFunc(m.args, func(v Value) bool { return v.many }) {
			return Unknown("$#", "the number of arguments is not known"), true
		}
		return Text(strconv.Itoa(len(m.args))), true
	case "?":
		return Value{Text: "$?", Why: "it is a command's status", origin: lastStatus}, true
	case "PWD":
		if !strings.HasPrefix(m.Dir, "/") {
			return Unknown("${PWD}", "the directory is not known"), true
		}
		return Text(m.Dir), true
	case "RANDOM", "SECONDS", "EPOCHSECONDS", "PPID", "UID", "EUID", "HOSTNAME", "LINENO", "OSTYPE", "HOSTTYPE", "MACHTYPE", "BASH_VERSION", "OPTARG", "OPTIND", "REPLY":
		if v, ok := m.Vars[name]; ok {
			return v, true
		}
		return Unknown("${"+name+"}", "only the build can tell"), true
	case "0":
		if m.zero != nil {
			return *m.zero, true
		}
		fallthrough
	case "$", "!", "-", "_":
		return Unknown("$"+name, "only the build can tell"), true
	}
	if n, err := strconv.Atoi(name); err == nil && n > 0 {
		if slices.ContainsFunc(m.args[:min(n, len(m.args))], func(v Value) bool { return v.many }) {
			return Unknown("$"+name, "the number of arguments is not known"), true
		}
		if n <= len(m.args) {
			return m.args[n-1], true
		}
		return Value{}, false
	}
	if v, ok := m.Vars[name]; ok {
		return v, true
	}
	why := name + " is not set in this Dockerfile"
	switch reason, ok := m.Unset[name]; {
	case ok:
		why = reason
	case m.sourced != "":
		why = name + " " + m.sourced
	case name == "HOME":
		return Text("/root"), true
	case m.assigned[name]:
		return Value{}, false // the script's own, and not set on this way
	}
	v := Unknown("${"+name+"}", why)
	_, v.unset = m.Unset[name]
	return v, false
}

// word returns what a word stands for, unsplit.
func (m *Machine) word(w *syntax.Word) Value {
	if w == nil {
		return Value{}
	}
	return m.parts(w.Parts, false, false)
}

// pattern returns a word as a pattern: what is quoted in it stands for itself.
func (m *Machine) pattern(w *syntax.Word) Value {
	if w == nil {
		return Value{}
	}
	return m.parts(w.Parts, false, true)
}

// joined returns arguments or elements as one word.
func (m *Machine) joined(values []Value, byIFS bool) Value {
	sep := Text(" ")
	if ifs, ok := m.Vars["IFS"]; ok && byIFS {
		if sep = ifs; ifs.Known() {
			sep.Text = ifs.Text[:min(1, len(ifs.Text))]
		}
	}
	var parts []Value
	for i, a := range values {
		if i > 0 {
			parts = append(parts, sep)
		}
		parts = append(parts, a)
	}
	return join(parts...)
}

func (m *Machine) parts(parts []syntax.WordPart, quoted, meta bool) Value {
	var values []Value
	for i, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			text := unescape(p.Value, quoted, meta)
			if i == 0 && !quoted && (text == "~" || strings.HasPrefix(text, "~/")) {
				values = append(values, m.get("HOME"))
				text = text[1:]
			}
			values = append(values, Text(text))
		case *syntax.SglQuoted:
			v := Text(p.Value)
			if p.Dollar {
				v = m.ansi(p.Value)
			}
			if meta {
				v.Text = pattern.QuoteMeta(v.Text, 0)
			}
			values = append(values, v)
		case *syntax.DblQuoted:
			v := m.parts(p.Parts, true, false)
			v.many = false
			if meta {
				v.Text = pattern.QuoteMeta(v.Text, 0)
			}
			values = append(values, v)
		case *syntax.ParamExp:
			if m.spent(16) {
				return Unknown("${…}", errTooMuch.Error())
			}
			values = append(values, m.param(p))
		case *syntax.CmdSubst:
			values = append(values, m.substitute(p.Stmts))
		case *syntax.ProcSubst:
			v := m.substitute(p.Stmts)
			values = append(values, Value{Text: "<(" + v.Text + ")", Why: "it is what a command prints", from: v.from, sums: v.sums, origin: process})
		case *syntax.ArithmExp:
			values = append(values, m.arithmetic(p.X))
		default:
			values = append(values, Unknown("${}", "it is written in a way that is not read"))
		}
	}
	return join(values...)
}

// unescape removes the backslashes of a literal.
func unescape(s string, quoted, meta bool) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch {
		case s[i] == '\n':
		case quoted && !strings.ContainsRune("$`\"\\", rune(s[i])), meta && strings.ContainsRune(`*?[]\`, rune(s[i])):
			b.WriteString(`\` + string(s[i]))
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// ansi returns what $'…' stands for, which is nothing special in some shells that
// /bin/sh may be.
func (m *Machine) ansi(s string) Value {
	text, ok, _ := escapes(s, quotedEscapes)
	switch {
	case !ok:
		return Unknown(s, "it is escaped in a way that is not read")
	case !m.source.Bash:
		return Unknown(text, "what $'…' is depends on the shell")
	}
	return Text(text)
}

// substitute returns what statements print, without the line feeds at its end.
func (m *Machine) substitute(stmts []*syntax.Stmt) Value {
	if m.depth++; m.depth > maxDepth || m.over() {
		m.depth--
		m.substat = unsure
		return Unknown("$(…)", "it is nested too deep")
	}
	defer func() { m.depth-- }()
	if len(stmts) == 1 && stmts[0].Cmd == nil && len(stmts[0].Redirs) == 1 && stmts[0].Redirs[0].Op == syntax.RdrIn {
		// $(<file)
		c, _ := m.redirect(stmts[0].Redirs, context{})
		v := *c.in
		v.Text = strings.TrimRight(v.Text, "\n")
		if m.substat = unsure; !m.source.Bash && v.Known() {
			v.Why = "what $(<file) is depends on the shell"
		}
		return v
	}
	c, out := context{lost: "it is in a substitution"}.capture()
	m.substat = m.subshell(func() status { return m.list(stmts, c) })
	v := out.value()
	v.Text = strings.TrimRight(v.Text, "\n")
	if strings.Contains(v.Text, "\x00") {
		v = Unknown("$(…)", "it holds a zero byte")
	}
	for _, f := range v.from {
		if f.Output == "" && v.content != packed {
			m.Log(Read{Fetch: f, Captured: true})
			f.consumed = true
		}
	}
	return v
}
