// Package curl reads the command lines of curl: what is to be fetched, where it
// goes, and what is to be printed about it.
//
// It guarantees that every option is acted on, is one that only tunes, or is an
// error: options that ask for what a pinned fetch cannot do are refused by name, and
// unknown ones are not skipped. It fetches nothing; the files that it
// reads are those that a command line names as its own continuation (-K, @FILE),
// and .curlrc.
package curl

import (
	"cmp"
	"encoding/base64"
	"io"
	"os"
	"strings"

	"depfetch/fetch/cmdline"
)

// parser builds a job from a command line.
type parser struct {
	job   cmdline.Job
	table cmdline.Table
	stdin io.Reader
	depth int // of nested files that continue the command line

	values cmdline.Values // of the operation
	fields []string
	data   []string // for the query
	nodes  []node
	number int // of the operation's first URL
}

// node is a URL and its output, which are given in any order.
type node struct {
	url, output    string
	hasURL, hasOut bool
	named          bool // the output is derived from the URL
}

// Parse reads the arguments of curl. If they contain refused options, the job is returned
// together with a *cmdline.RefusedError. config is the name of the .curlrc that is read
// before them, or empty. stdin is read if the arguments refer to it.
func Parse(args []string, config string, stdin io.Reader) (*cmdline.Job, error) {
	p := &parser{table: Table(), stdin: stdin}
	disabled := len(args) > 0 && (args[0] == "--disable" || strings.HasPrefix(args[0], "-q"))
	if config != "" && !disabled {
		text, err := cmdline.ReadText(config, nil)
		if err == nil {
			err = p.config(text)
		}
		if err != nil {
			return &p.job, cmdline.Bad(config, ": ", err.Error())
		}
	}
	var refused error
	err := cmdline.Defer(&refused, p.table.Parse(args, false, p.act))
	if err == nil && !p.job.Help && !p.job.Version {
		before := len(p.job.Operations)
		if err = cmdline.Defer(&refused, p.finish()); cmp.Or(err, refused) == nil && len(p.job.Operations) == before {
			err = cmdline.Bad("no URL specified")
		}
	}
	return &p.job, cmp.Or(err, refused)
}

// place returns the first node for which has is false, or a new one.
func (p *parser) place(has func(*node) bool) *node {
	for i := range p.nodes {
		if !has(&p.nodes[i]) {
			return &p.nodes[i]
		}
	}
	p.nodes = append(p.nodes, node{})
	return &p.nodes[len(p.nodes)-1]
}

func (p *parser) addURL(url string) {
	n := p.place(func(n *node) bool { return n.hasURL })
	n.url, n.hasURL = url, true
}

func (p *parser) addOutput(name string, named bool) {
	n := p.place(func(n *node) bool { return n.hasOut })
	n.output, n.named, n.hasOut = name, named, true
}

// act handles an option or an argument. Options that finish evaluates are only stored.
func (p *parser) act(o *cmdline.Option, value string, on bool) (err error) {
	if o == nil {
		p.addURL(value)
		return nil
	}
	switch o.Long {
	case "help", "version":
		return p.job.Note(o)
	case "next":
		before := len(p.job.Operations)
		if err = p.finish(); err == nil && len(p.job.Operations) == before {
			err = cmdline.Bad("--next without a URL before it")
		}
	case "config":
		if p.depth++; p.depth > 10 {
			return cmdline.Bad("--config: files lead to one another too deep")
		}
		text, err := cmdline.ReadText(value, p.stdin)
		if err == nil {
			err = p.config(text)
		}
		p.depth--
		return err
	case "url":
		if file, ok := strings.CutPrefix(value, "@"); ok {
			return p.lines(file, func(line string) { p.addURL(line); p.addOutput("", true) })
		}
		p.addURL(value)
	case "output":
		if value == "" {
			return cmdline.Bad("--output '': want the name of a file")
		}
		p.addOutput(value, false)
	case "remote-name":
		p.addOutput("", on)
	case "header":
		if file, ok := strings.CutPrefix(value, "@"); ok {
			return p.lines(file, func(line string) { p.fields = append(p.fields, line) })
		}
		p.fields = append(p.fields, value)
	case "user-agent":
		p.fields = append(p.fields, "User-Agent: "+value)
	case "referer":
		value, _, _ = strings.Cut(value, ";auto")
		p.fields = append(p.fields, "Referer: "+value)
	case "oauth2-bearer":
		p.fields = append(p.fields, "Authorization: Bearer "+value)
	case "user":
		if !strings.Contains(value, ":") {
			return cmdline.Bad("--user without a password would ask for one; write user:password")
		}
		p.fields = append(p.fields, Basic(value))
	case "cookie":
		if strings.Contains(value, "=") {
			p.fields = append(p.fields, "Cookie: "+value)
		} else if info, err := os.Stat(value); value != "" && err == nil && info.Size() > 0 {
			return cmdline.Refuse("--cookie "+value, "cookies are sent from the command line, not from files")
		} else {
			p.values.Set("cookies", "1")
		}
	case "cookie-jar", "hsts", "alt-svc", "ssl-sessions":
		if value != "" && value != os.DevNull {
			return cmdline.Refuse(o.Name()+" "+value, "what servers say is not kept; "+os.DevNull+" is accepted")
		} else if value != "" && o.Long == "cookie-jar" {
			p.values.Set("cookies", "1")
		}
	case "time-cond":
		if isDate(value) {
			return cmdline.Refuse(o.Name()+" "+value, "what is pinned comes at any time; a file is accepted")
		}
		p.values.Add(o, value, on)
	case "write-out":
		if err := checkWriteOut(value); err != nil {
			return err
		}
		p.values.Add(o, value, on)
	case "request":
		if value != "GET" && value != "HEAD" {
			return cmdline.Refuse("--request "+value, "a pinned fetch only gets")
		}
		p.values.Add(o, value, on)
	case "continue-at":
		if value != "-" && strings.Trim(value, "0") != "" {
			return cmdline.Refuse(o.Name(), "a pinned file comes whole; -C - is accepted")
		}
	case "data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "url-query":
		return p.addData(o, value)
	default:
		p.values.Add(o, value, on)
	}
	return err
}

// Basic returns the header field for "USER:PASSWORD" (RFC 7617).
func Basic(user string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user))
}

// finish adds the operation that has been read to the job.
func (p *parser) finish() (refused error) {
	v := &p.values
	if by := v.Last("data"); by != "" && !v.On("get") {
		refused = cmdline.Refuse(by, "it sends data, and a pinned fetch only gets")
		p.data = nil
	}
	o := &cmdline.Operation{
		Scheme: "http", AsIs: v.On("path-as-is"), Proto: v.Last("proto"),
		Fields: p.fields, Netrc: v.Last("netrc-file"), CACert: append(v.All("cacert"), v.All("proxy-cacert")...),
		Proxy: v.Last("proxy proxy1.0"), ProxyUser: v.Last("proxy-user"), NoProxy: v.Last("noproxy"),
		HeadOnly: v.On("head") || v.Last("request") == "HEAD", Discard: v.On("out-null"),
		Rename: v.On("remote-header-name"), Dirs: v.On("create-dirs"),
		TimeCond: v.Last("time-cond"), DumpHeader: v.Last("dump-header"), WriteOut: v.Last("write-out"),
		Connect: v.Seconds("connect-timeout"), Stall: v.Seconds("speed-time"), MaxTime: v.Seconds("max-time"),
		Retries: v.Number("retry", 10, -1), MaxSize: v.Size("max-filesize"),
		Cookies: v.On("cookies"), DirMode: 0o750, Timed: v.On("remote-time"), Redirects: -1, ProtoRedir: v.Last("proto-redir"),
		Follow: v.On("location location-trusted follow"),
	}
	v.Number("create-file-mode", 8, 0) // checked only: it applies to remote files
	if s := v.Last("max-redirs"); s != "" && s[0] != '-' {
		o.Redirects = v.Number("max-redirs", 10, -1)
	}
	o.Header = o.HeadOnly || v.On("include")
	if s := v.Last("proto-default"); s != "" {
		o.Scheme = strings.ToLower(s)
	}
	if s := v.Last("socks5 socks5-hostname"); s != "" {
		o.Proxy = "socks5://" + s
	}
	if len(v.All("noproxy")) > 0 && o.NoProxy == "" {
		o.NoProxy = "," // none, whatever the environment says
	}
	o.Proxied = o.Proxy != "" || o.NoProxy == "*" || v.Off("proxy")
	switch {
	case v.On("skip-existing"):
		o.Existing = cmdline.Keep
	case v.Off("clobber"):
		o.Existing = cmdline.Number
	}
	if file, ok := strings.CutPrefix(o.WriteOut, "@"); ok && v.Err == nil {
		if o.WriteOut, v.Err = cmdline.ReadText(file, p.stdin); v.Err == nil {
			o.WriteOut = strings.NewReplacer("\r", "", "\n", "").Replace(o.WriteOut)
			v.Err = checkWriteOut(o.WriteOut)
		}
	}
	if v.Err != nil {
		return v.Err
	}
	for i, n := range p.nodes {
		if n.hasURL { // curl warns when there are more outputs than URLs
			if err := p.expand(o, n, p.number+i); err != nil {
				return err
			}
		}
	}
	if len(o.Transfers) > 0 {
		p.job.Operations = append(p.job.Operations, o)
	}
	if v.Last("stderr") != "" {
		p.job.Log = v.Last("stderr")
	}
	p.job.FailEarly = p.job.FailEarly || v.On("fail-early")
	p.job.Silent = p.job.Silent || v.On("silent") || v.Off("progress-meter") // of all operations, as in curl
	p.number += len(p.nodes)
	p.values, p.fields, p.data, p.nodes = cmdline.Values{}, nil, nil, nil
	return refused
}

// expand makes the transfers of a node.
func (p *parser) expand(o *cmdline.Operation, n node, number int) error {
	urls := []glob{{text: n.url}}
	if !p.values.On("globoff") {
		var err error
		if urls, err = expandGlob(n.url); err != nil {
			return &cmdline.Error{Err: err, Fault: cmdline.URL}
		}
	}
	for _, g := range urls {
		t := cmdline.Transfer{URL: g.text, Output: "-", Number: number}
		switch {
		case n.named || !n.hasOut && p.values.On("remote-name-all"):
			if t.Output, t.Named = cmdline.Base(g.text), true; t.Output == "" {
				t.Output = "curl_response"
			}
		case n.output != "":
			t.Output = g.substitute(n.output)
		}
		if dir := p.values.Last("output-dir"); t.Output != "-" && dir != "" {
			t.Output = dir + "/" + t.Output // a link in it is followed before ".."
		}
		if len(p.data) > 0 {
			url, _, _ := strings.Cut(t.URL, "#")
			joint := "?"
			if strings.Contains(url, "?") {
				joint = "&"
			}
			t.URL = url + joint + strings.Join(p.data, "&")
		}
		o.Transfers = append(o.Transfers, t)
	}
	return nil
}
