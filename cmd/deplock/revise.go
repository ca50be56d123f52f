package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"depfetch/lock"
	"depfetch/lock/catalogue"
	"depfetch/lock/update"
)

// entries finds the entries that dependencies were made of. The registries are read
// when the first is asked for.
type entries struct {
	load func() ([]*catalogue.Registry, error)
}

// entriesOf returns what finds entries in the registries of a lockfile.
func (c *command) entriesOf(ctx context.Context, o online, file *lock.File) entries {
	return entries{sync.OnceValues(func() ([]*catalogue.Registry, error) {
		return c.registries(ctx, catalogueFlags{online: o}, file)
	})}
}

// of returns the entry of a dependency, or nil if it has none.
func (e entries) of(d *lock.Dep) (*catalogue.Entry, error) {
	if d.Catalogue == "" {
		return nil, nil
	}
	registries, err := e.load()
	if err != nil {
		return nil, err
	}
	return catalogue.ByFullName(registries, d.Catalogue)
}

// accept makes a client count as versions what the catalogue counts. It fails if a
// catalogue that a dependency is from cannot be read.
func (c *command) accept(client *update.Client, e entries, deps []*lock.Dep) error {
	accepts := make(map[string]func(string) bool)
	for _, d := range deps {
		entry, err := e.of(d)
		if err != nil {
			return err
		}
		if entry != nil {
			accepts[d.Name] = entry.Accepts
		}
	}
	client.Accepts = func(d *lock.Dep) func(string) bool { return accepts[d.Name] }
	return nil
}

// revise looks the entries of dependencies that get another version up again, and sets
// what that changes. With skipMissing, it returns the platforms that a dependency lacks
// then, by its name.
func (c *command) revise(e entries, file *lock.File, wants []update.Want, skipMissing bool) (map[string][]lock.Platform, error) {
	var errs []error
	without := make(map[string][]lock.Platform)
	for i := range wants {
		w := &wants[i]
		if w.Version == "" || w.Version == w.Dep.Version {
			continue
		}
		entry, err := e.of(w.Dep)
		if err != nil {
			return nil, err
		}
		if entry == nil {
			if w.Dep.Catalogue != "" {
				c.console.Warnf("%s: %s is in no catalogue of the lockfile, so its url stays as it is", w.Dep.Name, w.Dep.Catalogue)
			}
			continue
		}
		platforms := update.Platforms(file, w.Dep)
		if slices.Contains(platforms, lock.Any) {
			platforms = update.DefaultPlatforms
		}
		revision, err := entry.Revise(w.Dep, w.Version, platforms)
		lacks, ok := errors.AsType[*catalogue.PlatformError](err)
		if ok && skipMissing && len(lacks.Platforms) < len(platforms) {
			left := slices.DeleteFunc(slices.Clone(platforms), func(p lock.Platform) bool { return slices.Contains(lacks.Platforms, p) })
			revision, err = entry.Revise(w.Dep, w.Version, left)
			without[w.Dep.Name] = lacks.Platforms
		}
		if own, ok := errors.AsType[*catalogue.ByHandError](err); ok {
			c.console.Warnf("%v", own)
			continue
		}
		if err != nil {
			errs = append(errs, entryError(err, w.Dep.Name))
			continue
		}
		if revision != nil {
			w.Revision, w.Version = revision, revision.Dep.Version
		}
	}
	return without, errors.Join(errs...)
}

// missing adds to results that upstream has nothing for some platforms, by dependency.
func missing(results []update.Result, without map[string][]lock.Platform) {
	for i := range results {
		r := &results[i]
		for _, p := range without[r.Dep.Name] {
			r.Changes = append(r.Changes, update.Change{Platform: p, Missing: true, URL: "no address of the catalogue"})
		}
	}
}

// revised prints the templates that have changed.
func (c *command) revised(r update.Result) {
	if r.Revision == nil {
		return
	}
	for _, e := range r.Revision.Changed {
		if old := templateText(r.Dep, e.Key); old != "" {
			c.printf("  - %s = %s\n", e.Key, old)
		}
		if now := templateText(r.Revision.Dep, e.Key); now != "" {
			c.printf("  + %s = %s\n", e.Key, now)
		}
	}
}

// templateText returns what a dependency says at a key that a revision changes.
func templateText(d *lock.Dep, key string) string {
	quoted := func(s string) string {
		if s == "" {
			return ""
		}
		return fmt.Sprintf("%q", s)
	}
	switch key {
	case "url":
		return quoted(d.URL.String())
	case "member":
		return quoted(d.Member.String())
	case "sums":
		return quoted(d.Sums.String())
	case "signature":
		var words []string
		for _, s := range d.Signatures {
			words = append(words, fmt.Sprintf("%s %q with %s", s.Kind, s.URL.String(), cmp.Or(s.Key, s.Signer())))
		}
		return strings.Join(words, ", ")
	}
	var words []string
	for p, alias := range d.Alias {
		words = append(words, fmt.Sprintf("%q = %q", p, alias))
	}
	slices.Sort(words)
	if words == nil {
		return ""
	}
	return "{ " + strings.Join(words, ", ") + " }"
}
