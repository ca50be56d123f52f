// Package migrate moves the downloads of a Dockerfile into the lockfile: it says
// which dependencies they are, and rewrites the Dockerfile so that depfetch fetches
// them.
//
// It guarantees that a dependency has the addresses that the Dockerfile downloads
// on each platform, that the sums in the Dockerfile are handed on to be compared
// with the bytes, and that a rewritten Dockerfile keeps every byte that is not part
// of a step which depfetch takes over: it is read again, and what it still
// downloads is what was to stay.
//
// It refuses to guess. What cannot be resolved is listed with the reason, and what
// is not plainly a download with what follows it is left as it stands.
package migrate

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"depfetch/fetch"
	"depfetch/lock"
	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
	"depfetch/lock/edit"
)

// Download is what becomes of one download of a Dockerfile.
type Download struct {
	At dockerfile.Position
	// Dep is the dependency that it becomes, without its locked lines; it has no
	// name if it becomes none.
	Dep edit.NewDep
	// Have says that the lockfile has it already, under the name of Dep.
	Have bool
	// Why says why it becomes none.
	Why string
	// Keep says why a rewritten Dockerfile keeps it; empty if it does not.
	Keep string
	// Sums are those that the Dockerfile has for it.
	Sums map[lock.Platform][]Sum

	stage   int
	run     int // the number of the script, -1 for ADD
	fetches map[lock.Platform]*script.Fetch
	add     *dockerfile.Add
}

// Sum is a checksum in hexadecimal digits.
type Sum struct{ Algorithm, Hex string }

// Plan is what becomes of all downloads of a Dockerfile.
type Plan struct {
	File      *dockerfile.File
	Platforms []lock.Platform
	Downloads []*Download // by position

	traces   map[lock.Platform]*dockerfile.Trace
	declared map[int]int // where stages get ARG TARGETPLATFORM
}

// place tells the downloads of a file apart.
type place struct{ stage, start, number int }

// Make makes a plan for the platforms of a lockfile that has dependencies already.
func Make(f *dockerfile.File, platforms []lock.Platform, present []*lock.Dep) *Plan {
	p := &Plan{File: f, Platforms: platforms, traces: make(map[lock.Platform]*dockerfile.Trace)}
	byPlace := make(map[place]*Download)
	for _, platform := range platforms {
		t := f.Trace(platform)
		p.traces[platform] = t
		for _, s := range t.Stages {
			adds := make(map[*script.Fetch]*dockerfile.Add)
			for i := range s.Adds {
				adds[s.Adds[i].Fetch] = &s.Adds[i]
			}
			numbers := make(map[int]int)
			for _, x := range s.Fetches {
				if x.Probe || x.Query || x.Evidence {
					continue
				}
				at := place{s.Stage.Index, x.Start, numbers[x.Start]}
				numbers[x.Start]++
				d := byPlace[at]
				if d == nil {
					d = &Download{At: f.Position(x.Start), stage: s.Stage.Index, run: x.Run, add: adds[x],
						Sums: make(map[lock.Platform][]Sum), fetches: make(map[lock.Platform]*script.Fetch)}
					byPlace[at] = d
					p.Downloads = append(p.Downloads, d)
				}
				d.fetches[platform] = x
				for _, c := range x.Checks {
					if c.Kind == "sum" && c.Sum.Known() {
						d.Sums[platform] = append(d.Sums[platform], Sum{c.Algo, strings.ToLower(c.Sum.Text)})
					}
				}
				if a := adds[x]; a != nil && a.Checksum != "" {
					algo, hex, _ := strings.Cut(a.Checksum, ":")
					d.Sums[platform] = append(d.Sums[platform], Sum{algo, hex})
				}
			}
		}
	}
	for _, d := range p.Downloads {
		// Where it happens for sure on some platforms, it does not on the others.
		sure := slices.ContainsFunc(platforms, func(p lock.Platform) bool { return d.fetches[p] != nil && !d.fetches[p].Depends })
		maps.DeleteFunc(d.fetches, func(_ lock.Platform, x *script.Fetch) bool { return sure && x.Depends })
	}
	slices.SortStableFunc(p.Downloads, func(a, b *Download) int { return a.At.Offset - b.At.Offset })
	names := newNames(present)
	paths := make(map[string]string)
	for _, dep := range present {
		if dep.Path != "" && dep.Unpack == nil {
			paths[path.Clean("/"+dep.Path)] = dep.Name
		}
	}
	for _, d := range p.Downloads {
		if d.Why = p.describe(d, names, paths, present); d.Why != "" {
			d.Dep, d.Keep = edit.NewDep{}, d.Why
		}
	}
	return p
}

// one returns the download on one platform that has it.
func (d *Download) one(platforms []lock.Platform) *script.Fetch {
	for _, p := range platforms {
		if f := d.fetches[p]; f != nil {
			return f
		}
	}
	return nil
}

// URL returns the address on one platform, as far as it is known.
func (d *Download) URL() string {
	for _, p := range slices.Sorted(maps.Keys(d.fetches)) {
		return d.fetches[p].URL.Text
	}
	return ""
}

// describe fills in the dependency of a download, or says why there is none.
func (p *Plan) describe(d *Download, names *names, paths map[string]string, present []*lock.Dep) string {
	urls := make(map[lock.Platform]string)
	for platform, x := range d.fetches {
		switch {
		case !x.URL.Known():
			return "its address is not known: " + x.URL.Why
		case !strings.HasPrefix(x.URL.Text, "https://") && !strings.HasPrefix(x.URL.Text, "http://"):
			return "an address of that scheme cannot be locked"
		case strings.ContainsAny(x.URL.Text, "{}"):
			return "its address holds a brace"
		case x.Shell:
			return x.Piped + " runs it: download it to a file first"
		case x.Piped != "" && x.Unpack == nil:
			return x.Piped + " takes it: download it to a file first"
		case x.OutputWhy != "":
			return "where it is written is not known: " + x.OutputWhy
		case x.Auth:
			return "it sends credentials or header fields"
		case x.Filtered:
			return "a program changes it before it is written"
		case d.add != nil && d.add.Git:
			return "it is a repository"
		}
		urls[platform], _, _ = strings.Cut(x.URL.Text, "#")
	}
	x := d.one(p.Platforms)
	t, why := templateOf(urls, x.Vars)
	if why != "" {
		return why
	}
	dep := &d.Dep
	dep.Version, dep.URL, dep.Alias = t.version, t.url, t.alias
	if len(urls) < len(p.Platforms) {
		for _, platform := range p.Platforms {
			if _, ok := urls[platform]; ok {
				dep.Platforms = append(dep.Platforms, platform)
			}
		}
	}
	if why := p.destination(d, x, t); why != "" {
		return why
	}
	if x.Depends {
		d.Keep = "whether it happens depends on what only the build can tell"
	}
	for _, have := range present {
		if have.URL.String() == dep.URL && have.Version == dep.Version && path.Clean("/"+have.Path) == dep.Path && (have.Unpack == nil) == (dep.Unpack == nil) {
			d.Have, dep.Name = true, have.Name
			return ""
		}
	}
	if other, ok := paths[dep.Path]; ok && dep.Unpack == nil {
		if x.Depends {
			return fmt.Sprintf("it is another address of %s: add it to the mirrors there", other)
		}
		return fmt.Sprintf("%s is the path of %s", dep.Path, other)
	}
	dep.Name = names.of(dep.URL, dep.Path, dep.Unpack != nil)
	if dep.Unpack == nil {
		paths[dep.Path] = dep.Name
	}
	return ""
}

// destination fills in where a download lands, and what comes out of it.
func (p *Plan) destination(d *Download, x *script.Fetch, t template) string {
	dep := &d.Dep
	if d.add != nil {
		dep.Path, dep.Mode = d.add.Dest, "0600" // as ADD has it
		if d.add.Chmod != "" {
			dep.Mode = octal(d.add.Chmod)
		}
		if d.add.Unpack {
			dep.Unpack, dep.Mode = &fetch.Unpack{}, ""
		}
		if d.add.Chown != "" && d.add.Chown != "0:0" && d.add.Chown != "root:root" {
			d.Keep = "--chown gives it another owner"
		}
		return ""
	}
	signed := slices.ContainsFunc(x.Checks, func(c script.Check) bool { return c.Kind != "sum" })
	elsewhere := false
	for _, other := range d.fetches {
		elsewhere = elsewhere || other.Landed != x.Landed || other.Moved != x.Moved
	}
	// Where the download itself has one place, it can go there, and what follows
	// stays.
	clean := len(x.Touched) == 0 && (!signed || elsewhere)
	if u := x.Unpack; u != nil {
		if clean && len(u.Other) == 0 && u.DirWhy == "" && (x.Removed || x.Landed == "") {
			unpack := &fetch.Unpack{Strip: u.Strip}
			for _, m := range u.Members {
				unpack.Include = append(unpack.Include, t.glob(strings.TrimPrefix(m, "./")))
			}
			dep.Unpack, dep.Path = unpack, u.Dir
			if signed {
				d.Keep = "it is checked with a list or a signature, which needs the archive"
			}
			return ""
		}
		if x.Landed == "" {
			return "how " + x.Piped + " unpacks it cannot be said in a lockfile"
		}
	}
	if elsewhere {
		return "it is written to different places on different platforms"
	}
	dep.Path = x.Landed
	if x.Moved != "" && clean && x.Unpack == nil && (!installed(x) || x.Removed) {
		dep.Path = x.Moved
	}
	if dep.Path == x.Output || dep.Path == x.Moved {
		if x.Mode != "" && (x.Moved == "" || dep.Path == x.Moved) {
			dep.Mode = octal(x.Mode)
		}
	}
	return ""
}

// octal returns a mode as the lockfile's examples write it.
func octal(mode string) string { return "0" + strings.TrimLeft(mode, "0") }

// installed reports whether install has copied a download.
func installed(x *script.Fetch) bool {
	return slices.ContainsFunc(x.Steps, func(s script.Step) bool { return s.What == "install" })
}
