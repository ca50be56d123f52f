package script

import (
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

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
	"retry": {"-t -d", 0}, "eatmydata": {"", 0}, "fakeroot": {"", 0}, "xvfb-run": {"-s -e", 0}, "setpriv": {"--reuid --regid --groups --inh-caps --ambient-caps --bounding-set", 0},
	"catatonit": {"", 0}, "tini": {"", 0}, "dumb-init": {"-r --rewrite", 0}, "setsid": {"", 0}, "chronic": {"", 0}, "unbuffer": {"", 0},
	"flock": {"-w --timeout -E --conflict-exit-code", 1}, "s6-setuidgid": {"", 1}, "taskset": {"", 1}, "with-contenv": {"", 0},
	"runuser": {"-u --user -g --group -G --supp-group", 0},
}

// evalWrapper evaluates a program that runs the command in its arguments.
func evalWrapper(m *Machine, c *call) status {
	w := wrappers[c.name]
	i := 0
	for ; i < len(c.args); i++ {
		if v := c.args[i]; v.many && !v.Known() && w.words == 0 && i+1 < len(c.args) {
			// It may be options, the command or nothing.
			which := unsure
			if v.unset {
				which = probably
			}
			rest := *c
			rest.args = slices.Delete(slices.Clone(c.args), i, i+1)
			return m.branches(c.context, which, func() status { return evalWrapper(m, &rest) }, func() status { return m.inner(c, i) })
		}
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

// evalXargs evaluates the command in its arguments for what is in the input.
func evalXargs(m *Machine, c *call) status {
	var (
		per     int
		replace string
		odd     bool
		at      int
	)
	for ; at < len(c.args) && strings.HasPrefix(c.arg(at), "-"); at++ {
		a := c.arg(at)
		value := func() string {
			if len(a) > 2 {
				return a[2:]
			}
			at++
			return c.arg(at)
		}
		switch {
		case strings.HasPrefix(a, "-n"):
			n, err := strconv.Atoi(value())
			per, odd = n, odd || err != nil || n < 1
		case strings.HasPrefix(a, "-I"):
			replace = value()
		case strings.HasPrefix(a, "-P"):
			value()
		case a == "-r", a == "-t", a == "--no-run-if-empty", a == "--verbose":
		default:
			odd = true
			if strings.Contains(" -L -d -s -a -E --max-args --max-procs --delimiter --arg-file ", " "+a+" ") {
				at++
			}
		}
	}
	in := Value{}
	if c.in != nil {
		in = *c.in
	}
	c.in = nil
	run := func(args []Value) status {
		inner := *c
		inner.args = args
		return m.inner(&inner, at)
	}
	if !in.Known() || odd || strings.ContainsAny(in.Text, `'"\`) {
		if in.Known() {
			in = Unknown("$(xargs)", "what xargs makes of its input is not read")
		}
		in.many = true
		args := slices.Clone(c.args)
		if replace == "" {
			return run(append(args, in))
		}
		for i := at; i < len(args); i++ {
			if strings.Contains(args[i].Text, replace) {
				v := Unknown(strings.ReplaceAll(args[i].Text, replace, in.Text), in.Why)
				v.add(args[i])
				v.add(in)
				args[i] = v
			}
		}
		return run(args)
	}
	got := succeeded
	if replace != "" {
		for line := range strings.SplitSeq(strings.TrimRight(in.Text, "\n"), "\n") {
			args := slices.Clone(c.args)
			for i := at; i < len(args); i++ {
				if strings.Contains(args[i].Text, replace) {
					args[i] = args[i].with(strings.ReplaceAll(args[i].Text, replace, strings.TrimLeft(line, " \t")))
					args[i].add(in)
				}
			}
			if got = run(args); m.stopped() {
				break
			}
		}
		return got
	}
	words := strings.FieldsFunc(in.Text, func(r rune) bool { return strings.ContainsRune(" \t\n", r) }) // not of \r
	if per == 0 {
		per = max(len(words), 1)
	}
	for first := true; first || len(words) > 0; first = false {
		args := slices.Clone(c.args)
		for _, w := range words[:min(per, len(words))] {
			args = append(args, in.with(w))
		}
		words = words[min(per, len(words)):]
		if got = run(args); m.stopped() || m.spent(64*len(args)) {
			break
		}
	}
	return got
}

func evalCommand(m *Machine, c *call) status {
	at := 0
	for ; strings.HasPrefix(c.arg(at), "-"); at++ {
		if strings.ContainsAny(c.arg(at), "vV") {
			return m.whereIs(c, c.args[at+1:])
		}
	}
	return m.inner(c, at)
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
	if c.name == "retry" || c.name == "travis_retry" {
		return m.dispatch(&inner) // they are functions of the shell, and may call others
	}
	return m.program(&inner)
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
