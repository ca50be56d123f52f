package script

import (
	"strconv"
	"strings"
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

func evalExit(m *Machine, c *call) status {
	m.exit = exit{to: theEnd}
	return exitStatus(c)
}

func evalReturn(m *Machine, c *call) status {
	m.exit = exit{to: caller}
	return exitStatus(c)
}

// trap is what a shell runs when it ends.
type trap struct {
	call  *call // of the command trap
	maybe bool  // only the build can tell whether it is set
}

func evalTrap(m *Machine, c *call) status {
	if len(c.args) > 1 && c.arg(0) == "--" {
		c.args = c.args[1:]
	}
	for _, signal := range c.args[min(1, len(c.args)):] {
		switch signal.Text {
		case "EXIT", "0":
			m.trap = &trap{c, m.uncertain()}
			if c.arg(0) == "-" || c.arg(0) == "" {
				m.trap = nil
			}
		}
	}
	return succeeded
}

// trapped evaluates what a shell runs at its end. It may have been left before, with
// other values of variables.
func (m *Machine) trapped() {
	t, ways := m.trap, m.ways
	if t == nil || m.over() {
		return
	}
	m.trap, m.exit, m.ways = nil, exit{}, nil
	if len(ways) > 0 {
		m.overwritten("depends on where the script ends")
	}
	defer func() { m.ways = ways }()
	run := func() status { return m.nested(t.call, t.call.args[0]) }
	if t.maybe {
		m.branches(t.call.context, unsure, run, func() status { return succeeded })
		return
	}
	run()
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

func evalTest(m *Machine, c *call) status { return testWords(m, c, c.args) }

func evalBracket(m *Machine, c *call) status {
	args := c.args
	if n := len(args); n > 0 && args[n-1].Text == "]" {
		args = args[:n-1]
	}
	return testWords(m, c, args)
}

func evalShopt(m *Machine, c *call) status {
	m.globs = true
	return assumed
}

func evalWhich(m *Machine, c *call) status {
	if c.name == "which" {
		return m.whereIs(c, c.args)
	}
	if c.name == "hash" && strings.HasPrefix(c.arg(0), "-p") {
		m.unread(c, "hash -p says where a program is")
	}
	return m.unsureOf(c)
}
