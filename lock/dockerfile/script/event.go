package script

import "slices"

// Event is one entry of a Machine's log: something that a script does that somebody
// may want to judge. The log has what happened and in which order, and no opinion of
// it; what becomes of a download is told by Downloads.
type Event interface{ event() }

// Call is one command that a script runs: the words of it, as far as they are
// known, and what it runs under. Commands of the shell itself and those within
// functions are among them; calls of functions are not.
type Call struct {
	Start, End int // as Source.Locate maps offsets
	Run        int // the number of the script, as Source.Run counts
	Name       Value
	Dir        string // it runs in
	Args       []Value
	Via        []string // the programs that run it, the outermost first, with their options: "sudo", "env -i"
	Path       Value    // $PATH when it runs; not known if nothing in the Dockerfile sets it
	Program    string   // the name of the program that it starts, if it is a copy or an alias under another name
	// Made says that the curl or wget that it starts is one that the Dockerfile makes, and
	// how: "/usr/local/bin/curl is written by a RUN". What it does is not known.
	Made string
	// Config is the file of options that the Dockerfile makes for the curl or wget that it
	// starts, or empty.
	Config string
	// Applets says that the shell is busybox, which may have the program in itself.
	Applets bool
}

// Fetch is the download of one address.
type Fetch struct {
	Start, End int // of the command, as Source.Locate maps offsets
	Run        int // the number of the script, as Source.Run counts
	Tool       string
	URL        Value
	Insecure   string // the option that turns certificates' checks off, or empty
	NoFail     bool   // an error page counts as a success: curl without -f
	Depends    bool   // whether it happens depends on what only the build can tell
	Call       *Call  // the command that downloads it; nil of ADD and of scripts of other languages
	Output     string // where it is at the end; empty if it is in no file

	consumed bool // its bytes have ended in a program or in a text, so that they are in no file
}

// Checked is a check of a download.
type Checked struct {
	Fetch *Fetch
	Check
	// Perhaps says that it may be the check of another download: it counts if nothing
	// has checked this one before, and this one is not what others are checked with.
	Perhaps bool
}

// Check is what a download is compared with.
type Check struct {
	At   int
	Kind CheckKind
	Algo string // of a sum, as "sha256"
	Sum  Value  // what is expected of a sum
	Lost string // why a failed check does not end the build; empty if it does
}

// CheckKind says what a download is compared with.
type CheckKind int

const (
	CheckSum       CheckKind = iota // a sum that the script has
	CheckList                       // a sum that is downloaded too
	CheckSignature                  // a signature
)

// Vouched says that other downloads are checked with this one: it is a list of sums,
// a signature or a key.
type Vouched struct{ Fetch *Fetch }

// Read says that the answer is read as text.
type Read struct {
	Fetch    *Fetch
	Captured bool // into a variable or an argument
}

// Piped says that a program takes the bytes of a download that is in no file.
type Piped struct {
	Fetch    *Fetch
	At       int
	Into     string // the program
	Runs     bool   // it runs them
	Argument bool   // they are an argument and not its input
}

// Used says that a downloaded file is unpacked or run.
type Used struct {
	Fetch *Fetch
	At    int
	By    string
}

// Executed says that a command runs a download as a script.
type Executed struct {
	Fetch *Fetch
	Call  *Call
	Env   map[string]Value // the variables then
}

// MayRun says that a script of another language names a command line of curl or wget.
type MayRun struct {
	At   int
	Run  int    // the number of the script
	By   string // the interpreter
	Tool string
}

// Wrote says that a script writes a curl or wget.
type Wrote struct {
	Run  int // the number of the script
	Path string
}

// Discarded says that what a download sends is printed or thrown away.
type Discarded struct{ Fetch *Fetch }

// Idle is a command that looks like a check and compares nothing.
type Idle struct {
	At   int
	What string
}

// Unread is a script that is run and could not be read.
type Unread struct {
	At       int
	Run      int // the number of the script that runs it
	What     string
	Language string // if it is a script of another language than the shell's
}

// Packages is a command of a package manager.
type Packages struct {
	At      int
	Run     int
	Manager string // as "apt-get"
	Verb    string // "install", "remove" or "autoremove"
	Names   []string
	Virtual string // the name of apk's group
	Auto    bool   // what is no longer needed is removed too
}

// PackageSource is a place that a package manager of the system is told to take
// packages from.
type PackageSource struct {
	At, End int
	Tool    string
	Text    Value // as it is given
	Trusted bool  // without a check of signatures
}

// Depfetch is one run of depfetch.
type Depfetch struct {
	Start, End int
	Platform   bool // it is told which platform it is for
}

func (*Call) event()         {}
func (*Fetch) event()        {}
func (Checked) event()       {}
func (Vouched) event()       {}
func (Read) event()          {}
func (Piped) event()         {}
func (Used) event()          {}
func (Executed) event()      {}
func (MayRun) event()        {}
func (Wrote) event()         {}
func (Discarded) event()     {}
func (Idle) event()          {}
func (Unread) event()        {}
func (Packages) event()      {}
func (PackageSource) event() {}
func (Depfetch) event()      {}
func (*Checkout) event()     {}

// Of returns the events of one kind.
func Of[T Event](log []Event) []T {
	var all []T
	for _, e := range log {
		if x, ok := e.(T); ok {
			all = append(all, x)
		}
	}
	return all
}

// Log adds an event to the log.
func (m *Machine) Log(e Event) {
	m.Events = append(m.Events, e)
	if f, ok := e.(*Fetch); ok {
		m.fetches = append(m.fetches, f)
	}
}

// log notes that a command runs.
func (m *Machine) log(c *call, name Value) *Call {
	m.spent(perCall + 160*len(c.args))
	path, ok := m.Vars["PATH"]
	if !ok {
		path = Unknown("$PATH", "PATH is not set in this Dockerfile")
	}
	one := &Call{
		Start: c.start, End: c.end, Run: m.source.Run, Name: name, Dir: m.Dir, Args: c.args,
		Via: slices.Clone(c.via), Path: path, Applets: m.source.Shell != "" && m.isBusybox(m.source.Shell),
	}
	m.Log(one)
	return one
}

// unread notes what is not looked at.
func (m *Machine) unread(c *call, why string) {
	m.Log(Unread{At: c.start, Run: m.source.Run, What: why})
}
