package script

import "maps"

// Fetch is one download of one address.
type Fetch struct {
	Start, End int // of the command, as Source.Locate maps offsets
	Run        int // the number of the script, as Source.Run counts
	Tool       string
	URL        Value
	Vars       map[string]string // the known variables of the Dockerfile that went into URL
	Landed     string            // where it is written; empty if it is piped or printed
	Output     string            // where it is now: Landed, unless mv has moved it
	OutputWhy  string            // why Output is not known; empty if it is
	Filtered   bool              // what is written is not all that the server sends, byte for byte
	Insecure   string            // the option that turns certificates' checks off, or empty
	NoFail     bool              // an error page counts as a success: curl without -f
	Auth       bool              // it sends credentials or header fields of its own
	Depends    bool              // whether it happens depends on what only the build can tell
	Query      bool              // its answer is read as text and not kept
	Probe      bool              // its answer is thrown away

	// Call is the command that downloads it; nil of ADD.
	Call *Call
	// Runs is the command that runs it as a script, and Env the variables then; nil
	// if none does.
	Runs *Call
	Env  map[string]Value

	imported bool   // gpg has taken its keys over
	Captured bool   // its answer is in a variable or an argument
	Piped    string // the program that its bytes were piped to unchecked, or empty
	PipedAt  int
	Shell    bool // that program runs them
	Used     string
	UsedAt   int // where it was unpacked or run before a check, if UsedAt is not 0
	Checks   []Check
	Evidence bool // it is a list of sums or a signature that others are checked with

	// What follows, for whoever wants to do the same in another way.
	Mode    string   // of chmod or install, as octal digits
	Moved   string   // where mv, cp or install has put it
	Unpack  *Unpack  // how tar or unzip has unpacked it
	Removed bool     // rm has removed what was downloaded
	Touched []string // the other commands that have named it
	Steps   []Step   // the commands that it and what follows consist of
}

// bytes returns what the server sends.
func (f *Fetch) bytes() Value {
	return Value{Text: "$(" + f.Tool + " " + f.URL.Text + ")", Why: "only the build can tell what the server sends", from: []*Fetch{f}, all: true}
}

// Step is a command that is about one download alone.
type Step struct {
	Start, End int
	What       string // "fetch", "check", "mode", "move", "install", "unpack" or "remove"
	Files      int    // how many files it is about
}

// Check is a check of a download.
type Check struct {
	At   int
	Kind string // "sum", "list" (a sum that is downloaded too) or "signature"
	Algo string // of a sum, as "sha256"
	Sum  Value  // what is expected of a sum
	Lost string // why a failed check does not end the build; empty if it does
}

// Unpack is how an archive is unpacked.
type Unpack struct {
	At      int
	Tool    string
	Dir     string
	DirWhy  string
	Strip   int
	Members []string
	Other   []string // options with a meaning of their own
}

// Verified reports whether a check of the download can end the build.
func (f *Fetch) Verified() bool {
	for _, c := range f.Checks {
		if c.Lost == "" {
			return true
		}
	}
	return false
}

// Idle is a command that looks like a check and compares nothing.
type Idle struct {
	At   int
	What string
}

// Unread is a script that is run and could not be read.
type Unread struct {
	At   int
	Run  int // the number of the script that runs it
	What string
}

// Packages is a command of a package manager.
type Packages struct {
	At      int
	Run     int
	Manager string // as "apt-get"
	Verb    string // "install", "remove" or "autoremove"
	Names   []string
	Virtual string // the name of apk's group
}

// find returns the latest download to a path.
func (m *Machine) find(path string) *Fetch {
	for i := len(m.Fetches) - 1; i >= 0; i-- {
		if f := m.Fetches[i]; f.Output != "" && f.Output == path {
			return f
		}
	}
	return nil
}

// checked notes a check of what was downloaded to path.
func (m *Machine) checked(path string, c Check) (found bool) {
	latest := true
	for i := len(m.Fetches) - 1; i >= 0; i-- {
		f := m.Fetches[i]
		if f.Output == "" || f.Output != path {
			continue
		}
		if latest || len(f.Checks) == 0 {
			f.Checks = append(f.Checks, c)
			found = true
		}
		latest = false
	}
	return found
}

// checkedAll notes a check of everything that this script has downloaded so far
// and not checked, for lists whose lines are not known.
func (m *Machine) checkedAll(c Check) {
	for _, f := range m.Fetches {
		if f.Run == m.source.Run && !f.Evidence && len(f.Checks) == 0 && f.Output != "" {
			f.Checks = append(f.Checks, c)
		}
	}
}

// evidence notes that a download, wherever it was had from, is what others are
// checked with.
func (m *Machine) evidence(f *Fetch) {
	f.Evidence = true
	for _, g := range m.Fetches {
		if f.Output != "" && g.Output == f.Output {
			g.Evidence = true
		}
	}
}

// used notes that what was downloaded to path is unpacked or run.
func (m *Machine) used(path, how string, at int) *Fetch {
	f := m.find(path)
	if f != nil && len(f.Checks) == 0 && f.UsedAt == 0 {
		f.Used, f.UsedAt = how, at
	}
	return f
}

// touched notes that a command that is not known to leave a download alone names
// it.
func (m *Machine) touched(path, command string) {
	if f := m.find(path); f != nil {
		f.Touched = append(f.Touched, command)
	}
}

// runs notes that a command runs a download as a script.
func (m *Machine) runs(f *Fetch, c *call) {
	if f.Runs == nil && !m.spent(512*len(m.Vars)) {
		f.Runs, f.Env = c.logged, maps.Clone(m.Vars)
	}
}

// step notes that a command is about one download.
func (m *Machine) step(f *Fetch, c *call, what string, files int) {
	f.Steps = append(f.Steps, Step{c.start, c.end, what, files})
}
