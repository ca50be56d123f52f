package scan

import (
	"cmp"
	"slices"
	"strings"

	"depfetch/lock"
	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
)

// Download is what a Dockerfile, or a script that it runs, downloads at one place. It is
// what the rules judge, and what they do not: what is pinned is among it.
type Download struct {
	Platforms []lock.Platform // for which it is downloaded, in the order of the options
	Tool      string          // as "curl", "git" or "ADD"; "depfetch" of a run that places what is locked
	URL       script.Value    // of a module its path, of depfetch nothing
	Ref       script.Value    // of source code the branch, tag or commit; else nothing
	File      string
	At        dockerfile.Position
	Checksum  string // of ADD --checksum; may be empty
	Guard     Guard
	// Rule is the ID of the rule that this is a finding of because of its Guard, or
	// empty. Ignored says that a comment of the file turns that rule off here.
	Rule    string
	Ignored bool
}

// Guard is what a Dockerfile does so that a download is what was meant.
type Guard int

const (
	NoGuard    Guard = iota
	WeakGuard        // a check that cannot fail, or comes too late
	Mounted          // depfetch, or its frontend, is in the place of the program that downloads
	ByChecksum       // a sum that the Dockerfile has
	ByList           // a list of sums that is downloaded too
	BySignature
	ByCommit   // the full name of a commit
	ByDatabase // the checksum database of Go
	Evidence   // it is what others are checked with
	Answer     // it is text that the script reads, and no file
)

// Downloads returns what a Dockerfile downloads, by position. Answers that are only
// printed or thrown away are left out, as the rules leave them.
func Downloads(f *dockerfile.File, opts Options) []Download {
	s := &subject{file: f, adopted: adoptedBy(f, opts.platforms())}
	v := &inventory{subject: s, at: make(map[downloadKey]int)}
	for _, p := range opts.platforms() {
		v.platform = p
		for _, stage := range f.Trace(p).Stages {
			v.stage(stage)
		}
	}
	slices.SortStableFunc(v.all, func(a, b Download) int {
		return cmp.Or(cmp.Compare(place(f, a.File), place(f, b.File)), cmp.Compare(a.At.Offset, b.At.Offset))
	})
	return v.all
}

// inventory collects what a Dockerfile downloads.
type inventory struct {
	*subject
	platform lock.Platform
	all      []Download
	at       map[downloadKey]int
}

// downloadKey is what is the same of one download on several platforms.
type downloadKey struct {
	tool, url, why, ref string
	start               int
	guard               Guard
}

// stage adds what a stage downloads.
func (v *inventory) stage(t dockerfile.StageTrace) {
	adds := make(map[*script.Fetch]dockerfile.Add)
	for _, a := range t.Adds {
		adds[a.Fetch] = a
	}
	for _, d := range script.Downloads(t.Events) {
		a, isAdd := adds[d.Fetch]
		switch {
		case isAdd:
			v.add(a, d)
		case !d.Discarded:
			guard, rule := v.guard(d)
			v.found(Download{Tool: d.Tool, URL: d.URL, Guard: guard, Rule: rule}, d.Start)
		}
	}
	for _, c := range script.Of[*script.Checkout](t.Events) {
		guard, rule := checkoutGuard(c)
		v.found(Download{Tool: c.Tool, URL: c.URL, Ref: c.Ref, Guard: guard, Rule: rule}, c.Start)
	}
	for _, d := range script.Of[script.Depfetch](t.Events) {
		v.found(Download{Tool: "depfetch", Guard: Mounted}, d.Start)
	}
}

// found adds a download on the platform that is being read.
func (v *inventory) found(d Download, start int) {
	key := downloadKey{d.Tool, d.URL.Text, d.URL.Why, d.Ref.Text, start, d.Guard}
	i, ok := v.at[key]
	if !ok {
		d.File, d.At = v.file.Place(start)
		d.Ignored = d.Rule != "" && v.file.Ignores(d.Rule, d.File, d.At.Line)
		i = len(v.all)
		v.at[key] = i
		v.all = append(v.all, d)
	}
	if d := &v.all[i]; !slices.Contains(d.Platforms, v.platform) {
		d.Platforms = append(d.Platforms, v.platform)
	}
}

// guard returns what guards a download of a command, or the rule that says what is wrong.
func (v *inventory) guard(d *script.Download) (Guard, string) {
	if v.mounted(d.Fetch) {
		return Mounted, ""
	}
	switch judge(d) {
	case pipedToShell:
		return NoGuard, pipeToShell.ID
	case pipedToUnpacker:
		return NoGuard, pipeToTar.ID
	case unchecked:
		return NoGuard, unverified.ID
	case ineffective:
		return WeakGuard, ineffectiveCheck.ID
	case late:
		return WeakGuard, usedBeforeCheck.ID
	}
	return checkGuard(d), ""
}

// checkGuard returns what a download that nothing is wrong with is checked by.
func checkGuard(d *script.Download) Guard {
	if d.Evidence {
		return Evidence
	}
	for _, c := range d.Checks {
		if c.Lost != "" {
			continue
		}
		switch c.Kind {
		case script.CheckList:
			return ByList
		case script.CheckSignature:
			return BySignature
		}
		return ByChecksum
	}
	return Answer
}

// add adds a download of an ADD.
func (v *inventory) add(a dockerfile.Add, d *script.Download) {
	x := Download{Tool: d.Tool, URL: a.URL, Checksum: a.Checksum}
	_, ref, _ := strings.Cut(a.URL.Text, "#")
	switch {
	case a.Checksum != "":
		x.Guard = ByChecksum
	case v.adopted[a.Instruction.Start]:
		x.Guard = Mounted
	case d.Verified(), d.Evidence:
		x.Guard = checkGuard(d)
	case a.Git && namesCommit.MatchString(ref):
		x.Guard = ByCommit
	default:
		x.Rule = addUnverified.ID
	}
	v.found(x, a.At)
}

// checkoutGuard returns what guards source code or a module of Go, or the rule that says
// what is wrong.
func checkoutGuard(c *script.Checkout) (Guard, string) {
	switch {
	case c.Module && c.Unchecked:
		return NoGuard, unverified.ID
	case c.Module:
		return ByDatabase, ""
	case c.Signed:
		return BySignature, ""
	case c.Ref.Known() && script.CommitOf(c.Ref.Text) == script.FullCommit && c.Lost == "":
		return ByCommit, ""
	}
	return NoGuard, unpinnedSource.ID
}
