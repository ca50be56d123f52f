package script

import (
	"regexp"
	"strconv"
	"strings"
)

// lines applies f to each line.
func lines(text string, f func(string) string) string {
	if text == "" {
		return ""
	}
	body, feed := strings.CutSuffix(text, "\n")
	all := strings.Split(body, "\n")
	for i := range all {
		all[i] = f(all[i])
	}
	out := strings.Join(all, "\n")
	if feed {
		out += "\n"
	}
	return out
}

// ascii reports whether a text is such that bytes and characters are the same.
func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

func tr(text string, args []string) (string, bool) {
	sets := func(s string) ([]rune, bool) {
		switch s {
		case "[:upper:]", "A-Z", "[A-Z]":
			return []rune("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), true
		case "[:lower:]", "a-z", "[a-z]":
			return []rune("abcdefghijklmnopqrstuvwxyz"), true
		}
		s, ok, _ := escapes(s, formatEscapes)
		return []rune(s), ok && !strings.ContainsAny(s, "[]") && (len(s) < 3 || !strings.Contains(s[1:len(s)-1], "-"))
	}
	if len(args) != 2 || len(args[0]) > 256 || len(args[1]) > 256 || !ascii(text+args[0]+args[1]) {
		return "", false
	}
	if args[0] == "-d" {
		set, ok := sets(args[1])
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(string(set), r) {
				return -1
			}
			return r
		}, text), ok
	}
	from, ok := sets(args[0])
	to, ok2 := sets(args[1])
	if !ok || !ok2 || len(to) == 0 || strings.HasPrefix(args[0], "-") && len(args[0]) > 1 {
		return "", false
	}
	return strings.Map(func(r rune) rune {
		if i := strings.IndexRune(string(from), r); i >= 0 {
			return to[min(len([]rune(string(from)[:i])), len(to)-1)]
		}
		return r
	}, text), true
}

var awkPrint = regexp.MustCompile(`^\s*\{\s*print\s+\$(NF|\d+)\s*;?\s*\}\s*$`)

// awk evaluates a program that prints one field of each line.
func awk(text string, args []string) (string, bool) {
	sep, program := "", ""
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-F" && i+1 < len(args):
			i++
			sep = args[i]
		case strings.HasPrefix(a, "-F"):
			sep = a[2:]
		case program == "" && !strings.HasPrefix(a, "-"):
			program = a
		default:
			return "", false
		}
	}
	m := awkPrint.FindStringSubmatch(program)
	if m == nil || len(sep) > 1 || sep != "" && strings.ContainsAny(sep, `\ t`) || len(m[1]) > 4 {
		return "", false
	}
	return lines(text, func(line string) string {
		fields := strings.Fields(line)
		if sep != "" {
			fields = strings.Split(line, sep)
		}
		n, err := strconv.Atoi(m[1])
		switch {
		case err != nil && len(fields) > 0:
			return fields[len(fields)-1]
		case n == 0 && err == nil:
			return line
		case n > 0 && n <= len(fields):
			return fields[n-1]
		}
		return ""
	}), true
}

func cut(text string, args []string) (string, bool) {
	delim, fields, chars := "\t", "", ""
	for i := 0; i < len(args); i++ {
		a := args[i]
		value := func(short string) (string, bool) {
			rest, ok := strings.CutPrefix(a, short)
			if ok && rest == "" && i+1 < len(args) {
				i++
				rest = args[i]
			}
			return rest, ok
		}
		if v, ok := value("-d"); ok {
			delim = v
		} else if v, ok := value("-f"); ok {
			fields = v
		} else if v, ok := value("-c"); ok {
			chars = v
		} else {
			return "", false // not all systems have the long options
		}
	}
	list := fields + chars
	if list == "" || len(delim) != 1 || fields != "" && chars != "" || !ascii(text) || len(list) > 64 {
		return "", false
	}
	last := 0
	for _, r := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == '-' }) {
		n, err := strconv.Atoi(r)
		if err != nil || n <= last && !(n == last && strings.Contains(list, r+"-"+r)) {
			return "", false // fields come in their own order
		}
		last = n
	}
	good := true
	out := lines(text, func(line string) string {
		parts := strings.Split(line, delim)
		if chars != "" {
			parts, delim = strings.Split(line, ""), ""
		} else if len(parts) == 1 {
			return line
		}
		var kept []string
		for _, r := range strings.Split(list, ",") {
			lo, hi, ranged := strings.Cut(r, "-")
			first, last := 1, len(parts)
			var err error
			if lo != "" {
				first, err = strconv.Atoi(lo)
				good = good && err == nil
			}
			if !ranged {
				last = first
			} else if hi != "" {
				last, err = strconv.Atoi(hi)
				good = good && err == nil
			}
			for n := max(first, 1); n <= min(last, len(parts)); n++ {
				kept = append(kept, parts[n-1])
			}
		}
		return strings.Join(kept, delim)
	})
	return out, good
}

func head(text string, args []string) (string, bool) {
	n := 10
	for i, a := range args {
		switch {
		case a == "-n" && i+1 < len(args):
		case i > 0 && args[i-1] == "-n":
			k, err := strconv.Atoi(a)
			if err != nil || k < 0 {
				return "", false
			}
			n = k
		case strings.HasPrefix(a, "-"):
			k, err := strconv.Atoi(strings.TrimPrefix(strings.TrimPrefix(a, "-n"), "-"))
			if err != nil || k < 0 {
				return "", false
			}
			n = k
		default:
			return "", false
		}
	}
	all := strings.SplitAfter(text, "\n")
	return strings.Join(all[:min(n, len(all))], ""), true
}
