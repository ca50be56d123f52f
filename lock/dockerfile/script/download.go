package script

import (
	"net/url"
	"path"
	"strings"
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

var curlOptions = options{
	short: "AbcCdDeEFhHKmoPQrtTuUwxXyYz",
	long: []string{
		"user-agent", "cookie", "cookie-jar", "continue-at", "data", "data-raw", "data-binary", "data-urlencode", "json",
		"dump-header", "referer", "cert", "key", "cacert", "capath", "form", "header", "config", "max-time", "output",
		"output-dir", "quote", "range", "upload-file", "user", "proxy", "proxy-user", "write-out", "request", "url",
		"retry", "retry-delay", "retry-max-time", "connect-timeout", "proto", "proto-redir", "proto-default", "ciphers",
		"tls-max", "limit-rate", "max-redirs", "resolve", "interface", "noproxy", "speed-limit", "speed-time", "stderr",
		"netrc-file", "max-filesize", "oauth2-bearer", "unix-socket", "connect-to", "keepalive-time", "tlspassword",
		"pinnedpubkey", "parallel-max", "time-cond", "aws-sigv4", "trace", "trace-ascii", "etag-save", "etag-compare",
	},
}

func (m *Machine) curl(c *call) status {
	var (
		urls, outputs []Value
		remote        int // -O
		dir           string
		f             Fetch
		fails, skip   bool
	)
	f.Tool = "curl"
	for _, o := range curlOptions.parse(c.args) {
		switch o.name {
		case "":
			urls = append(urls, o.value)
		case "url":
			urls = append(urls, o.value)
		case "o", "output":
			outputs = append(outputs, o.value)
		case "O", "remote-name":
			outputs = append(outputs, Text("\x00"))
		case "remote-name-all":
			remote++
		case "J", "remote-header-name":
			f.OutputWhy = "the server names the file (-J)"
		case "output-dir":
			dir = o.value.Text
		case "k", "insecure", "proxy-insecure":
			f.Insecure = "-k"
			if len(o.name) > 1 {
				f.Insecure = "--" + o.name
			}
		case "f", "fail", "fail-with-body", "fail-early":
			fails = true
		case "u", "user", "H", "header", "n", "netrc", "netrc-file", "oauth2-bearer", "b", "cookie", "E", "cert":
			f.Auth = f.Auth || !isPlainHeader(o)
		case "X", "request":
			skip = skip || o.value.Text != "GET"
		case "I", "head", "T", "upload-file", "d", "data", "data-raw", "data-binary", "F", "form", "json", "V", "version", "h", "help":
			skip = true
		}
	}
	f.NoFail = !fails
	if skip {
		m.query(c)
		return m.unknown(c)
	}
	var all []Value
	for _, u := range urls {
		all = append(all, globs(u)...)
	}
	for i, u := range all {
		g := f
		g.URL = u
		out := Value{}
		switch {
		case i < len(outputs):
			out = outputs[i]
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
		m.fetch(c, g, out)
	}
	return succeeded
}

// isPlainHeader reports whether a header field is no credential.
func isPlainHeader(o option) bool {
	name := strings.ToLower(o.value.Text)
	return (o.name == "H" || o.name == "header") &&
		(strings.HasPrefix(name, "accept") || strings.HasPrefix(name, "user-agent"))
}

// globs expands {a,b} in an address as curl does.
func globs(u Value) []Value {
	open := strings.IndexByte(u.Text, '{')
	if open < 0 || !u.Known() {
		return []Value{u}
	}
	end := strings.IndexByte(u.Text[open:], '}')
	if end < 0 {
		return []Value{u}
	}
	var all []Value
	for _, alt := range strings.Split(u.Text[open+1:open+end], ",") {
		all = append(all, globs(u.with(u.Text[:open]+alt+u.Text[open+end+1:]))...)
	}
	return all[:min(len(all), maxRounds)]
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

var wgetOptions = options{
	short: "OPoaiBtTwQUeDADRIXln",
	long: []string{
		"output-document", "directory-prefix", "output-file", "append-output", "input-file", "tries", "timeout", "wait",
		"waitretry", "quota", "user-agent", "header", "user", "password", "http-user", "http-password", "ca-certificate",
		"ca-directory", "post-data", "post-file", "method", "body-data", "accept", "reject", "level", "execute", "dns-timeout",
		"connect-timeout", "read-timeout", "limit-rate", "load-cookies", "save-cookies", "referer", "max-redirect",
		"secure-protocol", "certificate", "private-key", "domains", "cut-dirs", "base", "restrict-file-names", "progress",
		"retry-on-http-error", "prefer-family", "report-speed", "local-encoding", "checksum",
	},
}

func (m *Machine) wget(c *call) status {
	f := Fetch{Tool: "wget"}
	var (
		urls []Value
		out  *Value
		dir  string
		skip bool
	)
	// -nv, -nc and their like are one option each: n takes the letter.
	for _, o := range wgetOptions.parse(c.args) {
		switch o.name {
		case "":
			urls = append(urls, o.value)
		case "O", "output-document":
			v := o.value
			out = &v
		case "P", "directory-prefix":
			dir = o.value.Text
		case "no-check-certificate":
			f.Insecure = "--no-check-certificate"
		case "header", "user", "password", "http-user", "http-password", "load-cookies", "certificate":
			f.Auth = f.Auth || !isPlainHeader(o)
		case "content-disposition", "trust-server-names":
			f.OutputWhy = "the server names the file"
		case "spider", "post-data", "post-file", "V", "version", "help", "h":
			skip = true
		case "i", "input-file":
			if v := o.value; v.Text == "-" && c.in != nil {
				urls = append(urls, *c.in)
			} else if content, ok := m.files[m.abs(v)]; ok && content.Known() {
				for _, u := range strings.Fields(content.Text) {
					urls = append(urls, content.with(u))
				}
			} else {
				urls = append(urls, Unknown("$(<"+v.Text+")", "the addresses are in the file "+v.Text))
			}
		case "r", "recursive", "m", "mirror":
			f.OutputWhy = "it downloads a tree"
		}
	}
	if skip {
		return m.unknown(c)
	}
	for _, u := range urls {
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
	return succeeded
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
	return succeeded
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
	if f.URL.Known() && strings.ContainsAny(f.URL.Text, " \t\n") {
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
