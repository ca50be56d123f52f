package sync

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock"
	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
)

// Options are what a reading depends on, beside the Dockerfile.
type Options struct {
	// Platforms are those that the Dockerfile is built for.
	Platforms []lock.Platform
	// Base returns what is known of the image that a stage starts from, or nil.
	Base func(image string) *Base
	// Stages says that stages are put before the first: see Source.Vendor.
	Stages bool
}

// Base is the configuration of an image.
type Base struct {
	Path  string // its PATH
	Shell []string
}

// Reading is what a Dockerfile downloads.
type Reading struct {
	File *dockerfile.File
	Runs []*Run // those that call curl or wget, or start what may
	Adds []*Add
	// Left is what is left and is neither of these: ONBUILD.
	Left []Reason
}

// Run is a RUN instruction.
type Run struct {
	Stage       *dockerfile.Stage
	Instruction *dockerfile.Instruction
	Calls       []*Call // of curl and wget, in their order, once for all platforms
	// Obstacles are why it is left whatever the lockfile has.
	Obstacles []Reason
	Dir       string   // that depfetch is mounted into
	Mounted   []string // the programs that depfetch is mounted as already
	Lock      bool     // the lockfile is mounted already

	source   string         // that depfetch is mounted from already
	platform lock.Platform  // that is being read
	paths    []script.Value // PATH at each call
	changed  []touched
}

// Call is one command line of curl or wget.
type Call struct {
	At       int    // its place in the Dockerfile
	Tool     string // "curl" or "wget"
	Requests []*Request
}

// Request is one address that a call asks for.
type Request struct {
	Form
	At  int
	Sum Sum // what the Dockerfile compares it with; zero if it does not

	// Unknown is why the address is not known; empty if it is. Nothing else is
	// known then.
	Unknown string
	// Refused is why it cannot be pinned, with the way out; zero if it can.
	Refused Reason
	// Moving is why what it leads to changes by its nature; empty if it does not.
	Moving string
	// Local says that the address is of the machine that asks: most likely, only
	// the build serves it.
	Local bool

	output string // where it goes
	runs   []execution
	read   bool // what it sends has been read as a script
}

// execution is a command that runs a download as a script.
type execution struct {
	platform lock.Platform
	call     *script.Call
	env      map[string]script.Value
}

// Form is how an address is asked for: requests of one form get one answer.
type Form struct {
	URL    string // as curl asks for it: see cmdline.Normalize
	Follow bool   // redirects are followed
	Header string // the fields of the header that the call gives, a line each
	Netrc  bool
}

// Sum is a checksum that stands in the Dockerfile.
type Sum struct {
	Algorithm string // as "sha256"
	Hex       string
}

// Add is an ADD of an address.
type Add struct {
	Instruction *dockerfile.Instruction
	Request     *Request // of the address, if all platforms ask for the same
	Checksum    string   // that stands there, or empty
	// Obstacle is why it is left; zero if it is not.
	Obstacle Reason
}

// Reason is why something is left as it is.
type Reason struct {
	At   int    // its place in the Dockerfile
	What string // what is so
	Hint string // what to do
}

// Read reads what a Dockerfile asks for on all platforms.
func Read(f *dockerfile.File, o Options) *Reading {
	r := &reader{Reading: &Reading{File: f}, options: o, runs: make(map[*dockerfile.Instruction]*Run), named: make(map[folder]int)}
	for _, p := range o.Platforms {
		trace := f.Trace(p)
		r.adds(trace)
		for _, s := range trace.Stages {
			r.stage(s, p)
		}
	}
	byPlace := func(a, b *dockerfile.Instruction) int { return cmp.Compare(a.Start, b.Start) }
	slices.SortFunc(r.Runs, func(a, b *Run) int { return byPlace(a.Instruction, b.Instruction) })
	for _, run := range r.Runs {
		slices.SortStableFunc(run.Calls, func(a, b *Call) int { return cmp.Compare(a.At, b.At) })
		run.place(r)
		if (o.Stages || !targets(run.Stage.Root().Platform)) && f.Numbered() {
			run.leave(run.Instruction.Start, "its depfetch would come from a stage that is put before the others, and COPY --from counts them", "give the stages names")
		}
	}
	r.onbuild()
	return r.Reading
}

// reader is a Reading in the making.
type reader struct {
	*Reading
	options Options
	runs    map[*dockerfile.Instruction]*Run
	named   map[folder]int // see firstNamed
}

// stage notes what a stage asks for on one platform.
func (r *reader) stage(s dockerfile.StageTrace, p lock.Platform) {
	downloads := byCall(s.Events)
	for _, c := range script.Of[*script.Call](s.Events) {
		if c.Run < 0 || c.Run >= len(s.Runs) {
			continue
		}
		in := s.Runs[c.Run]
		run := r.runs[in]
		if run == nil {
			run = &Run{Stage: s.Stage, Instruction: in}
			r.runs[in] = run
		}
		run.platform = p
		run.command(c, downloads[c])
	}
	for _, u := range s.Unread {
		// A script of another language has clients of its own.
		if run := r.runs[u.In]; run != nil && !strings.Contains(u.Why, "is a script for ") {
			run.leave(u.At, "it cannot be read: "+u.Why, "look at it yourself, or deplock record -- docker build …")
		}
	}
	for _, run := range r.runs {
		if len(run.Calls) > 0 && !slices.Contains(r.Runs, run) {
			r.Runs = append(r.Runs, run)
		}
	}
}

// byCall returns the downloads of a log by the command that asks for them.
func byCall(log []script.Event) map[*script.Call][]*script.Download {
	all := make(map[*script.Call][]*script.Download)
	for _, d := range script.Downloads(log) {
		if d.Call != nil {
			all[d.Call] = append(all[d.Call], d)
		}
	}
	return all
}

// onbuild notes the instructions that download in another build.
func (r *reader) onbuild() {
	for _, s := range r.File.Stages {
		for _, in := range s.Instructions {
			if c, ok := in.Command.(*instructions.OnbuildCommand); ok && onbuild.MatchString(c.Expression) {
				r.Left = append(r.Left, Reason{in.Start, "ONBUILD downloads in another build", "deplock sync in the repository of that build, or move it there"})
			}
		}
	}
}

var onbuild = regexp.MustCompile(`\b(curl|wget)\b|^ADD\s.*://`)

// leave notes an obstacle, once.
func (run *Run) leave(at int, what, hint string) {
	reason := Reason{at, what, hint}
	if !slices.ContainsFunc(run.Obstacles, func(o Reason) bool { return o.What == what }) {
		run.Obstacles = append(run.Obstacles, reason)
	}
}

// Requests returns all requests of the reading, in their order.
func (r *Reading) Requests() []*Request {
	var all []*Request
	for _, run := range r.Runs {
		for _, c := range run.Calls {
			all = append(all, c.Requests...)
		}
	}
	for _, a := range r.Adds {
		if a.Request != nil {
			all = append(all, a.Request)
		}
	}
	return all
}
