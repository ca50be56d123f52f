package manual

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Roff returns the page in the form of man(7), as of a day and a version. parent is the page
// of the command that it is one of, or nil.
func (p *Page) Roff(version string, day time.Time, parent *Page) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %q 1 %q %q\n", strings.ToUpper(p.Name()), day.Format(time.DateOnly), p.Command[0]+" "+version)
	section := func(name string) { fmt.Fprintf(&b, ".SH %s\n", name) }

	section("NAME")
	fmt.Fprintf(&b, "%s \\- %s\n", escape(p.Name()), escape(lower(p.Short)))
	section("SYNOPSIS")
	for i, usage := range p.Usage {
		if i > 0 {
			b.WriteString(".br\n")
		}
		command := strings.Join(p.Command, " ")
		if rest, ok := strings.CutPrefix(usage, command); ok {
			fmt.Fprintf(&b, "\\fB%s\\fR%s\n", escape(command), escape(rest))
		} else {
			fmt.Fprintln(&b, text(usage))
		}
	}
	section("DESCRIPTION")
	about := p.About
	if about == "" {
		about = p.Short + "."
	}
	prose(&b, about)
	if len(p.Commands) > 0 {
		section("COMMANDS")
		for _, c := range p.Commands {
			fmt.Fprintf(&b, ".TP\n\\fB%s\\fR(1)\n%s\n", escape(c.Name()), text(c.Short))
		}
	}
	options(&b, "OPTIONS", p.Options)
	options(&b, "GLOBAL OPTIONS", p.Global)
	if p.Examples != "" {
		section("EXAMPLES")
		literal(&b, strings.Split(p.Examples, "\n"))
	}
	if parent != nil {
		section("SEE ALSO")
		fmt.Fprintf(&b, "\\fB%s\\fR(1)\n", escape(parent.Name()))
	}
	return []byte(b.String())
}

func options(b *strings.Builder, name string, all []Option) {
	if len(all) > 0 {
		fmt.Fprintf(b, ".SH %s\n", name)
	}
	for _, o := range all {
		b.WriteString(".TP\n")
		if o.Short != "" {
			fmt.Fprintf(b, "\\fB\\-%s\\fR, ", escape(o.Short))
		}
		fmt.Fprintf(b, "\\fB\\-\\-%s\\fR", escape(o.Long))
		switch {
		case o.Optional:
			fmt.Fprintf(b, "[=\\fI%s\\fR]", escape(o.Value))
		case o.Value != "":
			fmt.Fprintf(b, "=\\fI%s\\fR", escape(o.Value))
		}
		fmt.Fprintf(b, "\n%s\n", text(o.About))
	}
}

// prose writes paragraphs. What is indented stays line by line.
func prose(b *strings.Builder, paragraphs string) {
	begun := false
	for _, paragraph := range strings.Split(paragraphs, "\n\n") {
		if begun {
			b.WriteString(".PP\n")
		}
		begun = true
		lines := strings.Split(paragraph, "\n")
		for len(lines) > 0 {
			n := 0
			for n < len(lines) && strings.HasPrefix(lines[n], " ") {
				n++
			}
			if n > 0 {
				literal(b, lines[:n])
				lines = lines[n:]
				continue
			}
			if lines[0] != "" {
				fmt.Fprintln(b, text(lines[0]))
			}
			lines = lines[1:]
		}
	}
}

// literal writes lines as they are.
func literal(b *strings.Builder, lines []string) {
	b.WriteString(".RS 0\n.nf\n")
	for _, l := range lines {
		fmt.Fprintln(b, text(l))
	}
	b.WriteString(".fi\n.RE\n")
}

// text returns a line that roff takes for text, whatever it begins with.
func text(line string) string {
	line = escape(line)
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		line = `\&` + line
	}
	return line
}

var escapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`, "'", `\(aq`)

func escape(s string) string { return escapes.Replace(s) }

// lower returns a sentence as it stands after a dash.
func lower(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if second, _ := utf8.DecodeRuneInString(s[n:]); unicode.IsUpper(second) {
		return s // an abbreviation
	}
	return string(unicode.ToLower(first)) + s[n:]
}
