// Package wget reads the command lines of GNU wget and of busybox's: what is to
// be fetched and where it goes.
//
// It guarantees that every option is acted on, is one that only tunes, or is an
// error: options that ask for what a pinned fetch cannot do are refused by name, and
// unknown ones are not skipped. It fetches nothing; of files it reads
// the list of -i and wgetrc files alone.
package wget

import (
	"cmp"
	"io"
	"strconv"
	"strings"

	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/curl"
)

// parser builds a job from a command line.
type parser struct {
	job    cmdline.Job
	op     cmdline.Operation
	table  cmdline.Table
	stdin  io.Reader
	values cmdline.Values
	urls   []string

	names   names
	untimed bool
	busybox bool // the syntax is that of busybox's wget
}

// Parse reads the arguments of wget. If they contain refused options, the job is returned
// together with a *cmdline.RefusedError. configs are the names of the wgetrc files that
// are read before them, if they exist. stdin is read if the arguments refer to it.
func Parse(args, configs []string, stdin io.Reader) (*cmdline.Job, error) {
	return (&parser{table: Table(), stdin: stdin}).parse(args, configs)
}

// ParseBusybox is Parse for the wget of busybox, which sets no modification times, names
// files after what follows the last slash of a URL, does not replace files that it named
// itself, and makes no directories.
func ParseBusybox(args []string, stdin io.Reader) (*cmdline.Job, error) {
	return (&parser{table: Table(), stdin: stdin, busybox: true}).parse(args, nil)
}

func (p *parser) parse(args, configs []string) (*cmdline.Job, error) {
	for a := range p.table.Lex(args, true) {
		if o := a.Option; o != nil && o.Long == "config" {
			configs = []string{a.Value}
		} else if o != nil && o.Long == "no-config" {
			configs = nil
			break
		}
	}
	for _, name := range configs {
		if err := p.config(name); err != nil {
			return &p.job, err
		}
	}
	var refused error
	err := cmdline.Defer(&refused, p.table.Parse(args, true, p.act))
	if err == nil && !p.job.Help && !p.job.Version {
		err = p.finish()
	}
	return &p.job, cmp.Or(err, refused)
}

// config handles the commands of a wgetrc.
func (p *parser) config(name string) error {
	text, err := cmdline.ReadText(name, nil)
	if err != nil {
		return err
	}
	for n, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := p.execute(line); err != nil {
			return cmdline.Bad(name, ":", strconv.Itoa(n+1), ": ", err.Error())
		}
	}
	return nil
}

// words are the values of options that take one of several words.
var words = map[string]string{
	"secure-protocol": " auto SSLv2 SSLv3 TLSv1 TLSv1_1 TLSv1_2 TLSv1_3 PFS ",
	"prefer-family":   " IPv4 IPv6 none ",
	"compression":     " auto gzip none ",
	"regex-type":      " posix pcre ",
	"report-speed":    " bits ",
	"progress":        " bar dot ",
}

// check returns an error for a value that an option cannot have.
func check(o *cmdline.Option, value string) error {
	name, _, _ := strings.Cut(value, ":")
	switch want := words[o.Long]; {
	case want != "":
		if !strings.Contains(strings.ToLower(want), " "+strings.ToLower(name)+" ") {
			return cmdline.Bad(o.Name(), " ", value, ": want one of", want)
		}
	case (o.Kind == cmdline.Bool || o.Long == "busybox-proxy") && value != "" && !strings.Contains(" on off yes no 1 0 ", " "+strings.ToLower(value)+" ") && o.Long != "backups" && o.Long != "restrict-file-names":
		return cmdline.Bad(o.Name(), "=", value, ": want on or off")
	case o.Long == "header" && value != "" && !strings.Contains(value, ":"):
		return cmdline.Bad(o.Name(), " ", value, ": want NAME: VALUE")
	}
	return nil
}

// act handles an option or an argument. Options that finish evaluates are only stored.
func (p *parser) act(o *cmdline.Option, value string, on bool) error {
	if o == nil {
		p.urls = append(p.urls, value)
		return nil
	}
	if err := check(o, value); err != nil {
		return err
	}
	switch o.Long {
	case "help", "version":
		return p.job.Note(o)
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
	case "force-directories", "directories":
		p.names.dirs = on
	case "protocol-directories":
		p.names.protocol = on
	case "host-directories":
		p.names.noHost = !on
	case "restrict-file-names":
		return p.names.restrict(value)
	case "backups":
		p.op.Backups = 0
		if on {
			p.op.Backups = 1
			if n, err := strconv.Atoi(value); err == nil {
				p.op.Backups = int64(max(n, 0))
			}
		}
	case "no-verbose":
		p.values.Set("verbose", "")
	case "use-server-timestamps":
		p.untimed = !on
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

// noCommands are options that are no commands of a wgetrc, by their names without
// dashes.
const noCommands = " execute config noconfig help version clobber forcedirectories directories hostdirectories outputfile" +
	" appendoutput inputfile directoryprefix proxy busyboxproxy noverbose parent mirror "

// aliases are commands of a wgetrc that have another name than the option.
var aliases = map[string]string{
	"dirprefix": "directory-prefix", "dirstruct": "force-directories", "addhostdir": "host-directories", "logfile": "output-file",
	"input": "input-file", "reclevel": "level", "relativeonly": "relative", "agent": "user-agent", "mirror": "mirror",
}

// execute handles a command of a wgetrc, NAME = VALUE.
func (p *parser) execute(command string) error {
	name, value, ok := strings.Cut(command, "=")
	name = strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(strings.TrimSpace(name)))
	value = strings.TrimSpace(value)
	switch {
	case !ok:
		return cmdline.Bad("--execute ", command, ": want NAME = VALUE")
	case name == "robots" || name == "noparent":
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
	case !strings.Contains(noCommands, " "+name+" ") || aliases[name] != "":
		for i := range p.table {
			if o := &p.table[i]; o.Long == aliases[name] || strings.ReplaceAll(o.Long, "-", "") == name {
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
	if user := v.Last("user http-user"); user != "" {
		o.Fields = append([]string{curl.Basic(user + ":" + v.Last("password http-password http-passwd"))}, o.Fields...)
	}
	if o.ProxyUser = v.Last("proxy-user"); o.ProxyUser != "" {
		o.ProxyUser += ":" + v.Last("proxy-password proxy-passwd")
	}
	o.CACert = v.All("ca-certificate")
	o.Connect, o.Stall = v.Seconds("timeout connect-timeout"), v.Seconds("timeout read-timeout")
	if v.Last("tries") == "inf" {
		v.Set("tries", "0")
	}
	o.Retries = v.Number("tries", 10, 0) - 1 // none is the default
	document := v.Last("output-document")
	given := len(v.All("output-document")) > 0
	o.Discard = v.On("spider") || v.Last("method") == "HEAD" || v.On("delete-after") && !given
	p.names.cut, _ = strconv.Atoi(v.Last("cut-dirs"))
	p.names.page = v.Last("default-page")
	o.DirMode, o.Unlink, o.Timed = 0o777, v.On("unlink"), !p.untimed && !p.busybox
	o.Cookies = !v.Off("cookies") && !p.busybox
	p.job.Silent = (v.On("quiet") || v.Off("verbose")) && !v.On("show-progress")
	o.Follow, o.Redirects = true, v.Number("max-redirect", 10, 20)
	switch {
	case v.On("verbose") && v.On("quiet"):
		return failure("--verbose and --quiet exclude one another")
	case v.On("timestamping") && v.Off("clobber"):
		return failure("--timestamping and --no-clobber exclude one another")
	case v.On("inet4-only") && v.On("inet6-only"):
		return failure("--inet4-only and --inet6-only exclude one another")
	case given && document == "":
		return failure("--output-document '': no such file")
	case v.On("trust-server-names") && !given:
		return cmdline.Refuse("--trust-server-names", "a server does not name files here; --output-document does")
	}
	switch {
	case o.Discard:
	case v.Off("clobber") && given:
		o.Existing = cmdline.Fail
	case v.Off("clobber"):
		o.Existing = cmdline.Keep
	case v.On("timestamping") && !given || v.On("continue"):
		o.Existing = cmdline.Update
	case !given && !p.names.dirs && o.Backups == 0:
		o.Existing = cmdline.Number
	}
	if p.busybox && o.Existing == cmdline.Number {
		o.Existing = cmdline.Fail
	}
	if given {
		o.Backups = 0
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
		switch dir := v.Last("directory-prefix"); {
		case document != "":
		case p.busybox:
			t.Output, t.Named = within(dir, afterSlash(u)), true
		default:
			t.Output, t.Named = p.names.of(dir, t.URL), true
		}
		o.Transfers = append(o.Transfers, t)
	}
	if len(o.Transfers) > 0 {
		o.Join = document != "" && document != "-" && len(o.Transfers) > 1
		o.Rename, o.Dirs = v.On("content-disposition"), document == "" && !p.busybox
		p.job.Operations = []*cmdline.Operation{o}
	} else if len(v.All("input-file")) == 0 {
		return failure("missing URL")
	}
	return nil
}

// failure is an error of a command line that ends wget with its general exit code.
func failure(text string) error { return &cmdline.Error{Err: cmdline.Bad(text), Fault: cmdline.URL} }

// escape encodes what wget encodes in a URL: spaces, control characters, quotes,
// brackets and what is not ASCII.
func escape(url string) string {
	return cmdline.Escape(url, func(c byte) bool {
		return c > ' ' && c < 0x7f && strings.IndexByte("<>\"{}|\\^`", c) < 0
	})
}
