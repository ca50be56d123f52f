package script

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/curl"
	"depfetch/fetch/cmdline/wget"
)

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

func evalCurl(m *Machine, c *call) status {
	var (
		urls        []Value
		outputs     []*Value // nil is -O
		remote      bool     // -O of all
		dir         string
		f           Fetch
		fails, skip bool
		literal     bool   // -g
		scheme      string // of addresses without one
		odd         string // why the addresses are not what they seem
	)
	f.Tool = "curl"
	data, get := false, false
	for _, o := range lex("curl", c.args) {
		switch o.name {
		case "", "url":
			urls = append(urls, o.value)
		case "output":
			outputs = append(outputs, &o.value)
		case "remote-name":
			outputs = append(outputs, nil)
		case "remote-name-all":
			remote = true
		case "output-dir":
			dir = o.value.Text
		case "insecure", "proxy-insecure":
			if f.Insecure = "-k"; len(o.name) > 8 || strings.Contains(" "+strings.Join(c.texts(), " ")+" ", " --insecure ") {
				f.Insecure = "--" + o.name
			}
		case "fail", "fail-with-body", "fail-early":
			fails = true
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
		f.URL = u
		to := &Value{} // it is printed
		switch {
		case i < len(outputs):
			to = outputs[i]
		case len(all) > len(urls) && len(outputs) == 1 && len(urls) == 1:
			to = outputs[0] // of several that one address stands for
		case remote:
			to = nil
		}
		out := nameOf(u, false)
		if to != nil {
			out = *to
		}
		if dir != "" && out.Text != "" {
			out.Text = dir + "/" + out.Text
		}
		if m.fetch(c, f, out); m.over() {
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

func evalWget(m *Machine, c *call) status {
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

func evalAria2c(m *Machine, c *call) status {
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
			m.Log(Checked{Fetch: g, Check: Check{At: c.start, Kind: CheckSum, Algo: strings.ReplaceAll(algo, "-", ""), Sum: sum.with(hex), Lost: m.fate(c.context)}})
		}
	}
	return assumed
}

// fetch notes a download to a path, or to the output if it is empty.
func (m *Machine) fetch(c *call, f Fetch, out Value) *Fetch {
	p := m.request(c, f)
	if p != nil {
		m.deliver(c, p, out)
	}
	return p
}

// request notes that an address is asked for. It returns nil if it is none.
func (m *Machine) request(c *call, f Fetch) *Fetch {
	f.Start, f.End, f.Run, f.Call, f.Depends = c.start, c.end, m.source.Run, c.logged, m.depends > 0
	if u := f.URL; u.Known() {
		switch {
		case strings.TrimSpace(u.Text) == "":
			return nil
		case !strings.Contains(u.Text, "://"):
			f.URL.Text = "http://" + u.Text // what both programs do
		}
		if strings.ContainsAny(u.Text, " \t\n\r\x00") {
			f.URL = Unknown(f.URL.Text, "an address has no blanks")
		}
	}
	m.Log(&f)
	return &f
}

// deliver puts what a download sends where it goes.
func (m *Machine) deliver(c *call, f *Fetch, out Value) {
	switch out.Text {
	case "", "-", "/dev/stdout":
		if c.out == nil {
			m.Log(Discarded{f}) // it is printed
		}
		c.print(f.bytes())
	case "/dev/null":
		m.Log(Discarded{f})
		m.unknown(c)
	default:
		f.Output = m.abs(out)
		m.files[f.Output] = f.bytes()
		m.unknown(c)
	}
}

// bytes returns what the server sends.
func (f *Fetch) bytes() Value {
	return Value{Text: "$(" + f.Tool + " " + f.URL.Text + ")", Why: "only the build can tell what the server sends", from: []*Fetch{f}, all: true}
}

// find returns the latest download to a path.
func (m *Machine) find(path string) *Fetch {
	for _, f := range slices.Backward(m.fetches) {
		if f.Output != "" && f.Output == path {
			return f
		}
	}
	return nil
}

// checked notes a check of what is at a path, and reports whether that is a
// download. Earlier downloads to it may be what is there.
func (m *Machine) checked(path string, c Check) (found bool) {
	for _, f := range slices.Backward(m.fetches) {
		if f.Output != "" && f.Output == path {
			m.Log(Checked{f, c, found})
			found = true
		}
	}
	return found
}

// checkedSome notes a check with a list whose lines are not known: it may be of
// everything that this script has downloaded so far.
func (m *Machine) checkedSome(c Check) {
	for _, f := range m.fetches {
		if f.Run == m.source.Run && f.Output != "" {
			m.Log(Checked{f, c, true})
		}
	}
}

// evidence notes that a download, wherever it was had from, is what others are
// checked with.
func (m *Machine) evidence(f *Fetch) {
	m.Log(Vouched{f})
	for _, g := range m.fetches {
		if f.Output != "" && g.Output == f.Output && g != f {
			m.Log(Vouched{g})
		}
	}
}

// used notes that what is at a path is unpacked or run, and returns it if it is a
// download.
func (m *Machine) used(path, by string, at int) *Fetch {
	f := m.find(path)
	if f != nil {
		m.Log(Used{f, at, by})
	}
	return f
}

// runs notes that a command runs a download as a script.
func (m *Machine) runs(f *Fetch, c *call) {
	if !m.executed[f] && !m.spent(512*len(m.Vars)) {
		m.executed[f] = true
		m.Log(Executed{f, c.logged, maps.Clone(m.Vars)})
	}
}
