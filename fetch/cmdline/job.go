package cmdline

import "time"

// Job is the meaning of a command line.
type Job struct {
	Help, Version bool
	Log           string // where messages go: a file, "-" for standard output, or empty
	AppendLog     bool
	FailEarly     bool
	Silent        bool // no progress is to be shown
	Operations    []*Operation
}

// Note records an option that asks for help or the version, and then returns ErrStop.
func (j *Job) Note(o *Option) error {
	j.Help, j.Version = o.Long == "help", o.Long == "version"
	if j.Help || j.Version {
		return ErrStop
	}
	return nil
}

// Operation is a group of URLs with the same options.
type Operation struct {
	Transfers []Transfer

	Scheme string // of URLs that have none
	AsIs   bool   // dot segments in URLs are kept
	Proto  string // the allowed schemes, in curl's syntax

	Fields           []string // of the header, as "Name: value"
	Cookies          bool     // cookies that servers set are sent back, for the whole run
	Netrc            string
	CACert           []string
	Retries          int64 // -1 is the default
	Connect, Stall   time.Duration
	MaxTime          time.Duration
	Proxy            string // empty for none, if Proxied
	ProxyUser        string
	NoProxy          string
	Proxied          bool
	MaxSize          int64
	Header, HeadOnly bool // the header is written before the body, or instead of it
	Discard          bool // nothing is written
	Join             bool // all bodies are written to one file
	Existing         Existing
	Rename           bool   // the file name in the lockfile takes precedence over the URL's
	Dirs             bool   // missing directories are made
	DirMode          uint32 // of directories that are made
	Unlink           bool   // an existing file is removed and not written into
	Backups          int64  // how many backups of a replaced file are kept
	Timed            bool   // a file gets the modification time that the server gives
	Follow           bool   // redirects were requested
	Redirects        int64  // how many are allowed, if they were requested
	ProtoRedir       string // the schemes that redirects may lead to
	TimeCond         string // a file; the transfer is skipped if it holds the pinned bytes
	DumpHeader       string
	WriteOut         string
}

// Transfer is one URL of an operation.
type Transfer struct {
	URL    string
	Output string // a file, or "-" for standard output
	Named  bool   // Output was derived from the URL
	Number int    // the position of the URL on the command line
}

// Existing says what happens to an output file that exists.
type Existing byte

// The treatments of an existing file.
const (
	Replace Existing = iota
	Keep             // it is kept, and nothing is fetched
	Fail             // nothing is fetched, and that is an error
	Number           // another name, with a number, is used
	Update           // it is replaced unless it is as pinned
)
