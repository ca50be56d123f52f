package script

import "strings"

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

var (
	ariaOptions = options{
		short: "doxsjkilum",
		long:  []string{"dir", "out", "max-connection-per-server", "split", "checksum", "input-file", "header", "max-tries", "retry-wait"},
	}
	axelOptions = options{short: "snoHUT", long: []string{"max-speed", "num-connections", "output", "header", "user-agent", "timeout", "max-redirect"}}
)

func evalAria2c(m *Machine, c *call) status {
	f := Fetch{Tool: c.name}
	var (
		urls []Value
		out  *Value
		dir  string
		sum  Value
	)
	known := ariaOptions
	if c.name == "axel" {
		known = axelOptions
	}
	for _, o := range known.parse(c.args) {
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
		case "k", "insecure":
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
