package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/advisory"
	"depfetch/lock/sbom"
)

// Lockfile is what one lockfile pins.
type Lockfile struct {
	Name   string
	Items  []Item
	Faults []string
	// NoLatest are the dependencies of which it is not known where versions are listed.
	NoLatest []string
}

// Item is a row of the page: what one line of a lockfile pins.
type Item struct {
	Name, Version string
	Platform      string
	Address       string // may be shown; empty for an image
	State         string
	Class         string
	Rank          int // sorts states
	Notes         []string
	By            string
	Digest        string
	Size          int64 // in bytes, or fetch.SizeUnknown
	Places        []Place
}

// SizeText returns the size for people.
func (i Item) SizeText() string {
	const unit = 1000
	switch {
	case i.Size == fetch.SizeUnknown:
		return ""
	case i.Size < unit:
		return fmt.Sprintf("%d B", i.Size)
	}
	n, prefixes := float64(i.Size)/unit, "kMGT"
	for n >= unit && len(prefixes) > 1 {
		n, prefixes = n/unit, prefixes[1:]
	}
	return fmt.Sprintf("%.1f %cB", n, prefixes[0])
}

// Attention reports whether somebody should look at it.
func (i Item) Attention() bool { return i.Class == "warn" }

// lockfileOf returns what a lockfile pins, with where that is asked for.
func lockfileOf(l *Lock, asked places, in Input) Lockfile {
	all := Lockfile{Name: l.Name}
	for _, err := range l.Faults {
		all.Faults = append(all.Faults, strings.Split(err.Error(), "\n")...)
	}
	for _, p := range sbom.List(l.File) {
		all.Items = append(all.Items, itemOf(p, asked))
	}
	for _, p := range l.URLs {
		if p.Unpinned != "" {
			all.Items = append(all.Items, Item{
				Platform: lock.Any.String(), Address: source.Redact(p.URL), Size: fetch.SizeUnknown,
				State: Unpinned.String(), Class: Unpinned.class(), Rank: int(Unpinned), Notes: []string{p.Unpinned}, Places: asked[p.URL],
			})
		}
	}
	for i := range all.Items {
		item := &all.Items[i]
		if item.Address == "" {
			for _, r := range in.References {
				if name, ok := lock.ImageName(r.Image); ok && r.Lock == l.File && name == item.Name+":"+item.Version {
					item.Places = append(item.Places, Place{r.File, r.Line})
				}
			}
		}
	}
	for _, d := range l.Deps {
		if d.Latest == nil {
			all.NoLatest = append(all.NoLatest, d.Name)
		}
	}
	return all
}

// itemOf returns the row of something that is pinned.
func itemOf(p *sbom.Pinned, asked places) Item {
	i := Item{Name: p.Package.Name, Version: p.Package.Version, Platform: p.Platform.String(), By: p.By, Digest: p.Package.Digest.String(), Size: fetch.SizeUnknown}
	if p.Artifact == nil {
		i.State, i.Class, i.Rank = "image", "fair", int(TOFU)
		if p.By != "" {
			i.State, i.Class, i.Rank = Signed.String(), Signed.class(), int(Signed)
		}
		return i
	}
	a, state := p.Artifact, stateOf(p.Trust)
	i.State, i.Class, i.Rank = state.String(), state.class(), int(state)
	i.Name, i.Version, i.Address, i.Digest, i.Size = a.Name, a.Version, source.Redact(a.URL), a.Digest.String(), a.Size
	if i.Name == i.Address {
		i.Name = "" // a line of urls has no other
	}
	if a.Path != "" {
		i.Notes = append(i.Notes, "to "+a.Path)
	}
	if address, err := cmdline.Normalize(a.URL, "", false); err == nil {
		i.Places = asked[address.URL]
	}
	return i
}

// Behind is a row of the page: a dependency with a newer version, or of which that is not
// known.
type Behind struct {
	Lock, Name, Version, Latest, Since string
	Notes                              []string
}

// behind returns what is behind.
func behind(l *Lock) (all []Behind) {
	for _, n := range l.Newest {
		b := Behind{Lock: l.Name, Name: n.Dep.Name, Version: n.Dep.Version}
		for _, h := range n.Held {
			b.Notes = append(b.Notes, fmt.Sprintf("%s is held back: it is younger than min-age (%s)", h.Version, h.Published.Format(time.DateOnly)))
		}
		if n.Err != nil {
			b.Notes = append(b.Notes, "not known: "+n.Err.Error())
		}
		if len(n.Unordered) > 0 {
			b.Notes = append(b.Notes, plural(len(n.Unordered), "name", "names")+" upstream cannot be compared with it")
		}
		if n.Err == nil && n.Newer {
			b.Latest = n.Version
			if !n.Published.IsZero() {
				b.Since = n.Published.Format(time.DateOnly)
			}
		}
		if b.Latest != "" || len(b.Notes) > 0 {
			all = append(all, b)
		}
	}
	return all
}

// Vulnerability is a row of the page: what is known of a pinned version, or that nobody
// could be asked about it.
type Vulnerability struct {
	Lock, Name, Version string
	ID, Link, Summary   string
	Aliases             []string
	Severity            string
	Class               string
	Rank                int // sorts severities
	Fixed               string
	Notes               []string
}

// known returns what is known of what a lockfile pins.
func known(l *Lock) (all []Vulnerability) {
	if l.Advisories == nil {
		return nil
	}
	for i := range l.Advisories.Findings {
		f := &l.Advisories.Findings[i]
		v := Vulnerability{
			Lock: l.Name, Name: f.Name, Version: cmp.Or(f.Version, f.PURL), ID: f.ID, Link: f.Link(), Summary: f.Summary, Aliases: f.Aliases,
			Severity: f.Severity.Level.String(), Class: "bad", Rank: 100 + int(f.Severity.Score*10), Fixed: f.Fixed,
		}
		if f.Severity.Vector != "" {
			v.Severity += fmt.Sprintf(" %.1f", f.Severity.Score)
		} else if f.Severity.Level != advisory.Unknown {
			v.Rank = 100 + 20*int(f.Severity.Level)
		}
		switch {
		case f.Severity.Level == advisory.Unknown:
			v.Rank = 200
			v.Notes = append(v.Notes, "its severity is not known, so it counts")
		case f.Severity.Level < advisory.High:
			v.Class = "warn"
		}
		if i := f.Ignored; i != nil {
			verb := "accepted until "
			if f.Expired {
				verb = "was accepted until "
			} else {
				v.Class, v.Rank = "aside", 50
			}
			v.Notes = append(v.Notes, verb+i.Until.Format(time.DateOnly)+": "+i.Reason)
		}
		if f.Below {
			v.Class, v.Rank = "aside", 40
			v.Notes = append(v.Notes, "below the severity that counts")
		}
		all = append(all, v)
	}
	return all
}

// Unasked is why nothing is known of some versions.
type Unasked struct {
	Why   string
	Names []string
}

// unasked returns what nobody could be asked about, by reason.
func unasked(locks []Lock) (all []Unasked) {
	for _, l := range locks {
		if l.Advisories == nil {
			continue
		}
		for _, u := range l.Advisories.Unasked {
			i := slices.IndexFunc(all, func(o Unasked) bool { return o.Why == u.Why })
			if i < 0 {
				i = len(all)
				all = append(all, Unasked{Why: u.Why})
			}
			if name := strings.TrimSpace(u.Name + " " + u.Version); !slices.Contains(all[i].Names, name) {
				all[i].Names = append(all[i].Names, name)
			}
		}
	}
	return all
}

// plural returns a number of things.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
