package script

import (
	"path"
	"strings"
)

// evalAsked evaluates a program that is asked for something, which may be missing.
func evalAsked(m *Machine, c *call) status {
	m.unknown(c)
	return asked(c)
}

// asked is the status of a command whose failure is no fault where it is asked for.
func asked(c *call) status {
	if c.guarded {
		return unsure
	}
	return assumed
}

var moveOptions = options{short: "tS", long: []string{"target-directory", "suffix"}}

func evalMove(m *Machine, c *call) status {
	var (
		files []Value
		dir   *Value
		plain = true
	)
	for _, o := range moveOptions.parse(c.args) {
		switch v := o.value; o.name {
		case "":
			files = append(files, v)
		case "t", "target-directory":
			dir = &v
		case "f", "force", "v", "verbose", "T":
		default:
			plain = false
		}
	}
	if dir == nil && len(files) >= 2 {
		dir = &files[len(files)-1]
		files = files[:len(files)-1]
	}
	if dir == nil {
		return m.unknown(c)
	}
	to := m.abs(*dir)
	for _, file := range files {
		f := m.find(m.abs(file))
		switch {
		case f == nil:
			m.moved(m.abs(file), to, path.Join(to, path.Base(m.abs(file))))
			continue
		case c.name == "cp" || !plain:
			continue
		}
		f.Output = to
		if len(files) > 1 || strings.HasSuffix(dir.Text, "/") || isDirectory(to) {
			f.Output = path.Join(to, path.Base(m.abs(file)))
		}
		m.files[f.Output] = f.bytes()
	}
	return m.unknown(c)
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

// install evaluates the program that copies a file: the original stays.
func evalInstall(m *Machine, c *call) status {
	var files []Value
	dir := false
	for _, o := range installOptions.parse(c.args) {
		switch o.name {
		case "":
			files = append(files, o.value)
		case "d", "directory":
			dir = true
		}
	}
	switch {
	case dir || len(files) != 2:
		m.touch(c)
	case m.find(m.abs(files[0])) == nil:
		from, to := m.abs(files[0]), m.abs(files[1])
		m.moved(from, to, path.Join(to, path.Base(from)))
	}
	return m.unknown(c)
}
