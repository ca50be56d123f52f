package report

import (
	"slices"

	"depfetch/lock"
)

// Image is a row of the page: an image that a file names.
type Image struct {
	Place  Place
	Name   string
	State  string // in a word or two
	Class  string
	Notes  []string
	Digest string // may be empty
	By     string // who has signed it; may be empty
}

// Attention reports whether somebody should look at it.
func (i Image) Attention() bool { return i.Class == "bad" || i.Class == "warn" }

// imageOf returns the row of a reference.
func imageOf(r Reference, asked Asked) Image {
	i := Image{Place: Place{r.File, r.Line}, Name: r.Image}
	if r.Text == "" || r.Image == "" {
		i.Name = r.Text
	}
	var line lock.Image
	locked := false
	name, ok := lock.ImageName(r.Image)
	if ok && r.Lock != nil {
		line, locked = r.Lock.Image(name)
	}
	switch {
	case r.Pinned():
		i.State, i.Class, i.Digest = "digest", "good", r.Digest.Hex
	case locked && r.Frontend:
		i.State, i.Class, i.Digest, i.By = "in the lockfile", "good", line.Digest.String(), line.By
	case r.Ignored:
		i.State, i.Class = "accepted", "aside"
		i.Notes = append(i.Notes, "a comment in the file leaves it without a digest")
	case !r.Known:
		i.State, i.Class = "not known", "warn"
		i.Notes = append(i.Notes, r.Why)
	default:
		i.State, i.Class = "no digest", "bad"
		if locked {
			i.Notes = append(i.Notes, "the lockfile has one, which depfetch-frontend alone reads")
		}
	}
	switch {
	case !asked.Images:
	case r.Pinned() && !r.Tagged():
		i.Notes = append(i.Notes, "it has no tag that could have moved")
	case r.Pinned():
		i.moved(r.Image, asked)
	case locked && r.Frontend:
		i.moved(name, asked)
	}
	return i
}

// moved says whether the tag has moved on from the digest.
func (i *Image) moved(name string, asked Asked) {
	now, ok := asked.Digests[name]
	switch err := asked.Failed[name]; {
	case err != nil:
		i.Notes = append(i.Notes, "whether its tag has moved is not known: "+err.Error())
	case ok && now.Hex != i.Digest:
		i.State, i.Class = "moved on", "warn"
		i.Notes = append(i.Notes, "its tag is sha256:"+now.Hex+" now")
	case ok:
		i.Notes = append(i.Notes, "its tag is still that")
	}
}

// AskFor returns the images whose tags registries are to be asked about: those that have
// a digest to compare with, in files and in lockfiles, each once.
func AskFor(refs []Reference, locks []Lock) (names []string) {
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, r := range refs {
		if !r.Context && r.Pinned() && r.Tagged() {
			add(r.Image)
		}
	}
	for _, l := range locks {
		for _, i := range l.Images {
			add(i.Name)
		}
	}
	return names
}
