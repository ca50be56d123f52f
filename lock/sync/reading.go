package sync

import (
	"bytes"
	"cmp"
	"slices"

	"depfetch/lock"
	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
	"depfetch/lock/sums"
)

// Options say how a Dockerfile is built.
type Options struct {
	// Platforms are the target platforms.
	Platforms []lock.Platform
	// Base returns the configuration of the image that a stage starts from, or nil
	// if it is not known. Nil means that none is known.
	Base func(image string) *Base
	// Stages says that Edit adds stages before the first one: see Source.Vendor.
	Stages bool
	// Each says that an ADD may have an address for each platform, and several sources:
	// depfetch-frontend compares each with its own line. Adds has one for each of them.
	Each bool
}

// Base is the configuration of a base image.
type Base struct {
	Path  string // its PATH
	Shell []string
	Env   []string // NAME=VALUE
	// OnBuild are its ONBUILDs, which a stage that starts from it does first.
	OnBuild []string
}

// Reading is what a Dockerfile downloads.
type Reading struct {
	File *dockerfile.File
	Runs []*Run // that call curl or wget, in the order of the file
	Adds []*Add // of addresses
	// Left are the reasons for the other instructions that are left: ONBUILD, and RUNs that
	// may run curl or wget in a way that is not known.
	Left []Reason
}

// Run is a RUN instruction.
type Run struct {
	Stage       *dockerfile.Stage
	Instruction *dockerfile.Instruction
	Calls       []*Call // of curl and wget, in their order, on all platforms together
	// Obstacles are the reasons why it is left, whatever the lockfile contains.
	Obstacles []Reason
	Dir       string   // the folder that depfetch is mounted into
	Mounted   []string // the programs that depfetch is already mounted as
	Lock      bool     // the lockfile is already mounted
	LockPath  string   // its path in the build context; empty if it comes from elsewhere
	Fetches   bool     // it starts depfetch by its own name

	source   string         // the stage or image that depfetch is already mounted from
	platform lock.Platform  // that is being read
	paths    []script.Value // the PATH of each call
	changed  []change
	// activates are the environments of conda that it puts in front of PATH.
	activates []string
	installs  bool     // it runs make install, or the like
	said      []Reason // the obstacles that are reported even if it calls neither curl nor wget
}

// Call is one command line of curl or wget.
type Call struct {
	At       int    // its offset in the Dockerfile
	Tool     string // "curl" or "wget"
	Requests []*Request
}

// Request is one address that a call asks for.
type Request struct {
	Form
	At  int
	Sum sums.Sum // that the Dockerfile compares the file with; zero if there is none

	// Unknown is the reason why the address is not known, or empty. If it is set,
	// the other fields are not.
	Unknown string
	// Refused is the reason why the address cannot be pinned; zero if it can.
	Refused Reason
	// Moving is the reason why the content of the address changes by its nature, or
	// empty.
	Moving string
	// Local says that the address is one of the machine that asks. Probably only the
	// build serves it.
	Local bool

	output string // the path of the file
	runs   []execution
	read   bool // ReadScript has been called
}

// pinnable reports whether the address is known and can be pinned.
func (r *Request) pinnable() bool { return r.Unknown == "" && r.Refused == (Reason{}) }

// execution is a command that runs a download as a script.
type execution struct {
	platform lock.Platform
	call     *script.Call
	env      map[string]script.Value
}

// Form is how an address is asked for. Requests of the same form get the same answer.
type Form struct {
	URL    string // in the form of cmdline.Normalize
	Follow bool   // redirects are followed
	Header string // the header fields that the call adds, one a line
	Netrc  bool   // credentials of a netrc file are used
}

// Add is an ADD of an address.
type Add struct {
	Instruction *dockerfile.Instruction
	Request     *Request // nil if there is an Obstacle
	Checksum    string   // its --checksum, or empty
	// Obstacle is the reason why it is left; zero if there is none.
	Obstacle Reason
}

// Reason says why an instruction is left as it is.
type Reason struct {
	At   int    // the offset in the Dockerfile
	What string // the reason
	Hint string // what the user can do about it
}

// Read returns what a Dockerfile asks for on all platforms.
func Read(f *dockerfile.File, o Options) *Reading {
	r := &reader{Reading: &Reading{File: f}, options: o, runs: make(map[*dockerfile.Instruction]*Run), named: make(map[folder]int)}
	f.Env = func(image string) []string {
		if o.Base == nil || o.Base(image) == nil {
			return nil
		}
		return o.Base(image).Env
	}
	f.OnBuild = func(image string) []string {
		if o.Base == nil || o.Base(image) == nil {
			return nil
		}
		return o.Base(image).OnBuild
	}
	for _, p := range o.Platforms {
		for _, s := range f.Trace(p).Stages {
			for _, a := range s.Adds {
				if a.Instruction.OnBuild {
					r.onbuild(a.Instruction)
				} else {
					r.add(s.Stage, a)
				}
			}
			r.stage(s, p)
		}
	}
	for _, run := range r.runs {
		switch {
		case run.Instruction.OnBuild:
			if len(run.Calls) > 0 || len(run.said) > 0 {
				r.onbuild(run.Instruction)
			}
		case slices.ContainsFunc(run.Calls, func(c *Call) bool { return len(c.Requests) > 0 }):
			r.Runs = append(r.Runs, run)
		case len(run.said) > 0 && r.windows(run.Stage):
			r.Left = append(r.Left, Reason{run.Instruction.Start, onWindows, hintOnWindows})
		default:
			r.Left = append(r.Left, run.said...)
		}
	}
	slices.SortFunc(r.Runs, func(a, b *Run) int { return cmp.Compare(a.Instruction.Start, b.Instruction.Start) })
	for _, run := range r.Runs {
		slices.SortStableFunc(run.Calls, func(a, b *Call) int { return cmp.Compare(a.At, b.At) })
		if r.windows(run.Stage) {
			run.Obstacles = []Reason{{run.Instruction.Start, onWindows, hintOnWindows}} // what else was found was read as shell
			continue
		}
		run.place(r)
		if (o.Stages || !targets(run.Stage.Root().Platform)) && f.Numbered() {
			run.leave(run.Instruction.Start, "its depfetch would come from a stage that is put before the others, and COPY --from counts them", "give the stages names")
		}
	}
	slices.SortFunc(r.Left, func(a, b Reason) int { return cmp.Compare(a.At, b.At) })
	return r.Reading
}

// reader builds a Reading.
type reader struct {
	*Reading
	options Options
	runs    map[*dockerfile.Instruction]*Run // all that run a command
	named   map[folder]int                   // see firstNamed

	imagesOf []dockerfile.Image // see images
}

// stage adds what a stage asks for on one platform.
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
	for _, e := range script.Of[script.MayRun](s.Events) {
		if e.Run >= 0 && e.Run < len(s.Runs) && r.runs[s.Runs[e.Run]] != nil {
			r.runs[s.Runs[e.Run]].mayRun(e.At, e.By, e.Tool)
		}
	}
	for _, w := range script.Of[script.Wrote](s.Events) {
		if w.Run >= 0 && w.Run < len(s.Runs) && r.runs[s.Runs[w.Run]] != nil {
			run := r.runs[s.Runs[w.Run]]
			run.changed = append(run.changed, change{path: w.Path})
		}
	}
	for _, u := range s.Unread {
		// Scripts of other languages download with libraries of their own.
		if u.Language != "" {
			continue
		}
		run, what, hint := r.runs[u.In], "it cannot be read: "+u.Why, "look at it yourself, or "+hintRecord
		switch text := r.File.Data[u.In.Start:u.In.End]; {
		case script.CommandLine.Match(bytes.ReplaceAll(text, []byte("\n"), []byte(" "))):
			if run == nil {
				run = &Run{Stage: s.Stage, Instruction: u.In}
				r.runs[u.In] = run
			}
			run.say(u.At, what, hint)
		case run != nil:
			run.leave(u.At, what, hint)
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

// onbuild adds an instruction that downloads where a stage or a build begins with the one
// that has it.
func (r *reader) onbuild(in *dockerfile.Instruction) {
	reason := Reason{in.Start, OnbuildElsewhere, "deplock sync in the repository of that build, or move it there"}
	switch {
	case in.Inherited:
		reason = Reason{in.Start, "an ONBUILD of its base downloads", HintOnbuild}
	case r.triggers(in):
		reason = Reason{in.Start, "ONBUILD downloads in each stage and build that begins with this one", "move it there"}
	}
	if !slices.Contains(r.Left, reason) {
		r.Left = append(r.Left, reason)
	}
}

// OnbuildElsewhere is the reason to leave an ONBUILD that this build does not run.
const OnbuildElsewhere = "ONBUILD downloads in another build"

// HintOnbuild says what to do about a base that downloads here.
const HintOnbuild = "have the base bring the file, or download it in this Dockerfile"

// triggers reports whether a stage of the same Dockerfile begins with that of an ONBUILD.
func (r *reader) triggers(in *dockerfile.Instruction) bool {
	return slices.ContainsFunc(r.File.Stages, func(s *dockerfile.Stage) bool {
		return s.Base != nil && slices.ContainsFunc(s.Base.Instructions, func(o *dockerfile.Instruction) bool { return o.Start == in.Start })
	})
}

// leave adds an obstacle, unless there is one that says the same.
func (run *Run) leave(at int, what, hint string) {
	if !slices.ContainsFunc(run.Obstacles, func(o Reason) bool { return o.What == what }) {
		run.Obstacles = append(run.Obstacles, Reason{at, what, hint})
	}
}

// say adds an obstacle that is reported even if the RUN calls neither curl nor wget.
func (run *Run) say(at int, what, hint string) {
	run.leave(at, what, hint)
	if !slices.ContainsFunc(run.said, func(o Reason) bool { return o.What == what }) {
		run.said = append(run.said, Reason{at, what, hint})
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
