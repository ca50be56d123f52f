// Package shim runs the command lines of curl and wget on pinned files: what the
// real programs would download is verified first, or refused.
//
// It guarantees that no byte reaches an output, which is a file or standard output,
// before all of them have arrived and are verified; that a URL which is not pinned is
// not requested; and that a failed transfer leaves the output file as it was, or absent.
// Memory is bounded: larger bodies are buffered in private files.
//
// Standard output holds what the real programs write there, and nothing else. Standard
// error gets errors, and the progress of downloads that take long where the real programs
// would write theirs and nothing but people reads it: see console.StandIn.
//
// An option that asks for what a pinned fetch cannot do is refused by its name.
package shim

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/sbom"
	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/curl"
	"depfetch/fetch/cmdline/wget"
	"depfetch/fetch/source"
)

// Program is one call of curl or wget, with its environment and streams.
type Program struct {
	Name    string   // "curl" or "wget"
	Args    []string // without the program's name
	Native  bool     // exit codes are those of the program, not depfetch's
	Version string   // of depfetch
	Getenv  func(string) string
	Stdin   io.Reader
	Stdout  io.Writer
	Console *console.Console

	// Progress shows what takes long, unless the command line asks for silence or has
	// messages go elsewhere than to standard error. It is of Console.StandIn.
	Progress console.Progress

	// SBOM is the file to which the document of what has been handed out is written, or
	// added; empty for none. Created is the time that it says: see package sbom.
	SBOM    string
	Created time.Time

	// Pins is called once at most, when the command line asks for a transfer.
	Pins func() (Pins, error)
}

// Pins is what may be fetched, and how.
type Pins struct {
	Resolver
	// Unpinned reports whether the lockfile leaves an address to the image's own
	// programs. Nil leaves none.
	Unpinned func(url string) bool

	Hosts       []source.HostPattern // the lockfile's policy
	Cache       *cache.Store
	Mirrors     []string
	MirrorFirst bool
	Offline     bool
}

// Resolver finds what an address is pinned to.
type Resolver interface {
	// Resolve returns the artifact that an address is pinned to. asIs means that
	// dot segments in it are kept (--path-as-is). The error for an address that is
	// not pinned has the code exit.Refused. client is the one that will download
	// it, for a Resolver that has to ask a server.
	Resolve(ctx context.Context, a cmdline.Address, asIs bool, client *fetch.Client) (*fetch.Artifact, error)
}

// ProgramName returns "curl" or "wget" if a file of this name is called as that program,
// and "" otherwise. The directory, the case and a suffix .exe do not count.
func ProgramName(file string) string {
	file = file[strings.LastIndexAny(file, `/\`)+1:]
	switch name := strings.TrimSuffix(strings.ToLower(file), ".exe"); name {
	case "curl", "wget":
		return name
	}
	return ""
}

// runner is the state of a running Program.
type runner struct {
	*Program
	pins  Pins
	codes *codes
	code  int // of the first failure

	silent bool // no progress is shown

	delivered []fetch.Artifact // whose bytes have been handed out

	dumped  map[string]bool // the files of headers
	cookies source.Cookies
}

// Run runs the command line, and returns the exit code.
func (p *Program) Run(ctx context.Context) int {
	r := &runner{Program: p, codes: &curlCodes, dumped: make(map[string]bool)}
	var job *cmdline.Job
	var err error
	var read bytes.Buffer
	stdin := io.TeeReader(p.Stdin, &read)
	if p.Name == "wget" {
		// The next wget in PATH is the one that this program replaces.
		if _, text := p.next(); bytes.Contains(text, []byte("BusyBox v")) {
			r.codes = &busyboxCodes
			job, err = wget.ParseBusybox(p.Args, stdin)
		} else {
			r.codes = &wgetCodes
			job, err = wget.Parse(p.Args, wgetrc(p.Getenv), stdin)
		}
	} else {
		job, err = curl.Parse(p.Args, curl.Config(p.Getenv, userHome()), stdin)
	}
	switch {
	case job.Help:
		r.help()
		return exit.OK
	case job.Version:
		r.version()
		return exit.OK
	}
	var refused *cmdline.RefusedError
	var noPins error
	if err == nil || errors.As(err, &refused) {
		r.pins, noPins = p.Pins()
		if left, others := r.unpinned(job); left != nil && !(others && err != nil) {
			return r.fail(r.handOver(left, others, read.Bytes()))
		}
	}
	defer p.Progress.Close()
	r.silent = job.Silent || job.Log != ""
	if job.Log != "" {
		p.Console.Color = false
	}
	if job.Log == "-" {
		p.Console.Stderr = p.Stdout
	} else if job.Log != "" {
		flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
		if job.AppendLog {
			flags ^= os.O_TRUNC | os.O_APPEND
		}
		log, err := os.OpenFile(job.Log, flags, 0o666)
		switch {
		case err == nil:
			defer log.Close()
			p.Console.Stderr = log
		case p.Name == "curl": // curl continues without it
			p.Console.Warnf("--stderr: %v", err)
		default:
			return r.fail(r.unopened(failed(err), false))
		}
	}
	if err != nil {
		if r.fail(err); !r.Native {
			r.code = exit.Usage
		}
		p.Console.Hintf("%s --help shows the options and the exit codes", p.Name)
		return r.code
	}
	if noPins != nil {
		return r.fail(noPins)
	}
	if err := r.checkDocument(); err != nil {
		return r.fail(err)
	}
	for _, o := range job.Operations {
		if bundle := p.Getenv("CURL_CA_BUNDLE"); bundle != "" && p.Name == "curl" && len(o.CACert) == 0 {
			o.CACert = []string{bundle}
		}
		r.operation(ctx, o, job.FailEarly)
		if ctx.Err() != nil || r.code != exit.OK && job.FailEarly {
			break
		}
	}
	if err := r.document(ctx); err != nil {
		r.fail(err)
	}
	return r.code
}

// document writes what has been handed out into the document, if there is to be one.
func (r *runner) document(ctx context.Context) error {
	if r.SBOM == "" || len(r.delivered) == 0 {
		return nil
	}
	client, err := r.writer()
	if err == nil {
		_, err = client.Fetch(ctx, nil)
	}
	return err
}

// checkDocument returns why the document cannot be written, before anything is handed out.
func (r *runner) checkDocument() error {
	if r.SBOM == "" {
		return nil
	}
	client, err := r.writer()
	if err == nil {
		err = client.CheckDocuments()
	}
	return err
}

// writer returns what writes the document of what has been handed out.
func (r *runner) writer() (*fetch.Client, error) {
	file, err := filepath.Abs(r.SBOM)
	if err != nil {
		return nil, err
	}
	client := &fetch.Client{Root: filepath.Dir(file), Mtime: r.Created}
	sbom.Add(client, "DEPFETCH_SBOM", "/"+filepath.Base(file), r.Version, r.delivered, false)
	return client, nil
}

// wgetrc returns the files that wget reads before its command line: that of the
// system and that of the user.
func wgetrc(getenv func(string) string) (names []string) {
	user := getenv("WGETRC")
	if home := getenv("HOME"); user == "" && home != "" {
		user = filepath.Join(home, ".wgetrc")
	}
	for _, name := range []string{cmp.Or(getenv("SYSTEM_WGETRC"), "/etc/wgetrc"), user} {
		if _, err := os.Stat(name); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// userHome returns the home of the user by the list of users, or "".
func userHome() string {
	text, _ := os.ReadFile("/etc/passwd")
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) == 7 && f[2] == strconv.Itoa(os.Geteuid()) {
			return f[5]
		}
	}
	return ""
}

// fail reports an error, and returns the code for it, which the program ends with
// if it is the first.
func (r *runner) fail(err error) int {
	code := r.Console.Report(err)
	var fault *cmdline.Error
	var refused *cmdline.RefusedError
	switch {
	case r.Native:
		code = r.codes.of(err, code)
	case errors.As(err, &refused), errors.As(err, &fault) && fault.Fault <= cmdline.Scheme:
		code = exit.Usage
	}
	if r.code == exit.OK {
		r.code = code
	}
	return code
}

// operation runs the transfers that have the same options.
func (r *runner) operation(ctx context.Context, o *cmdline.Operation, failEarly bool) {
	addresses := make([]*cmdline.Address, len(o.Transfers))
	for i, t := range o.Transfers {
		a, err := address(t.URL, o)
		if err == nil {
			addresses[i] = a
			continue
		}
		if r.fail(err); failEarly {
			return
		}
	}
	client, err := r.client(o, addresses)
	if err != nil {
		if len(o.CACert) > 0 {
			err = &cmdline.Error{Err: err, Fault: onRoots}
		}
		r.fail(err)
		return
	}
	before := len(r.delivered)
	var joined *staged
	if o.Join && o.Existing != cmdline.Fail {
		t, err := newTarget(o.Transfers[0].Output, o)
		if err == nil {
			joined, err = stage(t)
		}
		if err != nil {
			r.fail(r.unopened(err, false))
			return
		}
		defer joined.close()
	}
	for i := range o.Transfers {
		if addresses[i] == nil {
			continue
		}
		t := transfer{runner: r, Operation: o, client: client, url: o.Transfers[i].URL, output: o.Transfers[i].Output,
			named: o.Transfers[i].Named, number: o.Transfers[i].Number, joined: joined}
		if t.output == "/dev/stdout" {
			t.output = "-" // and no file, if it leads to one: that has been opened
		}
		t.run(ctx, addresses[i])
		if ctx.Err() != nil || t.err != nil && failEarly {
			return
		}
	}
	if joined != nil && r.code == exit.OK {
		if err := joined.place(); err != nil {
			r.fail(err)
		}
	}
	if joined != nil && !joined.placed {
		r.delivered = r.delivered[:before]
	}
}

// unopened returns the error of an output that cannot be opened. For one that is not
// named by a URL, wget ends with its general code.
func (r *runner) unopened(err error, named bool) error {
	if r.Name == "wget" && !named {
		return &cmdline.Error{Err: err, Fault: cmdline.Exists}
	}
	return err
}

// address reads a URL of the command line.
func address(url string, o *cmdline.Operation) (*cmdline.Address, error) {
	a, err := cmdline.Normalize(url, o.Scheme, o.AsIs)
	if err != nil {
		return nil, &cmdline.Error{Err: cmdline.Bad(source.Redact(url), ": ", err.Error()), Fault: cmdline.URL}
	}
	why := ""
	switch {
	case a.Scheme != "http" && a.Scheme != "https" && a.Scheme != "file":
		why = " is not fetched, only https, http and file are"
	case !allowed(a.Scheme, o.Proto):
		why = " is not allowed on the command line"
	default:
		return &a, nil
	}
	return nil, &cmdline.Error{Err: cmdline.Bad(source.Redact(url), ": ", a.Scheme, why), Fault: cmdline.Scheme}
}

// allowed reports whether a list in the form of --proto allows a scheme.
func allowed(scheme, list string) bool {
	ok := true
	for _, word := range strings.Split(list, ",") {
		name := strings.ToLower(strings.TrimLeft(word, "+-="))
		match := name == scheme || name == "all"
		switch {
		case strings.HasPrefix(word, "="):
			ok = match
		case strings.HasPrefix(word, "-"):
			ok = ok && !match
		default:
			ok = ok || match
		}
	}
	return ok
}
