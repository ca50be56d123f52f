// Package wget reads the command lines of GNU wget and of busybox's: what is to
// be fetched and where it goes.
//
// It guarantees that every option is acted on, is one that only tunes, or is an
// error: options that a pinned fetch cannot do what they ask for are refused by
// name, and unknown ones are not skipped. It fetches nothing; of files it reads
// the list of -i alone, and no wgetrc.
package wget

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"depfetch/cmd/internal/cmdline"
)

// Command is what a command line asks for.
type Command struct {
	Help, Version bool
	Log           string // the file for messages; empty for standard error
	AppendLog     bool
	Transfers     []Transfer

	Document                    string // -O; "-" is standard output
	NoClobber                   bool   // leave existing files
	Timestamping, Continue      bool   // replace existing files that differ
	Spider, Discard             bool
	ContentDisposition          bool
	HTTPSOnly                   bool
	Header                      []string
	UserAgent, Referer          string
	User, Password              string
	CACert                      []string
	Retries                     int // -1 if it is not said
	ConnectTimeout, ReadTimeout time.Duration
	NoProxy                     bool
	Proxy                       map[string]string // by scheme
	ProxyUser, ProxyPassword    string

	prefix, page string
	lists        []string
	urls         []string
}

// Transfer is one URL of a command line.
type Transfer struct {
	URL    string
	Output string // the file to write, or "-"
}

// Name returns the name that wget gives to a URL's file, below the prefix.
func (c *Command) name(url string) string {
	url, _, _ = strings.Cut(url, "#")
	_, query, hasQuery := strings.Cut(url, "?")
	name := decode(cmdline.Base(url))
	if name == "" {
		name = c.page
	}
	if hasQuery {
		name += "?" + decode(query)
	}
	// A slash of a query would name a directory.
	return filepath.Join(c.prefix, strings.ReplaceAll(name, "/", "%2F"))
}

// decode undoes percent-encoding, but of what must not be in a file's name.
func decode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil && n >= ' ' && n != 0x7f && n != '/' {
				c = byte(n)
				i += 2
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

type parser struct {
	Command
	table cmdline.Table
	stdin io.Reader
}

// Parse reads the arguments of wget. Stdin is read if they say so.
func Parse(args []string, stdin io.Reader) (*Command, error) {
	p := &parser{table: Table(), stdin: stdin, Command: Command{Retries: -1, page: "index.html"}}
	err := p.parse(args)
	return &p.Command, err
}

func (p *parser) parse(args []string) error {
	for i := 0; i < len(args) && !p.Help && !p.Version; i++ {
		arg := args[i]
		if arg == "--" {
			p.urls = append(p.urls, args[i+1:]...)
			break
		}
		// takes returns the value of an option: attached, or the next argument.
		takes := func(name, attached string, has bool) (string, error) {
			if has {
				return attached, nil
			}
			if i++; i == len(args) {
				return "", fmt.Errorf("%s requires a value", name)
			}
			return args[i], nil
		}
		var err error
		switch {
		case strings.HasPrefix(arg, "--"):
			err = p.long(arg[2:], takes)
		case len(arg) > 1 && arg[0] == '-':
			err = p.shorts(arg[1:], takes)
		default:
			p.urls = append(p.urls, arg)
		}
		if err != nil {
			return err
		}
	}
	if p.Help || p.Version {
		return nil
	}
	return p.finish()
}

type taker func(name, attached string, has bool) (string, error)

// long handles --NAME, --no-NAME, --NAME=VALUE and --NAME VALUE.
func (p *parser) long(name string, takes taker) error {
	name, attached, has := strings.Cut(name, "=")
	if name == "no-verbose" { // -nv, which is not the contrary of --verbose
		return nil
	}
	o, negated, err := p.table.Long(name)
	if err != nil {
		return err
	}
	if o.Kind != cmdline.Value {
		on := !negated
		if has {
			on = on && truth(attached)
		}
		return p.set(o, "", on)
	}
	value, err := takes(o.Name(), attached, has)
	if err != nil {
		return err
	}
	return p.set(o, value, true)
}

// truth reads the value of a switch.
func truth(s string) bool {
	switch strings.ToLower(s) {
	case "off", "no", "0":
		return false
	}
	return true
}

// shorts handles -abc and -abVALUE. -n is followed by letters of its own.
func (p *parser) shorts(letters string, takes taker) error {
	for i := 0; i < len(letters); i++ {
		letter, rest := letters[i:i+1], letters[i+1:]
		switch letter {
		case "n":
			value, err := takes("-n", rest, rest != "")
			if err != nil {
				return err
			}
			for j := range len(value) {
				o, err := p.table.Short("n" + value[j:j+1])
				if err == nil {
					err = p.set(o, "", false)
				}
				if err != nil {
					return err
				}
			}
			return nil
		case "Y": // busybox: on or off
			value, err := takes("-Y", rest, rest != "")
			p.NoProxy = !truth(value)
			return err
		}
		o, err := p.table.Short(letter)
		if err != nil {
			return err
		}
		if o.Kind == cmdline.Value {
			value, err := takes(o.Name(), rest, rest != "")
			if err != nil {
				return err
			}
			return p.set(o, value, true)
		}
		if err := p.set(o, "", true); err != nil {
			return err
		}
	}
	return nil
}

// set acts on an option.
func (p *parser) set(o *cmdline.Option, value string, on bool) (err error) {
	if o.Class == cmdline.Deny && !on && o.Kind == cmdline.Bool {
		return nil // off, as it is anyway
	}
	if err := o.Check(); err != nil || o.Class == cmdline.Tune {
		return err
	}
	switch o.Long {
	case "help":
		p.Help = true
	case "version":
		p.Version = true
	case "quiet":
	case "output-document":
		p.Document = value
	case "directory-prefix":
		p.prefix = value
	case "clobber":
		p.NoClobber = !on
	case "timestamping":
		p.Timestamping = on
	case "continue":
		p.Continue = on
	case "input-file":
		p.lists = append(p.lists, value)
	case "spider":
		p.Spider = on
	case "delete-after":
		p.Discard = on
	case "content-disposition":
		p.ContentDisposition = on
	case "default-page":
		p.page = value
	case "output-file":
		p.Log, p.AppendLog = value, false
	case "append-output":
		p.Log, p.AppendLog = value, true
	case "execute":
		return p.execute(value)
	case "header":
		p.Header = append(p.Header, value)
	case "user-agent":
		p.UserAgent = value
		if value == "" {
			p.Header = append(p.Header, "User-Agent:")
		}
	case "referer":
		p.Referer = value
	case "user", "http-user":
		p.User = value
	case "password", "http-password", "http-passwd":
		p.Password = value
	case "ca-certificate":
		p.CACert = append(p.CACert, value)
	case "method":
		switch strings.ToUpper(value) {
		case "GET":
		case "HEAD":
			p.Spider = true
		default:
			return &cmdline.RefusedError{Name: "--method=" + value, Reason: "a pinned fetch only gets"}
		}
	case "tries":
		return p.setTries(value)
	case "timeout":
		p.ConnectTimeout, err = seconds(o, value)
		p.ReadTimeout = p.ConnectTimeout
	case "connect-timeout":
		p.ConnectTimeout, err = seconds(o, value)
	case "read-timeout":
		p.ReadTimeout, err = seconds(o, value)
	case "proxy":
		p.NoProxy = !on
	case "proxy-user":
		p.ProxyUser = value
	case "proxy-password", "proxy-passwd":
		p.ProxyPassword = value
	case "https-only":
		p.HTTPSOnly = on
	default:
		return fmt.Errorf("%s is in the table and nothing acts on it", o.Name())
	}
	return err
}

func (p *parser) setTries(value string) error {
	if value == "inf" || value == "0" {
		p.Retries = -1
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return fmt.Errorf("--tries %q: want a number", value)
	}
	p.Retries = n - 1
	return nil
}

// seconds reads a time: a number of seconds, or with a letter behind it of
// minutes, hours, days or weeks. Zero is no limit.
func seconds(o *cmdline.Option, value string) (time.Duration, error) {
	digits, unit := value, time.Second
	for letter, length := range map[string]time.Duration{"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800} {
		if rest, ok := strings.CutSuffix(value, letter); ok {
			digits, unit = rest, length*time.Second
		}
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || f < 0 || f*float64(unit) > math.MaxInt64/2 {
		return 0, fmt.Errorf("%s %q: want a number of seconds", o.Name(), value)
	}
	return time.Duration(f * float64(unit)), nil
}

// commands are those of a wgetrc that -e may have besides the names of options.
var commands = map[string]string{"robots": "", "useproxy": "proxy", "checkcertificate": "check-certificate",
	"useragent": "user-agent", "readtimeout": "read-timeout", "connecttimeout": "connect-timeout", "dnstimeout": "dns-timeout",
	"passiveftp": "passive-ftp", "contentdisposition": "content-disposition", "httpsonly": "https-only",
	"showprogress": "show-progress", "dirprefix": "directory-prefix", "noclobber": "", "retryconnrefused": "retry-connrefused",
	"cacertificate": "ca-certificate", "dotstyle": "", "usessl": ""}

// execute acts on a command of a wgetrc, NAME = VALUE.
func (p *parser) execute(command string) error {
	name, value, ok := strings.Cut(command, "=")
	name = strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(strings.TrimSpace(name)))
	value = strings.TrimSpace(value)
	if !ok {
		return fmt.Errorf("--execute %q: want NAME = VALUE", command)
	}
	switch name {
	case "httpproxy", "httpsproxy":
		if p.Proxy == nil {
			p.Proxy = make(map[string]string)
		}
		p.Proxy[strings.TrimSuffix(name, "proxy")] = value
		return nil
	case "noclobber":
		p.NoClobber = truth(value)
		return nil
	}
	option, known := commands[name]
	if known && option == "" {
		return nil
	}
	if !known {
		option = name
	}
	for i := range p.table {
		if o := &p.table[i]; o.Long == option && o.Long != "execute" {
			if o.Kind == cmdline.Value {
				return p.set(o, value, true)
			}
			return p.set(o, "", truth(value))
		}
	}
	return &cmdline.RefusedError{Name: "--execute " + command, Reason: "the command is not supported"}
}

// finish makes the transfers.
func (p *parser) finish() error {
	for _, list := range p.lists {
		urls, err := p.readList(list)
		if err != nil {
			return err
		}
		p.urls = append(p.urls, urls...)
	}
	if len(p.urls) == 0 && len(p.lists) == 0 {
		return errors.New("missing URL")
	}
	for _, u := range p.urls {
		u = escape(u)
		t := Transfer{URL: u, Output: p.Document}
		if t.Output == "" {
			named := u
			if !strings.Contains(u, "://") {
				named = "http://" + u
			}
			t.Output = p.name(named)
		}
		p.Transfers = append(p.Transfers, t)
	}
	return nil
}

// escape encodes what wget encodes in a URL: spaces, control characters, quotes,
// brackets and what is not ASCII.
func escape(url string) string {
	var b strings.Builder
	for i := range len(url) {
		if c := url[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`<>"{}|\^`+"`", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// maxList is how long a list of URLs may be, in bytes.
const maxList = 8 << 20

// readList returns the URLs of a file, one a line.
func (p *parser) readList(name string) ([]string, error) {
	if strings.Contains(name, "://") {
		return nil, &cmdline.RefusedError{Name: "--input-file " + name, Reason: "a list of URLs has to be a file"}
	}
	in := p.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("--input-file: %w", err)
		}
		defer f.Close()
		in = f
	}
	if in == nil {
		return nil, nil
	}
	text, err := io.ReadAll(io.LimitReader(in, maxList+1))
	if err == nil && len(text) > maxList {
		err = fmt.Errorf("longer than %d bytes", maxList)
	}
	if err != nil {
		return nil, fmt.Errorf("--input-file %s: %w", name, err)
	}
	var urls []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			urls = append(urls, line)
		}
	}
	return urls, nil
}

// ProxyURL returns the address of a proxy that is given with or without a scheme.
func ProxyURL(s string) string {
	if s == "" || strings.Contains(s, "://") {
		return s
	}
	return "http://" + s
}
