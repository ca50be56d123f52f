package script

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// shells are the programs whose scripts are read, and whether they know the
// expansions of bash.
var shells = map[string]bool{"sh": false, "ash": false, "dash": false, "ksh": false, "busybox": false, "bash": true, "zsh": true}

// shellFlags returns what the options of a shell turn on.
func shellFlags(flags []string) (errexit, pipefail bool) {
	for i, a := range flags {
		if len(a) < 2 || a[0] != '-' || a[1] == '-' {
			continue
		}
		errexit = errexit || strings.Contains(a, "e")
		if strings.HasSuffix(a, "o") && i+1 < len(flags) {
			errexit = errexit || flags[i+1] == "errexit"
			pipefail = pipefail || flags[i+1] == "pipefail"
		}
	}
	return errexit, pipefail
}

// startFlag returns the option of a shell that has it read the files of a login, or those
// for people, before its script; else "".
func startFlag(args []string) string {
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "--login":
			return a
		case a == "--noprofile":
			return ""
		case strings.HasPrefix(a, "--"):
		case len(a) < 2 || a[0] != '-':
			return ""
		case strings.ContainsAny(a, "li"):
			return a
		case strings.HasSuffix(a, "o"):
			i++
		case strings.Contains(a, "c"):
			return ""
		}
	}
	return ""
}

// Login returns the name and the option of a shell, as SHELL says it, that reads files
// before its script that may set PATH anew; else "".
func Login(shell []string) string {
	if len(shell) == 0 || startFlag(shell[1:]) == "" {
		return ""
	}
	return path.Base(shell[0]) + " " + startFlag(shell[1:])
}

// shellRun is how a shell runs a script.
type shellRun struct{ bash, errexit, pipefail bool }

// evalShell evaluates sh -c and its like.
func evalShell(m *Machine, c *call) status {
	if flag := startFlag(c.texts()); flag != "" {
		under := *c
		under.via = append(slices.Clip(c.via), c.name+" "+flag)
		c = &under
	}
	how := shellRun{bash: shells[c.name]}
	for i := 0; i < len(c.args); i++ {
		switch a := c.arg(i); {
		case c.args[i].origin == process:
			m.ran(c.args[i], c)
			return succeeded
		case a == "/dev/stdin" && c.in != nil:
			return shellInput(m, c, c.args[i+1:], how)
		case a == "-", strings.HasPrefix(a, "--"):
		case len(a) < 2 || a[0] != '-' && a[0] != '+':
			return shellFile(m, c, i, how)
		default:
			how.errexit = how.errexit || strings.Contains(a, "e")
			if strings.HasSuffix(a, "o") {
				i++
				how.pipefail = how.pipefail || c.arg(i) == "pipefail"
				how.errexit = how.errexit || c.arg(i) == "errexit"
			}
			if strings.Contains(a, "c") && i+1 < len(c.args) {
				return shellText(m, c, i+1, how)
			}
			if strings.Contains(a, "s") && c.in != nil {
				args := c.args[i+1:]
				if c.arg(i+1) == "--" {
					args = args[1:]
				}
				return shellInput(m, c, args, how)
			}
		}
	}
	return shellInput(m, c, nil, how)
}

func evalSu(m *Machine, c *call) status {
	for i, a := range c.args {
		if (a.Text == "-c" || a.Text == "--command") && i+1 < len(c.args) {
			return runWords(m, c, c.args[i+1:i+2])
		}
	}
	return succeeded
}

// evalRunuser evaluates the su of scripts, which takes a command as words too.
func evalRunuser(m *Machine, c *call) status {
	for _, a := range c.args {
		if a.Text == "-c" || a.Text == "--command" {
			return evalSu(m, c)
		}
	}
	return evalWrapper(m, c)
}

// shellText evaluates a shell that is given a script as an argument.
func shellText(m *Machine, c *call, at int, how shellRun) status {
	text := c.args[at]
	if m.ran(text, c); text.content == whole {
		return succeeded
	}
	return m.inShell(how, func() status {
		m.args = c.args[min(at+2, len(c.args)):]
		return m.nested(c, text)
	})
}

// shellInput evaluates a shell that is given a script as its input, and arguments.
func shellInput(m *Machine, c *call, args []Value, how shellRun) status {
	if c.in == nil {
		return m.unknown(c)
	}
	m.pipeInto(c, true)
	switch {
	case len(c.in.from) > 0:
	case c.in.Known() || c.in.parts != nil:
		return m.inShell(how, func() status {
			m.args = args
			return m.nested(c, *c.in)
		})
	default:
		m.unread(c, "the script that "+c.name+" is given is not known: "+c.in.Why)
	}
	return m.unknown(c)
}

// shellFile evaluates a shell that is given a file.
func shellFile(m *Machine, c *call, at int, how shellRun) status {
	name := c.args[at]
	f, ok := m.file(m.abs(name))
	searched := false
	if !ok && !strings.Contains(name.Text, "/") {
		for _, dir := range m.searched() {
			if f, ok = m.file(path.Join(dir, name.Text)); ok {
				searched = true
				break
			}
		}
	}
	if !ok || !name.Known() {
		if f := m.used(m.abs(name), c.name, c.start); f != nil {
			m.runs(f, c)
		}
		m.touch(c)
		return m.unknown(c)
	}
	return m.ifKnown(c, !searched || how.bash, func() status { return m.script(c, f, name, c.args[at+1:], how) })
}

// ifKnown evaluates what only some of the shells do that /bin/sh may be; the others
// fail. Where a failure ends the build, it is one that does.
func (m *Machine) ifKnown(c *call, all bool, f func() status) status {
	if all || m.fate(c.context) == "" {
		return f()
	}
	return m.branches(c.context, unsure, f, func() status { return failed })
}

// inShell evaluates f in a shell of its own, which has only the variables that are
// exported, and no functions. What is not set in it is known to be.
func (m *Machine) inShell(how shellRun, f func() status) status {
	env, bash := m.env, m.source.Bash
	defer func() { m.env, m.source.Bash = env, bash }()
	return m.subshell(func() status {
		m.functions = make(map[string]function)
		m.errexit, m.pipefail, m.source.Bash = how.errexit, how.pipefail, how.bash
		if env != nil {
			maps.DeleteFunc(m.Vars, func(name string, _ Value) bool { return !env[name] })
			m.env = maps.Clone(env)
		}
		return f()
	})
}

// script evaluates a file in a shell of its own: what the shell that starts it has
// not exported is not set in it.
func (m *Machine) script(c *call, f File, name Value, args []Value, how shellRun) status {
	file := m.parse(c, f, name.Text)
	switch {
	case file == nil:
		return m.unknown(c)
	case m.depth >= maxDepth:
		m.unread(c, "scripts start one another too often")
		return m.unknown(c)
	}
	lost := m.fate(c.context)
	return m.inShell(how, func() status {
		m.functions = make(map[string]function)
		m.sourced, m.args, m.zero, m.outer = "", args, &name, lost
		return m.deeper(c, f.Locate, func() status {
			m.assigned = assigned(file)
			m.via = c.via
			m.source.Bash = how.bash
			got := m.list(file.Stmts, context{in: c.in, out: c.out})
			if m.steps > maxSteps {
				return unsure
			}
			return got
		})
	})
}

func evalDot(m *Machine, c *call) status {
	return m.ifKnown(c, c.name == "." || m.source.Bash, func() status { return includeFirst(m, c) })
}

// includeFirst includes the first argument that is a file that is known.
func includeFirst(m *Machine, c *call) status {
	for i, a := range c.args {
		if i == 0 && a.Text == "/dev/stdin" && c.in != nil && len(c.in.from) > 0 {
			m.pipeInto(c, true)
			return assumed
		}
		m.ran(a, c)
		if f := m.used(m.abs(a), c.name, c.start); f != nil {
			m.runs(f, c)
		}
		if got, ok := m.include(c, i); ok {
			return got
		}
	}
	includeUnread(m, c)
	return assumed
}

// include evaluates a file in this shell. It reports whether the file is one that is
// known.
func (m *Machine) include(c *call, at int) (got status, ok bool) {
	f, ok := m.file(m.abs(c.args[at]))
	if !ok || m.depth >= maxDepth {
		return unsure, false
	}
	file := m.parse(c, f, c.arg(at))
	if file == nil {
		return unsure, false
	}
	if args := m.args; at+1 < len(c.args) {
		if m.args = c.args[at+1:]; !m.source.Bash {
			m.args = []Value{{Text: "$@", Why: "whether . takes arguments depends on the shell", many: true}}
		}
		defer func() { m.args = args }()
	}
	return m.deeper(c, f.Locate, func() status {
		set, from := m.assigned, len(m.ways)
		m.assigned = assigned(file)
		maps.Copy(m.assigned, set)
		got := m.list(file.Stmts, c.context)
		m.exit.returns()
		return m.arrive(got, from, (*exit).returns)
	}), true
}

// includeUnread notes that a file that only the build has is read into the shell.
func includeUnread(m *Machine, c *call) {
	name := c.arg(0)
	why := "may be set by the file " + name
	switch base := path.Base(name); {
	case base == "os-release" || base == "lsb-release" || base == "redhat-release":
		for v := range m.Vars {
			if osRelease[v] || strings.HasPrefix(v, "DISTRIB_") || strings.HasSuffix(v, "_URL") && v != "URL" {
				m.Vars[v] = Unknown("${"+v+"}", v+" is set by a file that only the build has")
			}
		}
		m.sourced = "is set by a file that only the build has"
	case slices.Contains([]string{"activate", "nvm.sh", "sdkman-init.sh", ".bashrc", ".profile", "profile", "setup.bash", "cargo", "conda.sh", "common_setup"}, base),
		strings.HasSuffix(name, ".cargo/env"), strings.HasSuffix(name, "cargo/env"):
		m.sourced = "is set by a file that only the build has"
	default:
		m.overwritten(why)
	}
}

// osRelease are the variables of /etc/os-release.
var osRelease = map[string]bool{
	"NAME": true, "VERSION": true, "ID": true, "ID_LIKE": true, "VERSION_ID": true, "VERSION_CODENAME": true, "PRETTY_NAME": true,
	"ANSI_COLOR": true, "CPE_NAME": true, "UBUNTU_CODENAME": true, "DEBIAN_CODENAME": true, "LOGO": true, "VARIANT": true, "VARIANT_ID": true,
	"BUILD_ID": true, "IMAGE_ID": true, "IMAGE_VERSION": true, "PLATFORM_ID": true, "SUPPORT_END": true, "DEBIAN_VERSION_FULL": true, "RELEASE_TYPE": true,
}

func evalEval(m *Machine, c *call) status { return runWords(m, c, c.args) }

// runWords evaluates words as a script in this shell.
func runWords(m *Machine, c *call, words []Value) status {
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
	if err == errCRLF {
		m.unread(c, "the script that "+c.name+" is given: "+err.Error())
	}
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

// parse parses a file that a command runs, or notes why it is not read and returns nil.
func (m *Machine) parse(c *call, f File, name string) *syntax.File {
	switch {
	case f.Why != "":
		m.unread(c, f.Why)
		return nil
	case m.spent(len(f.Text)):
		return nil
	}
	text := f.Text
	if m.unixed {
		text = strings.ReplaceAll(text, "\r\n", " \n")
	}
	file, err := Parse(text)
	if err != nil {
		m.unread(c, name+": "+strings.TrimPrefix(err.Error(), "reading the shell script: "))
		return nil
	}
	return file
}

// deeper evaluates a script within this one, whose offsets locate maps; if that is
// nil, all of it is where the command is.
func (m *Machine) deeper(c *call, locate func(int) int, f func() status) status {
	m.depth++
	src, via, set := m.source, m.via, m.assigned
	defer func() { m.depth--; m.source, m.via, m.assigned = src, via, set }()
	if m.source.Locate = locate; locate == nil {
		m.source.Locate = func(int) int { return c.start }
	}
	return f()
}
