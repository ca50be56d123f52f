package edit

import (
	"fmt"
	"strings"
	"testing"

	"depfetch/lock"
)

// writer writes lockfiles in layouts that bytes choose.
type writer struct {
	strings.Builder
	choices []byte
	blocks  []string // tables that are still to be written
}

// pick returns a number below n.
func (w *writer) pick(n int) int {
	if len(w.choices) == 0 {
		return 0
	}
	c := int(w.choices[0])
	w.choices = w.choices[1:]
	return c % n
}

// oneOf returns one of a few texts.
func (w *writer) oneOf(texts ...string) string { return texts[w.pick(len(texts))] }

// lockfile returns a lockfile with up to three dependencies.
func (w *writer) lockfile() string {
	var inline []string
	var body strings.Builder
	kind := w.pick(4)
	for _, name := range []string{"a", "b", "c.d"}[:w.pick(4)] {
		switch kind {
		case 0, 1: // tables
			w.tables(name)
		case 2: // dotted keys
			for _, p := range w.dotted(w.key(name)) {
				body.WriteString(w.line("deps" + w.oneOf(".", " . ") + p))
			}
		default:
			inline = append(inline, w.dep(name))
		}
	}
	if kind == 3 {
		body.WriteString(w.line("deps = " + w.table(inline)))
	}
	w.WriteString(w.oneOf("", "# the file\n", "# the file\n\n"))
	version := w.line("version = 1")
	w.WriteString(w.oneOf(version+body.String(), body.String()+version))
	for len(w.blocks) > 0 {
		i := w.pick(len(w.blocks))
		w.WriteString(w.oneOf("", "\n", "\n\n", "\n# about\n", "# about\n", "# alone\n\n"))
		w.WriteString(w.blocks[i])
		w.blocks = append(w.blocks[:i:i], w.blocks[i+1:]...)
	}
	text := w.String() + w.oneOf("", "\n", "# the end\n", "\n# the end")
	return w.oneOf(text, strings.TrimRight(text, "\n"), strings.ReplaceAll(text, "\n", "\r\n"), byteOrderMark+text)
}

// tables writes a dependency as tables, and what is in them in any layout.
func (w *writer) tables(name string) {
	header := "[deps." + w.key(name) + w.oneOf("]", " ]", "] # here")
	var own, locked strings.Builder
	indent := w.oneOf("", "", "  ", "\t")
	for _, p := range w.own() {
		own.WriteString(indent + w.line(p))
	}
	lines := w.lines()
	switch w.pick(4) {
	case 0:
		for _, l := range lines {
			locked.WriteString(indent + w.line(w.key(l)+" = "+w.table(w.fields())))
		}
		if len(lines) > 0 || w.pick(2) == 0 {
			w.blocks = append(w.blocks, "[deps."+w.key(name)+".locked]\n"+locked.String())
		}
	case 1:
		for _, l := range lines {
			locked.Reset()
			for _, p := range w.fields() {
				locked.WriteString(indent + w.line(p))
			}
			w.blocks = append(w.blocks, "[deps."+w.key(name)+".locked."+w.key(l)+"]\n"+locked.String())
		}
	case 2:
		for _, l := range lines {
			own.WriteString(indent + w.line("locked."+w.key(l)+" = "+w.table(w.fields())))
		}
	default:
		own.WriteString(w.line("locked = " + w.locked(lines)))
	}
	w.blocks = append(w.blocks, header+"\n"+w.oneOf("", "\n", "# inside\n")+own.String())
}

// dotted returns the pairs of a dependency with its name before them.
func (w *writer) dotted(name string) (pairs []string) {
	for _, p := range w.own() {
		pairs = append(pairs, name+"."+p)
	}
	for _, l := range w.lines() {
		if w.pick(2) == 0 {
			pairs = append(pairs, name+".locked."+w.key(l)+" = "+w.table(w.fields()))
			continue
		}
		for _, p := range w.fields() {
			pairs = append(pairs, name+".locked."+w.key(l)+"."+p)
		}
	}
	return pairs
}

// dep returns a dependency for an inline table.
func (w *writer) dep(name string) string {
	if w.pick(3) == 0 {
		return strings.Join(w.dotted(w.key(name)), ", ")
	}
	pairs := w.own()
	if w.pick(3) > 0 {
		pairs = append(pairs, "locked = "+w.locked(w.lines()))
	}
	return w.key(name) + " = " + w.table(pairs)
}

// locked returns locked lines as an inline table.
func (w *writer) locked(lines []string) string {
	var items []string
	for _, l := range lines {
		items = append(items, w.key(l)+" = "+w.table(w.fields()))
	}
	return w.table(items)
}

// own returns the pairs of a dependency itself.
func (w *writer) own() []string {
	pairs := []string{"url" + w.equals() + w.quoted("https://example.com/x")}
	if w.pick(2) == 0 {
		pairs = append(pairs, "version"+w.equals()+w.quoted("0.9"))
	}
	if w.pick(3) == 0 {
		items := []string{`"linux/amd64"`, `'linux/arm64'`, `"linux/386"`}[:w.pick(4)]
		pairs = append(pairs, "platforms = ["+strings.Trim(w.table(items), "{}")+"]")
	}
	if w.pick(3) == 0 {
		pairs = append(pairs, w.oneOf(`alias."linux/amd64" = "x"`, `alias = { "linux/amd64" = "x" }`))
	}
	if w.pick(2) == 0 {
		pairs[0], pairs[len(pairs)-1] = pairs[len(pairs)-1], pairs[0]
	}
	return pairs
}

// lines returns the platforms that are locked.
func (w *writer) lines() []string {
	if w.pick(4) == 0 {
		return []string{"any"}
	}
	return []string{"linux/amd64", "linux/arm64", "linux/arm/v7"}[:w.pick(4)]
}

// fields returns the pairs of a locked line.
func (w *writer) fields() []string {
	pairs := []string{"url" + w.equals() + w.quoted("https://example.com/x"), "sha256" + w.equals() + w.quoted(strings.Repeat("a", 64))}
	if w.pick(2) == 0 {
		pairs = append(pairs, "size"+w.equals()+w.oneOf("0", "12", "1_000", "0x10"))
	}
	if w.pick(2) == 0 {
		pairs = append(pairs, "trust"+w.equals()+w.quoted("published"))
	}
	if w.pick(2) == 0 {
		pairs[0], pairs[len(pairs)-1] = pairs[len(pairs)-1], pairs[0]
	}
	return pairs
}

// table returns an inline table of items.
func (w *writer) table(items []string) string {
	if len(items) == 0 {
		return w.oneOf("{}", "{ }", "{\n}", "{ # none\n }", "{\n  # none\n}")
	}
	switch w.pick(5) {
	case 0, 1:
		return "{ " + strings.Join(items, ", ") + " }"
	case 2:
		return "{" + strings.Join(items, ",") + "}"
	}
	var b strings.Builder
	b.WriteString("{" + w.oneOf("", " # open", "\n  # above"))
	for i, item := range items {
		b.WriteString(w.oneOf("\n  ", "\n\t", "\n") + item)
		if i < len(items)-1 || w.pick(2) == 0 {
			b.WriteString(w.oneOf(",", " ,", ", ", "\n  , ", " # before\n,"))
		}
		b.WriteString(w.oneOf("", " # behind\n", "\n", "\n  # below\n"))
	}
	return b.String() + w.oneOf("\n}", "\n# close\n}", "\n  }")
}

// line returns a pair as a line of its own.
func (w *writer) line(pair string) string {
	return pair + w.oneOf("\n", "\n", "  \n", " # behind\n", "\t# behind\n", "\n# below\n", "\n\n")
}

func (w *writer) equals() string { return w.oneOf(" = ", " = ", "=", "     = ", "\t=\t") }

func (w *writer) key(name string) string {
	if strings.Trim(name, "abc") == "" && w.pick(2) == 0 || name == "any" {
		return name
	}
	return w.oneOf(`"`+name+`"`, "'"+name+"'")
}

func (w *writer) quoted(s string) string {
	return w.oneOf(`"`+s+`"`, "'"+s+"'", `"""`+s+`"""`, "'''\n"+s+"'''", fmt.Sprintf(`"\u%04X%s"`, s[0], s[1:]))
}

// FuzzLayouts holds what FuzzEdit does, of lockfiles in layouts that bytes
// choose and several edits one after the other.
func FuzzLayouts(f *testing.F) {
	for i := range 200 {
		choices := make([]byte, 120)
		for j := range choices {
			choices[j] = byte((i*31 + j*j*7 + j*i) >> 1)
		}
		f.Add(choices)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		w := &writer{choices: choices}
		text := w.lockfile()
		if _, err := lock.Parse("x", []byte(text)); err != nil {
			t.Fatalf("the writer of this test: %v\n%s", err, text)
		}
		d, err := Parse("x", []byte(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		for range 6 {
			word := w.oneOf("1.2.3", `a"'\`, "v2", "'''")
			all := edits(d.File(), w.pick(3), w.pick(60), word, int64(w.pick(4)-1))
			checkEdit(t, d, all[w.pick(len(all))])
		}
	})
}
