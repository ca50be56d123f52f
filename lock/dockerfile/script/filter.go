package script

import (
	"regexp"
	"strings"
)

func evalGrep(m *Machine, c *call) status {
	checkSearch(m, c)
	if got, ok := grepLines(m, c); ok {
		return got
	}
	return evalFilter(m, c)
}

// evalFilter evaluates a program that makes text of text in a way that is not followed.
func evalFilter(m *Machine, c *call) status {
	m.query(c)
	return printFiltered(m, c)
}

// printFiltered prints what is not known of the input.
func printFiltered(m *Machine, c *call) status {
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

// grepLines evaluates a search for a plain text in known input.
func grepLines(m *Machine, c *call) (status, bool) {
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
				return printFiltered(m, c)
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
			editFiles(m, c)
		}
		if c.name == "sed" && c.in == nil {
			m.touch(c)
		}
		if c.name != "sed" && c.name != "tr" {
			m.query(c) // a part of it
		}
		return printFiltered(m, c)
	}
}
