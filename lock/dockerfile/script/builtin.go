package script

import (
	"maps"
	"path"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

func exitStatus(c *call) status {
	switch c.arg(0) {
	case "0":
		return succeeded
	case "":
		return unsure
	}
	return failed
}

func evalSet(m *Machine, c *call) status {
	for i := 0; i < len(c.args); i++ {
		a := c.args[i].Text
		if a == "--" {
			m.args = c.args[i+1:]
			return succeeded
		}
		if len(a) < 2 || a[0] != '-' && a[0] != '+' {
			m.args = c.args[i:]
			return succeeded
		}
		on := a[0] == '-'
		for _, letter := range a[1:] {
			switch letter {
			case 'e':
				m.errexit = on
			case 'a':
				if on {
					m.env = nil // all that is set is exported
				}
			case 'o':
				switch i++; c.arg(i) {
				case "errexit":
					m.errexit = on
				case "pipefail":
					m.pipefail = on
				case "noglob":
					m.noglob = on
				case "allexport":
					m.env = nil
				}
			case 'f':
				m.noglob = on
			}
		}
	}
	return succeeded
}

// wrappers run the command in their arguments. The values are the options that
// take an argument of their own, and how many words come before the command.
var wrappers = map[string]struct {
	options string
	words   int
}{
	"sudo": {"-u -g -h -p -C -D", 0}, "doas": {"-u", 0}, "env": {"-u -C", 0}, "exec": {"-a", 0},
	"time": {"-f -o", 0}, "nice": {"-n", 0}, "ionice": {"-c -n", 0}, "nohup": {"", 0}, "timeout": {"-s -k", 1},
	"busybox": {"", 0}, "gosu": {"", 1}, "su-exec": {"", 1}, "chroot": {"", 1}, "setarch": {"", 0},
	"linux32": {"", 0}, "linux64": {"", 0}, "stdbuf": {"-o -i -e", 0}, "builtin": {"", 0}, "travis_retry": {"", 0},
	"retry": {"-t -d", 0}, "eatmydata": {"", 0}, "fakeroot": {"", 0}, "xvfb-run": {"-s -e", 0}, "setpriv": {"", 0},
	"catatonit": {"", 0}, "tini": {"", 0},
}

// evalWrapper evaluates a program that runs the command in its arguments.
func evalWrapper(m *Machine, c *call) status {
	w := wrappers[c.name]
	i := 0
	for ; i < len(c.args); i++ {
		a := c.args[i].Text
		if name, value, ok := strings.Cut(a, "="); ok && (c.name == "env" || c.name == "sudo") && syntax.ValidName(name) {
			defer m.temporarily(name)()
			m.Vars[name] = c.args[i].with(value)
			continue
		}
		if !strings.HasPrefix(a, "-") {
			break
		}
		if strings.Contains(" "+w.options+" ", " "+a+" ") {
			i++
		}
	}
	return m.inner(c, i+w.words)
}

// inner evaluates the command that begins at an argument.
func (m *Machine) inner(c *call, at int) status {
	if at >= len(c.args) {
		return succeeded
	}
	inner := *c
	inner.via = c.under(at)
	inner.name, inner.args = c.args[at].Text, c.args[at+1:]
	if !c.args[at].Known() {
		m.log(&inner, c.args[at])
		m.touch(&inner)
		return m.unsureOf(&inner)
	}
	return m.dispatch(&inner)
}

// shell evaluates sh -c and its like.
func evalShell(m *Machine, c *call) status {
	how := shellRun{bash: shells[c.name]}
	for i := 0; i < len(c.args); i++ {
		switch a := c.arg(i); {
		case strings.HasPrefix(a, "<("):
			m.ran(c.args[i], c)
			return succeeded
		case a == "/dev/stdin" && c.in != nil:
			return m.shellInput(c, how)
		case a == "-", strings.HasPrefix(a, "--"):
		case len(a) < 2 || a[0] != '-' && a[0] != '+':
			return m.shellFile(c, i, how)
		default:
			how.errexit = how.errexit || strings.Contains(a, "e")
			if strings.HasSuffix(a, "o") {
				i++
				how.pipefail = how.pipefail || c.arg(i) == "pipefail"
				how.errexit = how.errexit || c.arg(i) == "errexit"
			}
			if strings.Contains(a, "c") && i+1 < len(c.args) {
				return m.shellText(c, i+1, how)
			}
			if strings.Contains(a, "s") && c.in != nil {
				return m.shellInput(c, how)
			}
		}
	}
	return m.shellInput(c, how)
}

// shellText evaluates a shell that is given a script as an argument.
func (m *Machine) shellText(c *call, at int, how shellRun) status {
	text := c.args[at]
	if m.ran(text, c); text.all {
		return succeeded
	}
	return m.inShell(how, func() status {
		m.args = c.args[min(at+2, len(c.args)):]
		return m.nested(c, text)
	})
}

// shellInput evaluates a shell that is given a script as its input.
func (m *Machine) shellInput(c *call, how shellRun) status {
	if c.in == nil {
		return m.unknown(c)
	}
	m.pipeInto(c, true)
	switch {
	case len(c.in.from) > 0:
	case c.in.Known() || c.in.parts != nil:
		return m.inShell(how, func() status { return m.nested(c, *c.in) })
	default:
		m.unread(c, "the script that "+c.name+" is given is not known: "+c.in.Why)
	}
	return m.unknown(c)
}

// inShell evaluates f in a shell of its own, which has only the variables that are
// exported. What is not set in it is known to be.
func (m *Machine) inShell(how shellRun, f func() status) status {
	env := m.env
	defer func() { m.env = env }()
	return m.subshell(func() status {
		m.errexit, m.pipefail = how.errexit, how.pipefail
		if env != nil {
			maps.DeleteFunc(m.Vars, func(name string, _ Value) bool { return !env[name] })
			m.env = maps.Clone(env)
		}
		return f()
	})
}

// runWords evaluates words as a script in this shell.
func (m *Machine) runWords(c *call, words []Value) status {
	for _, w := range words {
		m.ran(w, c)
	}
	v := joined(words)
	if v.Known() || v.parts != nil {
		return m.nested(c, v)
	}
	if c.name == "eval" {
		m.overwritten("may be set by eval")
	}
	return unsure
}

// nested evaluates a text as a script that is part of this one.
func (m *Machine) nested(c *call, text Value) status {
	// What is not known of it is put into variables.
	var b strings.Builder
	var hidden []string
	if text.Known() {
		b.WriteString(text.Text)
	}
	for _, p := range text.parts {
		if p.Known() {
			b.WriteString(p.Text)
			continue
		}
		name := "__unknown_" + strconv.Itoa(m.hidden)
		m.hidden++
		hidden = append(hidden, name)
		p.many = true
		m.Vars[name] = p
		b.WriteString("${" + name + "}")
	}
	defer func() {
		for _, name := range hidden {
			delete(m.Vars, name)
		}
		if len(hidden) > 0 && c.name == "eval" {
			m.overwritten("may be set by eval")
		}
	}()
	file, err := Parse(b.String())
	if m.spent(b.Len()) || err != nil || m.depth >= maxDepth {
		if c.name == "eval" {
			m.overwritten("may be set by eval")
		}
		return unsure
	}
	return m.deeper(c, nil, func() status {
		if m.via = c.via; c.name == "su" {
			m.via = c.under(len(c.args) - 1)
		}
		return m.list(file.Stmts, c.context)
	})
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
		if f.Output == "" && !c.in.opaque {
			m.Log(Read{Fetch: f})
			f.consumed = true
		}
	}
}

func evalExit(m *Machine, c *call) status {
	m.exit = exit{to: theEnd}
	return exitStatus(c)
}

func evalReturn(m *Machine, c *call) status {
	m.exit = exit{to: caller}
	return exitStatus(c)
}

// evalBreak evaluates break and continue.
func evalBreak(m *Machine, c *call) status {
	n, err := strconv.Atoi(c.arg(0))
	if err != nil {
		n = 1
	}
	m.exit = exit{to: behindLoop, loops: max(n, 1)}
	if c.name == "continue" {
		m.exit.to = nextRound
	}
	return succeeded
}

func evalUnset(m *Machine, c *call) status {
	for _, a := range c.args {
		switch {
		case a.many || !a.Known():
			m.overwritten("may be unset")
		case a.Text == "-f":
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
		return failed
	}
	m.args = m.args[n:]
	return succeeded
}

func evalCd(m *Machine, c *call) status {
	switch dir := c.arg(0); dir {
	case "":
		m.Dir = m.get("HOME").Text
	case "-":
		m.Dir = m.get("OLDPWD").Text
	default:
		m.Vars["OLDPWD"] = Text(m.Dir)
		m.Dir = m.abs(c.args[len(c.args)-1])
	}
	return assumed
}

func evalPopd(m *Machine, c *call) status {
	m.Dir = m.get("OLDPWD").Text
	return succeeded
}

func evalPwd(m *Machine, c *call) status {
	c.print(m.get("PWD"))
	c.print(Text("\n"))
	return succeeded
}

func evalTest(m *Machine, c *call) status { return m.test(c, c.args) }

func evalBracket(m *Machine, c *call) status {
	args := c.args
	if n := len(args); n > 0 && args[n-1].Text == "]" {
		args = args[:n-1]
	}
	return m.test(c, args)
}

func evalShopt(m *Machine, c *call) status {
	m.globs = true
	return assumed
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

func evalDot(m *Machine, c *call) status {
	for i, a := range c.args {
		m.ran(a, c)
		if f := m.used(m.abs(a), c.name, c.start); f != nil {
			m.runs(f, c)
		}
		if got, ok := m.include(c, i); ok {
			return got
		}
	}
	m.includes(c)
	return assumed
}

func evalEval(m *Machine, c *call) status { return m.runWords(c, c.args) }

func evalMktemp(m *Machine, c *call) status {
	m.temps++
	c.print(Unknown("$(mktemp#"+strconv.Itoa(m.temps)+")", "it is a temporary name"))
	return succeeded
}

func evalCommand(m *Machine, c *call) status {
	at := 0
	for ; strings.HasPrefix(c.arg(at), "-"); at++ {
		if strings.ContainsAny(c.arg(at), "vV") {
			return m.unsureOf(c)
		}
	}
	return m.inner(c, at)
}

func evalWhich(m *Machine, c *call) status {
	return m.unsureOf(c)
}

func evalSu(m *Machine, c *call) status {
	for i, a := range c.args {
		if (a.Text == "-c" || a.Text == "--command") && i+1 < len(c.args) {
			return m.runWords(c, c.args[i+1:i+2])
		}
	}
	return succeeded
}
