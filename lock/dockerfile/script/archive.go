package script

import "strings"

// evalUnpacker evaluates a program that unpacks or installs its input and the files
// that its arguments name.
func evalUnpacker(m *Machine, c *call) status {
	m.pipeInto(c, false)
	useAll(m, c)
	return m.unknown(c)
}

// useAll notes that the downloads that arguments name are used.
func useAll(m *Machine, c *call) {
	for _, a := range c.args {
		m.used(m.abs(a), c.name, c.start)
	}
}

var tarOptions = options{
	short: "fCTXbIKVHg",
	long: []string{"file", "directory", "files-from", "exclude-from", "exclude", "strip-components", "strip", "transform",
		"xform", "use-compress-program", "owner", "group", "mode", "wildcards-match", "checkpoint-action", "checkpoint"},
}

func evalTar(m *Machine, c *call) status {
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
	var archive Value
	extract, prints := false, false
	for _, o := range tarOptions.parse(args) {
		switch o.name {
		case "x", "extract", "get":
			extract = true
		case "f", "file":
			archive = o.value
		case "O", "to-stdout":
			prints = true
		}
	}
	if !extract {
		m.touch(c)
		return m.unknown(c)
	}
	unpackArchive(m, c, archive)
	if !prints {
		return m.unknown(c)
	}
	v := Unknown("$("+c.name+")", "only the build can tell what is in the archive")
	v.content = packed
	if c.in != nil {
		v.from = c.in.from
	}
	c.print(v)
	return assumed
}

// unpackArchive notes that an archive, or the input, is unpacked.
func unpackArchive(m *Machine, c *call, archive Value) {
	switch {
	case archive.Text == "", archive.Text == "-", archive.Text == "/dev/stdin":
		m.pipeInto(c, false)
	case archive.origin == process:
		for _, f := range archive.from {
			if f.Output == "" {
				m.Log(Piped{Fetch: f, At: c.start, Into: c.name, Argument: true})
				f.consumed = true
			}
		}
	default:
		m.used(m.abs(archive), c.name, c.start)
	}
}

var unzipOptions = options{short: "dxP"}

func evalUnzip(m *Machine, c *call) status {
	var archive Value
	for _, o := range unzipOptions.parse(c.args) {
		if o.name == "" {
			archive = o.value
			break
		}
	}
	unpackArchive(m, c, archive)
	return m.unknown(c)
}

func evalDecompress(m *Machine, c *call) status {
	if c.in != nil && len(c.in.from) > 0 {
		m.pipeInto(c, false)
		v := *c.in
		v.content = packed
		c.print(v)
		return assumed
	}
	for _, a := range c.args {
		if !strings.HasPrefix(a.Text, "-") && m.used(m.abs(a), c.name, c.start) != nil {
			v := Unknown("$("+c.name+" "+a.Text+")", "only the build can tell what is in the archive")
			v.content = packed
			c.print(v)
		}
	}
	return assumed
}
