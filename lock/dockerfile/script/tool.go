package script

import (
	"path"
	"regexp"
	"strings"
)

// CommandLine matches a command line of curl or wget with an address in a text.
var CommandLine = regexp.MustCompile(`(?:^|[\s;&|'"` + "`" + `/])(curl|wget)['"]?[\s,][^;&|\n]*://`)

// isTool reports whether a name is that of a program that depfetch takes the place of.
func isTool(name string) bool { return name == "curl" || name == "wget" }

// paths returns where the program that a command names may be, in the order in which the
// shell looks for it.
func (m *Machine) paths(c *call) []string {
	if strings.Contains(c.name, "/") {
		return []string{m.abs(Text(c.name))}
	}
	dirs := m.searched()
	if v, ok := m.Vars["PATH"]; ok && v.Known() && !strings.Contains(v.Text, "$") {
		dirs = strings.Split(v.Text, ":") // all of it
	}
	var all []string
	for _, dir := range dirs[:min(len(dirs), 32)] {
		if strings.HasPrefix(dir, "/") {
			all = append(all, path.Join(dir, c.name))
		}
	}
	return all
}

// made says how the curl or wget that a command starts is made, if it is none of an
// image: see Call.Made.
func (m *Machine) made(c *call) string {
	tool := path.Base(c.name)
	if !isTool(tool) {
		return ""
	}
	for _, p := range m.paths(c) {
		if how, ok := m.madeAt(p, tool); ok {
			if how != "" {
				how = p + " " + how
			}
			return how
		}
	}
	return ""
}

// madeAt says how the file at a path is made. If it is a program that is downloaded, or
// that of an image under this name, it returns "". Ok is false if nothing is known to
// have put a file there.
func (m *Machine) madeAt(p, tool string) (how string, ok bool) {
	if _, written := m.files[p]; !written && m.isGone(p) {
		return "", false
	}
	for hops := range maxAliases {
		if v, ok := m.files[p]; ok {
			if v.content != madeOf || v.origin == fetched {
				return "", true
			}
			return "is written by a RUN", true
		}
		if m.find(p) != nil {
			return "", true
		}
		if why, ok := m.edited[p]; ok {
			return "is not what it was: " + why, true
		}
		if m.Script != nil {
			if f, ok := m.Script(p); ok && !f.Perhaps {
				return "is of the build context", true
			}
		}
		next, ok := m.alias(p)
		switch {
		case ok:
			p = next
		case hops == 0:
			return "", false
		case path.Base(p) == tool || same.MatchString(path.Base(p)):
			return "", true
		default:
			return "is " + p, true
		}
	}
	return "is moved too often", true
}

// NoteConfig notes that a file is made, if it is one that curl or wget takes options from.
func (m *Machine) NoteConfig(p string) {
	tool := map[string]string{".curlrc": "curl", "curlrc": "curl", ".wgetrc": "wget", "wgetrc": "wget"}[path.Base(p)]
	if tool == "" {
		return
	}
	if m.configs == nil {
		m.configs = make(map[string]string)
	}
	m.configs[tool] = p
}

// config returns the file that a command takes options from and the Dockerfile makes.
func (m *Machine) config(c *call) string {
	tool := path.Base(c.name)
	for _, name := range map[string][]string{"curl": {"CURL_HOME"}, "wget": {"WGETRC", "SYSTEM_WGETRC"}}[tool] {
		if v, ok := m.Vars[name]; ok && v.Text != "" {
			return v.Text
		}
	}
	switch first := c.arg(0); {
	case tool == "curl" && (first == "--disable" || strings.HasPrefix(first, "-q")), tool == "wget" && first == "--no-config":
		return ""
	}
	return m.configs[tool]
}

// CopyTools notes that a file or folder of another machine's stage is copied to a path, as
// far as a curl or wget that is not an image's is, or may be, among it.
func (m *Machine) CopyTools(from *Machine, source, dest string) {
	for _, tool := range []string{"curl", "wget"} {
		for _, file := range []string{source, path.Join(source, tool)} {
			how, ok := from.madeAt(file, tool)
			if !ok || how == "" {
				continue
			}
			for _, to := range []string{dest, path.Join(dest, path.Base(file))} {
				if path.Base(to) == tool {
					m.files[to] = Unknown("$(cat "+to+")", "only the build has the file "+to)
				}
			}
		}
	}
}

// same matches the names of programs that are curl or wget without being called so.
var same = regexp.MustCompile(`^(busybox|toybox|depfetch|wget2|(curl|wget)[-_.](static|real|orig|bin|linux|musl|amd64|arm64|x86_64|aarch64|v?[0-9]).*)$`)

// others are the programs that are followed where they are called by another name.
var others = regexp.MustCompile(`^(curl|wget|wget2|aria2c|busybox)$`)

// underOtherName returns the name of the program that a command starts as a copy of it, or
// by a link to it, that has a name of its own; else "".
func (m *Machine) underOtherName(c *call) string {
	if len(m.Aliases) == 0 || m.commands[path.Base(c.name)] != nil {
		return ""
	}
	for _, p := range m.paths(c) {
		hops := 0
		for ; hops < maxAliases && m.find(p) == nil; hops++ {
			_, written := m.files[p]
			next, ok := m.alias(p)
			if written || !ok {
				break
			}
			p = next
		}
		if hops == 0 {
			continue
		}
		name := path.Base(p)
		if _, written := m.files[p]; written || m.find(p) != nil || !others.MatchString(name) {
			return ""
		}
		if m.Script != nil {
			if _, ok := m.Script(p); ok {
				return ""
			}
		}
		if name == "busybox" && m.commands[c.arg(0)] == nil {
			return "" // its name says what it is
		}
		return name
	}
	return ""
}

// isBusybox reports whether a program is busybox, by its name or as what it is a link to.
func (m *Machine) isBusybox(p string) bool {
	for range maxAliases {
		next, ok := m.alias(p)
		if !ok {
			break
		}
		p = next
	}
	return path.Base(p) == "busybox"
}

// whereIs evaluates the search for a program.
func (m *Machine) whereIs(c *call, names []Value) status {
	if len(names) != 1 || !names[0].Known() || !isTool(names[0].Text) {
		return m.unsureOf(c)
	}
	c.print(Value{Text: "$(which " + names[0].Text + ")", Why: "only the build can tell what " + c.name + " prints", origin: looked})
	return unsure
}

// lookedUp returns the name of the program whose path a value is, if the shell has looked
// it up.
func (v Value) lookedUp() (tool string, ok bool) {
	name, ok := strings.CutPrefix(v.Text, "$(which ")
	if v.origin != looked || !ok || v.Known() {
		return "", false
	}
	name, ok = strings.CutSuffix(name, ")")
	return name, ok && isTool(name)
}

// evalAlias notes the aliases of the shell. Bash takes them only where it is told to, and
// no shell does before the next line.
func evalAlias(m *Machine, c *call) status {
	for _, a := range c.args {
		if name, value, ok := strings.Cut(a.Text, "="); ok && a.Known() {
			if m.aliases == nil {
				m.aliases = make(map[string]Value)
			}
			m.aliases[name] = a.with(value)
		}
	}
	return succeeded
}

// expanded evaluates a command whose name is an alias of the shell.
func (m *Machine) expanded(c *call, as Value) status {
	calls, _, _ := strings.Cut(strings.TrimSpace(as.Text), " ")
	if !isTool(path.Base(calls)) {
		return m.unknown(c)
	}
	m.unread(c, c.name+" is an alias of "+as.Text+", which not every shell takes")
	aliases := m.aliases
	m.aliases = nil // an alias is not taken within itself
	defer func() { m.aliases = aliases }()
	return m.nested(c, joined(append([]Value{as}, c.args...)))
}
