package advisory

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"deps.dev/util/semver"
)

// record is an entry of a database in the OSV format, version 1:
// https://ossf.github.io/osv-schema/. What is not needed is left out.
type record struct {
	ID        string          `json:"id"`
	Aliases   []string        `json:"aliases"`
	Withdrawn string          `json:"withdrawn"`
	Summary   string          `json:"summary"`
	Severity  []score         `json:"severity"`
	Affected  []affected      `json:"affected"`
	Specific  json.RawMessage `json:"database_specific"`
}

type score struct {
	Type  string `json:"type"`
	Score string `json:"score"` // a vector of CVSS
}

type affected struct {
	Package           packageName     `json:"package"`
	Severity          []score         `json:"severity"`
	Ranges            []versionRange  `json:"ranges"`
	Versions          []string        `json:"versions"`
	Specific          json.RawMessage `json:"database_specific"`
	EcosystemSpecific json.RawMessage `json:"ecosystem_specific"`
}

type packageName struct {
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
}

type versionRange struct {
	Type   string  `json:"type"`
	Repo   string  `json:"repo"`
	Events []event `json:"events"`
}

// event is one of these.
type event struct {
	Introduced   string `json:"introduced"`
	Fixed        string `json:"fixed"`
	LastAffected string `json:"last_affected"`
	Limit        string `json:"limit"`
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}$`)

// parseRecord reads an entry.
func parseRecord(data []byte) (*record, error) {
	r := &record{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, err
	}
	if !idForm.MatchString(r.ID) {
		return nil, fmt.Errorf("%q is no id of a vulnerability", r.ID)
	}
	r.Aliases = slices.DeleteFunc(r.Aliases, func(id string) bool { return !idForm.MatchString(id) })
	return r, nil
}

// is reports whether p is the package of t.
func (p packageName) is(t target) bool {
	ecosystem, _, _ := strings.Cut(p.Ecosystem, ":") // a release or a repository may follow
	name := p.Name
	if ecosystem == "PyPI" { // entries have names as people write them: Django, Zope.Interface
		name = strings.ToLower(separators.ReplaceAllString(name, "-"))
	}
	return ecosystem == t.ecosystem.name && slices.Contains(t.names(), name)
}

// separators are what the names of PyPI have for a hyphen (PEP 503).
var separators = regexp.MustCompile(`[-_.]+`)

// includes reports whether r says that t's version is affected (OSV format, section
// “Evaluation”). If some of what it says cannot be compared and the rest does not include
// the version, that is an error.
func (r *record) includes(t target) (bool, error) {
	if t.ecosystem.name == git {
		return r.includesTag(t), nil
	}
	var errs []error
	for _, a := range r.Affected {
		if !a.Package.is(t) {
			continue
		}
		if slices.Contains(a.Versions, t.version) {
			return true, nil
		}
		for _, v := range a.Ranges {
			p, err := v.walk(t)
			if err != nil {
				errs = append(errs, err)
			} else if p.in {
				return true, nil
			}
		}
	}
	return false, errors.Join(errs...)
}

// includesTag reports whether r names the tag of a repository, as it is or as the number
// that it ends with: curl-8_5_0 is 8.5.0. Databases match them more loosely than that.
func (r *record) includesTag(t target) bool {
	return slices.ContainsFunc(r.Affected, func(a affected) bool {
		return slices.ContainsFunc(a.Ranges, func(v versionRange) bool { return v.of(t.name) }) &&
			slices.ContainsFunc(a.Versions, func(version string) bool { return endsWith(t.version, version) })
	})
}

// of reports whether v is a range of a repository's commits.
func (v *versionRange) of(repository string) bool {
	return v.Type == git && strings.EqualFold(bare(v.Repo), bare(repository))
}

// bare returns the address of a repository without what may be written or not.
func bare(repository string) string {
	_, rest, _ := strings.Cut(repository, "://")
	return strings.TrimSuffix(strings.TrimRight(rest, "/"), ".git")
}

// endsWith reports whether a tag is that of a version.
func endsWith(tag, version string) bool {
	if tag == version {
		return true
	}
	dots := strings.NewReplacer("_", ".")
	before, ok := strings.CutSuffix(dots.Replace(tag), dots.Replace(strings.TrimPrefix(version, "v")))
	if !ok || version == "" {
		return false
	}
	before = strings.TrimSuffix(before, "v")
	last := before[max(0, len(before)-1):]
	return last == "" || strings.Contains("-/._", last) && !numbered.MatchString(before)
}

// numbered matches what stands in front of a part of a version: 1. in front of 2.3.
var numbered = regexp.MustCompile(`[0-9][-._]$`)

// position is where a version lies in a range.
type position struct {
	in    bool
	fixed string // the first version behind it that the range calls fixed; may be empty
}

// system returns how versions of a range are ordered.
func (v *versionRange) system(t target) (semver.System, bool) {
	switch v.Type {
	case "SEMVER":
		return semver.DefaultSystem, true
	case "ECOSYSTEM":
		return t.ecosystem.system, true
	}
	return semver.DefaultSystem, false
}

// walk says where t's version lies in a range. In one of commits it lies nowhere.
func (v *versionRange) walk(t target) (p position, err error) {
	system, ok := v.system(t)
	if !ok {
		return p, nil
	}
	at, err := system.Parse(t.version)
	if err != nil {
		return p, err
	}
	type step struct {
		*semver.Version // nil comes before all others
		event
	}
	var steps []step
	limited, within := false, false
	for _, e := range v.Events {
		if e.Introduced == "0" {
			steps = append(steps, step{nil, e})
			continue
		}
		text := e.Introduced + e.Fixed + e.LastAffected + e.Limit // only one is set
		if e.Limit == "*" {
			limited, within = true, true
			continue
		}
		parsed, err := system.Parse(strings.TrimPrefix(text, "v"))
		if err != nil {
			return p, err
		}
		if e.Limit != "" {
			limited, within = true, within || at.Compare(parsed) < 0
			continue
		}
		steps = append(steps, step{parsed, e})
	}
	slices.SortStableFunc(steps, func(a, b step) int {
		switch {
		case a.Version == nil || b.Version == nil:
			return boolean(a.Version != nil) - boolean(b.Version != nil)
		default:
			return a.Compare(b.Version)
		}
	})
	for _, s := range steps {
		order := 1 // of the version to the step's
		if s.Version != nil {
			order = at.Compare(s.Version)
		}
		switch {
		case s.Introduced != "" && order >= 0:
			p.in = true
		case s.Fixed != "" && order >= 0, s.LastAffected != "" && order > 0:
			p.in = false
		case s.Fixed != "" && p.fixed == "":
			p.fixed = s.Fixed
		}
	}
	p.in = p.in && (within || !limited)
	return p, nil
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fix returns the first version behind t's that none of the records includes, as far as
// they name such versions, or "".
func fix(t target, records []*record) string {
	first := t.version
	for range 100 { // fixes that were none
		next := ""
		for _, v := range ranges(t, records) {
			p, err := v.walk(t)
			switch {
			case err != nil || !p.in:
			case p.fixed == "":
				return ""
			case next == "" || v.orders(t, p.fixed, next) > 0:
				next = p.fixed
			}
		}
		if next != "" {
			t.version = next
			continue
		}
		still := slices.ContainsFunc(records, func(r *record) bool { in, err := r.includes(t); return in || err != nil })
		if still || t.version == first { // it is affected for what no range says
			return ""
		}
		return t.version
	}
	return ""
}

// ranges returns all that records say of t's package.
func ranges(t target, records []*record) (all []versionRange) {
	for _, r := range records {
		for _, a := range r.Affected {
			if a.Package.is(t) {
				all = append(all, a.Ranges...)
			}
		}
	}
	return all
}

// orders compares versions as a range does.
func (v *versionRange) orders(t target, a, b string) int {
	system, _ := v.system(t)
	return system.Compare(a, b)
}
