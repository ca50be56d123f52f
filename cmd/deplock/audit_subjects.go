package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/fetch"
	"depfetch/fetch/purl"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/advisory"
	"depfetch/lock/sbom"
	"depfetch/lock/update"
)

// line is what one line of a lockfile pins.
type line struct {
	advisory.Subject
	platform lock.Platform
	url      string
}

// linesOf returns what is selected, line by line, as databases know it: each version of a
// dependency by what its locked lines download.
func linesOf(s selected) (all []line) {
	for _, d := range s.deps {
		for _, l := range d.Locked {
			all = append(all, line{advisory.Subject{Name: d.Name, Version: d.Version, PURL: purl.FromAddress(l.URL), Repository: advisory.Repository(l.URL)}, l.Platform, l.URL})
		}
	}
	for _, p := range s.pins {
		all = append(all, line{advisory.Subject{Name: source.Redact(p.URL), PURL: purl.FromAddress(p.URL), Repository: advisory.Repository(p.URL)}, lock.Any, p.URL})
	}
	return all
}

// subjects returns what is selected.
func subjects(s selected) (all []advisory.Subject) {
	for _, l := range linesOf(s) {
		all = append(all, l.Subject)
	}
	return all
}

// inspectedSubjects is subjects with the modules that programs of Go were built from. For
// a file that is such a program its own module is asked about, in the place of an address that
// is that of no registry. Files that are not to be had are reported, and are among what could
// not be asked about.
func (c *command) inspectedSubjects(ctx context.Context, client *update.Client, s selected) (all []advisory.Subject, unasked []advisory.Unasked, err error) {
	lines := linesOf(s)
	built := make([]*sbom.Pinned, len(lines))
	var pinned []*sbom.Pinned
	for _, p := range sbom.List(s.file) {
		i := slices.IndexFunc(lines, func(l line) bool {
			return p.Artifact != nil && l.Name == p.Artifact.Name && l.platform == p.Platform && l.url == p.Artifact.URL
		})
		if i >= 0 {
			built[i] = p
			pinned = append(pinned, p)
		}
	}
	missing, err := c.inspectPresent(ctx, client, pinned)
	if err != nil {
		return nil, nil, err
	}
	for i, l := range lines {
		p := built[i]
		if p == nil {
			all = append(all, l.Subject)
			continue
		}
		var modules []advisory.Subject
		replaced := missing[p.Artifact.Digest]
		u := advisory.Unasked{Subject: l.Subject, Why: "its file is not to be had, so what it was built from is not known"}
		if replaced && !slices.Contains(unasked, u) {
			unasked = append(unasked, u)
		}
		for _, m := range p.Modules {
			replaced = replaced || m.Main && p.Artifact.Unpack == nil
			if m.PURL != l.PURL {
				modules = append(modules, advisory.Subject{Name: l.Name, Version: l.Version, PURL: m.PURL, Module: m.Path})
			}
		}
		if !replaced || advisory.Knows(l.Subject) {
			all = append(all, l.Subject)
		}
		all = append(all, modules...)
	}
	return all, unasked, nil
}

// inspectPresent finds out what programs of Go were built from, and reports which files are
// not to be had.
func (c *command) inspectPresent(ctx context.Context, client *update.Client, pinned []*sbom.Pinned) (missing map[fetch.Digest]bool, err error) {
	kept, done, err := client.Keep() // what has been downloaded is not downloaded again
	if err != nil {
		return nil, err
	}
	defer done()
	before := client.Fetch
	client.Fetch = kept
	defer func() { client.Fetch = before }()
	missing = make(map[fetch.Digest]bool)
	for {
		err := inspectBuilds(ctx, client, pinned)
		if err == nil {
			return missing, nil
		}
		known := len(missing)
		for _, e := range console.Flatten(err) {
			failed, ok := errors.AsType[*fetch.TransferError](e)
			if !ok {
				return nil, err
			}
			missing[failed.Artifact.Digest] = true
		}
		if len(missing) == known {
			return nil, err
		}
		c.code = c.console.Report(err)
		pinned = slices.DeleteFunc(pinned, func(p *sbom.Pinned) bool { return missing[p.Artifact.Digest] })
	}
}

// newerVersions returns the newest versions of the dependencies with findings that count of
// which no fixed version is known that could be locked, by their names. Those that nobody can
// say are left out.
func (c *command) newerVersions(ctx context.Context, client *update.Client, o online, s selected, r *advisory.Report) map[string]update.Newest {
	all := make(map[string]update.Newest)
	deps := slices.DeleteFunc(slices.Clone(s.deps), func(d *lock.Dep) bool {
		return !slices.ContainsFunc(r.Findings, func(f advisory.Finding) bool {
			return f.Name == d.Name && f.Counts() && (f.Module != "" || advisory.ByTag(f.Subject))
		})
	})
	if len(deps) == 0 || c.accept(client, c.entriesOf(ctx, o, s.file), deps) != nil {
		return all
	}
	for _, n := range client.Newest(ctx, deps) {
		if n.Err == nil {
			all[n.Dep.Name] = n
		}
	}
	return all
}

// newerHint says what may be done about the modules that a subject was built from, which
// only its upstream can change, and about what is known by a tag, which has no order.
func newerHint(s advisory.Subject, newer map[string]update.Newest) string {
	may, newest := "be built from fixed modules", "only its upstream can build it from fixed modules"
	if s.Module == "" {
		may, newest = "be without it", "no fixed version is known"
	}
	n, known := newer[s.Name]
	switch {
	case known && n.Newer:
		return s.Name + " " + n.Version + " is newer, and may " + may + ": deplock update " + s.Name + "@" + n.Version
	case known && len(n.Held) == 0 && len(n.Unordered) == 0:
		return shownSubject(holder(s)) + " is the newest version, and " + newest
	}
	return "look for a newer version of " + shownSubject(holder(s)) + ", which may " + may
}

// holder returns the dependency whose module s is, or which s is.
func holder(s advisory.Subject) advisory.Subject {
	return advisory.Subject{Name: s.Name, Version: s.Version}
}

// shownSubject returns a subject as messages name it.
func shownSubject(s advisory.Subject) string {
	text := s.Name
	switch {
	case s.Version != "":
		text += " " + s.Version
	case s.PURL != "" && s.Module == "":
		text += " (" + s.PURL + ")"
	}
	if s.Module != "" {
		text += ": " + strings.TrimSuffix(s.Module+" "+moduleVersion(s), " ")
	}
	return text
}

// moduleVersion returns the version of a subject's module, or "".
func moduleVersion(s advisory.Subject) string {
	if s.Module == "" {
		return ""
	}
	_, version := purl.Parts(s.PURL)
	return version
}

// fixedIn returns a fixed version as messages name it: of a module as Go writes it.
func fixedIn(f *advisory.Finding) string {
	if f.Module == "" {
		return f.Fixed
	}
	prefix := ""
	if strings.HasPrefix(moduleVersion(f.Subject), "v") {
		prefix = "v"
	}
	return f.Module + " " + prefix + f.Fixed
}
