package script

import (
	"net/url"
	"strings"

	"depfetch/fetch/cmdline/curl"
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
