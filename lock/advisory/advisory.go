// Package advisory finds what is known of vulnerabilities in pinned versions, in the
// database of OSV, which has GitHub's advisories and those of the ecosystems, or in a copy
// of it.
//
// It guarantees that silence means something: a version that no database can be asked
// about is reported as that, and so is one that cannot be compared; a vulnerability
// without a severity counts as severe enough. Of one vulnerability under several ids
// there is one finding, and none of one that has been withdrawn. What is wrong with an
// answer is an error, and no part of such an answer is used.
//
// It is not known whether a vulnerability does any harm where the file is used. An entry
// of policy.ignore says that it does not, for a reason, until a day.
package advisory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"depfetch/lock"
)

// Subject is a pinned version, or a module of Go that one was built from.
type Subject struct {
	Name    string // of the dependency, or the address of a line of urls
	Version string // as the lockfile has it; may be empty
	PURL    string // may be empty
	// Module is the path of that module, of which PURL is, or empty.
	Module string
	// Repository is the one of GitHub that PURL is of, as [Repository] returns it, or empty.
	Repository string
}

// Finding is one vulnerability of a subject.
type Finding struct {
	Subject
	ID       string   // GitHub's where there is one
	Aliases  []string // its other ids, sorted
	Summary  string   // one line; may be empty
	Severity Severity
	// Fixed is the first version without it, as its ecosystem writes versions. It is empty
	// if none is known.
	Fixed string
	// Below is set if the severity is known to be below the threshold.
	Below bool
	// Ignored is the entry of policy.ignore about it, or nil; Expired is set if that has
	// ended.
	Ignored *lock.Ignore
	Expired bool

	target  target
	records []*record
}

// Counts reports whether f is more than a note.
func (f *Finding) Counts() bool { return !f.Below && (f.Ignored == nil || f.Expired) }

// Link returns where people read about f.
func (f *Finding) Link() string { return "https://osv.dev/vulnerability/" + f.ID }

// Unasked is a subject of which nothing is known, because nobody could be asked.
type Unasked struct {
	Subject
	Why string
}

// Report is what is known.
type Report struct {
	Asked    []Subject // those that the database has been asked about
	Unasked  []Unasked
	Findings []Finding     // by subject, in their order; the most severe first
	Unused   []lock.Ignore // that no finding needs
}

// Policy says what counts.
type Policy struct {
	Ignores []lock.Ignore
	Least   Level     // severities below it do not count
	Now     time.Time // by which entries of Ignores end
}

// Source is a database: a [Client] or a [Database].
type Source interface {
	// find returns an answer for each target.
	find(context.Context, []target) ([]answer, error)
}

// answer is what a database has about a target.
type answer struct {
	records []*record // that affect it
	why     string    // nothing can be said; else empty
}

// Audit asks a database about subjects. Each is asked about once, however often it is
// among them.
func Audit(ctx context.Context, from Source, subjects []Subject, p Policy) (*Report, error) {
	r := &Report{}
	var (
		known   []target // of the subjects
		targets []target // what is asked about, each once: many programs are built from one module
		asked   []int    // which of these known is, each
		index   = make(map[packageVersion]int)
		seen    = make(map[Subject]bool)
	)
	for _, s := range subjects {
		if seen[s] {
			continue
		}
		seen[s] = true
		t, why := targetOf(s)
		if why != "" {
			r.Unasked = append(r.Unasked, Unasked{s, why})
			continue
		}
		at, ok := index[t.packageVersion()]
		if !ok {
			at = len(targets)
			index[t.packageVersion()] = at
			targets = append(targets, t)
		}
		known, asked = append(known, t), append(asked, at)
	}
	answers, err := from.find(ctx, targets)
	if err != nil {
		return nil, err
	}
	used := make([]bool, len(p.Ignores))
	for i, t := range known {
		a := answers[asked[i]]
		if a.why != "" {
			r.Unasked = append(r.Unasked, Unasked{t.subject, a.why})
		} else {
			r.Asked = append(r.Asked, t.subject)
		}
		var found []Finding
		for _, group := range group(a.records) {
			found = append(found, p.judge(t, group, used))
		}
		slices.SortStableFunc(found, func(a, b Finding) int {
			return cmp.Or(b.Severity.compare(a.Severity), cmp.Compare(a.ID, b.ID))
		})
		r.Findings = append(r.Findings, found...)
	}
	for i, used := range used {
		if !used {
			r.Unused = append(r.Unused, p.Ignores[i])
		}
	}
	return r, nil
}

// judge makes a finding of the records of one vulnerability.
func (p *Policy) judge(t target, records []*record, used []bool) Finding {
	f := Finding{Subject: t.subject, target: t, records: records}
	for _, r := range records {
		f.Aliases = append(f.Aliases, r.ID)
		f.Aliases = append(f.Aliases, r.Aliases...)
		if f.Summary == "" {
			f.Summary = r.Summary
		}
		if s := r.severity(t); s.compare(f.Severity) > 0 || f.Severity.Level == Unknown {
			f.Severity = s
		}
	}
	f.ID = records[0].ID
	slices.Sort(f.Aliases)
	f.Aliases = slices.DeleteFunc(slices.Compact(f.Aliases), func(id string) bool { return id == f.ID })
	f.Fixed = fix(t, records)
	f.Below = f.Severity.Level != Unknown && f.Severity.Level < p.Least
	for i := range p.Ignores {
		if ignore := &p.Ignores[i]; f.is(ignore.ID) {
			used[i] = true
			// Of several entries, under several ids, the one that holds longest counts.
			if f.Ignored == nil || ignore.Until.After(f.Ignored.Until) {
				f.Ignored = ignore
				f.Expired = !p.Now.Before(ignore.Until.AddDate(0, 0, 1))
			}
		}
	}
	return f
}

// is reports whether a vulnerability is known as id.
func (f *Finding) is(id string) bool {
	return strings.EqualFold(f.ID, id) || slices.ContainsFunc(f.Aliases, func(a string) bool { return strings.EqualFold(a, id) })
}

// group returns the records of each vulnerability: they are of one if they share an id.
// The first of each is the one whose id is shown.
func group(records []*record) [][]*record {
	var groups [][]*record
	for _, r := range records {
		joined := []*record{r}
		groups = slices.DeleteFunc(groups, func(g []*record) bool {
			same := slices.ContainsFunc(g, func(o *record) bool { return shareID(r, o) })
			if same {
				joined = append(joined, g...)
			}
			return same
		})
		groups = append(groups, joined)
	}
	for _, g := range groups {
		slices.SortFunc(g, func(a, b *record) int { return cmp.Or(rank(a.ID)-rank(b.ID), cmp.Compare(a.ID, b.ID)) })
	}
	return groups
}

func shareID(a, b *record) bool {
	ids := append([]string{b.ID}, b.Aliases...)
	return slices.Contains(ids, a.ID) || slices.ContainsFunc(a.Aliases, func(id string) bool { return slices.Contains(ids, id) })
}

// rank says which of several ids is shown: GitHub's, whose advisories are reviewed, or
// that of an ecosystem's own database, rather than the number alone.
func rank(id string) int {
	switch {
	case strings.HasPrefix(id, "GHSA-"):
		return 0
	case strings.HasPrefix(id, "CVE-"):
		return 2
	}
	return 1
}

// FixedVersion returns the first version of a subject that none of these findings of it is
// about, or "" if none is known. Those that no version fixes are left out.
func FixedVersion(findings []Finding) string {
	var records []*record
	for _, f := range findings {
		if f.Fixed != "" {
			records = append(records, f.records...)
		}
	}
	if len(records) == 0 {
		return ""
	}
	return fix(findings[0].target, records)
}

// Spelled returns a version of the ecosystem in the way in which the lockfile has that of
// s: with what stands before the number there, such as v. It returns "" if that cannot be
// told, and of a module, which is not what the lockfile has versions of.
func (s Subject) Spelled(version string) string {
	if s.Module != "" {
		return ""
	}
	t, why := targetOf(s)
	prefix, ok := strings.CutSuffix(s.Version, t.number)
	if why != "" || !ok || version == "" || t.name == stdlib && strings.Contains(version, "-") {
		return ""
	}
	return prefix + version
}
