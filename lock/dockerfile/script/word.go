package script

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// get returns the value of a variable.
func (m *Machine) get(name string) Value {
	v, _ := m.lookup(name)
	return v
}

// lookup returns the value of a variable, and whether it is set.
func (m *Machine) lookup(name string) (Value, bool) {
	switch name {
	case "@", "*":
		if len(m.args) == 0 {
			return Value{}, false
		}
		var parts []Value
		for i, a := range m.args {
			if i > 0 {
				parts = append(parts, Text(" "))
			}
			parts = append(parts, a)
		}
		return join(parts...), true
	case "#":
		return Text(strconv.Itoa(len(m.args))), true
	case "?":
		return Unknown("$?", "it is a command's status"), true
	case "PWD":
		return Text(m.Dir), true
	case "0":
		if m.zero != nil {
			return *m.zero, true
		}
		fallthrough
	case "$", "!", "-", "_":
		return Unknown("$"+name, "only the build can tell"), true
	}
	if n, err := strconv.Atoi(name); err == nil {
		if n <= len(m.args) {
			return m.args[n-1], true
		}
		return Value{}, false
	}
	if v, ok := m.Vars[name]; ok {
		return v, true
	}
	why := name + " is not set in this Dockerfile"
	switch reason, ok := m.Unset[name]; {
	case ok:
		why = reason
	case m.assigned[name]:
		return Value{}, false // the script's own, and not set on this way
	case m.sourced:
		why = name + " is set by a file that only the build has"
	case name == "HOME":
		return Text("/root"), true
	}
	v := Unknown("${"+name+"}", why)
	_, v.unset = m.Unset[name]
	return v, false
}

// word returns what a word stands for, unsplit.
func (m *Machine) word(w *syntax.Word) Value {
	if w == nil {
		return Value{}
	}
	return m.parts(w.Parts, false, false)
}

// pattern returns a word as a pattern: what is quoted in it stands for itself.
func (m *Machine) pattern(w *syntax.Word) Value {
	if w == nil {
		return Value{}
	}
	return m.parts(w.Parts, false, true)
}

func (m *Machine) parts(parts []syntax.WordPart, quoted, meta bool) Value {
	var values []Value
	for i, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			text := unescape(p.Value, quoted, meta)
			if i == 0 && !quoted && (text == "~" || strings.HasPrefix(text, "~/")) {
				text = m.get("HOME").Text + text[1:]
			}
			values = append(values, Text(text))
		case *syntax.SglQuoted:
			text := p.Value
			if p.Dollar {
				text = escapes(text, false)
			}
			if meta {
				text = pattern.QuoteMeta(text, 0)
			}
			values = append(values, Text(text))
		case *syntax.DblQuoted:
			v := m.parts(p.Parts, true, false)
			if meta {
				v.Text = pattern.QuoteMeta(v.Text, 0)
			}
			values = append(values, v)
		case *syntax.ParamExp:
			values = append(values, m.param(p))
		case *syntax.CmdSubst:
			values = append(values, m.substitute(p.Stmts))
		case *syntax.ProcSubst:
			v := m.substitute(p.Stmts)
			values = append(values, Value{Text: "<(" + v.Text + ")", Why: "it is what a command prints", from: v.from, sums: v.sums})
		case *syntax.ArithmExp:
			values = append(values, m.arithmetic(p.X))
		default:
			values = append(values, Unknown("${}", "it is written in a way that is not read"))
		}
	}
	return join(values...)
}

// unescape removes the backslashes of a literal.
func unescape(s string, quoted, meta bool) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch {
		case s[i] == '\n':
		case quoted && !strings.ContainsRune("$`\"\\", rune(s[i])), meta && strings.ContainsRune(`*?[]\`, rune(s[i])):
			b.WriteString(`\` + string(s[i]))
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// substitute returns what statements print, without the line feeds at its end.
func (m *Machine) substitute(stmts []*syntax.Stmt) Value {
	if m.depth++; m.depth > maxDepth {
		m.depth--
		return Unknown("$(…)", "it is nested too deep")
	}
	defer func() { m.depth-- }()
	c, out := context{lost: "it is in a substitution"}.capture()
	m.subshell(func() status { return m.list(stmts, c) })
	v := out.value()
	v.Text = strings.TrimRight(v.Text, "\n")
	for _, f := range v.from {
		if f.Output == "" && !v.opaque {
			f.Query, f.Captured = true, true
		}
	}
	return v
}

// fields returns what words stand for, split as the shell splits them.
func (m *Machine) fields(words []*syntax.Word) []Value {
	var fields []Value
	for _, w := range words {
		for _, w := range m.braces(w) {
			fields = append(fields, m.split(w)...)
		}
	}
	return fields
}

// braces expands {a,b} as bash does.
func (m *Machine) braces(w *syntax.Word) []*syntax.Word {
	if !m.source.Bash {
		return []*syntax.Word{w}
	}
	word := *w
	word.Parts = append([]syntax.WordPart(nil), w.Parts...)
	if !syntax.SplitBraces(&word) {
		return []*syntax.Word{w}
	}
	return alternatives(&word)
}

func alternatives(w *syntax.Word) []*syntax.Word {
	for i, p := range w.Parts {
		b, ok := p.(*syntax.BraceExp)
		if !ok || b.Sequence {
			continue
		}
		var all []*syntax.Word
		for _, e := range b.Elems {
			parts := append(append(append([]syntax.WordPart(nil), w.Parts[:i]...), e.Parts...), w.Parts[i+1:]...)
			if all = append(all, alternatives(&syntax.Word{Parts: parts})...); len(all) > maxRounds {
				return all[:maxRounds]
			}
		}
		return all
	}
	return []*syntax.Word{w}
}

// split returns what a word stands for, split at the blanks of what is expanded
// outside quotes.
func (m *Machine) split(w *syntax.Word) []Value {
	if len(w.Parts) == 1 {
		p := w.Parts[0]
		if q, ok := p.(*syntax.DblQuoted); ok && len(q.Parts) == 1 && isAll(q.Parts[0]) || isAll(p) {
			return m.args
		}
	}
	bare := false
	for _, p := range w.Parts {
		switch p.(type) {
		case *syntax.ParamExp, *syntax.CmdSubst:
			bare = true
		}
	}
	v := m.word(w)
	if !bare || !v.Known() {
		return []Value{v}
	}
	if len(w.Parts) > 1 && !strings.ContainsAny(v.Text, " \t\n") {
		return []Value{v}
	}
	for _, p := range w.Parts {
		switch p.(type) {
		case *syntax.SglQuoted, *syntax.DblQuoted:
			return []Value{v} // quoted blanks are not told from others
		}
	}
	var fields []Value
	for _, f := range strings.Fields(v.Text) {
		fields = append(fields, v.with(f))
	}
	return fields
}

// isAll reports whether a part is $@.
func isAll(p syntax.WordPart) bool {
	e, ok := p.(*syntax.ParamExp)
	return ok && e.Param != nil && e.Param.Value == "@" && e.Exp == nil && e.Slice == nil
}

// param expands a parameter.
// alternative expands ${name:-word} and its like.
// arithmetic evaluates a number or a variable; more than that is unknown.
