package script

import (
	"path"
	"regexp"
	"strconv"
	"strings"
)

// filters are the programs that make text of text, and that are evaluated no
// further than those below.
var filters = []string{
	"grep", "egrep", "fgrep", "jq", "yq", "sort", "uniq", "tail", "wc", "rev", "column", "paste",
	"nl", "fold", "cmp", "diff", "xmllint", "htmlq", "sponge", "iconv", "dos2unix",
}

func registerFilters(t map[string]command) {
	for _, name := range filters {
		t[name] = func(m *Machine, c *call) status {
			if strings.HasSuffix(c.name, "grep") {
				if got, ok := m.grep(c); ok {
					return got
				}
			}
			m.query(c)
			return m.filtered(c)
		}
	}
	t["echo"] = func(m *Machine, c *call) status {
		args, feed, escape := c.args, true, false
		for len(args) > 0 && (args[0].Text == "-n" || args[0].Text == "-e" || args[0].Text == "-ne" || args[0].Text == "-en") {
			feed = feed && !strings.Contains(args[0].Text, "n")
			escape = escape || strings.Contains(args[0].Text, "e")
			args = args[1:]
		}
		var parts []Value
		for i, a := range args {
			if i > 0 {
				parts = append(parts, Text(" "))
			}
			parts = append(parts, a)
		}
		v := join(parts...)
		if escape {
			v.Text = escapes(v.Text, true)
		}
		if feed {
			v.Text += "\n"
		}
		c.print(v)
		return succeeded
	}
	t["printf"] = func(m *Machine, c *call) status {
		if len(c.args) > 0 {
			c.print(format(c.args[0], c.args[1:]))
		}
		return succeeded
	}
	t["cat"] = func(m *Machine, c *call) status {
		if c.in != nil && (len(c.args) == 0 || c.arg(0) == "-") {
			c.print(*c.in)
		}
		for _, a := range c.args {
			if strings.HasPrefix(a.Text, "-") {
				continue
			}
			v, ok := m.files[m.abs(a)]
			if !ok {
				v = Unknown("$(cat "+a.Text+")", "only the build has the file "+a.Text)
			}
			if f := m.find(m.abs(a)); f != nil {
				v.add(Value{from: []*Fetch{f}})
			}
			v.add(Value{from: a.from})
			c.print(v)
		}
		return succeeded
	}
	t["tee"] = func(m *Machine, c *call) status {
		if c.in == nil {
			return succeeded
		}
		for _, a := range c.args {
			if !strings.HasPrefix(a.Text, "-") && a.Text != "/dev/null" {
				m.write(m.abs(a), *c.in, false)
			}
		}
		c.print(*c.in)
		return succeeded
	}
	t["basename"] = func(m *Machine, c *call) status {
		if len(c.args) == 0 || !c.args[0].Known() {
			return m.unknown(c)
		}
		c.print(c.args[0].with(strings.TrimSuffix(path.Base(c.arg(0)), c.arg(1)) + "\n"))
		return succeeded
	}
	t["dirname"] = func(m *Machine, c *call) status {
		if len(c.args) != 1 || !c.args[0].Known() {
			return m.unknown(c)
		}
		c.print(c.args[0].with(path.Dir(c.arg(0)) + "\n"))
		return succeeded
	}
	for _, name := range []string{"awk", "gawk", "mawk"} {
		t[name] = textFilter(awk)
	}
	t["tr"] = textFilter(tr)
	t["cut"] = textFilter(cut)
	t["sed"] = textFilter(sed)
	t["head"] = textFilter(head)
}

// filtered prints what is not known of the input.
func (m *Machine) filtered(c *call) status {
	text := strings.Join(append([]string{c.name}, c.texts()...), " ")
	v := Unknown("$("+text+")", "only the build can tell what "+c.name+" prints")
	if c.in != nil {
		v.add(*c.in)
		if !c.in.Known() {
			v.Why = c.in.Why
		}
	}
	pattern := strings.HasSuffix(c.name, "grep")
	for _, a := range c.args {
		v.add(Value{from: a.from, sums: a.sums})
		if pattern && !strings.HasPrefix(a.Text, "-") {
			pattern = false
			continue
		}
		if f := m.find(m.abs(a)); f != nil {
			v.add(Value{from: []*Fetch{f}})
		}
		if content, ok := m.files[m.abs(a)]; ok {
			v.add(Value{from: content.from})
		}
	}
	c.print(v)
	return unsureIfQuiet(c)
}

// grep evaluates a search for a plain text in known input.
func (m *Machine) grep(c *call) (status, bool) {
	if c.in == nil || !c.in.Known() {
		return unsure, false
	}
	var words []string
	quiet, invert := false, false
	for _, a := range c.args {
		switch a.Text {
		case "-q":
			quiet = true
		case "-v":
			invert = true
		case "-F", "-E", "--":
		default:
			if !a.Known() || strings.HasPrefix(a.Text, "-") {
				return unsure, false
			}
			words = append(words, a.Text)
		}
	}
	if len(words) != 1 {
		return unsure, false
	}
	re, err := regexp.Compile(basic(words[0], c.name == "egrep" || strings.Contains(" "+strings.Join(c.texts(), " ")+" ", " -E ")))
	if err != nil {
		return unsure, false
	}
	got := failed
	for _, line := range strings.SplitAfter(c.in.Text, "\n") {
		if line != "" && re.MatchString(strings.TrimSuffix(line, "\n")) != invert {
			if got = succeeded; !quiet {
				c.print(c.in.with(line))
			}
		}
	}
	return got, true
}

// unsureIfQuiet is the status of a search: only the build can tell whether it
// finds something, and it matters where that is asked.
func unsureIfQuiet(c *call) status {
	if strings.HasSuffix(c.name, "grep") || c.name == "cmp" || c.name == "diff" {
		if c.out == nil && c.guarded {
			return unsure
		}
	}
	return succeeded
}

// textFilter evaluates a filter on known text.
func textFilter(f func(text string, args []string) (string, bool)) command {
	return func(m *Machine, c *call) status {
		if c.in != nil && c.in.Known() {
			known := true
			for _, a := range c.args {
				known = known && a.Known()
			}
			if out, ok := f(c.in.Text, c.texts()); ok && known {
				v := c.in.with(out)
				for _, a := range c.args {
					v.add(Value{Vars: a.Vars})
				}
				c.print(v)
				return succeeded
			}
		}
		if c.name == "sed" && c.in == nil {
			m.touch(c)
		}
		if c.name != "sed" && c.name != "tr" {
			m.query(c) // a part of it
		}
		return m.filtered(c)
	}
}

// lines applies f to each line.
func lines(text string, f func(string) string) string {
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

func tr(text string, args []string) (string, bool) {
	sets := func(s string) ([]rune, bool) {
		switch s {
		case "[:upper:]", "A-Z", "[A-Z]":
			return []rune("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), true
		case "[:lower:]", "a-z", "[a-z]":
			return []rune("abcdefghijklmnopqrstuvwxyz"), true
		}
		s = escapes(s, false)
		return []rune(s), !strings.ContainsAny(s, "[]") && (len(s) < 3 || !strings.Contains(s[1:len(s)-1], "-"))
	}
	if len(args) != 2 {
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
	if m == nil || len(sep) > 1 {
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
		switch {
		case strings.HasPrefix(a, "--delimiter="):
			delim = a[len("--delimiter="):]
		case strings.HasPrefix(a, "--fields="):
			fields = a[len("--fields="):]
		default:
			if v, ok := value("-d"); ok {
				delim = v
			} else if v, ok := value("-f"); ok {
				fields = v
			} else if v, ok := value("-c"); ok {
				chars = v
			} else {
				return "", false
			}
		}
	}
	list := fields + chars
	if list == "" || delim == "" {
		return "", false
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

// replacement returns what s puts in, as package regexp writes it.
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

// escapes replaces the escapes of echo -e, printf and $'…'.
func escapes(s string, echo bool) string {
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
		switch s[i] {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case '\\', '\'', '"':
			b.WriteByte(s[i])
		case 'c':
			if echo {
				return b.String()
			}
			b.WriteString(`\c`)
		default:
			b.WriteByte('\\')
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// format evaluates printf with %s, %d, %b and %%.
func format(f Value, args []Value) Value {
	if !f.Known() {
		return f
	}
	var parts []Value
	for first := true; first || len(args) > 0; first = false {
		took := false
		rest := escapes(f.Text, false)
		for {
			i := strings.IndexByte(rest, '%')
			if i < 0 || i+1 == len(rest) {
				parts = append(parts, f.with(rest))
				break
			}
			parts = append(parts, f.with(rest[:i]))
			verb := rest[i+1]
			rest = rest[i+2:]
			switch verb {
			case '%':
				parts = append(parts, Text("%"))
			case 's', 'd', 'b', 'i':
				took = true
				if len(args) > 0 {
					a := args[0]
					if verb == 'b' {
						a.Text = escapes(a.Text, true)
					}
					parts = append(parts, a)
					args = args[1:]
				}
			default:
				return Unknown(f.Text, "it is formatted in a way that is not read")
			}
		}
		if !took {
			break
		}
	}
	return join(parts...)
}
