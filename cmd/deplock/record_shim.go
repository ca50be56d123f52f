package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/lockfile"
	"depfetch/cmd/internal/shim"
	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/curl"
	"depfetch/fetch/cmdline/wget"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/record"
)

// place is where a recording is, as its shims find it.
type place struct {
	journal   string // the file to add to
	journals  string // a pattern: the files that are known already
	lock      string
	cache     string
	allowHTTP bool
}

// recordPlace finds the recording: that of the environment, or the one that is
// mounted into the RUN of a recorded build.
func (c *command) recordPlace() (place, error) {
	if dir := c.getenv(recordDir); dir != "" {
		p := place{
			journal: filepath.Join(dir, "journal"), journals: filepath.Join(dir, "journal"),
			lock: c.name(), cache: c.getenv("DEPFETCH_CACHE"), allowHTTP: c.getenv(recordHTTP) != "",
		}
		journal, err := os.OpenFile(p.journal, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return p, err
		}
		return p, journal.Close()
	}
	own := "-" + strconv.Itoa(os.Getuid())
	p := place{
		journals: filepath.Join(record.Journal, "calls"+own+"-*.json"), lock: filepath.Join(record.Here, lockfile.Default),
		cache: filepath.Join(record.Journal, "cache"+own), allowHTTP: fileExists(filepath.Join(record.Here, allowHTTPName)),
	}
	journal, err := os.CreateTemp(record.Journal, "calls"+own+"-*.json")
	if err != nil {
		return p, err
	}
	p.journal = journal.Name()
	return p, journal.Close()
}

// allowHTTPName is the file of the kit that says that plain http may be locked.
const allowHTTPName = "allow-http"

// recordShim is curl or wget within a recording.
func (c *command) recordShim(ctx context.Context, name string, args []string) int {
	var said bytes.Buffer
	c.console.Program = "deplock record: " + name
	progress := c.console.StandIn()
	c.console.Stderr, c.console.Color = io.MultiWriter(c.console.Stderr, &said), false // it is recorded
	at, err := c.recordPlace()
	if err != nil {
		c.console.Errorf("this user cannot add to the recording, which belongs to the one who runs deplock record; nothing is downloaded: %v", err)
		c.console.Hintf("run deplock record as the user that downloads")
		return exit.Failure
	}
	rec := &recorder{place: at, tool: name, args: args}
	code := (&shim.Program{
		Name: name, Args: args, Native: true, Version: version,
		Getenv: c.getenv, Stdin: os.Stdin, Stdout: c.stdout, Console: c.console, Progress: progress,
		Pins: func() (shim.Pins, error) {
			at, err := openTarget(rec.lock)
			if err != nil {
				return shim.Pins{}, err
			}
			rec.file = at.file
			return shim.Pins{Resolver: rec, Hosts: at.file.Policy.Hosts, Cache: &cache.Store{Root: rec.cache}}, nil
		},
	}).Run(ctx)
	if code != exit.OK && said.Len() > 0 {
		record.Append(at.journal, record.Request{Call: name + " " + redactArgs(name, args), Problem: strings.TrimSpace(said.String())})
	}
	return code
}

// redactArgs returns a command line as it may be shown: its options, its addresses and the
// names of its files. Everything else may be secret.
func redactArgs(name string, args []string) string {
	lex := curl.Lex
	if name == "wget" {
		lex = wget.Lex
	}
	var shown []string
	letters := false // of switches, to which more can be added
	for a := range lex(args) {
		switch o := a.Option; {
		case a.Err != nil || o == nil:
			letters = false
		case o.Short != "" && a.On:
			if letters {
				shown[len(shown)-1] += o.Short
			} else {
				shown = append(shown, "-"+o.Short)
			}
			letters = o.Kind != cmdline.Value
		case !a.On:
			shown, letters = append(shown, "--no-"+o.Long), false
		default:
			shown, letters = append(shown, o.Name()), false
		}
		value := "…"
		switch o := a.Option; {
		case o != nil && o.Kind != cmdline.Value:
			continue
		case o != nil && slices.Contains([]string{"output", "output-dir", "output-document", "directory-prefix"}, o.Long):
			value = a.Value
		case (o == nil || o.Long == "url") && strings.Contains(a.Value, "://"):
			value = source.Redact(a.Value)
		}
		shown = append(shown, value)
	}
	return strings.Join(shown, " ")
}

// recorder pins what is asked for by downloading it.
type recorder struct {
	place
	tool string
	args []string
	file *lock.File
}

// Resolve implements shim.Resolver.
func (r *recorder) Resolve(ctx context.Context, a cmdline.Address, _ bool, client *fetch.Client) (*fetch.Artifact, error) {
	for _, d := range r.file.Deps {
		for _, l := range d.Locked {
			if other, err := cmdline.Normalize(l.URL, "", false); err == nil && other.URL == a.URL {
				return &fetch.Artifact{Name: d.Name, Version: d.Version, Platform: l.Platform.String(), URL: l.URL, Digest: l.Digest, Size: l.Size}, nil
			}
		}
	}
	pin, there := r.file.Pin(a.URL)
	if there && pin.Unpinned == "" {
		pinned := artifactOf(a.URL)
		pinned.Digest, pinned.Size, pinned.Modified, pinned.Mirrors = pin.Digest, pin.Size, pin.Modified, pin.Mirrors
		return &pinned, nil
	}
	if known, err := r.known(a.URL); known != nil || err != nil {
		return known, err
	}
	asked := cmp.Or(client.Source.Rewrite(a.URL), a.URL)
	if strings.HasPrefix(asked, "http://") && !r.allowHTTP {
		err := fmt.Errorf("%s: will not lock what comes over plain http", source.Redact(asked))
		return nil, &console.Error{Err: err, Hint: "use the https address; or, if there is none, deplock record --allow-http", Code: exit.Refused}
	}
	artifact := artifactOf(a.URL)
	measured, err := client.Measure(ctx, []fetch.Artifact{artifact})
	if err != nil {
		return nil, err
	}
	m := measured[0]
	if m.Err != nil {
		return nil, m.Err
	}
	artifact.Digest, artifact.Size, artifact.Modified = m.Digest, m.Size, m.Response.Modified
	if there { // its line says that it is not to be pinned
		return &artifact, nil
	}
	request := requestOf(a.URL, m)
	request.Header = r.header(a.URL)
	return &artifact, record.Append(r.journal, request)
}

// header returns the fields of the header that the call gives for an address, as far
// as they are written down.
func (r *recorder) header(url string) []string {
	none := strings.NewReader("") // standard input has been read
	job, err := curl.Parse(r.args, "", none)
	if r.tool == "wget" {
		job, err = wget.Parse(r.args, nil, none)
	}
	if err != nil {
		return nil
	}
	for _, o := range job.Operations {
		for _, t := range o.Transfers {
			if a, err := cmdline.Normalize(t.URL, o.Scheme, o.AsIs); err == nil && a.URL == url {
				return record.Plain(o.Fields)
			}
		}
	}
	return nil
}

// requestOf returns the request that an address was answered to with m.
func requestOf(url string, m fetch.Measurement) record.Request {
	r := record.Request{URL: url, Digest: m.Digest, Size: m.Size, Modified: m.Response.Modified, HTML: m.HTML}
	if m.Response.URL != url {
		r.Final = m.Response.URL
	}
	r.Describe(m.Head)
	return r
}

// artifactOf returns an address as what fetches takes it, with nothing known of it.
func artifactOf(url string) fetch.Artifact {
	name := shim.NameFor(url, func(string) bool { return false })
	return fetch.Artifact{Name: name, Platform: lock.Any.String(), URL: url, Size: fetch.SizeUnknown}
}

// known returns what the recording has downloaded from an address already, or nil.
func (r *recorder) known(url string) (*fetch.Artifact, error) {
	names, err := filepath.Glob(r.journals)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		requests, _ := readJournal(name) // half a line is that of a call that was killed
		for _, request := range requests {
			if request.URL == url && request.Problem == "" {
				a := artifactOf(url)
				a.Digest, a.Size, a.Modified = request.Digest, request.Size, request.Modified
				return &a, nil
			}
		}
	}
	return nil, nil
}

// readJournal reads a file of a journal.
func readJournal(name string) ([]record.Request, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return record.Read(f)
}
