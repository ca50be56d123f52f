package script

import (
	"path"
	"strings"
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
	if _, written := m.files[p]; !written && m.isGone(p) {
		return File{}, false
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

// isGone reports whether a file has been moved away, itself or with a directory.
func (m *Machine) isGone(p string) bool {
	for len(m.gone) > 0 && strings.HasPrefix(p, "/") && p != "/" {
		if m.gone[p] {
			return true
		}
		p = path.Dir(p)
	}
	return false
}

// moved notes that a file that is no download is now at other paths too.
func (m *Machine) moved(from string, to ...string) {
	if !strings.HasPrefix(from, "/") && !strings.HasPrefix(from, "$") {
		return
	}
	for _, p := range to {
		if strings.HasPrefix(p, "/") && p != from && p != "/" {
			m.Aliases[p] = from
			m.NoteConfig(p)
			delete(m.gone, p)
		}
	}
}

// editFiles notes that sed changes files in place: scripts among them are not what they
// were, but for the ends of their lines.
func editFiles(m *Machine, c *call) {
	inPlace := false
	for _, a := range c.args {
		inPlace = inPlace || strings.HasPrefix(a.Text, "-i") || strings.HasPrefix(a.Text, "--in-place")
		inPlace = inPlace || len(a.Text) > 2 && a.Text[0] == '-' && a.Text[1] != '-' && strings.HasSuffix(a.Text, "i")
		if strings.HasPrefix(a.Text, `s/\r`) || strings.HasPrefix(a.Text, `s/\x0D`) || strings.HasPrefix(a.Text, "s/\r") {
			m.unixed = true
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

// evalUnix evaluates what gives lines the ends of Unix.
func evalUnix(m *Machine, c *call) status {
	m.unixed = true
	return evalFilter(m, c)
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
		return interpretFile(m, c, name, p, f), true
	}
	errexit, pipefail := shellFlags(flags)
	return m.script(c, f, Text(p), c.args, shellRun{bash, errexit, pipefail}), true
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
