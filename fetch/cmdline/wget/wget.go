// Package wget reads the command lines of GNU wget and of busybox's: what is to
// be fetched and where it goes.
//
// It guarantees that every option is acted on, is one that only tunes, or is an
// error: options that a pinned fetch cannot do what they ask for are refused by
// name, and unknown ones are not skipped. It fetches nothing; of files it reads
// the list of -i alone, and no wgetrc.
package wget

import (
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/curl"
)

// parser is a command line on its way to a job.
type parser struct {
	job    cmdline.Job
	op     cmdline.Operation
	table  cmdline.Table
	stdin  io.Reader
	values cmdline.Values
	urls   []string
}

// Parse reads the arguments of wget. Stdin is read if they say so.
func Parse(args []string, stdin io.Reader) (*cmdline.Job, error) {
	p := &parser{table: Table(), stdin: stdin}
	err := p.table.Parse(args, true, p.act)
	if err == nil && !p.job.Help && !p.job.Version {
		err = p.finish()
	}
	return &p.job, err
}

// act acts on an option or an argument. What needs no more than to be known later
// is kept.
func (p *parser) act(o *cmdline.Option, value string, on bool) error {
	if o == nil {
		p.urls = append(p.urls, value)
		return nil
	}
	switch o.Long {
	case "help":
		p.job.Help = true
		return cmdline.ErrStop
	case "version":
		p.job.Version = true
		return cmdline.ErrStop
	case "output-file", "append-output":
		p.job.Log, p.job.AppendLog = value, o.Long[0] == 'a'
	case "execute":
		return p.execute(value)
	case "header":
		p.op.Fields = append(p.op.Fields, value)
	case "user-agent":
		p.op.Fields = append(p.op.Fields, "User-Agent: "+value)
	case "referer":
		p.op.Fields = append(p.op.Fields, "Referer: "+value)
	case "busybox-proxy":
		p.op.Proxied = !cmdline.Truth(value)
	case "proxy":
		p.op.Proxied = !on
	case "method":
		if value = strings.ToUpper(value); value != "GET" && value != "HEAD" {
			return cmdline.Refuse(o.Name()+"="+value, "a pinned fetch only gets")
		}
		p.values.Add(o, value, on)
	default:
		p.values.Add(o, value, on)
	}
	return nil
}

// commands are those of a wgetrc that -e may have and that stand for options, by
// the names that they have without dashes.
const commands = " useproxy checkcertificate useragent readtimeout connecttimeout dnstimeout passiveftp contentdisposition" +
	" httpsonly showprogress retryconnrefused cacertificate header timeout tries quiet verbose continue timestamping user password" +
	" referer progress waitretry wait cookies cache hsts noclobber "

// execute acts on a command of a wgetrc, NAME = VALUE.
func (p *parser) execute(command string) error {
	name, value, ok := strings.Cut(command, "=")
	name = strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(strings.TrimSpace(name)))
	value = strings.TrimSpace(value)
	switch {
	case !ok:
		return cmdline.Bad("--execute ", command, ": want NAME = VALUE")
	case name == "robots":
		return nil
	case name == "httpproxy" || name == "httpsproxy":
		if value != "" {
			p.op.Proxy, p.op.Proxied = value, true
		}
		return nil
	case name == "useproxy":
		p.op.Proxied = p.op.Proxy != "" || !cmdline.Truth(value)
		return nil
	case name == "noclobber":
		p.values.Set("clobber", "")
		return nil
	case strings.Contains(commands, " "+name+" "):
		for i := range p.table {
			if o := &p.table[i]; strings.ReplaceAll(o.Long, "-", "") == name {
				return p.table.Parse([]string{"--" + o.Long + "=" + value}, true, p.act)
			}
		}
	}
	return cmdline.Refuse("--execute "+command, "the command is not supported")
}

// finish makes the transfers.
func (p *parser) finish() error {
	v, o := &p.values, &p.op
	o.Scheme = "http"
	if v.On("https-only") {
		o.Proto = "=https"
	}
	if user := v.Last("user", "http-user"); user != "" {
		o.Fields = append([]string{curl.Basic(user + ":" + v.Last("password", "http-password", "http-passwd"))}, o.Fields...)
	}
	if o.ProxyUser = v.Last("proxy-user"); o.ProxyUser != "" {
		o.ProxyUser += ":" + v.Last("proxy-password", "proxy-passwd")
	}
	o.CACert = v.All("ca-certificate")
	o.Connect, o.Stall = v.Seconds("timeout", "connect-timeout"), v.Seconds("timeout", "read-timeout")
	if v.Last("tries") == "inf" {
		v.Set("tries", "0")
	}
	o.Retries = v.Number("tries", 10, 0) - 1 // none is the default
	o.Discard = v.On("spider", "delete-after") || v.Last("method") == "HEAD"
	document := v.Last("output-document")
	switch {
	case o.Discard:
	case v.Off("clobber"):
		o.Existing = cmdline.Keep
	case v.On("timestamping") && document == "" || v.On("continue"):
		o.Existing = cmdline.Update
	case document == "":
		o.Existing = cmdline.Number
	}
	if v.Err != nil {
		return v.Err
	}
	for _, list := range v.All("input-file") {
		if strings.Contains(list, "://") {
			return cmdline.Refuse("--input-file "+list, "a list of URLs has to be a file")
		}
		text, err := cmdline.ReadText(list, p.stdin)
		if err != nil {
			return err
		}
		for _, line := range strings.Split(text, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				p.urls = append(p.urls, line)
			}
		}
	}
	for _, u := range p.urls {
		t := cmdline.Transfer{URL: escape(u), Output: document}
		if document == "" {
			t.Output, t.Named = filepath.Join(v.Last("directory-prefix"), filepath.Clean("/" + p.name(t.URL))[1:]), true
		}
		o.Transfers = append(o.Transfers, t)
	}
	if len(o.Transfers) > 0 {
		o.Join = document != "" && document != "-" && len(o.Transfers) > 1
		o.Rename, o.Dirs = v.On("content-disposition"), document == ""
		p.job.Operations = []*cmdline.Operation{o}
	} else if len(v.All("input-file")) == 0 {
		return &cmdline.Error{Err: cmdline.Bad("missing URL"), Fault: cmdline.URL}
	}
	return nil
}

// name returns the name that wget gives to a URL's file.
func (p *parser) name(url string) string {
	url, _, _ = strings.Cut(url, "#")
	base, query, ok := strings.Cut(url, "?")
	name := decode(cmdline.Base(base))
	if name == "" {
		if name = p.values.Last("default-page"); name == "" {
			name = "index.html"
		}
	}
	if ok {
		name += "?" + decode(query)
	}
	// A slash of a query would name a directory.
	name = strings.ReplaceAll(name, "/", "%2F")
	if p.values.On("force-directories") {
		_, path, _ := strings.Cut(base, "://")
		return strings.TrimSuffix(path, cmdline.Base(base)) + "/" + name
	}
	return name
}

// decode undoes percent-encoding, but of what must not be in a file's name.
func decode(s string) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil && n >= ' ' && n != 0x7f && n != '/' {
				c = byte(n)
				i += 2
			}
		}
		b = append(b, c)
	}
	return string(b)
}

// escape encodes what wget encodes in a URL: spaces, control characters, quotes,
// brackets and what is not ASCII.
func escape(url string) string {
	const hex = "0123456789ABCDEF"
	var b []byte
	for i := range len(url) {
		if c := url[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("<>\"{}|\\^`", c) >= 0 {
			b = append(b, '%', hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}
