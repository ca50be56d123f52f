// Package report says what a repository downloads, on one page of HTML: what its
// Dockerfiles and scripts ask for, by place and platform, with what holds it to the bytes
// that were meant; the images that it starts from; what its lockfiles pin; and what is
// wrong, as package scan says it.
//
// It judges nothing itself: whether a download is checked, package scan says, and whether
// it is pinned, and how far that is trusted, the lockfile. It guarantees that the same
// files and the same answers make the same page, that the page asks for nothing when it is
// opened, and that no text from elsewhere is more than text there, with logins and the
// values of queries hidden. What was not asked, or could not be read, the page says.
//
// The package asks nobody; its caller hands in the answers.
package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"depfetch/lock"
	"depfetch/lock/advisory"
	"depfetch/lock/dockerfile"
	"depfetch/lock/pin"
	"depfetch/lock/scan"
	"depfetch/lock/update"
)

// Input is what has been read and asked.
type Input struct {
	Title       string
	Contexts    []string // names of further contexts of the builds
	Dockerfiles []Dockerfile
	References  []Reference
	Locks       []Lock
	Unread      []Unread
	Asked       Asked
}

// Dockerfile is a Dockerfile with how it is built.
type Dockerfile struct {
	File      *dockerfile.File
	Context   string          // the folder that scripts are read from; may be empty
	Lock      *lock.File      // that its builds use; may be nil
	Platforms []lock.Platform // that it is read for; default linux/amd64 and linux/arm64
}

// Reference is an image that a Dockerfile or a compose file names.
type Reference struct {
	pin.Reference
	Context  bool       // it is a named context of the build, and no image
	Lock     *lock.File // as that of a Dockerfile
	Frontend bool       // depfetch-frontend builds the file, and takes digests from the lockfile
}

// Lock is a lockfile, and what was answered about it.
type Lock struct {
	*lock.File
	Faults     []error // why it is not in order
	Newest     []update.Newest
	Advisories *advisory.Report
	// NewestErr and AdvisoriesErr are why these could not be asked for.
	NewestErr, AdvisoriesErr error
}

// Unread is a file that could not be read.
type Unread struct {
	Name string
	Err  error
}

// Asked says what has been asked upstream; the zero value, nothing.
type Asked struct {
	At              time.Time // shown if anything has been asked
	Outdated        bool
	Vulnerabilities bool
	Images          bool
	Digests         map[string]v1.Hash // by the name that a reference or a lockfile has
	Failed          map[string]error   // of those without a digest
}

// Silent are the lockfiles about which something could not be asked, with the reason.
type Silent struct{ Newest, Advisories []string }

// Report is what a page shows.
type Report struct {
	Title     string
	Files     int      // Dockerfiles that were read
	Platforms []string // that some file was read for
	Downloads []Download
	Images    []Image
	Lockfiles []Lockfile
	Rules     []Rule
	Behind    []Behind
	Known     []Vulnerability
	Unasked   []Unasked
	Silent    Silent
	Unread    []Unread
	Asked     Asked
}

// New makes a report.
func New(in Input) *Report {
	r := &Report{Title: cmp.Or(in.Title, "What this repository downloads"), Files: len(in.Dockerfiles), Unread: slices.Clone(in.Unread), Asked: in.Asked}
	asked := make(map[*lock.File]places)
	for _, l := range in.Locks {
		asked[l.File] = make(places)
	}
	var findings []scan.Finding
	for _, d := range in.Dockerfiles {
		if len(d.Platforms) == 0 {
			d.Platforms = update.DefaultPlatforms
		}
		for _, p := range d.Platforms {
			if !slices.Contains(r.Platforms, p.String()) {
				r.Platforms = append(r.Platforms, p.String())
			}
		}
		found, err := r.read(d, in.Contexts, asked[d.Lock])
		if err != nil {
			r.Unread = append(r.Unread, Unread{d.File.Name, err})
		}
		findings = append(findings, found...)
	}
	r.Downloads = distinct(r.Downloads)
	r.Rules = rulesOf(findings)
	for _, ref := range in.References {
		if !ref.Context {
			r.Images = append(r.Images, imageOf(ref, in.Asked))
		}
	}
	for i := range in.Locks {
		l := &in.Locks[i]
		r.Lockfiles = append(r.Lockfiles, lockfileOf(l, asked[l.File], in))
		if l.NewestErr != nil {
			r.Silent.Newest = append(r.Silent.Newest, l.Name+": "+l.NewestErr.Error())
		}
		if l.AdvisoriesErr != nil {
			r.Silent.Advisories = append(r.Silent.Advisories, l.Name+": "+l.AdvisoriesErr.Error())
		}
		r.Behind = append(r.Behind, behind(l)...)
		r.Known = append(r.Known, known(l)...)
	}
	r.Unasked = unasked(in.Locks)
	slices.SortStableFunc(r.Known, func(a, b Vulnerability) int { return cmp.Compare(b.Rank, a.Rank) })
	return r
}

// read adds what a Dockerfile downloads, and returns what package scan finds in it.
func (r *Report) read(d Dockerfile, contexts []string, asked places) ([]scan.Finding, error) {
	if d.Context != "" {
		context, err := dockerfile.OpenContext(d.Context)
		if err != nil {
			return nil, err
		}
		defer context.Close()
		d.File.Context = context
	}
	read := newReading(d, contexts)
	r.Downloads = append(r.Downloads, read.rows(asked)...)
	return scan.File(d.File, read.options), nil
}

// Count is a number of things of a kind.
type Count struct {
	Label, Class string
	N            int
}

// Counts returns how many downloads are held by what, the best first.
func (r *Report) Counts() []Count {
	n := make(map[State]int)
	for _, d := range r.Downloads {
		n[d.State]++
	}
	var all []Count
	for _, s := range slices.Backward(states) {
		if n[s] > 0 {
			all = append(all, Count{s.String(), s.class(), n[s]})
		}
	}
	return all
}

// Open returns how many downloads nothing holds to the bytes that were meant.
func (r *Report) Open() int {
	n := 0
	for _, d := range r.Downloads {
		if d.State.open() {
			n++
		}
	}
	return n
}

// OpenImages returns how many images have no digest that holds.
func (r *Report) OpenImages() int {
	n := 0
	for _, i := range r.Images {
		if i.Attention() {
			n++
		}
	}
	return n
}

// Empty reports whether there was nothing to read.
func (r *Report) Empty() bool { return r.Files+len(r.Lockfiles)+len(r.Unread) == 0 }

// Summary says what the report does, in a few lines.
func (r *Report) Summary() []string {
	lines := []string{fmt.Sprintf("%s, %s", plural(r.Files, "Dockerfile", "Dockerfiles"), plural(len(r.Lockfiles), "lockfile", "lockfiles"))}
	var parts []string
	for _, c := range r.Counts() {
		parts = append(parts, fmt.Sprintf("%d %s", c.N, c.Label))
	}
	lines = append(lines, listed(plural(len(r.Downloads), "download", "downloads"), parts))
	open := []string{fmt.Sprintf("%d to look at", r.OpenImages())}
	if len(r.Images) == 0 {
		open = nil
	}
	lines = append(lines, listed(plural(len(r.Images), "image", "images"), open))
	var rules []string
	for _, x := range r.Rules {
		rules = append(rules, fmt.Sprintf("%d %s", len(x.Findings), x.ID))
	}
	return append(lines, listed(plural(r.findings(), "finding", "findings"), rules))
}

// listed returns a number of things with what it is made of.
func listed(what string, parts []string) string {
	if len(parts) == 0 {
		return what
	}
	return what + ": " + strings.Join(parts, ", ")
}

func (r *Report) findings() (n int) {
	for _, x := range r.Rules {
		n += len(x.Findings)
	}
	return n
}
