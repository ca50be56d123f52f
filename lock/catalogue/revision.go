package catalogue

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/update"
)

// ByHandError reports a dependency that does not say what its entry gives, so that
// somebody has changed it. It is left as it is.
type ByHandError struct{ Dep, Entry string }

func (e *ByHandError) Error() string {
	return fmt.Sprintf("%s: its url is not what %s in the catalogue gives, and stays as it is", e.Dep, e.Entry)
}

// Revise looks e up again for another version of a dependency that was made of it, and
// returns what changes in its templates; nil if they serve that version too. A template
// that says something else than the entry gave for the version before is a person's,
// and stays: if it is the url, the error is a [*ByHandError]. Other errors are those of
// Map.
func (e *Entry) Revise(dep *lock.Dep, version string, platforms []lock.Platform) (*update.Revision, error) {
	before, was := e.origin(dep, platforms)
	if before == nil {
		return nil, &ByHandError{Dep: dep.Name, Entry: e.FullName()}
	}
	tags := e.Tags(version)
	lead := strings.TrimSuffix(was.Tag, before.Version)
	slices.SortStableFunc(tags, func(a, b string) int { // as upstream has written the version before
		return boolOrder(strings.HasPrefix(b, lead) && b[len(lead):] == bare(version)) - boolOrder(strings.HasPrefix(a, lead) && a[len(lead):] == bare(version))
	})
	was.Tag, was.Platforms = tags[0], platforms
	mapping, err := e.Map(was)
	if err != nil {
		return nil, err
	}
	after, err := edit.Draft(mapping.Dep)
	if err != nil {
		return nil, err
	}
	now := *dep
	now.Version = version
	if agree(&now, after, platforms, urlOf) && (!agree(dep, before, platforms, memberOf) || agree(&now, after, platforms, memberOf)) &&
		(!agree(dep, before, platforms, sumsOf) || agree(&now, after, platforms, sumsOf)) &&
		(!signedAlike(dep, before, platforms) || signedAlike(&now, after, platforms)) {
		return nil, nil
	}
	r := &update.Revision{Dep: &now}
	change := func(key, from, to string) {
		if from != to {
			r.Changed = append(r.Changed, edit.Entry{Key: key, Value: to})
		}
	}
	change("url", dep.URL.String(), after.URL.String())
	now.Version, now.URL = after.Version, after.URL
	if agree(dep, before, platforms, memberOf) {
		change("member", dep.Member.String(), after.Member.String())
		now.Member = after.Member
	}
	if agree(dep, before, platforms, sumsOf) {
		change("sums", dep.Sums.String(), after.Sums.String())
		now.Sums = after.Sums
	}
	if signedAlike(dep, before, platforms) && !(len(dep.Signatures) == 0 && len(after.Signatures) == 0) {
		now.Signatures = after.Signatures
		r.Changed = append(r.Changed, edit.Entry{Key: "signature", Value: edit.SignatureValue(mapping.Dep.Signature)})
	}
	now.Alias = maps.Clone(dep.Alias)
	for p, alias := range after.Alias {
		if now.Alias == nil {
			now.Alias = make(map[lock.Platform]string)
		}
		now.Alias[p] = alias
	}
	if after.Alias == nil && !usesAlias(&now) {
		now.Alias = nil
	}
	if !maps.Equal(now.Alias, dep.Alias) {
		var entries []edit.Entry
		for _, p := range slices.Sorted(maps.Keys(now.Alias)) {
			entries = append(entries, edit.Entry{Key: p.String(), Value: now.Alias[p]})
		}
		r.Changed = append(r.Changed, edit.Entry{Key: "alias", Value: entries})
	}
	return r, nil
}

// origin returns what e gave for the version of a dependency, and for what it was
// asked: the library and the command that make it the dependency's url; nil if none
// does.
func (e *Entry) origin(dep *lock.Dep, platforms []lock.Platform) (*lock.Dep, Want) {
	libcs := []string{""}
	if len(e.variants()) > 1 {
		libcs = []string{"", "musl"}
	}
	var best *lock.Dep
	var bestWant Want
	for _, tag := range e.Tags(dep.Version) {
		for _, libc := range libcs {
			for _, command := range append([]string{""}, e.Commands()...) {
				w := Want{Tag: tag, Platforms: platforms, Libc: libc, Command: command, Single: dep.Unpack == nil}
				m, err := e.Map(w)
				if err != nil {
					continue
				}
				was, err := edit.Draft(m.Dep)
				if err != nil || !agree(dep, was, platforms, urlOf) {
					continue
				}
				if agree(dep, was, platforms, memberOf) {
					return was, w
				}
				if best == nil {
					best, bestWant = was, w
				}
			}
		}
	}
	return best, bestWant
}

func urlOf(d *lock.Dep) lock.Template    { return d.URL }
func memberOf(d *lock.Dep) lock.Template { return d.Member }
func sumsOf(d *lock.Dep) lock.Template   { return d.Sums }

// agree reports whether a template of two dependencies gives the same for all platforms.
func agree(a, b *lock.Dep, platforms []lock.Platform, of func(*lock.Dep) lock.Template) bool {
	if of(a).IsZero() != of(b).IsZero() {
		return false
	}
	for _, p := range platforms {
		x, err := a.Expand(of(a), p)
		y, err2 := b.Expand(of(b), p)
		if err != nil || err2 != nil || x != y {
			return false
		}
	}
	return true
}

// signedAlike reports whether two dependencies have the same signatures for all
// platforms.
func signedAlike(a, b *lock.Dep, platforms []lock.Platform) bool {
	if len(a.Signatures) != len(b.Signatures) {
		return false
	}
	for i, s := range a.Signatures {
		o := b.Signatures[i]
		for _, of := range []func(lock.Signature) lock.Template{
			func(s lock.Signature) lock.Template { return s.URL }, func(s lock.Signature) lock.Template { return s.Cert },
			func(s lock.Signature) lock.Template { return s.Identity }, func(s lock.Signature) lock.Template { return s.Ref },
		} {
			if !agree(a, b, platforms, func(d *lock.Dep) lock.Template { return of(d.Signatures[i]) }) {
				return false
			}
		}
		if s.Kind != o.Kind || s.Key != o.Key || s.OfSums != o.OfSums || s.Issuer != o.Issuer || s.Repository != o.Repository || s.Workflow != o.Workflow {
			return false
		}
	}
	return true
}

// usesAlias reports whether a template of d has the word alias.
func usesAlias(d *lock.Dep) bool {
	texts := []string{d.URL.String(), d.Member.String(), d.Sums.String()}
	for _, s := range d.Signatures {
		texts = append(texts, s.URL.String(), s.Cert.String(), s.Identity.String(), s.Ref.String())
	}
	for _, m := range d.Mirrors {
		texts = append(texts, m.String())
	}
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, "{alias") })
}

// bare returns a version without a v before its first number.
func bare(version string) string {
	if len(version) > 1 && version[0] == 'v' && '0' <= version[1] && version[1] <= '9' {
		return version[1:]
	}
	return version
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ByFullName returns the entry of that full name, of the first registry that has it, or
// nil.
func ByFullName(registries []*Registry, name string) (*Entry, error) {
	for _, r := range registries {
		entries, err := r.where(holding(lastElement(name)))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if slices.Contains(e.names(), name) {
				return e, nil
			}
		}
	}
	return nil, nil
}
