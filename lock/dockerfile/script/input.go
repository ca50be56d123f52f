package script

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// read evaluates the builtin that reads a line.
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

// includes notes that a file that only the build has is read into the shell.
func (m *Machine) includes(c *call) {
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
				args[i] = join(args[i], in)
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
	words := strings.Fields(in.Text)
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
