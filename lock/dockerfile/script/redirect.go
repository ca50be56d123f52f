package script

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// redirect applies redirections and returns what to do when the command has run.
func (m *Machine) redirect(redirs []*syntax.Redirect, c context) (context, func()) {
	var (
		to     string
		null   bool
		output *sink
		more   bool
	)
	for _, r := range redirs {
		fd := ""
		if r.N != nil {
			fd = r.N.Value
		}
		switch r.Op {
		case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll:
			if fd != "" && fd != "1" {
				continue
			}
			w := m.word(r.Word)
			to, null = m.abs(w), w.Text == "/dev/null"
			more = r.Op == syntax.AppOut || r.Op == syntax.AppAll
			c, output = c.capture()
		case syntax.DplOut:
			if w := m.word(r.Word); (fd == "" || fd == "1") && w.Text == "2" {
				c, output = c.capture()
				null = true
			}
		case syntax.RdrIn:
			w := m.word(r.Word)
			v, ok := m.files[m.abs(w)]
			if !ok {
				v = Unknown("$(<"+w.Text+")", "only the build has the file "+w.Text)
			}
			if f := m.find(m.abs(w)); f != nil {
				v.add(Value{from: []*Fetch{f}})
			}
			v.add(Value{from: w.from})
			c.in = &v
		case syntax.WordHdoc:
			v := join(m.word(r.Word), Text("\n"))
			v.many = false
			c.in = &v
		case syntax.Hdoc, syntax.DashHdoc:
			v := m.heredoc(r)
			c.in = &v
		}
	}
	return c, func() {
		if output == nil {
			return
		}
		v := output.value()
		if !null {
			m.write(to, v, more)
			return
		}
		for _, f := range v.from {
			if f.Output == "" {
				m.Log(Discarded{f})
			}
		}
	}
}

// heredoc returns the text of a heredoc.
func (m *Machine) heredoc(r *syntax.Redirect) Value {
	if r.Hdoc == nil {
		return Value{}
	}
	raw := false // the delimiter is quoted, and nothing is expanded
	for _, p := range r.Word.Parts {
		if l, ok := p.(*syntax.Lit); !ok || strings.Contains(l.Value, `\`) {
			raw = true
		}
	}
	var values []Value
	for _, p := range r.Hdoc.Parts {
		v := Value{}
		if l, ok := p.(*syntax.Lit); ok {
			v = Text(l.Value)
			if m.source.CRLF {
				v.Text = strings.ReplaceAll(v.Text, "\n", "\r\n")
			}
			if !raw {
				v.Text = unescapeHeredoc(v.Text)
			}
			if r.Op == syntax.DashHdoc {
				v.Text = untab(v.Text, len(values) == 0)
			}
		} else {
			v = m.parts([]syntax.WordPart{p}, true, false)
		}
		v.many = false
		values = append(values, v)
	}
	if len(values) == 0 {
		return Value{}
	}
	return join(values...)
}

// unescapeHeredoc removes the backslashes that mean something in a heredoc.
func unescapeHeredoc(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\$`, `$`, "\\`", "`", "\\\n", "").Replace(s)
}

// untab removes the tabs at the beginnings of lines.
func untab(s string, begins bool) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		if i > 0 || begins {
			lines[i] = strings.TrimLeft(lines[i], "\t")
		}
	}
	return strings.Join(lines, "\n")
}

// write notes that a value is written into a file.
func (m *Machine) write(to string, v Value, more bool) {
	m.NoteConfig(to)
	if isTool(path.Base(to)) {
		m.Log(Wrote{m.source.Run, to})
	}
	for _, f := range v.from {
		if f.Output == "" && !f.consumed {
			f.Output = to
		}
	}
	if old, ok := m.files[to]; more && ok {
		v = join(old, v)
	} else if more {
		v = join(Unknown("$(cat "+to+")", "only the build has the file "+to), v)
	}
	if len(m.files) > maxFetches {
		v = Unknown("$(cat "+to+")", "there are too many files")
	}
	v.many = false
	m.files[to] = v
}
