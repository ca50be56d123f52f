package script

import (
	"regexp"
	"strings"
)

func sed(text string, args []string) (string, bool) {
	extended := false
	var scripts []string
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-E" || a == "-r" || a == "--regexp-extended":
			extended = true
		case (a == "-e" || a == "-re" || a == "-Ee") && i+1 < len(args):
			extended = extended || a != "-e"
			i++
			scripts = append(scripts, args[i])
		case strings.HasPrefix(a, "-"):
			return "", false
		case len(scripts) == 0:
			scripts = append(scripts, a)
		default:
			return "", false
		}
	}
	for _, s := range scripts {
		for s = strings.TrimSpace(s); s != ""; s = strings.TrimLeft(s, "; \n\t") {
			if len(s) < 4 || s[0] != 's' {
				return "", false
			}
			parts, rest, ok := delimited(s[2:], s[1])
			if !ok {
				return "", false
			}
			end := strings.IndexAny(rest, "; \n")
			if end < 0 {
				end = len(rest)
			}
			flags := rest[:end]
			s = rest[end:]
			if strings.Trim(flags, "g") != "" {
				return "", false
			}
			re, err := regexp.Compile(basic(parts[0], extended))
			if err != nil {
				return "", false
			}
			with := replacement(parts[1])
			if len(text)*(len(with)+1) > maxText {
				return "", false
			}
			text = lines(text, func(line string) string {
				if flags == "g" {
					return re.ReplaceAllString(line, with)
				}
				loc := re.FindStringSubmatchIndex(line)
				if loc == nil {
					return line
				}
				return line[:loc[0]] + string(re.ExpandString(nil, with, line, loc)) + line[loc[1]:]
			})
		}
	}
	return text, len(scripts) > 0
}

func delimited(s string, delim byte) (parts [2]string, rest string, ok bool) {
	n := 0
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			if s[i+1] != delim {
				b.WriteByte('\\')
			}
			i++
			b.WriteByte(s[i])
		case s[i] == delim:
			parts[n] = b.String()
			b.Reset()
			if n++; n == 2 {
				return parts, s[i+1:], true
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return parts, "", false
}

func basic(s string, extended bool) string {
	if extended {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			if !strings.ContainsRune("(){}+?|", rune(s[i])) {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i])
		case strings.ContainsRune("(){}+?|", rune(s[i])):
			b.WriteString(`\` + string(s[i]))
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func replacement(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			if s[i] >= '0' && s[i] <= '9' {
				b.WriteString("${" + string(s[i]) + "}")
			} else {
				b.WriteByte(s[i])
			}
		case s[i] == '&':
			b.WriteString("${0}")
		case s[i] == '$':
			b.WriteString("$$")
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// escapes replaces the escapes of echo -e, printf and $'…'.
// format evaluates printf with %s, %d, %b and %%.
