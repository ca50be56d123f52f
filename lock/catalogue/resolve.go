package catalogue

import (
	"maps"
	"slices"
	"strings"
)

// resolved are the settings of an entry for one version and one machine, and which of
// its overrides of versions they come from.
type resolved struct {
	settings
	entry   *Entry
	tag     string // the version, as upstream writes it
	branch  int    // -1 if none applies
	machine machine
}

func isSet(b *bool) bool { return b != nil && *b }

func (s *settings) prefix() string {
	if s.VersionPrefix == nil {
		return ""
	}
	return *s.VersionPrefix
}

// branchOf returns the override of versions that applies to a tag, or -1.
func (e *Entry) branchOf(tag string) (int, error) {
	branch, _, err := e.match(tag)
	return branch, err
}

// match is branchOf. It also reports whether a constraint holds for the tag: if none
// does, the entry as it stands applies.
func (e *Entry) match(tag string) (branch int, matched bool, err error) {
	if e.fault != "" {
		return -1, false, e.bad("%s", e.fault)
	}
	if e.VersionConstraint == "" {
		return -1, true, nil
	}
	fits := func(constraint, prefix string) (bool, error) {
		rest, ok := strings.CutPrefix(tag, prefix)
		if !ok {
			return false, nil
		}
		ok, err := evaluate(constraint, tag, rest)
		if err != nil {
			return false, e.bad("version_constraint %s: %v", shown(constraint), err)
		}
		return ok, nil
	}
	if ok, err := fits(e.VersionConstraint, e.prefix()); ok || err != nil {
		return -1, ok, err
	}
	for i, v := range e.VersionOverrides {
		prefix := e.prefix()
		if v.VersionPrefix != nil {
			prefix = *v.VersionPrefix
		}
		if ok, err := fits(v.VersionConstraint, prefix); ok || err != nil {
			return i, ok, err
		}
	}
	return -1, false, nil
}

// resolve returns the settings of e for a tag, whose override of versions is branch,
// and a machine.
func (e *Entry) resolve(tag string, branch int, m machine) *resolved {
	r := &resolved{settings: e.settings, entry: e, tag: tag, branch: branch, machine: m}
	if branch >= 0 {
		r.override(&e.VersionOverrides[branch].settings)
	}
	for _, f := range r.FormatOverrides {
		if f.GOOS == m.goos {
			r.Format = f.Format
			break
		}
	}
	for i := range r.Overrides {
		o := &r.Overrides[i]
		if !o.fits(m) {
			continue
		}
		own := o.ofPlatform()
		if r.Replacements != nil { // those of a platform are added, not put in their place
			all := maps.Clone(r.Replacements)
			maps.Copy(all, own.Replacements)
			own.Replacements = all
		}
		r.override(&own)
		break
	}
	return r
}

// fits reports whether o applies to m.
func (o *override) fits(m machine) bool {
	if o.GOOS != "" && o.GOOS != m.goos || o.GOArch != "" && o.GOArch != m.goarch {
		return false
	}
	if o.Envs != nil && !lists(o.Envs, m, false, false) {
		return false
	}
	for _, v := range o.Variants {
		if v.Key != "libc" || v.Value != m.libc {
			return false
		}
	}
	return true
}

// ofPlatform returns what an override of platforms may say; the format ignores all else.
func (o *override) ofPlatform() settings {
	own := o.settings
	own.RepoOwner, own.RepoName, own.VersionSource = "", "", ""
	own.Overrides, own.FormatOverrides, own.SupportedEnvs = nil, nil, nil
	own.VersionFilter, own.VersionPrefix, own.ErrorMessage = nil, nil, nil
	own.Rosetta2, own.WindowsARMEmulation, own.NoAsset = nil, nil, nil
	return own
}

// lists reports whether environments hold m, or another whose programs it runs.
func lists(envs []string, m machine, rosetta, emulation bool) bool {
	has := func(names ...string) bool {
		return slices.ContainsFunc(envs, func(e string) bool { return slices.Contains(names, e) })
	}
	switch {
	case has(m.goos, m.goarch, m.env(), "all"):
		return true
	case m.env() == "darwin/arm64" && rosetta:
		return has("amd64", "darwin/amd64")
	case m.env() == "windows/arm64" && emulation:
		return has("amd64", "windows/amd64")
	}
	return false
}

// supported reports whether the registry lists the machine.
func (r *resolved) supported() bool {
	return r.SupportedEnvs == nil || lists(r.SupportedEnvs, r.machine, isSet(r.Rosetta2), isSet(r.WindowsARMEmulation))
}

// override puts what o says in the place of what s says.
func (s *settings) override(o *settings) {
	if o.Type != "" {
		s.Type = o.Type
		s.reset()
	}
	text := func(to *string, from string) {
		if from != "" {
			*to = from
		}
	}
	text(&s.RepoOwner, o.RepoOwner)
	text(&s.RepoName, o.RepoName)
	text(&s.Asset, o.Asset)
	text(&s.URL, o.URL)
	text(&s.Path, o.Path)
	text(&s.Format, o.Format)
	text(&s.VersionSource, o.VersionSource)
	text(&s.WindowsExt, o.WindowsExt)
	text(&s.Crate, o.Crate)
	if o.Files != nil {
		s.Files = o.Files
	}
	if o.Replacements != nil {
		s.Replacements = o.Replacements
	}
	if o.Overrides != nil {
		s.Overrides = o.Overrides
	}
	if o.FormatOverrides != nil {
		s.FormatOverrides = o.FormatOverrides
	}
	if o.SupportedEnvs != nil {
		s.SupportedEnvs = o.SupportedEnvs
	}
	pointer(&s.VersionFilter, o.VersionFilter)
	pointer(&s.VersionPrefix, o.VersionPrefix)
	pointer(&s.GoVersionPath, o.GoVersionPath)
	pointer(&s.ErrorMessage, o.ErrorMessage)
	pointer(&s.Checksum, o.Checksum)
	for _, b := range []struct {
		to   **bool
		from *bool
	}{
		{&s.Rosetta2, o.Rosetta2}, {&s.WindowsARMEmulation, o.WindowsARMEmulation}, {&s.CompleteWindowsExt, o.CompleteWindowsExt},
		{&s.AppendExt, o.AppendExt}, {&s.NoAsset, o.NoAsset},
	} {
		pointer(b.to, b.from)
	}
	if o.Vars != nil {
		s.Vars = o.Vars
	}
	s.Signing.override(&o.Signing)
}

func pointer[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

func (s *Signing) override(o *Signing) {
	if !o.Cosign.IsZero() {
		s.Cosign = o.Cosign
	}
	if !o.SLSA.IsZero() {
		s.SLSA = o.SLSA
	}
	if !o.Minisign.IsZero() {
		s.Minisign = o.Minisign
	}
	if !o.Attestations.IsZero() {
		s.Attestations = o.Attestations
	}
}

// The types of packages that are downloads.
const (
	typeRelease = "github_release"
	typeHTTP    = "http"
	typeContent = "github_content"
	typeArchive = "github_archive"
)

// reset drops what does not belong to packages of the type.
func (s *settings) reset() {
	switch s.Type {
	case typeRelease:
		s.URL, s.Path = "", ""
	case typeContent:
		s.URL, s.Asset = "", ""
	case typeArchive:
		s.URL, s.Path, s.Asset, s.Format = "", "", "", ""
	case typeHTTP:
		s.Path, s.Asset = "", ""
	}
}
