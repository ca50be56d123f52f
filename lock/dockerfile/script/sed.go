package script

import (
	"regexp"
	"strings"
)

// sed evaluates s commands.
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
			if len(parts[0]) > maxPattern || unusual(parts[0], extended) || !ascii(text) {
				return "", false
			}
			re, err := regexp.Compile(basic(parts[0], extended))
			if err != nil || re.MatchString("") && flags == "g" && strings.ContainsAny(parts[0], "*?") {
				return "", false
			}
			re.Longest()
			with, ok := replacement(parts[1])
			if !ok {
				return "", false
			}
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

// delimited splits "pattern/replacement/flags" at its delimiters.
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

// basic returns a basic regular expression as RE2 writes it.
func basic(s string, extended bool) string {
	if extended {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '[':
			end := bracket(s, i)
			b.WriteString(s[i:end])
			i = end - 1
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

// unusual reports whether a pattern holds what RE2 writes in another way.
func unusual(s string, extended bool) bool {
	if strings.Contains(s, "[[.") || strings.Contains(s, "[[=") || strings.Contains(s, "(?") {
		return true
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			if c := s[i]; c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '\'' || c == '`' || c == '<' || c == '>' {
				return true
			}
		case s[i] == '[':
			end := bracket(s, i)
			if strings.Contains(s[i:end], `\`) {
				return true // a backslash stands for itself there
			}
			i = end - 1
		case !extended && s[i] == '*' && (i == 0 || strings.HasSuffix(s[:i], "\\(") || s[:i] == "^"):
			return true // it stands for itself
		case !extended && s[i] == '^' && i > 0, !extended && s[i] == '$' && i < len(s)-1:
			return true
		}
	}
	return false
}

// replacement returns what s puts in, as package regexp writes it, unless it uses
// escapes that only some seds have.
func replacement(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			if c := s[i]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '\n' {
				return "", false
			}
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
	return b.String(), true
}

// bracket returns where the bracket expression that begins at i ends.
func bracket(s string, i int) int {
	end := i + 1
	for end < len(s) && (s[end] != ']' || end == i+1 || end == i+2 && s[i+1] == '^') {
		if strings.HasPrefix(s[end:], "[:") {
			if k := strings.Index(s[end:], ":]"); k > 0 {
				end += k + 1
			}
		}
		end++
	}
	return min(end+1, len(s))
}
