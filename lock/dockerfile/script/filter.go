package script

import (
	"path"
	"regexp"
	"strings"
)

// filters are the programs that make text of text, and that are evaluated no
// further than those below.
var filters = []string{
	"grep", "egrep", "fgrep", "jq", "yq", "sort", "uniq", "tail", "wc", "rev", "column", "paste",
	"nl", "fold", "cmp", "diff", "xmllint", "htmlq", "sponge", "iconv", "dos2unix",
}

func registerFilters(t map[string]command) {
	for _, name := range filters {
		t[name] = func(m *Machine, c *call) status {
			if strings.HasSuffix(c.name, "grep") {
				m.searchedSum(c)
				if got, ok := m.grep(c); ok {
					return got
				}
			}
			m.query(c)
			return m.filtered(c)
		}
	}
	t["echo"] = func(m *Machine, c *call) status {
		args, feed, escape := c.args, true, false
		for len(args) > 0 && (args[0].Text == "-n" || args[0].Text == "-e" || args[0].Text == "-ne" || args[0].Text == "-en") {
			feed = feed && !strings.Contains(args[0].Text, "n")
			escape = escape || strings.Contains(args[0].Text, "e")
			args = args[1:]
		}
		var parts []Value
		for i, a := range args {
			if i > 0 {
				parts = append(parts, Text(" "))
			}
			parts = append(parts, a)
		}
		v := join(parts...)
		if escape {
			v.Text = escapes(v.Text, true)
		}
		if feed {
			v.Text += "\n"
		}
		c.print(v)
		return succeeded
	}
	t["printf"] = func(m *Machine, c *call) status {
		if len(c.args) > 0 {
			c.print(format(c.args[0], c.args[1:]))
		}
		return succeeded
	}
	t["cat"] = func(m *Machine, c *call) status {
		if c.in != nil && (len(c.args) == 0 || c.arg(0) == "-") {
			c.print(*c.in)
		}
		for _, a := range c.args {
			if strings.HasPrefix(a.Text, "-") {
				continue
			}
			v, ok := m.files[m.abs(a)]
			if !ok {
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
	t["tee"] = func(m *Machine, c *call) status {
		if c.in == nil {
			return succeeded
		}
		for _, a := range c.args {
			if !strings.HasPrefix(a.Text, "-") && a.Text != "/dev/null" {
				m.write(m.abs(a), *c.in, false)
			}
		}
		c.print(*c.in)
		return succeeded
	}
	t["basename"] = func(m *Machine, c *call) status {
		if len(c.args) == 0 || !c.args[0].Known() {
			return m.unknown(c)
		}
		c.print(c.args[0].with(strings.TrimSuffix(path.Base(c.arg(0)), c.arg(1)) + "\n"))
		return succeeded
	}
	t["dirname"] = func(m *Machine, c *call) status {
		if len(c.args) != 1 || !c.args[0].Known() {
			return m.unknown(c)
		}
		c.print(c.args[0].with(path.Dir(c.arg(0)) + "\n"))
		return succeeded
	}
	for _, name := range []string{"awk", "gawk", "mawk"} {
		t[name] = textFilter(awk)
	}
	t["tr"] = textFilter(tr)
	t["cut"] = textFilter(cut)
	t["sed"] = textFilter(sed)
	t["head"] = textFilter(head)
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
	quiet, invert := false, false
	for _, a := range c.args {
		switch a.Text {
		case "-q":
			quiet = true
		case "-v":
			invert = true
		case "-F", "-E", "--":
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
	re, err := regexp.Compile(basic(words[0], c.name == "egrep" || strings.Contains(" "+strings.Join(c.texts(), " ")+" ", " -E ")))
	if err != nil {
		return unsure, false
	}
	got := failed
	for _, line := range strings.SplitAfter(c.in.Text, "\n") {
		if line != "" && re.MatchString(strings.TrimSuffix(line, "\n")) != invert {
			if got = succeeded; !quiet {
				c.print(c.in.with(line))
			}
		}
	}
	return got, true
}

// unsureIfQuiet is the status of a search: only the build can tell whether it
// finds something, and it matters where that is asked.
func unsureIfQuiet(c *call) status {
	if strings.HasSuffix(c.name, "grep") || c.name == "cmp" || c.name == "diff" {
		if c.out == nil && c.guarded {
			return unsure
		}
	}
	return succeeded
}

// textFilter evaluates a filter on known text.
func textFilter(f func(text string, args []string) (string, bool)) command {
	return func(m *Machine, c *call) status {
		if c.in != nil && c.in.Known() {
			known := true
			for _, a := range c.args {
				known = known && a.Known()
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
		if c.name == "sed" && c.in == nil {
			m.touch(c)
		}
		if c.name != "sed" && c.name != "tr" {
			m.query(c) // a part of it
		}
		return m.filtered(c)
	}
}

// lines applies f to each line.
// awk evaluates a program that prints one field of each line.
// sed evaluates s commands.
// delimited splits "pattern/replacement/flags" at its delimiters.
// basic returns a basic regular expression as RE2 writes it.
// replacement returns what s puts in, as package regexp writes it.
