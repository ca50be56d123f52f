package script

import (
	"strconv"
	"strings"
)

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
		return assumed
	}
	return m.unknown(c)
}

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
		return assumed
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
	return assumed
}
