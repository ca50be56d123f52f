package update

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"depfetch/lock"
	"depfetch/lock/edit"
)

// Apply writes results into a lockfile. Platforms that upstream does not have are a
// *MissingError. With skipMissing, they are left out instead, and the platforms of the
// dependency are set to those that upstream has. It is an error if somebody has changed
// a dependency in the meantime.
func Apply(doc *edit.Document, results []Result, skipMissing bool) error {
	return doc.Batch(func(doc *edit.Document) error {
		for _, r := range results {
			if err := apply(doc, r, skipMissing); err != nil {
				return err
			}
		}
		return nil
	})
}

func apply(doc *edit.Document, r Result, skipMissing bool) error {
	name := r.Dep.Name
	now := doc.File().Dep(name)
	if now == nil || now.Version != r.Dep.Version || now.URL.String() != r.Dep.URL.String() ||
		now.Sums.String() != r.Dep.Sums.String() || !maps.Equal(now.Alias, r.Dep.Alias) ||
		!slices.EqualFunc(now.Signatures, r.Dep.Signatures, lock.Signature.Equal) ||
		now.Member.String() != r.Dep.Member.String() || !reflect.DeepEqual(now.Unpack, r.Dep.Unpack) {
		return fmt.Errorf("%s has been changed in the lockfile in the meantime; run the command again", name)
	}
	if r.Version != r.Dep.Version {
		if err := doc.SetVersion(name, r.Version); err != nil {
			return err
		}
	}
	if r.Revision != nil {
		if err := doc.SetTemplates(name, r.Revision.Changed); err != nil {
			return err
		}
	}
	if l, ok := now.Line(lock.Any); ok && l.Platform == lock.Any && !slices.ContainsFunc(r.Changes, func(c Change) bool { return c.Platform == lock.Any }) {
		if err := doc.RemoveLocked(name, lock.Any); err != nil { // each platform has a file of its own now
			return err
		}
	}
	mismatch := func(c Change) bool { return c.Mismatch }
	if !now.AllowPlatformMismatch && slices.ContainsFunc(r.Changes, mismatch) {
		if err := doc.AllowPlatformMismatch(name); err != nil {
			return err
		}
	}
	var found []lock.Platform
	missing := NewMissingError(r)
	for _, c := range r.Changes {
		if c.Missing {
			if err := doc.RemoveLocked(name, c.Platform); err != nil {
				return err
			}
			continue
		}
		found = append(found, c.Platform)
		if c.Same() {
			continue
		}
		if err := doc.SetLocked(name, c.New); err != nil {
			return err
		}
	}
	switch {
	case missing == nil:
		return nil
	case !skipMissing || missing.All:
		return missing
	}
	return doc.SetPlatforms(name, found)
}
