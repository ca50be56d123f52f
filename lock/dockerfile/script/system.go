package script

import "strings"

// registerSystemPackages adds the commands of the system's package managers that
// download by themselves: rpm of an address, keys, and lists of further places.
func registerSystemPackages(t map[string]command) {
	t["depfetch"] = (*Machine).depfetch
	rpm := t["rpm"]
	t["rpm"] = func(m *Machine, c *call) status {
		found := false
		for _, a := range c.args {
			if strings.Contains(a.Text, "://") && !strings.HasPrefix(a.Text, "-") && !strings.HasPrefix(a.Text, "file:") && installs(c) {
				m.takes(c, a)
				found = true
			}
		}
		if found {
			return m.unknown(c)
		}
		return rpm(m, c)
	}
	t["rpmkeys"] = func(m *Machine, c *call) status {
		for _, a := range c.args {
			if strings.Contains(a.Text, "://") {
				m.takes(c, a)
			}
		}
		return m.signature(c)
	}
	t["apt-key"] = func(m *Machine, c *call) status {
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
	for _, name := range []string{"add-apt-repository", "apt-add-repository"} {
		t[name] = func(m *Machine, c *call) status {
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
				m.packageSource(c, text, strings.Contains(text.Text, "trusted=yes"))
			}
			return m.unknown(c)
		}
	}
	for _, name := range []string{"yum-config-manager", "dnf", "dnf5", "microdnf", "yum", "zypper"} {
		packages := t[name]
		t[name] = func(m *Machine, c *call) status {
			text := " " + strings.Join(c.texts(), " ") + " "
			adds := name == "yum-config-manager" || strings.Contains(text, " config-manager ") || name == "zypper" && (strings.Contains(text, " addrepo ") || strings.Contains(text, " ar "))
			if !adds {
				if packages == nil {
					return m.unknown(c)
				}
				return packages(m, c)
			}
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
					m.packageSource(c, address, strings.Contains(text, "gpgcheck=0") || strings.Contains(text, " --no-gpgcheck "))
				}
			}
			return m.unknown(c)
		}
	}
}

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

func (m *Machine) packageSource(c *call, text Value, trusted bool) {
	m.Log(PackageSource{c.start, c.end, c.name, text, trusted})
}

// depfetch notes a run of depfetch.
func (m *Machine) depfetch(c *call) status {
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
