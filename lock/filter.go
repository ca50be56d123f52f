package lock

import (
	"fmt"
	"strings"
)

// filter changes what a word of a template stands for.
type filter struct {
	name string
	args []string
}

// filterArgs are how many arguments the filters take.
func filterArgs() map[string]int {
	return map[string]int{"urlencode": 0, "replace": 2, "before": 1, "after": 1, "trim_prefix": 1}
}

// parseWord reads what stands between braces: a name, and filters behind it, as
// in version|replace('.', '_').
func parseWord(s string) (name string, filters []filter, fault string) {
	name, rest, piped := cutQuoted(s, '|')
	for piped {
		var text string
		text, rest, piped = cutQuoted(rest, '|')
		f, fault := parseFilter(strings.TrimSpace(text))
		if fault != "" {
			return name, filters, fault
		}
		filters = append(filters, f)
	}
	if filters != nil {
		name = strings.TrimSpace(name)
	}
	return name, filters, ""
}

// cutQuoted is strings.Cut at a separator that stands outside of quotes.
func cutQuoted(s string, sep byte) (before, after string, found bool) {
	var quote byte
	for i := range len(s) {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == sep:
			return s[:i], s[i+1:], true
		case c == '\'' || c == '"':
			quote = c
		}
	}
	return s, "", false
}

func parseFilter(s string) (f filter, fault string) {
	name, args, called := strings.Cut(s, "(")
	f.name = name
	want, ok := filterArgs()[name]
	if !ok {
		known := []string{"urlencode", "replace", "before", "after", "trim_prefix"}
		return f, fmt.Sprintf("unknown filter %q%s", name, didYouMean(name, known, "%s"))
	}
	usage := fmt.Sprintf("filter %s: want %s", name, []string{name, name + "('text')", name + "('text', 'text')"}[want])
	args, closed := strings.CutSuffix(args, ")")
	if called != (want > 0) || called != closed {
		return f, usage
	}
	for more := called; more; {
		var arg string
		arg, args, more = cutQuoted(args, ',')
		arg = strings.TrimSpace(arg)
		n := len(arg)
		if n < 2 || arg[0] != '\'' && arg[0] != '"' || arg[n-1] != arg[0] || strings.IndexByte(arg[1:n-1], arg[0]) >= 0 {
			return f, usage
		}
		f.args = append(f.args, arg[1:n-1])
	}
	if len(f.args) != want || want > 0 && f.args[0] == "" {
		return f, usage
	}
	return f, ""
}

// apply returns what f makes of s.
func (f filter) apply(s string) (string, error) {
	switch f.name {
	case "replace":
		return strings.ReplaceAll(s, f.args[0], f.args[1]), nil
	case "before":
		before, _, _ := strings.Cut(s, f.args[0])
		return before, nil
	case "trim_prefix":
		return strings.TrimPrefix(s, f.args[0]), nil
	case "after":
		if _, after, ok := strings.Cut(s, f.args[0]); ok {
			return after, nil
		}
		return "", fmt.Errorf("filter after: %q holds no %q", s, f.args[0])
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String(), nil
}
