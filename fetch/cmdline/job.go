package cmdline

import "time"

// Job is what a command line asks for.
type Job struct {
	Help, Version bool
	Log           string // where messages go: a file, "-" for standard output, or empty
	AppendLog     bool
	FailEarly     bool
	Operations    []*Operation
}

// Note notes an option that asks for help or the version, behind which nothing is read.
func (j *Job) Note(o *Option) error {
	j.Help, j.Version = o.Long == "help", o.Long == "version"
	if j.Help || j.Version {
		return ErrStop
	}
	return nil
}

// Operation is URLs for which the same options hold.
type Operation struct {
	Transfers []Transfer

	Scheme string // of URLs that have none
	AsIs   bool   // dot segments in URLs stay
	Proto  string // the schemes that are allowed, in curl's form

	Fields           []string // of the header, as "Name: value"
	Cookies          bool     // those that servers set are sent, for the whole run
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
	Header, HeadOnly bool // a header is written before the body, or in its place
	Discard          bool // nothing is written
	Join             bool // the bodies make one file
	Existing         Existing
	Rename           bool   // the lockfile's name comes before the URL's
	Dirs             bool   // missing directories are made
	DirMode          uint32 // of directories that are made
	Unlink           bool   // a file that is there is not written into
	Backups          int64  // how many are kept of a file that is replaced
	Timed            bool   // a file gets the time that the server says
	Follow           bool   // redirects are asked for
	Redirects        int64  // how many are allowed, if they are asked for
	ProtoRedir       string // the schemes to which they are allowed
	TimeCond         string // a file; nothing is done if it is as pinned
	DumpHeader       string
	WriteOut         string
}

// Transfer is one URL of an operation.
type Transfer struct {
	URL    string
	Output string // a file, or "-" for standard output
	Named  bool   // by the URL
	Number int    // of the URL among those of the command line
}

// Existing says what becomes of a file that is there.
type Existing byte

// What becomes of a file that is there.
const (
	Replace Existing = iota
	Keep             // and nothing is fetched
	Fail             // nothing is fetched, and that is an error
	Number           // another name, with a number, is taken
	Update           // it is replaced unless it is as pinned
)
