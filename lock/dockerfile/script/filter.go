package script

import (
	"path"
	"regexp"
	"strings"
)

func evalGrep(m *Machine, c *call) status {
	m.searchedSum(c)
	if got, ok := m.grep(c); ok {
		return got
	}
	return evalFilter(m, c)
}

// evalFilter evaluates a program that makes text of text in a way that is not followed.
func evalFilter(m *Machine, c *call) status {
	m.query(c)
	return m.filtered(c)
}

// filtered prints what is not known of the input.
func (m *Machine) filtered(c *call) status {
	text := strings.Join(append([]string{c.name}, c.texts()...), " ")
	v := Unknown("$("+text+")", "only the build can tell what "+c.name+" prints")
	if c.in != nil {
		v.add(*c.in)
		if !c.in.Known() {
			v.Why = c.in.Why
		}
	}
	pattern := strings.HasSuffix(c.name, "grep")
	for _, a := range c.args {
		v.add(Value{from: a.from, sums: a.sums})
		if pattern && !strings.HasPrefix(a.Text, "-") {
			pattern = false
			continue
		}
		if f := m.find(m.abs(a)); f != nil {
			v.add(Value{from: []*Fetch{f}})
		}
		if content, ok := m.files[m.abs(a)]; ok {
			v.add(Value{from: content.from})
		}
	}
	c.print(v)
	return unsureIfQuiet(c)
}

// grep evaluates a search for a plain text in known input.
func (m *Machine) grep(c *call) (status, bool) {
	if c.in == nil || !c.in.Known() {
		return unsure, false
	}
	var words []string
	quiet, invert, fixed := false, false, c.name == "fgrep"
	for _, a := range c.args {
		switch a.Text {
		case "-q":
			quiet = true
		case "-v":
			invert = true
		case "-F":
			fixed = true
		case "-E", "--":
		default:
			if !a.Known() || strings.HasPrefix(a.Text, "-") {
				return unsure, false
			}
			words = append(words, a.Text)
		}
	}
	if len(words) != 1 {
		return unsure, false
	}
	if m.spent(len(c.in.Text)+len(words[0])) || len(words[0]) > maxPattern || strings.ContainsAny(words[0], "\n") {
		return unsure, false
	}
	if fixed {
		words[0] = regexp.QuoteMeta(words[0])
	}
	re, err := regexp.Compile(basic(words[0], fixed || c.name == "egrep" || strings.Contains(" "+strings.Join(c.texts(), " ")+" ", " -E ")))
	if err != nil {
		return unsure, false
	}
	got := failed
	for _, line := range strings.SplitAfter(c.in.Text, "\n") {
		if line != "" && re.MatchString(strings.TrimSuffix(line, "\n")) != invert {
			if got = succeeded; !quiet {
				c.print(c.in.with(strings.TrimSuffix(line, "\n") + "\n"))
			}
		}
	}
	return got, true
}

// unsureIfQuiet is the status of a search: only the build can tell whether it
// finds something, and it matters where that is asked.
func unsureIfQuiet(c *call) status {
	if strings.HasSuffix(c.name, "grep") || c.name == "cmp" || c.name == "diff" {
		return asked(c)
	}
	return assumed
}

// textFilter evaluates a filter on known text.
func textFilter(f func(text string, args []string) (string, bool)) command {
	return func(m *Machine, c *call) status {
		if c.in != nil && c.in.Known() {
			known := true
			for _, a := range c.args {
				// No file is called like an expression of sed.
				odd := a.Why == globWhy && (c.name == "sed" || c.name == "tr" && len(a.Text) < 12)
				known = known && (a.Known() || odd)
			}
			if m.spent(len(c.in.Text)) {
				return m.filtered(c)
			}
			if out, ok := f(c.in.Text, c.texts()); ok && known {
				v := c.in.with(out)
				for _, a := range c.args {
					v.add(Value{Vars: a.Vars})
				}
				c.print(v)
				return succeeded
			}
		}
		if c.name == "sed" {
			m.edits(c)
		}
		if c.name == "sed" && c.in == nil {
			m.touch(c)
		}
		if c.name != "sed" && c.name != "tr" {
			m.query(c) // a part of it
		}
		return m.filtered(c)
	}
}

func evalEcho(m *Machine, c *call) status {
	args, feed, escape, varies := c.args, true, false, false
	for len(args) > 0 && len(args[0].Text) > 1 && args[0].Text[0] == '-' && strings.Trim(args[0].Text[1:], "neE") == "" {
		feed = feed && !strings.Contains(args[0].Text, "n")
		escape = escape || strings.Contains(args[0].Text, "e")
		varies = varies || !m.source.Bash && args[0].Text != "-n"
		args = args[1:]
	}
	v := joined(args)
	v.many = false
	if slashed := strings.Contains(v.Text, `\`); escape || slashed && !m.source.Bash {
		text, ok, ends := escapes(v.Text, echoEscapes)
		if escape {
			v.Text, feed = text, feed && !ends
		}
		if varies = varies || slashed && !m.source.Bash; !ok && v.Known() {
			v.Why = "it is escaped in a way that is not read"
		}
	}
	if varies && v.Known() {
		v.Why = "what echo prints depends on the shell"
	}
	if c.print(v); feed {
		c.print(Text("\n"))
	}
	return succeeded
}

func evalPrintf(m *Machine, c *call) status {
	args := c.args
	if len(args) > 0 && args[0].Text == "--" {
		args = args[1:]
	}
	if len(args) > 2 && args[0].Text == "-v" {
		m.put(args[1].Text, format(args[2], args[3:]))
		return succeeded
	}
	if len(args) > 0 {
		c.print(format(args[0], args[1:]))
	}
	return succeeded
}

func evalCat(m *Machine, c *call) status {
	if c.in != nil && (len(c.args) == 0 || c.arg(0) == "-") {
		c.print(*c.in)
	}
	for _, a := range c.args {
		if strings.HasPrefix(a.Text, "-") {
			continue
		}
		v, ok := m.files[m.abs(a)]
		if !ok || a.many || !a.Known() && !strings.HasPrefix(a.Text, "$(mktemp") {
			v = Unknown("$(cat "+a.Text+")", "only the build has the file "+a.Text)
		}
		if f := m.find(m.abs(a)); f != nil {
			v.add(Value{from: []*Fetch{f}})
		}
		v.add(Value{from: a.from})
		c.print(v)
	}
	return succeeded
}

func evalTee(m *Machine, c *call) status {
	if c.in == nil {
		return succeeded
	}
	for _, a := range c.args {
		if !strings.HasPrefix(a.Text, "-") && a.Text != "/dev/null" {
			m.write(m.abs(a), *c.in, false)
		}
	}
	c.print(*c.in)
	return assumed
}

func evalBasename(m *Machine, c *call) status {
	if len(c.args) == 0 || len(c.args) > 2 || !c.args[0].Known() || strings.HasPrefix(c.arg(0), "-") || c.arg(0) == "" || len(c.args) > 1 && !c.args[1].Known() {
		return m.unknown(c)
	}
	base := path.Base(c.arg(0))
	if base != c.arg(1) {
		base = strings.TrimSuffix(base, c.arg(1))
	}
	c.print(c.args[0].with(base + "\n"))
	return succeeded
}

func evalDirname(m *Machine, c *call) status {
	if len(c.args) != 1 || !c.args[0].Known() {
		return m.unknown(c)
	}
	if dir := strings.TrimRight(c.arg(0), "/"); dir == "" || dir[0] == '-' || strings.Contains(dir, "//") || strings.Contains(dir, ".") {
		v := c.args[0].with(path.Dir(dir) + "\n")
		if at := strings.LastIndexByte(dir, '/'); at > 0 && strings.TrimRight(dir[:at], "/") == dir[:at] {
			v.Text = dir[:at] + "\n"
		} else {
			v.Why = "what dirname prints is not known"
		}
		c.print(v)
		return succeeded
	}
	c.print(c.args[0].with(path.Dir(strings.TrimRight(c.arg(0), "/")) + "\n"))
	return succeeded
}
