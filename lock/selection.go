package lock

import (
	"errors"
	"fmt"
	"slices"

	"depfetch/fetch"
)

// Selection names the dependencies that are wanted: those of Names, and all
// members of Groups. The zero Selection selects every dependency.
type Selection struct{ Names, Groups []string }

// UnknownDepError reports a dependency that the lockfile does not have.
type UnknownDepError struct {
	Name  string
	Known []string // in the order of the document
}

func (e *UnknownDepError) Error() string {
	return fmt.Sprintf("no dependency %q in the lockfile%s", e.Name, didYouMean(e.Name, e.Known, "%q"))
}

// UnknownGroupError reports a group that no dependency is in.
type UnknownGroupError struct {
	Name  string
	Known []string // sorted
}

func (e *UnknownGroupError) Error() string {
	return fmt.Sprintf("no group %q in the lockfile%s", e.Name, didYouMean(e.Name, e.Known, "%q"))
}

// NotPinnedError reports a dependency without a locked line for a platform.
type NotPinnedError struct {
	Dep      string
	Platform Platform
	Locked   []Platform // what is locked instead; empty if nothing is
}

func (e *NotPinnedError) Error() string {
	if len(e.Locked) == 0 {
		return fmt.Sprintf("%s is not pinned: nothing is locked for it", e.Dep)
	}
	return fmt.Sprintf("%s is not pinned for %s; locked: %s", e.Dep, e.Platform, joinPlatforms(e.Locked))
}

// Artifacts returns what is pinned for p of the selected dependencies, in the
// order of the document, and behind them, if all are selected, what urls pins:
// named by its address as it is printed, without a path, for the platform any. Its
// errors are [UnknownDepError], [UnknownGroupError] and [NotPinnedError], all that
// apply joined; what is pinned comes back beside them. It does not call [File.Check].
func (f *File) Artifacts(p Platform, sel Selection) ([]fetch.Artifact, error) {
	deps, errs := f.selected(sel)
	artifacts := make([]fetch.Artifact, 0, len(deps)+len(f.URLs))
	for _, d := range deps {
		a, err := d.artifact(p)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		artifacts = append(artifacts, a)
	}
	if len(sel.Names) == 0 && len(sel.Groups) == 0 {
		for _, pin := range f.URLs {
			if pin.Unpinned == "" {
				artifacts = append(artifacts, pin.artifact())
			}
		}
	}
	return artifacts, errors.Join(errs...)
}

// Select returns the selected dependencies, in the order of the document. Its
// errors are [UnknownDepError] and [UnknownGroupError], all that apply joined.
func (f *File) Select(sel Selection) ([]*Dep, error) {
	deps, errs := f.selected(sel)
	return deps, errors.Join(errs...)
}

// selected returns the dependencies that sel selects, and an error for each
// name and group that selects nothing.
func (f *File) selected(sel Selection) (deps []*Dep, errs []error) {
	if len(sel.Names) == 0 && len(sel.Groups) == 0 {
		return f.Deps, nil
	}
	var names []string
	for _, d := range f.Deps {
		names = append(names, d.Name)
		inGroup := func(g string) bool { return slices.Contains(d.Groups, g) }
		if slices.Contains(sel.Names, d.Name) || slices.ContainsFunc(sel.Groups, inGroup) {
			deps = append(deps, d)
		}
	}
	for _, name := range sel.Names {
		if !slices.Contains(names, name) {
			errs = append(errs, &UnknownDepError{Name: name, Known: names})
		}
	}
	groups := f.Groups()
	for _, group := range sel.Groups {
		if !slices.Contains(groups, group) {
			errs = append(errs, &UnknownGroupError{Name: group, Known: groups})
		}
	}
	return deps, errs
}

// artifact returns what is pinned of d for p.
func (d *Dep) artifact(p Platform) (fetch.Artifact, error) {
	line, ok := d.Line(p)
	if !ok {
		missing := &NotPinnedError{Dep: d.Name, Platform: p}
		for _, l := range d.Locked {
			missing.Locked = append(missing.Locked, l.Platform)
		}
		return fetch.Artifact{}, missing
	}
	member, err := d.Expand(d.Member, line.Platform)
	if err != nil {
		return fetch.Artifact{}, fmt.Errorf("expanding member of %s: %w", d.Name, err)
	}
	a := fetch.Artifact{
		Name: d.Name, Version: d.Version, Platform: line.Platform.String(),
		URL: line.URL, Digest: line.Digest, Size: line.Size,
		Path: d.Path, Mode: d.Mode, Owner: d.Owner, Member: member, Unpack: d.Unpack,
		Limits: d.Limits, Unpacked: line.Unpacked,
	}
	for _, m := range d.Mirrors {
		mirror, err := d.Expand(m, line.Platform)
		if err != nil {
			return fetch.Artifact{}, fmt.Errorf("expanding a mirror of %s: %w", d.Name, err)
		}
		a.Mirrors = append(a.Mirrors, mirror)
	}
	return a, nil
}
