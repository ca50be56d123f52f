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
		m.addRepository(c)
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
				m.takes(c, o.value)
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
