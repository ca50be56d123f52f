// Package curl reads the command lines of curl: what is to be fetched, where it
// goes, and what is to be printed about it.
//
// It guarantees that every option is acted on, is one that only tunes, or is an
// error: options that a pinned fetch cannot do what they ask for are refused by
// name, and unknown ones are not skipped. It fetches nothing; the files that it
// reads are those that a command line names as its own continuation (-K, @FILE).
package curl

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"depfetch/cmd/internal/cmdline"
)

// Command is what a command line asks for.
type Command struct {
	Help      bool
	Version   bool
	FailEarly bool
	Stderr    string // where messages go: a file, "-" for standard output, or empty
	Transfers []Transfer
}

// Transfer is one URL of a command line.
type Transfer struct {
	URL string // as it is given, with globs expanded
	// Output is the file to write, or "-" for standard output. It is empty if
	// the URL is to name it and does not.
	Output string
	// Named is set when the URL has named the output.
	Named bool
	*Options
}

// Options are what holds for the URLs between two --next.
type Options struct {
	OutputDir                  string
	CreateDirs                 bool
	CreateMode                 os.FileMode // of created files; 0 is the usual one
	NoClobber, SkipExisting    bool
	RemoteHeaderName           bool // -J
	Discard                    bool // --out-null
	Head, Include              bool
	DumpHeader                 string
	WriteOut                   string
	TimeCond                   string
	MaxFileSize                int64 // 0 is any
	Header                     []string
	UserAgent, Referer, Cookie string
	User, Bearer               string
	NoUserInURL                bool
	Netrc                      string
	MaxTime, ConnectTimeout    time.Duration
	StallTimeout               time.Duration
	Retries                    int // -1 if it is not said
	Proto, ProtoDefault        string
	PathAsIs                   bool
	CACert                     []string
	Proxy, ProxyUser, NoProxy  string
	Proxied                    bool // Proxy is set, if only to none
	get, remoteNameAll         bool
	globOff                    bool
	data, query                []string
	dataBy                     string // the option that data came with
}

// Error is a command line that cannot be acted on, with curl's exit code for it.
type Error struct {
	Code int
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// The codes of an Error.
const (
	codeUsage = 2
	codeURL   = 3
	codeName  = 23
	codeRead  = 26
)

// parser is a command line on its way to a Command.
type parser struct {
	Command
	table cmdline.Table
	stdin io.Reader
	*Options
	nodes []node // of the operation
	depth int    // of -K in -K
}

// node is a URL and its output, which come in any order.
type node struct {
	url, output    string
	hasURL, hasOut bool
	remoteName     bool
}

// Parse reads the arguments of curl. Home is where a .curlrc is looked for, and
// stdin is read if the arguments say so.
func Parse(args []string, home string, stdin io.Reader) (*Command, error) {
	p := &parser{table: Table(), stdin: stdin, Options: newOptions()}
	if err := p.parse(args, home); err != nil {
		var e *Error
		if !errors.As(err, &e) {
			err = &Error{codeUsage, err}
		}
		return &p.Command, err
	}
	return &p.Command, nil
}

func newOptions() *Options { return &Options{Retries: -1, ProtoDefault: "http"} }

func (p *parser) parse(args []string, home string) error {
	disabled := len(args) > 0 && (args[0] == "--disable" || strings.HasPrefix(args[0], "-q"))
	if home != "" && !disabled {
		if text, err := os.ReadFile(filepath.Join(home, ".curlrc")); err == nil {
			if err := p.config(string(text)); err != nil {
				return fmt.Errorf(".curlrc: %w", err)
			}
		}
	}
	if err := p.arguments(args); err != nil {
		return err
	}
	if p.Help || p.Version {
		return nil
	}
	if err := p.finish(); err != nil {
		return err
	}
	if len(p.Transfers) == 0 {
		return errors.New("no URL specified")
	}
	return nil
}

func (p *parser) arguments(args []string) error {
	for i := 0; i < len(args) && !p.Help && !p.Version; i++ {
		arg := args[i]
		if arg == "--" {
			for _, arg := range args[i+1:] {
				p.addURL(arg)
			}
			return nil
		}
		// takes returns the value of an option: attached, or the next argument.
		takes := func(o *cmdline.Option, attached string, has bool) (string, error) {
			if has {
				return attached, nil
			}
			if i++; i == len(args) {
				return "", fmt.Errorf("%s requires a value", o.Name())
			}
			return args[i], nil
		}
		var err error
		switch {
		case strings.HasPrefix(arg, "--"):
			err = p.long(arg[2:], takes)
		case strings.HasPrefix(arg, "-"):
			err = p.shorts(arg[1:], takes)
		default:
			p.addURL(arg)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type taker func(o *cmdline.Option, attached string, has bool) (string, error)

// long handles --NAME, --NAME VALUE, and --NAME=VALUE, which curl has since 8.16.
func (p *parser) long(name string, takes taker) error {
	name, attached, has := strings.Cut(name, "=")
	if strings.HasPrefix(name, "expand-") {
		return &cmdline.RefusedError{Name: "--" + name, Reason: "it is not supported"}
	}
	o, negated, err := p.table.Long(name)
	if err != nil {
		return err
	}
	if o.Kind != cmdline.Value {
		if has {
			return fmt.Errorf("%s takes no value", o.Name())
		}
		return p.set(o, "", !negated)
	}
	value, err := takes(o, attached, has)
	if err != nil {
		return err
	}
	return p.set(o, value, true)
}

// shorts handles -abc and -abVALUE.
func (p *parser) shorts(letters string, takes taker) error {
	if letters == "" {
		return &cmdline.UnknownError{Name: "-"}
	}
	for i := range len(letters) {
		o, err := p.table.Short(letters[i : i+1])
		if err != nil {
			return err
		}
		if o.Kind == cmdline.Value {
			rest := letters[i+1:]
			value, err := takes(o, rest, rest != "")
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

// place returns the first node that lacks what has tells of, or a new one.
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

func (p *parser) addOutput(name string, remote bool) {
	n := p.place(func(n *node) bool { return n.hasOut })
	n.output, n.remoteName, n.hasOut = name, remote, true
}

// set acts on an option.
func (p *parser) set(o *cmdline.Option, value string, on bool) error {
	if err := o.Check(); err != nil {
		return err
	}
	if o.Class == cmdline.Tune {
		return nil
	}
	var err error
	switch o.Long {
	case "help":
		p.Help = true
	case "version":
		p.Version = true
	case "next":
		return p.next()
	case "config":
		return p.configFile(value)
	case "disable":
	case "url":
		if file, ok := strings.CutPrefix(value, "@"); ok {
			return p.urlFile(file)
		}
		p.addURL(value)
	case "output":
		p.addOutput(value, false)
	case "remote-name":
		p.addOutput("", on)
	case "remote-name-all":
		p.remoteNameAll = on
	case "remote-header-name":
		p.RemoteHeaderName = on
	case "out-null":
		p.Discard = on
	case "output-dir":
		p.OutputDir = value
	case "create-dirs":
		p.CreateDirs = on
	case "create-file-mode":
		var mode uint64
		if mode, err = strconv.ParseUint(value, 8, 9); err != nil {
			return fmt.Errorf("--create-file-mode %q: want octal digits", value)
		}
		p.CreateMode = os.FileMode(mode)
	case "clobber":
		p.NoClobber = !on
	case "skip-existing":
		p.SkipExisting = on
	case "globoff":
		p.globOff = on
	case "head":
		p.Head = on
	case "include":
		p.Include = on
	case "dump-header":
		p.DumpHeader = value
	case "write-out":
		p.WriteOut, err = p.text(value)
	case "time-cond":
		p.TimeCond = strings.TrimLeft(value, "+-=")
	case "stderr":
		p.Stderr = value
	case "fail-early":
		p.FailEarly = on
	case "max-filesize":
		p.MaxFileSize, err = size(value)
	case "path-as-is":
		p.PathAsIs = on
	case "get":
		p.get = on
	case "url-query":
		p.query = append(p.query, value)
	case "data", "data-ascii", "data-binary", "data-raw", "data-urlencode":
		return p.addData(o, value)
	case "continue-at":
		if value != "-" && strings.Trim(value, "0") != "" {
			return &cmdline.RefusedError{Name: o.Name(), Reason: "a pinned file comes whole; -C - is accepted"}
		}
	default:
		return p.setRequest(o, value, on)
	}
	return err
}

// setRequest acts on an option about how the request is sent.
func (p *parser) setRequest(o *cmdline.Option, value string, on bool) (err error) {
	switch o.Long {
	case "header":
		return p.addHeader(value)
	case "user-agent":
		p.UserAgent = value
		if value == "" {
			p.Header = append(p.Header, "User-Agent:")
		}
	case "referer":
		p.Referer, _, _ = strings.Cut(value, ";auto")
	case "cookie":
		return p.addCookie(value)
	case "user":
		if !strings.Contains(value, ":") {
			return errors.New("--user without a password would ask for one; write user:password")
		}
		p.User = value
	case "oauth2-bearer":
		p.Bearer = value
	case "disallow-username-in-url":
		p.NoUserInURL = on
	case "netrc-file":
		p.Netrc = value
	case "request":
		switch value {
		case "GET":
		case "HEAD":
			p.Head = true
		default:
			return &cmdline.RefusedError{Name: "--request " + value, Reason: "a pinned fetch only gets"}
		}
	case "max-time":
		p.MaxTime, err = seconds(o, value)
	case "connect-timeout":
		p.ConnectTimeout, err = seconds(o, value)
	case "speed-time":
		p.StallTimeout, err = seconds(o, value)
	case "retry":
		if p.Retries, err = strconv.Atoi(value); err != nil || p.Retries < 0 {
			return fmt.Errorf("--retry %q: want a number", value)
		}
	case "proto":
		p.Proto = value
	case "proto-redir": // none leads from https to http
	case "proto-default":
		p.ProtoDefault = strings.ToLower(value)
	case "cacert", "proxy-cacert":
		p.CACert = append(p.CACert, value)
	case "proxy", "proxy1.0":
		p.Proxy, p.Proxied = proxyURL("http", value), true
	case "socks5":
		p.Proxy, p.Proxied = proxyURL("socks5", value), true
	case "socks5-hostname":
		p.Proxy, p.Proxied = proxyURL("socks5h", value), true
	case "noproxy":
		p.NoProxy = value
	case "proxy-user":
		p.ProxyUser = value
	default:
		return fmt.Errorf("%s is in the table and nothing acts on it", o.Name())
	}
	return err
}

func proxyURL(scheme, value string) string {
	if value == "" || strings.Contains(value, "://") {
		return value
	}
	return scheme + "://" + value
}

// seconds reads a number of seconds, which may have a fraction.
func seconds(o *cmdline.Option, value string) (time.Duration, error) {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || f < 0 || f > 1e9 {
		return 0, fmt.Errorf("%s %q: want a number of seconds", o.Name(), value)
	}
	return time.Duration(f * float64(time.Second)), nil
}

// size reads a number of bytes, with an optional k, M or G behind it.
func size(value string) (int64, error) {
	digits, shift := value, 0
	if i := strings.IndexAny("KMGkmg", value[max(len(value)-1, 0):]); value != "" && i >= 0 {
		digits, shift = value[:len(value)-1], (i%3+1)*10
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > 1<<62>>shift {
		return 0, fmt.Errorf("--max-filesize %q: want a number of bytes", value)
	}
	return n << shift, nil
}

// next ends an operation.
func (p *parser) next() error {
	before := len(p.Transfers)
	if err := p.finish(); err != nil {
		return err
	}
	if len(p.Transfers) == before {
		return errors.New("--next without a URL before it")
	}
	p.Options, p.nodes = newOptions(), nil
	return nil
}

// finish makes the transfers of an operation.
func (p *parser) finish() error {
	if len(p.data) > 0 && !p.get {
		return &cmdline.RefusedError{Name: p.dataBy, Reason: "it sends data, and a pinned fetch only gets"}
	}
	if p.User != "" && p.Bearer != "" {
		return errors.New("--user and --oauth2-bearer are both given")
	}
	for _, n := range p.nodes {
		if !n.hasURL {
			continue // curl warns that there are more outputs than URLs
		}
		if err := p.expand(n); err != nil {
			return err
		}
	}
	return nil
}

// expand makes the transfers of a node.
func (p *parser) expand(n node) error {
	urls := []glob{{text: n.url}}
	if !p.globOff {
		var err error
		if urls, err = expandGlob(n.url); err != nil {
			return &Error{codeURL, err}
		}
	}
	for _, g := range urls {
		t := Transfer{URL: p.withQuery(g.text), Output: "-", Options: p.Options}
		switch {
		case n.remoteName || !n.hasOut && p.remoteNameAll:
			t.Output, t.Named = cmdline.Base(absolute(g.text)), true
			t.Output, _, _ = strings.Cut(t.Output, "#")
			if t.Output == "" {
				t.Output = "curl_response"
			}
		case n.hasOut && n.output != "":
			t.Output = g.substitute(n.output)
		}
		if t.Output != "-" && p.OutputDir != "" {
			t.Output = filepath.Join(p.OutputDir, t.Output)
		}
		p.Transfers = append(p.Transfers, t)
	}
	return nil
}

// absolute gives a URL the scheme that it lacks.
func absolute(url string) string {
	if strings.Contains(url, "://") {
		return url
	}
	return "http://" + url
}
