package script

import (
	"strconv"
	"strings"
)

func evalEcho(m *Machine, c *call) status {
	args, feed, escape, varies := c.args, true, false, false
	for len(args) > 0 && len(args[0].Text) > 1 && args[0].Text[0] == '-' && strings.Trim(args[0].Text[1:], "neE") == "" {
		feed = feed && !strings.Contains(args[0].Text, "n")
		escape = escape || strings.Contains(args[0].Text, "e")
		varies = varies || !m.source.Bash && args[0].Text != "-n"
		args = args[1:]
	}
	v := joined(args)
	v.many = false
	if slashed := strings.Contains(v.Text, `\`); escape || slashed && !m.source.Bash {
		text, ok, ends := escapes(v.Text, echoEscapes)
		if escape {
			v.Text, feed = text, feed && !ends
		}
		if varies = varies || slashed && !m.source.Bash; !ok && v.Known() {
			v.Why = "it is escaped in a way that is not read"
		}
	}
	if varies && v.Known() {
		v.Why = "what echo prints depends on the shell"
	}
	if c.print(v); feed {
		c.print(Text("\n"))
	}
	return succeeded
}

func evalPrintf(m *Machine, c *call) status {
	args := c.args
	if len(args) > 0 && args[0].Text == "--" {
		args = args[1:]
	}
	if len(args) > 2 && args[0].Text == "-v" {
		m.put(args[1].Text, format(args[2], args[3:]))
		return succeeded
	}
	if len(args) > 0 {
		c.print(format(args[0], args[1:]))
	}
	return succeeded
}

// format evaluates printf with %s, %d, %b and %%.
func format(f Value, args []Value) Value {
	if !f.Known() {
		return f
	}
	odd := Unknown(f.Text, "it is formatted in a way that is not read")
	for _, a := range args {
		if a.many {
			odd.add(a)
			return odd
		}
	}
	var parts []Value
	text, ok, _ := escapes(f.Text, formatEscapes)
	if !ok {
		return odd
	}
	for first := true; first || len(args) > 0; first = false {
		took := false
		for rest := text; ; {
			i := strings.IndexByte(rest, '%')
			if i < 0 {
				parts = append(parts, f.with(rest))
				break
			}
			if i+1 == len(rest) {
				return odd
			}
			parts = append(parts, f.with(rest[:i]))
			verb := rest[i+1]
			rest = rest[i+2:]
			arg := Value{}
			if verb != '%' && len(args) > 0 {
				took = true
				arg, args = args[0], args[1:]
			} else if verb == 'd' || verb == 'i' {
				arg = Text("0")
			}
			switch verb {
			case '%':
				arg = Text("%")
			case 's':
			case 'd', 'i':
				if n, err := strconv.Atoi(arg.Text); arg.Known() && (err != nil || strconv.Itoa(n) != arg.Text) {
					return odd
				}
			case 'b':
				text, ok, ends := escapes(arg.Text, echoEscapes)
				if !ok || ends {
					return odd
				}
				if text != arg.Text {
					arg = arg.with(text)
				}
			default:
				return odd
			}
			if parts = append(parts, arg); len(parts) > maxFields {
				return odd
			}
		}
		if !took {
			break
		}
	}
	return join(parts...)
}

// The kinds of escapes.
const (
	quotedEscapes = iota // of $'…'
	echoEscapes          // of echo -e and %b: \c ends the output
	formatEscapes        // of printf
)

// escapes replaces the escapes of echo -e, printf and $'…'. It reports whether all of
// them are such as every shell has, and whether one ends the output.
func escapes(s string, kind int) (text string, known, ends bool) {
	if !strings.Contains(s, `\`) {
		return s, true, false
	}
	var b strings.Builder
	known = true
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case '\\':
			b.WriteByte(s[i])
		case '\'', '"':
			known = known && kind == quotedEscapes
			b.WriteByte(s[i])
		case 'c':
			if kind == echoEscapes {
				return b.String(), known, true
			}
			fallthrough
		default:
			known = false
			b.WriteByte('\\')
			b.WriteByte(s[i])
		}
	}
	return b.String(), known, false
}
