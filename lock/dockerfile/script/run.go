package script

import (
	"maps"
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// File is a file of a stage that is not written by its scripts.
type File struct {
	Text   string
	Locate func(int) int // of an offset in Text, as Source.Locate
	Why    string        // why it is not read; then Text is empty
	// Perhaps says that the file may be another than that which Why is about.
	Perhaps bool
}

// maxAliases is how often a file may be moved before it is lost sight of.
const maxAliases = 8

// file returns the script at a path, wherever it comes from.
func (m *Machine) file(p string) (File, bool) {
	if m.find(p) != nil {
		return File{}, false // a download has taken its place
	}
	for range maxAliases {
		if v, ok := m.files[p]; ok {
			return File{Text: v.Text, Why: v.Why}, v.Known()
		}
		if why, ok := m.edited[p]; ok {
			return File{Why: why}, true
		}
		if m.Script != nil {
			if f, ok := m.Script(p); ok {
				return f, true
			}
		}
		next, ok := m.alias(p)
		if !ok {
			break
		}
		p = next
	}
	return File{}, false
}

// alias returns where a file was before it was moved, itself or with a directory.
func (m *Machine) alias(p string) (string, bool) {
	for dir := p; ; dir = path.Dir(dir) {
		if from, ok := m.Aliases[dir]; ok && from != dir {
			return from + p[len(dir):], true
		}
		if dir == "/" || !strings.HasPrefix(dir, "/") {
			return "", false
		}
	}
}

// moved notes that a file that is no download is now at other paths too.
func (m *Machine) moved(from string, to ...string) {
	if !strings.HasPrefix(from, "/") {
		return
	}
	for _, p := range to {
		if strings.HasPrefix(p, "/") && p != from && p != "/" {
			m.Aliases[p] = from
		}
	}
}

// interpreterOf returns the program that a script names in its first line, with
// what it gives it, or "" if it names none.
func interpreterOf(text string) (name string, args []string) {
	first, _, _ := strings.Cut(text, "\n")
	rest, ok := strings.CutPrefix(first, "#!")
	if !ok {
		return "", nil
	}
	words := strings.Fields(rest)
	for len(words) > 0 && (path.Base(words[0]) == "env" || strings.HasPrefix(words[0], "-")) {
		words = words[1:]
	}
	if len(words) == 0 {
		return "", nil
	}
	return path.Base(words[0]), words[1:]
}

// shells are the programs whose scripts are read, and whether they know the
// expansions of bash.
var shells = map[string]bool{"sh": false, "ash": false, "dash": false, "ksh": false, "busybox": false, "bash": true, "zsh": true}

// edits notes that sed changes files in place: scripts among them are not what they
// were, but for the ends of their lines.
func (m *Machine) edits(c *call) {
	inPlace := false
	for _, a := range c.args {
		inPlace = inPlace || strings.HasPrefix(a.Text, "-i") || strings.HasPrefix(a.Text, "--in-place")
		inPlace = inPlace || len(a.Text) > 2 && a.Text[0] == '-' && a.Text[1] != '-' && strings.HasSuffix(a.Text, "i")
		if strings.HasPrefix(a.Text, `s/\r`) || strings.HasPrefix(a.Text, `s/\x0D`) || strings.HasPrefix(a.Text, "s/\r") {
			return
		}
	}
	if !inPlace {
		return
	}
	for _, a := range c.args {
		p := m.abs(a)
		if f, ok := m.file(p); ok && f.Why == "" {
			delete(m.files, p)
			m.edited[p] = "sed has changed " + a.Text
		}
	}
}

// start evaluates a command that is the path of a file of the stage. It reports
// whether the file is one that is known.
func (m *Machine) start(c *call) (status, bool) {
	if strings.Contains(c.name, "/") {
		return m.startAt(c, m.abs(Text(c.name)))
	}
	for _, dir := range m.searched() {
		if got, ok := m.startAt(c, path.Join(dir, c.name)); ok {
			return got, true
		}
	}
	return unsure, false
}

// DefaultPath is the PATH that BuildKit sets if the image has none.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// searched returns the directories of $PATH, and then those that images usually have.
func (m *Machine) searched() []string {
	dirs := DefaultPath
	if v, ok := m.Vars["PATH"]; ok {
		dirs = v.Text + ":" + dirs
	}
	all := strings.Split(dirs, ":")
	return all[:min(len(all), 32)]
}

func (m *Machine) startAt(c *call, p string) (status, bool) {
	if from, ok := m.alias(p); ok && from == "/depfetch" {
		return evalDepfetch(m, c), true
	}
	f, ok := m.file(p)
	if !ok || f.Perhaps && !strings.HasSuffix(p, ".sh") || strings.Contains(f.Text[:min(len(f.Text), 512)], "\x00") {
		return unsure, false
	}
	name, flags := interpreterOf(f.Text)
	if name == "" {
		name = "sh"
	}
	bash, posix := shells[name]
	if !posix {
		return m.interpretFile(c, name, p, f), true
	}
	errexit, pipefail := shellFlags(flags)
	return m.script(c, f, Text(p), c.args, shellRun{bash, errexit, pipefail}), true
}

// shellFlags returns what the options of a shell turn on.
func shellFlags(flags []string) (errexit, pipefail bool) {
	for i, a := range flags {
		if len(a) < 2 || a[0] != '-' || a[1] == '-' {
			continue
		}
		errexit = errexit || strings.Contains(a, "e")
		if strings.HasSuffix(a, "o") && i+1 < len(flags) {
			errexit = errexit || flags[i+1] == "errexit"
			pipefail = pipefail || flags[i+1] == "pipefail"
		}
	}
	return errexit, pipefail
}

// shellRun is how a shell runs a script.
type shellRun struct{ bash, errexit, pipefail bool }

// shellFile evaluates a shell that is given a file.
func (m *Machine) shellFile(c *call, at int, how shellRun) status {
	name := c.args[at]
	f, ok := m.file(m.abs(name))
	if !ok && !strings.Contains(name.Text, "/") {
		// A shell looks for the name in $PATH too.
		for _, dir := range m.searched() {
			if f, ok = m.file(path.Join(dir, name.Text)); ok {
				break
			}
		}
	}
	if !ok || !name.Known() {
		if f := m.used(m.abs(name), c.name, c.start); f != nil {
			m.runs(f, c)
		}
		m.touch(c)
		return m.unknown(c)
	}
	return m.script(c, f, name, c.args[at+1:], how)
}

// script evaluates a file in a shell of its own: what the shell that starts it has
// not exported is not set in it.
func (m *Machine) script(c *call, f File, name Value, args []Value, how shellRun) status {
	file := m.parse(c, f, name.Text)
	switch {
	case file == nil:
		return m.unknown(c)
	case m.depth >= maxDepth:
		m.unread(c, "scripts start one another too often")
		return m.unknown(c)
	}
	lost := m.fate(c.context)
	return m.inShell(how, func() status {
		m.functions = make(map[string]*syntax.Stmt)
		m.sourced, m.args, m.zero, m.outer = "", args, &name, lost
		return m.deeper(c, f.Locate, func() status {
			m.assigned = assigned(file)
			m.via = c.via
			m.source.Bash = how.bash
			got := m.list(file.Stmts, context{in: c.in, out: c.out})
			if m.steps > maxSteps {
				return unsure
			}
			return got
		})
	})
}

// include evaluates a file in this shell. It reports whether the file is one that is
// known.
func (m *Machine) include(c *call, at int) (got status, ok bool) {
	f, ok := m.file(m.abs(c.args[at]))
	if !ok || m.depth >= maxDepth {
		return unsure, false
	}
	file := m.parse(c, f, c.arg(at))
	if file == nil {
		return unsure, false
	}
	if args := m.args; at+1 < len(c.args) {
		m.args = c.args[at+1:]
		defer func() { m.args = args }()
	}
	return m.deeper(c, f.Locate, func() status {
		set, from := m.assigned, len(m.ways)
		m.assigned = assigned(file)
		maps.Copy(m.assigned, set)
		got := m.list(file.Stmts, c.context)
		m.exit.returns()
		return m.arrive(got, from, (*exit).returns)
	}), true
}

// parse parses a file that a command runs, or notes why it is not read and returns nil.
func (m *Machine) parse(c *call, f File, name string) *syntax.File {
	switch {
	case f.Why != "":
		m.unread(c, f.Why)
		return nil
	case m.spent(len(f.Text)):
		return nil
	}
	file, err := Parse(f.Text)
	if err != nil {
		m.unread(c, name+": "+strings.TrimPrefix(err.Error(), "reading the shell script: "))
		return nil
	}
	return file
}

// deeper evaluates a script within this one, whose offsets locate maps; if that is
// nil, all of it is where the command is.
func (m *Machine) deeper(c *call, locate func(int) int, f func() status) status {
	m.depth++
	src, via, set := m.source, m.via, m.assigned
	defer func() { m.depth--; m.source, m.via, m.assigned = src, via, set }()
	if m.source.Locate = locate; locate == nil {
		m.source.Locate = func(int) int { return c.start }
	}
	return f()
}

// export notes that scripts that this one starts get a variable.
func (m *Machine) export(name string) {
	if m.env != nil {
		m.env[name] = true
	}
}

// cutExe returns the name of a program of Windows without its directory and ending.
func cutExe(name string) (string, bool) {
	base := strings.ToLower(name[strings.LastIndexAny(name, `/\`)+1:])
	for _, ext := range []string{".exe", ".cmd", ".bat"} {
		if rest, ok := strings.CutSuffix(base, ext); ok {
			return rest, true
		}
	}
	return base, strings.Contains(name, `\`)
}
