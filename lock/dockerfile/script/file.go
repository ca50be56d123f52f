package script

import (
	"path"
	"strconv"
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
}

// unpackPackages evaluates a program that unpacks or installs the files that its
// arguments name.
func (m *Machine) unpackPackages(c *call) status {
	for _, a := range c.args {
		if f := m.used(m.abs(a), c.name, c.start); f != nil {
			f.Touched = append(f.Touched, c.name)
		}
	}
	return m.unknown(c)
}

var tarOptions = options{
	short: "fCTXbIKVHg",
	long: []string{"file", "directory", "files-from", "exclude-from", "exclude", "strip-components", "strip", "transform",
		"xform", "use-compress-program", "owner", "group", "mode", "wildcards-match", "checkpoint-action", "checkpoint"},
}

func (m *Machine) tar(c *call) status {
	args := c.args
	if len(args) > 0 && !strings.HasPrefix(args[0].Text, "-") && args[0].Known() {
		// The old style: tar xzf FILE. Letters with an argument take it from what
		// follows, in order, which is the same with a dash if f comes last.
		first := args[0].Text
		if i := strings.IndexByte(first, 'f'); i >= 0 && i < len(first)-1 {
			first = first[:i] + first[i+1:] + "f"
		}
		args = append([]Value{args[0].with("-" + first)}, args[1:]...)
	}
	var (
		archive, dir Value
		extract      bool
		out          bool
		u            = Unpack{At: c.start, Tool: "tar"}
	)
	for _, o := range tarOptions.parse(args) {
		switch v := o.value; o.name {
		case "x", "extract", "get":
			extract = true
		case "f", "file":
			archive = v
		case "C", "directory", "cd":
			dir = v
		case "strip-components", "strip":
			n, err := strconv.Atoi(v.Text)
			if u.Strip = n; err != nil {
				u.Other = append(u.Other, "--strip-components="+v.Text)
			}
		case "":
			u.Members = append(u.Members, v.Text)
			if !v.Known() {
				u.Other = append(u.Other, "a member that is not known")
			}
		case "O", "to-stdout":
			out = true
		case "z", "gzip", "gunzip", "j", "bzip2", "J", "xz", "zstd", "a", "auto-compress", "v", "verbose", "no-same-owner", "o",
			"p", "s", "preserve-permissions", "same-permissions", "warning", "no-same-permissions", "touch", "m", "wildcards", "overwrite", "totals", "checkpoint", "checkpoint-action":
			if o.name == "m" || o.name == "touch" || o.name == "wildcards" {
				u.Other = append(u.Other, "--"+o.name)
			}
		default:
			u.Other = append(u.Other, o.name)
		}
	}
	if !extract {
		m.touch(c)
		return m.unknown(c)
	}
	u.Dir = m.Dir
	if dir.Text != "" {
		u.Dir = m.abs(dir)
		u.DirWhy = dir.Why
	}
	if !strings.HasPrefix(u.Dir, "/") && u.DirWhy == "" {
		u.DirWhy = "the directory is not known"
	}
	return m.unpacked(c, archive, u, out)
}

// unpacked notes that an archive, or the input, is unpacked.
func (m *Machine) unpacked(c *call, archive Value, u Unpack, out bool) status {
	if archive.Text == "" || archive.Text == "-" || archive.Text == "/dev/stdin" {
		m.pipeInto(c, false)
		if c.in != nil {
			for _, f := range c.in.from {
				f.Query = false
				if f.Unpack == nil {
					f.Unpack = &u
				}
				m.step(f, c, "unpack", 1)
			}
		}
	} else {
		p := m.abs(archive)
		if v, ok := m.files[p]; ok && len(v.from) > 0 && m.find(p) == nil {
			for _, f := range v.from {
				f.Touched = append(f.Touched, c.name)
			}
		}
		if f := m.used(p, c.name, c.start); f != nil {
			if f.Unpack != nil {
				f.Touched = append(f.Touched, c.name)
			}
			f.Unpack = &u
			m.step(f, c, "unpack", 1)
		}
		if strings.HasPrefix(archive.Text, "<(") {
			for _, f := range archive.from {
				m.usedBytes(f, c)
			}
		}
	}
	if out {
		v := Unknown("$("+c.name+")", "only the build can tell what is in the archive")
		v.opaque = true
		if c.in != nil {
			v.from = c.in.from
		}
		c.print(v)
		return succeeded
	}
	return m.unknown(c)
}

// usedBytes notes that a program takes a download through a substitution.
func (m *Machine) usedBytes(f *Fetch, c *call) {
	if f.Piped == "" && len(f.Checks) == 0 && f.Output == "" {
		f.Piped, f.PipedAt, f.Query = c.name, c.start, false
	}
}

var unzipOptions = options{short: "dxP"}

func (m *Machine) unzip(c *call) status {
	u := Unpack{At: c.start, Tool: "unzip", Dir: m.Dir}
	var archive Value
	for _, o := range unzipOptions.parse(c.args) {
		switch v := o.value; o.name {
		case "":
			if archive.Text == "" {
				archive = v
			} else {
				u.Members = append(u.Members, v.Text)
			}
		case "d":
			u.Dir, u.DirWhy = m.abs(v), v.Why
		case "q", "o":
		default:
			u.Other = append(u.Other, "-"+o.name)
		}
	}
	if !strings.HasPrefix(u.Dir, "/") && u.DirWhy == "" {
		u.DirWhy = "the directory is not known"
	}
	return m.unpacked(c, archive, u, false)
}

func (m *Machine) decompress(c *call) status {
	if c.in != nil && len(c.in.from) > 0 {
		v := *c.in
		v.opaque, v.all = true, false
		for _, f := range v.from {
			if f.Piped == "" && len(f.Checks) == 0 {
				f.Piped, f.PipedAt, f.Query = c.name, c.start, false
			}
		}
		c.print(v)
		return succeeded
	}
	for _, a := range c.args {
		if strings.HasPrefix(a.Text, "-") {
			continue
		}
		p := m.abs(a)
		if f := m.used(p, c.name, c.start); f != nil {
			f.Touched = append(f.Touched, c.name)
			v := Unknown("$("+c.name+" "+a.Text+")", "only the build can tell what is in the archive")
			v.opaque = true
			c.print(v)
		}
	}
	return succeeded
}

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
			} else if f.Output != "" && (strings.HasPrefix(f.Output, p+"/") || strings.ContainsAny(p, "*?") && matches(p, f.Output)) {
				f.Removed = true
			}
		}
	}
	return m.unknown(c)
}
