package script

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// moveOptions are those of mv, cp and ln.
var moveOptions = options{short: "tS", long: []string{"target-directory", "suffix"}}

// placing reads the arguments of a program that puts files somewhere: what, and where to, by
// -t or behind several files; nil if that is not said. The other options are given by name.
func (o options) placing(args []Value) (files []Value, to *Value, given []string) {
	for _, a := range o.parse(args) {
		switch v := a.value; a.name {
		case "":
			files = append(files, v)
		case "t", "target-directory":
			to = &v
		default:
			given = append(given, a.name)
		}
	}
	if to == nil && len(files) > 1 {
		to, files = &files[len(files)-1], files[:len(files)-1]
	}
	return files, to, given
}

func evalMove(m *Machine, c *call) status {
	files, dir, given := moveOptions.placing(c.args)
	plain := !slices.ContainsFunc(given, func(o string) bool {
		return !slices.Contains([]string{"f", "force", "v", "verbose", "T"}, o)
	})
	if dir == nil {
		return m.unknown(c)
	}
	to := m.abs(*dir)
	for _, file := range files {
		f := m.find(m.abs(file))
		switch {
		case f == nil:
			from := m.from(file)
			m.moved(from, to, path.Join(to, path.Base(from)))
			if c.name == "mv" && plain && file.Known() && !m.uncertain() && from != to {
				m.gone[from] = true
			}
			continue
		case c.name == "cp":
			m.copied(m.abs(file), to)
			continue
		case f.Output != m.abs(file):
			m.copied(m.abs(file), to)
			delete(m.files, m.abs(file))
			continue
		case !plain:
			continue
		}
		delete(m.files, f.Output)
		f.Output = to
		if len(files) > 1 || strings.HasSuffix(dir.Text, "/") || isDirectory(to) {
			f.Output = path.Join(to, path.Base(m.abs(file)))
		}
		m.files[f.Output] = f.bytes()
	}
	return m.unknown(c)
}

// copied notes that a download is now at another path too, or in that directory.
func (m *Machine) copied(from, to string) {
	v, ok := m.files[from]
	if !ok || v.content != whole {
		return
	}
	if !isDirectory(to) {
		m.files[to] = v
	}
	m.files[path.Join(to, path.Base(from))] = v
}

// isDirectory reports whether a path is that of a directory in any image.
func isDirectory(p string) bool {
	switch p {
	case "/", "/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin", "/opt", "/tmp", "/usr/local", "/usr/local/lib", "/usr/lib", "/var/tmp", "/etc", "/root":
		return true
	}
	return false
}

var installOptions = options{short: "mogtS", long: []string{"mode", "owner", "group", "target-directory", "suffix"}}

// evalInstall evaluates the program that copies files: the originals stay.
func evalInstall(m *Machine, c *call) status {
	files, to, given := installOptions.placing(c.args)
	if to == nil || slices.Contains(given, "d") || slices.Contains(given, "directory") {
		m.touch(c)
		return m.unknown(c)
	}
	for _, file := range files {
		m.copy(file, m.abs(*to))
	}
	return m.unknown(c)
}

// copy notes that a file is now at another path too, or in that directory.
func (m *Machine) copy(file Value, to string) {
	if m.find(m.abs(file)) != nil {
		m.copied(m.abs(file), to)
		return
	}
	from := m.from(file)
	m.moved(from, to, path.Join(to, path.Base(from)))
}

// from returns the path of a file that is copied from. Of a program that the shell has
// looked up, it is that which images have.
func (m *Machine) from(file Value) string {
	if tool, ok := file.lookedUp(); ok {
		return "/usr/bin/" + tool
	}
	return m.abs(file)
}

// evalLink evaluates ln. What a symbolic link names is relative to where the link is.
func evalLink(m *Machine, c *call) status {
	files, to, given := moveOptions.placing(c.args)
	symbolic := slices.Contains(given, "s") || slices.Contains(given, "symbolic")
	if to == nil && len(files) == 1 {
		here := Text(".")
		to = &here
	}
	if to == nil {
		return m.unknown(c)
	}
	for _, file := range files {
		link := m.abs(*to)
		if symbolic && file.Known() && !strings.HasPrefix(file.Text, "/") {
			at := link
			if len(files) == 1 && !isDirectory(link) && !strings.HasSuffix(to.Text, "/") && link != m.Dir {
				at = path.Dir(link)
			}
			file = file.with(path.Join(at, file.Text))
		}
		m.copy(file, link)
	}
	return m.unknown(c)
}

// evalAsked evaluates a program that is asked for something, which may be missing.
func evalAsked(m *Machine, c *call) status {
	m.unknown(c)
	return asked(c)
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
		if !ok || a.many || !a.Known() && a.origin != temporary {
			v = Unknown("$(cat "+a.Text+")", "only the build has the file "+a.Text)
		}
		if f := m.find(m.abs(a)); f != nil && v.content != whole {
			v.add(Value{from: []*Fetch{f}})
		}
		if len(a.from) > 0 {
			v.add(Value{from: a.from})
		}
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

func evalMktemp(m *Machine, c *call) status {
	m.temps++
	c.print(Value{Text: "$(mktemp#" + strconv.Itoa(m.temps) + ")", Why: "it is a temporary name", origin: temporary})
	return succeeded
}
