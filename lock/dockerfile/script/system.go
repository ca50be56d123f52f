package script

import "strings"

// installs reports whether rpm installs or takes over what it is given.
func installs(c *call) bool {
	for _, a := range c.args {
		switch t := a.Text; {
		case t == "--import", t == "--install", t == "--upgrade", t == "--freshen", t == "--reinstall":
			return true
		case len(t) > 1 && t[0] == '-' && t[1] != '-' && !strings.ContainsAny(t, "qVKe"):
			if strings.ContainsAny(t, "iUF") {
				return true
			}
		}
	}
	return false
}

// evalDepfetch notes a run of depfetch.
func evalDepfetch(m *Machine, c *call) status {
	_, told := m.Vars["TARGETPLATFORM"]
	fetches := true
	for _, a := range c.args {
		told = told || a.Text == "--platform" || strings.HasPrefix(a.Text, "--platform=")
	}
	switch c.arg(0) {
	case "version", "help", "completion", "--help", "--version", "-h":
		fetches = false
	}
	if fetches {
		m.Log(Depfetch{c.start, c.end, told})
	}
	return m.unknown(c)
}

func evalRpmkeys(m *Machine, c *call) status {
	for _, a := range c.args {
		if strings.Contains(a.Text, "://") {
			m.takes(c, a)
		}
	}
	return evalSignature(m, c)
}

func evalAptKey(m *Machine, c *call) status {
	m.pipeInto(c, false)
	for i, a := range c.args {
		switch {
		case strings.HasPrefix(a.Text, "-"):
		case strings.Contains(a.Text, "://") && i > 0 && c.arg(i-1) != "--keyserver":
			m.takes(c, a)
		default:
			m.used(m.abs(a), c.name, c.start)
		}
	}
	return m.unknown(c)
}

func evalAddAptRepository(m *Machine, c *call) status {
	var words []Value
	for _, o := range (options{short: "smcpk", long: []string{"component", "pocket", "keyserver"}}).parse(c.args) {
		switch o.name {
		case "r", "remove":
			return m.unknown(c)
		case "", "sourceslist", "uri", "U", "ppa", "P", "S":
			words = append(words, o.value)
		}
	}
	text := joined(words)
	if strings.Contains(text.Text, "://") || strings.HasPrefix(text.Text, "ppa:") || !text.Known() {
		m.Log(PackageSource{c.start, c.end, c.name, text, strings.Contains(text.Text, "trusted=yes")})
	}
	return m.unknown(c)
}

// addsRepository reports whether a package manager is told of a further place that
// packages come from.
func addsRepository(c *call) bool {
	text := " " + strings.Join(c.texts(), " ") + " "
	switch c.name {
	case "yum-config-manager":
		return true
	case "zypper":
		return strings.Contains(text, " addrepo ") || strings.Contains(text, " ar ") || strings.Contains(text, " config-manager ")
	case "dnf", "dnf5", "microdnf", "yum":
		return strings.Contains(text, " config-manager ")
	}
	return false
}

// addRepository notes the places that a package manager is told of: lists of them are
// downloads, and addresses of packages are places.
func (m *Machine) addRepository(c *call) {
	text := " " + strings.Join(c.texts(), " ") + " "
	trusted := strings.Contains(text, "gpgcheck=0") || strings.Contains(text, " --no-gpgcheck ")
	for _, a := range c.args {
		address := a
		if option, value, ok := strings.Cut(a.Text, "="); ok && strings.HasPrefix(option, "--") {
			address = a.with(value)
		}
		switch u, _, _ := strings.Cut(address.Text, "?"); {
		case !strings.Contains(u, "://"):
		case strings.HasSuffix(u, ".repo"), !address.Known():
			m.takes(c, address)
		default:
			m.Log(PackageSource{c.start, c.end, c.name, address, trusted})
		}
	}
}
