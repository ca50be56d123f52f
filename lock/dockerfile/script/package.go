package script

import "strings"

// managers are the package managers of operating systems, with the options of
// theirs that take an argument.
var managers = map[string]options{
	"apt-get":  {short: "otc", long: []string{"option", "target-release", "default-release", "config-file"}},
	"apt":      {short: "otc", long: []string{"option", "target-release", "default-release"}},
	"aptitude": {short: "ot"},
	"apk":      {short: "tXp", long: []string{"virtual", "repository", "root", "keys-dir", "repositories-file"}},
	"yum":      {short: "cx"},
	"dnf":      {short: "cx"},
	"microdnf": {short: "c"},
	"tdnf":     {short: "c"},
	"zypper":   {},
	"pacman":   {},
}

func evalPackages(m *Machine, c *call) status {
	if c.name == "apk" && c.arg(0) == "--print-arch" {
		n, ok := architecture(m.Platform)
		return m.say(c, ok, n.apk)
	}
	if addsRepository(c) {
		addRepository(m, c)
		return m.unknown(c)
	}
	manager, ok := managers[c.name]
	if !ok {
		return m.unknown(c)
	}
	p := Packages{At: c.start, Run: m.source.Run, Manager: c.name}
	for _, o := range manager.parse(c.args) {
		switch {
		case o.name == "t" || o.name == "virtual":
			if c.name == "apk" {
				p.Virtual = o.value.Text
			}
		case o.name == "auto-remove" || o.name == "autoremove":
			p.Auto = true
		case o.name == "S" && c.name == "pacman", strings.HasPrefix(o.name, "S") && c.name == "pacman":
			p.Verb = "install"
		case o.name != "":
		case p.Verb == "":
			switch v := o.value.Text; v {
			case "install", "add", "in", "reinstall", "localinstall":
				p.Verb = "install"
			case "remove", "purge", "del", "erase", "rm":
				p.Verb = "remove"
			case "autoremove", "auto-remove":
				p.Verb = "autoremove"
			default:
				p.Verb = v
			}
		default:
			name := o.value.Text
			m.used(m.abs(o.value), c.name, c.start)
			if strings.Contains(name, "://") && p.Verb == "install" {
				takeFile(m, c, o.value)
				continue
			}
			name, _, _ = strings.Cut(name, "=")
			p.Names = append(p.Names, strings.TrimSuffix(name, "-"))
		}
	}
	m.Log(p)
	return m.unknown(c)
}

func evalAptMark(m *Machine, c *call) status {
	m.Log(Packages{At: c.start, Run: m.source.Run, Manager: c.name, Verb: c.arg(0)})
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
func addRepository(m *Machine, c *call) {
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
			takeFile(m, c, address)
		default:
			m.Log(PackageSource{c.start, c.end, c.name, address, trusted})
		}
	}
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

func evalAptKey(m *Machine, c *call) status {
	m.pipeInto(c, false)
	for i, a := range c.args {
		switch {
		case strings.HasPrefix(a.Text, "-"):
		case strings.Contains(a.Text, "://") && i > 0 && c.arg(i-1) != "--keyserver":
			takeFile(m, c, a)
		default:
			m.used(m.abs(a), c.name, c.start)
		}
	}
	return m.unknown(c)
}

func evalRpmkeys(m *Machine, c *call) status {
	for _, a := range c.args {
		if strings.Contains(a.Text, "://") {
			takeFile(m, c, a)
		}
	}
	return evalSignature(m, c)
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
