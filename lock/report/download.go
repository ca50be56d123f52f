package report

import (
	"fmt"
	"slices"
	"strings"

	"depfetch/fetch/cmdline"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/dockerfile/script"
	"depfetch/lock/release"
	"depfetch/lock/scan"
	"depfetch/lock/sync"
)

// State is what holds a download to the bytes that were meant. Greater ones hold more.
type State int

const (
	Open     State = iota // nothing does
	Weak                  // a check that cannot fail, or comes too late
	Unlocked              // depfetch refuses it: no line of the lockfile is for it
	Unpinned              // a line leaves it open, for a reason
	Aside                 // it is no file of the image
	Checked               // the Dockerfile compares it
	TOFU                  // a line has what the server sent on the day of locking
	Published
	Signed
)

var states = []State{Open, Weak, Unlocked, Unpinned, Aside, Checked, TOFU, Published, Signed}

// String returns the state as the page names it.
func (s State) String() string {
	return [...]string{"unchecked", "check in vain", "not locked", "unpinned", "read, not kept", "checked in place", "first use", "published", "signed"}[s]
}

// class returns the class of the state in the page's style.
func (s State) class() string {
	return [...]string{"bad", "bad", "bad", "warn", "aside", "fair", "fair", "good", "good"}[s]
}

// open reports whether bytes that were not meant would be taken.
func (s State) open() bool { return s == Open || s == Weak || s == Unpinned }

// Download is a row of the page: what is downloaded at one place.
type Download struct {
	Place     Place
	Platforms string
	Tool      string
	Address   string // may be shown
	State     State
	Notes     []string
	Digest    string // may be empty
}

// Class returns the class of the row's state.
func (d Download) Class() string { return d.State.class() }

// Attention reports whether somebody should look at it.
func (d Download) Attention() bool { return d.State < Aside }

// Place is where something stands.
type Place struct {
	File string
	Line int
}

// String returns the place as FILE:LINE.
func (p Place) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// places are where addresses are asked for, in the form of cmdline.Normalize.
type places map[string][]Place

func (p places) add(address string, at Place) {
	if p != nil && !slices.Contains(p[address], at) {
		p[address] = append(p[address], at)
	}
}

// reading is a Dockerfile with what is known of its downloads.
type reading struct {
	Dockerfile
	options scan.Options
	lines   map[string]lock.Pin
}

func newReading(d Dockerfile, contexts []string) *reading {
	r := &reading{Dockerfile: d, options: scan.Options{Platforms: d.Platforms, Contexts: contexts}}
	if d.Lock != nil {
		r.lines = sync.Lines(d.Lock)
		r.options.LockedImage = func(name string) bool {
			_, ok := d.Lock.Image(name)
			return ok
		}
	}
	return r
}

// rows returns what the Dockerfile downloads, and adds where it asks for what.
func (r *reading) rows(asked places) (all []Download) {
	for _, d := range scan.Downloads(r.File, r.options) {
		row := Download{Place: Place{d.File, d.At.Line}, Platforms: platforms(d.Platforms), Tool: d.Tool}
		if d.Tool == "depfetch" {
			r.placed(&row, d.Platforms, asked)
			all = append(all, row)
			continue
		}
		row.Address = shown(d.URL)
		if repository, ref, ok := strings.Cut(d.URL.Text, "#"); ok && d.Tool == "ADD" {
			row.Address = source.Redact(repository)
			row.Notes = append(row.Notes, "at "+ref)
		}
		address := ""
		if a, err := cmdline.Normalize(d.URL.Text, "http", false); err == nil && d.URL.Known() {
			address = a.URL
			asked.add(address, row.Place)
		}
		r.judge(&row, d, address)
		r.note(&row, d)
		all = append(all, row)
	}
	return all
}

// judge sets the state of a row by what guards the download and by the line for its
// address.
func (r *reading) judge(row *Download, d scan.Download, address string) {
	line, locked := r.lines[address]
	pinned := locked && line.Unpinned == ""
	mounted := d.Guard == scan.Mounted
	switch {
	case locked && line.Unpinned != "" && (mounted || d.Guard == scan.NoGuard):
		row.State = Unpinned
		row.Notes = append(row.Notes, line.Unpinned)
	case mounted && pinned, pinned && d.Checksum == "sha256:"+line.Digest.String():
		row.State, row.Digest = stateOf(line.Trust), line.Digest.String()
	case mounted && r.File.Frontend() && release.Moving(d.URL.Text) != "":
		row.State = Open // which depfetch-frontend leaves
	case mounted && !d.URL.Known():
		row.State = Unlocked
		row.Notes = append(row.Notes, "its address is known to the build alone; depfetch takes it if a line is for it")
	case mounted:
		row.State = Unlocked
		row.Notes = append(row.Notes, "no line of the lockfile is for it, so the build refuses it")
	case d.Guard == scan.NoGuard:
		if pinned {
			row.Notes = append(row.Notes, "a line of the lockfile pins it, and this step does not use depfetch")
		}
	case d.Guard == scan.WeakGuard:
		row.State = Weak
	case d.Guard == scan.Evidence, d.Guard == scan.Answer:
		row.State = Aside
	default:
		row.State = Checked
	}
}

// stateOf returns the state of what a line with a trust pins.
func stateOf(t lock.Trust) State {
	switch t {
	case lock.Signed:
		return Signed
	case lock.Published:
		return Published
	}
	return TOFU
}

// guards says what guards a download.
func guards(g scan.Guard) string {
	switch g {
	case scan.ByChecksum:
		return "a sum in the Dockerfile"
	case scan.ByList:
		return "a list of sums that is downloaded too"
	case scan.BySignature:
		return "a signature"
	case scan.ByCommit:
		return "the full name of a commit"
	case scan.ByDatabase:
		return "the checksum database of Go"
	case scan.Evidence:
		return "other downloads are checked with it"
	case scan.Answer:
		return "a script reads its text"
	}
	return ""
}

// note adds what else is to be said of a download.
func (r *reading) note(row *Download, d scan.Download) {
	if text := guards(d.Guard); text != "" && row.State < TOFU {
		row.Notes = append(row.Notes, text)
	}
	if d.Rule != "" && row.State < Unlocked {
		if rule, err := scan.FindRule(d.Rule); err == nil && rule.ID != "unverified" { // which the state says
			row.Notes = append(row.Notes, rule.Title)
		}
		if d.Ignored {
			row.Notes = append(row.Notes, "accepted by a comment in the file")
		}
	}
	if !d.URL.Known() {
		row.Notes = append(row.Notes, "address not known before the build: "+d.URL.Why)
	} else if word := release.Moving(d.URL.Text); word != "" && row.State != Unpinned {
		row.Notes = append(row.Notes, "its address says "+word)
	}
	if d.Ref.Text != "" && d.Ref.Known() {
		row.Notes = append(row.Notes, "at "+d.Ref.Text)
	}
}

// placed fills the row of a step that runs depfetch itself.
func (r *reading) placed(row *Download, platforms []lock.Platform, asked places) {
	row.Address = "what the lockfile places"
	if r.Lock == nil {
		row.State, row.Notes = Unlocked, []string{"no lockfile was found"}
		return
	}
	n := 0
	row.State = Signed
	for _, d := range r.Lock.Deps {
		lines := 0
		for _, l := range d.Locked {
			if l.Platform != lock.Any && !slices.Contains(platforms, l.Platform) {
				continue
			}
			lines++
			row.State = min(row.State, stateOf(l.Trust))
			if a, err := cmdline.Normalize(l.URL, "", false); err == nil {
				asked.add(a.URL, row.Place)
			}
		}
		n += min(lines, 1)
	}
	if n == 0 {
		row.State = Unlocked
	}
	row.Notes = []string{plural(n, "dependency", "dependencies") + " of " + r.Lock.Name + "; the least of their trust counts"}
}

// platforms returns the names of platforms.
func platforms(of []lock.Platform) string {
	var names []string
	for _, p := range of {
		names = append(names, p.String())
	}
	return strings.Join(names, ", ")
}

// distinct removes rows of scripts that several Dockerfiles run.
func distinct(all []Download) []Download {
	seen := make(map[string]bool)
	return slices.DeleteFunc(all, func(d Download) bool {
		key := fmt.Sprintf("%q", []string{d.Place.String(), d.Platforms, d.Tool, d.Address, d.State.String(), d.Digest})
		was := seen[key]
		seen[key] = true
		return was
	})
}

// shown returns an address as it may be shown, also if only a part of it is known.
func shown(u script.Value) string {
	address := u.Text
	switch {
	case strings.HasPrefix(address, "git@"):
		return address // the user is no secret
	case !u.Known():
		address, _, _ = strings.Cut(address, "?")
	}
	return source.Redact(address)
}
