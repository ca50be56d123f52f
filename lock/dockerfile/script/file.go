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
			return m.unpackFiles(c)
		}
	}
	t["mv"], t["cp"] = (*Machine).move, (*Machine).move
	t["install"] = (*Machine).install
	for _, name := range []string{"chmod", "rm", "mkdir", "ls", "file", "stat", "touch", "sync", "find", "ldd", "du", "unlink", "sleep", "ldconfig", "date", "nproc", "id", "whoami", "printenv", "hostname", "locale-gen", "useradd", "groupadd", "adduser", "addgroup", "rmdir"} {
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
func (m *Machine) install(c *call) status {
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
