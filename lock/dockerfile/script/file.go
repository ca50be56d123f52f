package script

import (
	"path"
	"strings"
)

func registerFiles(t map[string]command) {
	for _, name := range []string{"tar", "bsdtar", "gtar"} {
		t[name] = (*Machine).tar
	}
	t["unzip"] = (*Machine).unzip
	for _, name := range []string{"gunzip", "zcat", "gzip", "xz", "xzcat", "unxz", "bzip2", "bunzip2", "bzcat", "zstd", "unzstd", "zstdcat", "pigz", "unpigz", "lz4", "brotli"} {
		t[name] = (*Machine).decompress
	}
	for _, name := range []string{"7z", "7za", "unsquashfs", "ar", "cpio", "dpkg-deb", "busybox-extras", "jar", "installer", "unrar", "rpm2cpio"} {
		t[name] = func(m *Machine, c *call) status {
			m.pipeInto(c, false)
			return m.unpackPackages(c)
		}
	}
	t["mv"], t["cp"] = (*Machine).move, (*Machine).move
	t["install"] = (*Machine).install
	t["chmod"] = (*Machine).chmod
	t["rm"] = (*Machine).remove
	for _, name := range []string{"mkdir", "ls", "file", "stat", "touch", "sync", "find", "ldd", "du", "unlink", "sleep", "ldconfig", "date", "nproc", "id", "whoami", "printenv", "hostname", "locale-gen", "useradd", "groupadd", "adduser", "addgroup", "rmdir"} {
		t[name] = func(m *Machine, c *call) status { return m.unknown(c) }
	}
	for _, name := range []string{"id", "getent", "ls", "stat", "printenv", "file", "ldd"} {
		t[name] = func(m *Machine, c *call) status {
			m.unknown(c)
			return asked(c)
		}
	}
}

// asked is the status of a command whose failure is no fault where it is asked for.
func asked(c *call) status {
	if c.guarded {
		return unsure
	}
	return assumed
}

// unpackPackages evaluates a program that unpacks or installs the files that its
// arguments name.
// unpacked notes that an archive, or the input, is unpacked.
// usedBytes notes that a program takes a download through a substitution.
var moveOptions = options{short: "tS", long: []string{"target-directory", "suffix"}}

func (m *Machine) move(c *call) status {
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
		if f == nil {
			// A part of what has been unpacked.
			m.member(c, m.abs(file))
			m.moved(m.abs(file), to, path.Join(to, path.Base(m.abs(file))))
			continue
		}
		target := to
		if len(files) > 1 || strings.HasSuffix(dir.Text, "/") || isDirectory(to) {
			target = path.Join(to, path.Base(f.Output))
		}
		if !dir.Known() {
			f.Touched = append(f.Touched, c.name)
		}
		if c.name == "cp" || !plain {
			f.Touched = append(f.Touched, c.name)
			continue
		}
		m.step(f, c, "move", len(files))
		f.Moved, f.Output = target, target
		m.files[target] = f.bytes()
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

// member notes what is done with a file below a directory that a download was
// unpacked into.
func (m *Machine) member(c *call, from string) {
	for i := len(m.Fetches) - 1; i >= 0; i-- {
		f := m.Fetches[i]
		if f.Run == m.source.Run && f.Unpack != nil && f.Unpack.Dir != "/" && (from == f.Unpack.Dir || strings.HasPrefix(from, f.Unpack.Dir+"/")) {
			f.Touched = append(f.Touched, c.name)
			return
		}
	}
}

var installOptions = options{short: "mogtS", long: []string{"mode", "owner", "group", "target-directory", "suffix"}}

func (m *Machine) install(c *call) status {
	var (
		files []Value
		mode  = "755"
		other bool
		dir   bool
	)
	for _, o := range installOptions.parse(c.args) {
		switch o.name {
		case "":
			files = append(files, o.value)
		case "m", "mode":
			mode = o.value.Text
		case "o", "owner", "g", "group":
			other = other || o.value.Text != "root" && o.value.Text != "0"
		case "d", "directory":
			dir = true
		case "v", "D", "verbose":
		default:
			other = true
		}
	}
	if dir || len(files) != 2 {
		m.touch(c)
		return m.unknown(c)
	}
	f := m.find(m.abs(files[0]))
	if f == nil {
		m.member(c, m.abs(files[0]))
		m.moved(m.abs(files[0]), m.abs(files[1]), path.Join(m.abs(files[1]), path.Base(m.abs(files[0]))))
		return m.unknown(c)
	}
	to := m.abs(files[1])
	if strings.HasSuffix(files[1].Text, "/") || isDirectory(to) {
		to = path.Join(to, path.Base(f.Output))
	}
	if other || !files[1].Known() {
		f.Touched = append(f.Touched, c.name)
		return m.unknown(c)
	}
	// The original stays until rm removes it.
	f.Moved, f.Mode = to, mode
	m.step(f, c, "install", 1)
	return m.unknown(c)
}

func (m *Machine) chmod(c *call) status {
	var words []Value
	for _, a := range c.args {
		if a.Text == "-x" || !strings.HasPrefix(a.Text, "-") {
			words = append(words, a)
		}
	}
	for i, w := range words {
		if i == 0 {
			continue
		}
		p := m.abs(w)
		f := m.find(p)
		if f == nil {
			for _, g := range m.Fetches {
				if g.Run == m.source.Run && g.Moved == p {
					f = g
				}
			}
		}
		if f == nil {
			m.member(c, p)
			continue
		}
		if mode := octal(words[0].Text); mode != "" && len(words) == 2 {
			f.Mode = mode
			m.step(f, c, "mode", 1)
		} else {
			f.Touched = append(f.Touched, "chmod")
		}
	}
	return m.unknown(c)
}

// octal returns the mode of a file that chmod has changed from 0644.
func octal(s string) string {
	switch s {
	case "+x", "a+x", "ugo+x", "755", "0755", "a+rx", "+rx", "u+x,g+x,o+x", "ugo+rx":
		return "755"
	case "u+x":
		return "744"
	}
	if len(s) == 4 && s[0] == '0' {
		s = s[1:]
	}
	if len(s) == 3 && strings.Trim(s, "01234567") == "" {
		return s
	}
	return ""
}

func (m *Machine) remove(c *call) status {
	files := 0
	for _, a := range c.args {
		if !strings.HasPrefix(a.Text, "-") {
			files++
		}
	}
	for _, a := range c.args {
		if strings.HasPrefix(a.Text, "-") {
			continue
		}
		p := m.abs(a)
		for _, f := range m.Fetches {
			if f.Output == p {
				f.Removed = true
				m.step(f, c, "remove", files)
			} else if f.Output != "" && (strings.HasPrefix(f.Output, p+"/") || strings.ContainsAny(p, "*?") && matches(p, f.Output) == succeeded) {
				f.Removed = true
			}
		}
	}
	return m.unknown(c)
}
