package script

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/curl"
	"depfetch/fetch/cmdline/wget"
)

func registerDownloads(t map[string]command) {
	t["curl"] = (*Machine).curl
	t["wget"] = (*Machine).wget
	t["wget2"] = (*Machine).wget
	t["aria2c"] = (*Machine).aria2c
	t["axel"] = (*Machine).aria2c
}

// options are those of a command line that take an argument.
type options struct {
	short string   // letters
	long  []string // without dashes
}

// option is one option or operand.
type option struct {
	name  string // without dashes; empty for an operand
	value Value
}

// parse splits arguments as getopt_long does. Long options may be abbreviated.
func (o options) parse(args []Value) []option {
	var all []option
	for i := 0; i < len(args); i++ {
		a := args[i]
		text := a.Text
		next := func() Value {
			if i+1 < len(args) {
				i++
				return args[i]
			}
			return Value{}
		}
		switch {
		case text == "--":
			for _, a := range args[i+1:] {
				all = append(all, option{"", a})
			}
			return all
		case strings.HasPrefix(text, "--"):
			name, value, given := strings.Cut(text[2:], "=")
			opt := option{name, a.with(value)}
			for _, l := range o.long {
				if l == name && !given {
					opt.value = next()
				}
			}
			all = append(all, opt)
		case len(text) > 1 && text[0] == '-':
			for j := 1; j < len(text); j++ {
				letter := text[j : j+1]
				if !strings.Contains(o.short, letter) {
					all = append(all, option{letter, Value{}})
					continue
				}
				v := a.with(text[j+1:])
				if v.Text == "" {
					v = next()
				}
				all = append(all, option{letter, v})
				break
			}
		default:
			all = append(all, option{"", a})
		}
	}
	return all
}

// tables are the options of curl and wget, which the drop-in commands have too.
var tables = map[string]func() cmdline.Table{
	"curl": sync.OnceValue(curl.Table),
	"wget": sync.OnceValue(wget.Table),
}

// lex returns the options and operands of curl or wget.
func lex(program string, args []Value) []option {
	words := make([]string, len(args))
	for i, a := range args {
		if words[i] = a.Text; !a.Known() && a.Text == "" {
			words[i] = "${}"
		}
	}
	var all []option
	for a := range tables[program]().Lex(words, program == "wget") {
		o := option{value: args[a.Word]}
		switch {
		case a.Err != nil:
			// One that is not known of is taken to have no value.
			if o.name = strings.TrimLeft(words[a.Word], "-"); o.name == "" {
				o.name = "-"
			}
		case a.Option != nil:
			if o.name = a.Option.Long; !a.On {
				o.name = "no-" + o.name
			}
			o.value = args[a.Word].with(a.Value)
		}
		all = append(all, o)
	}
	return all
}

// operands returns those operands that are addresses. What is not quoted and not set
// is no word at all; it is left out if something else is an address.
func operands(urls []Value) []Value {
	sure := slices.ContainsFunc(urls, func(v Value) bool {
		return strings.Contains(v.Text, "://") || v.Known() && strings.Contains(v.Text, ".")
	})
	return slices.DeleteFunc(slices.Clone(urls), func(v Value) bool {
		bare := v.many && onlyName.MatchString(v.Text)
		return bare && (sure || flags.MatchString(v.Text)) || v.Known() && strings.Trim(v.Text, " ") == ""
	})
}

var (
	onlyName = regexp.MustCompile(`^\$(\{\w+\}|@|\(.*\))$`)
	flags    = regexp.MustCompile(`(?i)(flag|opt|arg|param)s?\}$`)
)

func (m *Machine) curl(c *call) status {
	var (
		urls, outputs []Value
		remote        int // -O
		dir           string
		f             Fetch
		fails, skip   bool
		literal       bool   // -g
		scheme        string // of addresses without one
		odd           string // why the addresses are not what they seem
	)
	f.Tool = "curl"
	data, get := false, false
	for _, o := range lex("curl", c.args) {
		switch o.name {
		case "", "url":
			urls = append(urls, o.value)
		case "output":
			outputs = append(outputs, o.value)
		case "remote-name":
			outputs = append(outputs, Text("\x00"))
		case "remote-name-all":
			remote++
		case "remote-header-name":
			f.OutputWhy = "the server names the file (-J)"
		case "output-dir":
			dir = o.value.Text
		case "insecure", "proxy-insecure":
			if f.Insecure = "-k"; len(o.name) > 8 || strings.Contains(" "+strings.Join(c.texts(), " ")+" ", " --insecure ") {
				f.Insecure = "--" + o.name
			}
		case "fail", "fail-with-body", "fail-early":
			fails = true
		case "user", "header", "netrc", "netrc-file", "oauth2-bearer", "cookie", "cert":
			f.Auth = f.Auth || !isPlainHeader(o)
		case "request":
			skip = skip || o.value.Text != "GET"
		case "get":
			get = true
		case "data", "data-raw", "data-binary", "data-urlencode", "data-ascii":
			data = true
		case "globoff":
			literal = true
		case "proto-default":
			if scheme = o.value.Text + "://"; !o.value.Known() {
				odd = o.value.Why
			}
		case "url-query", "variable", "expand-url", "request-target", "path-as-is":
			odd = "--" + o.name + " changes the address"
		case "config":
			urls = append(urls, Unknown("$(<"+o.value.Text+")", "the addresses may be in the file "+o.value.Text))
		case "head", "upload-file", "form", "form-string", "json", "version", "help", "manual":
			skip = true
		}
	}
	if data && get {
		odd = "-G puts data behind the address"
	}
	f.NoFail = !fails
	if skip || data && !get {
		m.query(c)
		return m.unknown(c)
	}
	var all []Value
	for _, u := range operands(urls) {
		if u.Why == bracesVary && !literal {
			u.Why = "" // curl expands them if the shell does not
		}
		if u.Known() && (strings.HasPrefix(u.Text, "/") || strings.HasPrefix(u.Text, "@") || strings.HasPrefix(u.Text, ".")) {
			continue // no address; curl refuses it
		}
		switch {
		case !u.Known():
			all = append(all, u)
		case odd != "":
			u.Why = odd
			all = append(all, u)
		case literal:
			all = append(all, u.with(withScheme(u.Text, scheme)))
		default:
			for _, g := range globs(u) {
				if g.Known() {
					g = g.with(withScheme(g.Text, scheme))
				}
				all = append(all, g)
			}
		}
	}
	for i, u := range all {
		g := f
		g.URL = u
		out := Value{}
		switch {
		case i < len(outputs):
			out = outputs[i]
		case len(all) > len(urls) && len(outputs) == 1 && len(urls) == 1:
			out = outputs[0] // of several that one address stands for
		case remote > 0:
			out = Text("\x00")
		}
		if out.Text == "\x00" {
			out = nameOf(u, false)
		} else if n := strings.Count(out.Text, "#1"); n > 0 && len(all) > 1 {
			g.OutputWhy = "curl makes up the name of the file"
		}
		if dir != "" && out.Text != "" {
			out.Text = dir + "/" + out.Text
		}
		if m.fetch(c, g, out); m.over() {
			break
		}
	}
	return assumed
}

// withScheme returns an address with the scheme that curl takes it to have.
func withScheme(text, scheme string) string {
	switch {
	case strings.Contains(text, "://"):
		return text
	case scheme != "":
		return scheme + text
	}
	host, _, _ := strings.Cut(strings.ToLower(text), ".")
	switch host {
	case "ftp", "dict", "ldap", "imap", "smtp", "pop3":
		return host + "://" + text
	}
	return "http://" + text
}

// isPlainHeader reports whether a header field is no credential.
func isPlainHeader(o option) bool {
	name := strings.ToLower(o.value.Text)
	return (o.name == "H" || o.name == "header") &&
		(strings.HasPrefix(name, "accept") || strings.HasPrefix(name, "user-agent"))
}

// globs expands {a,b} and [1-3] in an address as curl does.
func globs(u Value) []Value {
	if !strings.ContainsAny(u.Text, "{}[]\\") {
		return []Value{u}
	}
	if len(u.Text) > maxPattern {
		return []Value{Unknown("$(…)", "it is too long")}
	}
	all, err := curl.Globs(u.Text)
	switch {
	case err != nil:
		u.Why = "curl refuses it: " + err.Error()
		return []Value{u}
	case len(all) > maxRounds:
		u.Why = "it stands for too many addresses"
		return []Value{u}
	}
	values := make([]Value, len(all))
	for i, text := range all {
		values[i] = u.with(text)
	}
	return values
}

// nameOf returns the name that a download gets from its address.
func nameOf(u Value, query bool) Value {
	text := u.Text
	if i := strings.IndexAny(text, "?#"); i >= 0 && !query {
		text = text[:i]
	}
	if i := strings.Index(text, "://"); i >= 0 {
		text = text[i+3:]
	}
	name := text[strings.LastIndexByte(text, '/')+1:]
	if name == "" || !strings.Contains(text, "/") {
		name = "index.html"
	}
	if d, err := url.PathUnescape(name); err == nil && query {
		name = d
	}
	return u.with(name)
}

func (m *Machine) wget(c *call) status {
	f := Fetch{Tool: "wget"}
	var (
		urls []Value
		out  *Value
		dir  string
		skip bool
	)
	odd := ""
	for _, o := range lex("wget", c.args) {
		switch o.name {
		case "":
			urls = append(urls, o.value)
		case "output-document":
			v := o.value
			out = &v
		case "directory-prefix":
			dir = o.value.Text
		case "no-check-certificate":
			f.Insecure = "--no-check-certificate"
		case "header", "user", "password", "http-user", "http-password", "load-cookies", "certificate":
			f.Auth = f.Auth || !isPlainHeader(o)
		case "content-disposition", "trust-server-names":
			f.OutputWhy = "the server names the file"
		case "spider", "post-data", "post-file", "body-data", "body-file", "version", "help":
			skip = true
		case "input-file":
			if v := o.value; v.Text == "-" && c.in != nil {
				urls = append(urls, lists(*c.in)...)
			} else if content, ok := m.files[m.abs(v)]; ok && content.Known() {
				urls = append(urls, lists(content)...)
			} else {
				urls = append(urls, Unknown("$(<"+v.Text+")", "the addresses are in the file "+v.Text))
			}
		case "execute", "config", "input-metalink":
			if t := o.value.Text; !strings.HasPrefix(t, "robots") && !strings.Contains(t, "proxy") {
				odd = "--" + o.name + " may change the address"
			}
		case "base":
			odd = "--base changes the address"
		case "recursive", "mirror":
			f.OutputWhy = "it downloads a tree"
		}
	}
	if skip {
		return m.unknown(c)
	}
	for _, u := range operands(urls) {
		if u.Known() && (strings.HasPrefix(u.Text, "/") || strings.HasPrefix(u.Text, ".") || strings.HasPrefix(u.Text, "-")) {
			continue // no address; wget refuses it
		}
		if odd != "" && u.Known() {
			u.Why = odd
		}
		if host, rest, ok := strings.Cut(u.Text, ":"); ok && u.Known() && !strings.Contains(u.Text, "://") && !strings.Contains(host, "/") && strings.Trim(rest[:min(1, len(rest))], "0123456789") != "" {
			u.Why = "an address without a scheme that has a colon may be one of ftp"
		}
		g, to := f, nameOf(u, true)
		g.URL = u
		if out != nil {
			to = *out
		} else if dir != "" {
			to.Text = dir + "/" + to.Text
		}
		if to.Text == "-" {
			to = Value{}
		}
		m.fetch(c, g, to)
	}
	return assumed
}

// lists returns the addresses in a text, one a line.
func lists(text Value) []Value {
	if !text.Known() {
		return []Value{text}
	}
	var all []Value
	for _, u := range strings.Split(text.Text, "\n") {
		if u = strings.TrimSpace(u); u != "" && len(all) < maxFields {
			all = append(all, text.with(u))
		}
	}
	return all
}

var ariaOptions = options{
	short: "doxsjkilucm",
	long:  []string{"dir", "out", "max-connection-per-server", "split", "checksum", "input-file", "header", "num-connections", "output", "max-tries", "retry-wait"},
}

func (m *Machine) aria2c(c *call) status {
	f := Fetch{Tool: c.name}
	var (
		urls []Value
		out  *Value
		dir  string
		sum  Value
	)
	for _, o := range ariaOptions.parse(c.args) {
		switch v := o.value; o.name {
		case "":
			urls = append(urls, v)
		case "o", "out", "output":
			out = &v
		case "d", "dir":
			dir = v.Text
		case "checksum":
			sum = v
		case "check-certificate":
			if v.Text == "false" {
				f.Insecure = "--check-certificate=false"
			}
		case "k":
			if c.name == "axel" {
				f.Insecure = "-k"
			}
		case "i", "input-file":
			urls = append(urls, Unknown("$(<"+v.Text+")", "the addresses are in the file "+v.Text))
		}
	}
	for _, u := range urls {
		to := nameOf(u, false)
		if out != nil {
			to = *out
		}
		if dir != "" {
			to.Text = dir + "/" + to.Text
		}
		f.URL = u
		g := m.fetch(c, f, to)
		if algo, hex, ok := strings.Cut(sum.Text, "="); ok && g != nil {
			g.Checks = append(g.Checks, Check{At: c.start, Kind: "sum", Algo: strings.ReplaceAll(algo, "-", ""), Sum: sum.with(hex), Lost: m.fate(c.context)})
		}
	}
	return assumed
}

// fetch notes a download to a path, or to the output if it is empty.
func (m *Machine) fetch(c *call, f Fetch, out Value) *Fetch {
	f.Start, f.End, f.Run = c.start, c.end, m.source.Run
	f.Depends, f.Call = m.depends > 0, c.logged
	if f.URL.Known() && strings.TrimSpace(f.URL.Text) == "" {
		return nil
	}
	if f.URL.Known() && !strings.Contains(f.URL.Text, "://") {
		f.URL.Text = "http://" + f.URL.Text // what both programs do
	}
	if f.URL.Known() && strings.ContainsAny(f.URL.Text, " \t\n\r\x00") {
		f.URL = Unknown(f.URL.Text, "an address has no blanks")
	}
	p := &f
	m.Fetches = append(m.Fetches, p)
	m.step(p, c, "fetch", 1)
	for _, name := range f.URL.Vars {
		if v := m.get(name); v.Known() && v.Text != "" {
			if p.Vars == nil {
				p.Vars = make(map[string]string)
			}
			p.Vars[name] = v.Text
		}
	}
	if !out.Known() && p.OutputWhy == "" {
		p.OutputWhy = out.Why
	}
	switch to := out.Text; to {
	case "", "-", "/dev/stdout":
		if p.OutputWhy = ""; c.out == nil {
			p.Probe = true // it is printed
		}
		c.print(p.bytes())
	case "/dev/null":
		p.Probe = true
		m.unknown(c)
	default:
		if p.Output = m.abs(out); !strings.HasPrefix(p.Output, "/") && p.OutputWhy == "" {
			p.OutputWhy = "the directory is not known"
		}
		p.Output = path.Clean(p.Output)
		p.Landed = p.Output
		m.files[p.Output] = p.bytes()
		m.unknown(c)
	}
	return p
}
