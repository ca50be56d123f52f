package catalogue

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"depfetch/lock"
)

// Query returns how the versions of e are found, or nil if the registry does not say.
// Of the tags that it finds, those count that Accepts accepts.
func (e *Entry) Query() *lock.Latest {
	r, err := e.newest()
	if err != nil || r.RepoOwner == "" || r.RepoName == "" {
		return nil
	}
	return &lock.Latest{GitHub: r.RepoOwner + "/" + r.RepoName, Tags: r.VersionSource == "github_tag", Prefix: r.prefix()}
}

// Accepts reports whether a tag is a version of e of which there are files: what its
// version_prefix, version_filter and version_constraint say of it.
func (e *Entry) Accepts(tag string) bool {
	filter, prefix, none := e.VersionFilter, e.prefix(), e.noFiles()
	if e.accepts(tag, prefix, filter, e.VersionConstraint, e.VersionConstraint == "") {
		return !none
	}
	for _, v := range e.VersionOverrides {
		s := settings{VersionFilter: filter, NoAsset: &none}
		pointer(&s.VersionFilter, v.VersionFilter)
		pointer(&s.NoAsset, v.NoAsset)
		own := prefix
		if v.VersionPrefix != nil {
			own = *v.VersionPrefix
		}
		if e.accepts(tag, own, s.VersionFilter, v.VersionConstraint, false) {
			return !isSet(s.NoAsset) && (v.ErrorMessage == nil || *v.ErrorMessage == "")
		}
	}
	return false
}

func (e *Entry) noFiles() bool {
	return isSet(e.NoAsset) || e.ErrorMessage != nil && *e.ErrorMessage != ""
}

func (e *Entry) accepts(tag, prefix string, filter *string, constraint string, always bool) bool {
	rest, ok := strings.CutPrefix(tag, prefix)
	if !ok {
		return false
	}
	if filter != nil && *filter != "" {
		if ok, err := evaluate(*filter, tag, tag); err != nil || !ok {
			return false
		}
	}
	if always {
		return true
	}
	ok, err := evaluate(constraint, tag, rest)
	return err == nil && ok
}

// Tags returns how upstream may write a version, the likeliest first.
func (e *Entry) Tags(version string) []string {
	n := e.habit()
	bare := version
	if len(version) > 1 && version[0] == 'v' && '0' <= version[1] && version[1] <= '9' {
		bare, n.v = version[1:], true
	}
	other := n
	other.v = !n.v
	tags := []string{n.lead() + bare, other.lead() + bare, "v" + bare, version}
	if n.prefix != "" && strings.HasPrefix(version, n.prefix) {
		tags = []string{version}
	}
	var all []string
	for _, t := range tags {
		if !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}

// quoted matches the strings of an expression, with the call before them.
var quoted = regexp.MustCompile(`([a-zA-Z]*\(?\s*)"([^"]*)"`)

// begins matches a filter that says how all tags begin.
var begins = regexp.MustCompile(`^Version startsWith "([^"]*)"`)

// habit returns how upstream writes tags, by what the registry says of some.
func (e *Entry) habit() naming {
	var literals []string
	trims := false
	for _, s := range e.texts() {
		trims = trims || strings.Contains(s, "trimV")
	}
	for _, x := range e.expressions() {
		for _, m := range quoted.FindAllStringSubmatch(x, -1) {
			if !strings.HasPrefix(strings.TrimSpace(m[1]), "semver") && !strings.HasPrefix(m[1], "matches") {
				literals = append(literals, m[2])
			}
		}
	}
	r, err := e.newest()
	prefix := e.prefix()
	if err == nil {
		prefix = r.prefix()
	}
	votes := make(map[naming]int)
	if e.VersionFilter != nil && prefix == "" {
		if m := begins.FindStringSubmatch(*e.VersionFilter); m != nil {
			lead, v := strings.CutSuffix(m[1], "v")
			v = v || slices.ContainsFunc(e.texts(), func(s string) bool { return strings.Contains(s, `trimPrefix "`+m[1]+`v"`) })
			votes[naming{prefix: lead, v: v}] = len(literals) + 1
		}
	}
	for _, l := range literals {
		if n, v := nameTag(l, prefix); strings.HasPrefix(l, prefix) && v != "" && '0' <= v[0] && v[0] <= '9' {
			votes[n]++
		}
	}
	best := naming{prefix: prefix, v: trims || prefix == ""}
	if strings.HasSuffix(prefix, "v") {
		best.v = false
	}
	for n, k := range votes {
		if b := votes[best]; k > b || k == b && cmp.Compare(n.lead(), best.lead()) < 0 && b > 0 {
			best = n
		}
	}
	return best
}

// texts returns the templates of e.
func (e *Entry) texts() []string {
	texts := []string{e.Asset, e.URL, e.Path}
	for _, v := range e.VersionOverrides {
		texts = append(texts, v.Asset, v.URL, v.Path)
	}
	return texts
}

// expressions returns the expressions of e.
func (e *Entry) expressions() []string {
	all := []string{e.VersionConstraint}
	for _, v := range e.VersionOverrides {
		all = append(all, v.VersionConstraint)
	}
	return all
}

// newest returns the settings for a version that is above all that the registry knows.
func (e *Entry) newest() (*resolved, error) {
	prefixes := []string{e.prefix()}
	for _, v := range slices.Backward(e.VersionOverrides) {
		if v.VersionPrefix != nil {
			prefixes = append(prefixes, *v.VersionPrefix)
		}
	}
	const above = "v99999.0.0"
	for _, prefix := range prefixes {
		branch, matched, err := e.match(prefix + above)
		if err != nil {
			return nil, err
		}
		if matched {
			return e.resolve(prefix+above, branch, machineOf("linux/amd64", "glibc")), nil
		}
	}
	return e.resolve(prefixes[0]+above, -1, machineOf("linux/amd64", "glibc")), nil
}

// Platforms returns those of the usual platforms for which the newest versions of e
// have a file, and none if they have none.
func (e *Entry) Platforms() []lock.Platform {
	newest, err := e.newest()
	if err != nil {
		return nil
	}
	var all []lock.Platform
	for _, p := range []lock.Platform{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"} {
		r := e.resolve(newest.tag, newest.branch, machineOf(p, "glibc"))
		if r.supported() && !isSet(r.NoAsset) && (r.ErrorMessage == nil || *r.ErrorMessage == "") &&
			slices.Contains([]string{typeRelease, typeHTTP, typeContent, typeArchive}, r.Type) {
			all = append(all, p)
		}
	}
	return all
}
