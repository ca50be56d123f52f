package catalogue

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"depfetch/lock"
	"depfetch/lock/assets"
	"depfetch/lock/edit"
)

// Addresses is what a version has for one platform.
type Addresses struct {
	Platform lock.Platform
	URL      string
	Member   string // in the archive; empty for all platforms or for none
	Sums     string // likewise
}

// Pattern is what several addresses have in common, as a dependency says it.
type Pattern struct {
	URL, Member, Sums string
	Alias             map[lock.Platform]string
}

// PatternOf writes the addresses of the files of a release, at least one, as templates.
// They expand to exactly these addresses, which is checked. The version stands for itself
// behind "/download/" and in members, also with other separators, and must be there. The
// error is a [*TemplateError].
func PatternOf(version string, all []Addresses) (Pattern, error) {
	platforms := make([]lock.Platform, len(all))
	for i, a := range all {
		platforms[i] = a.Platform
	}
	fail := func(why string) (Pattern, error) {
		return Pattern{}, &TemplateError{Entry: all[0].URL, Version: version, Locked: version, Platforms: platforms, Why: why}
	}
	var a aliases
	lined := func(of func(Addresses) string, where string) ([]column, bool) {
		texts := make([]text, len(all))
		for i, one := range all {
			texts[i] = readText(of(one), version, where, one.Platform)
		}
		c, ok := columns(platforms, texts)
		a.add(c)
		return c, ok
	}
	address, ok := lined(func(a Addresses) string { return a.URL }, "/download/")
	if !ok {
		return fail("the version stands in other places of the address for some platforms")
	}
	member, ok := lined(func(a Addresses) string { return a.Member }, "")
	if !ok {
		return fail("the version stands in other places of the archive for some platforms")
	}
	sums, ok := lined(func(a Addresses) string { return a.Sums }, "/download/")
	if !ok {
		return fail("the version stands in other places of the addresses of sums for some platforms")
	}
	if err := a.settle(); err != nil {
		return fail(err.Error())
	}
	p := Pattern{URL: a.template(address), Member: a.template(member), Sums: a.template(sums), Alias: a.alias(platforms)}
	if rest, ok := strings.CutPrefix(p.Sums, p.URL); ok {
		p.Sums = "{url}" + rest
	}
	if err := p.verify(version, all); err != nil {
		return fail(err.Error())
	}
	return p, nil
}

// verify expands p by the rules of lockfiles.
func (p Pattern) verify(version string, all []Addresses) error {
	dep, err := edit.Draft(edit.NewDep{Name: "dependency", Version: version, URL: p.URL, Member: p.Member, Sums: p.Sums, Alias: p.Alias})
	if err != nil {
		return fmt.Errorf("it cannot stand in a lockfile: %w", err)
	}
	if !dep.URL.HasVersion() {
		return fmt.Errorf("the version %s does not stand in %s", version, all[0].URL)
	}
	for _, a := range all {
		for _, c := range []struct {
			template lock.Template
			want     string
		}{{dep.URL, a.URL}, {dep.Member, a.Member}, {dep.Sums, a.Sums}} {
			got, err := dep.Expand(c.template, a.Platform)
			if err != nil || got != c.want {
				return fmt.Errorf("for %s it would be %q in the place of %q", a.Platform, got, c.want)
			}
		}
	}
	return nil
}

// versionForm is a version as a template writes it.
type versionForm struct {
	s       string
	filters []string
}

func versionForms(version string) []versionForm {
	forms := []versionForm{{version, nil}}
	add := func(s string, filter string) {
		if !slices.ContainsFunc(forms, func(f versionForm) bool { return f.s == s }) {
			forms = append(forms, versionForm{s, []string{filter}})
		}
	}
	add(url.QueryEscape(version), "urlencode")
	for _, sep := range []string{".", "-", "_"} {
		add(strings.ReplaceAll(version, "+", sep), "replace('+', '"+sep+"')")
	}
	before, _, _ := strings.Cut(version, "+")
	add(before, "before('+')")
	for _, sep := range []string{"_", "-"} {
		add(strings.ReplaceAll(version, ".", sep), "replace('.', '"+sep+"')")
	}
	return forms
}

// escape matches a byte that an address writes with a percent sign.
var escape = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// readText splits what stands behind where: by the version, and by the words of the
// platform in the last element.
func readText(s, version, where string, p lock.Platform) text {
	head, rest, ok := strings.Cut(s, where)
	if where == "" || !ok {
		head, rest = "", s
	} else {
		head += where
	}
	t := literal(head)
	forms := versionForms(version)
	plain := escape.ReplaceAllString(rest, "%%%") // the 2 of %2F is no version, and its F no letter
	from := 0
	for i := 0; i < len(rest); i++ {
		if plain[i] == '%' {
			continue
		}
		for _, f := range forms {
			if f.s != "" && strings.HasPrefix(rest[i:], f.s) && assets.Bounded(plain, i, i+len(f.s)) {
				t = append(t, machineWords(rest[from:i], p)...)
				t = append(t, part{s: f.s, word: "version", filters: f.filters})
				from = i + len(f.s)
				i = from - 1
				break
			}
		}
	}
	return append(t, machineWords(rest[from:], p)...)
}

// machineWords splits a literal by the words that stand for a platform in templates.
func machineWords(s string, p lock.Platform) text {
	words := wordsOf(p)
	var t text
	from := 0
	for i := 0; i < len(s); i++ {
		if i > 0 && isAlphanumeric(s[i-1]) {
			continue
		}
		for _, w := range []string{words["os"], words["arch"], words["uname"]} {
			if w != "" && strings.HasPrefix(s[i:], w) && (i+len(w) == len(s) || !isAlphanumeric(s[i+len(w)])) {
				t = append(append(t, literal(s[from:i])...), part{s: w, machine: true})
				from = i + len(w)
				i = from - 1
				break
			}
		}
	}
	return append(t, literal(s[from:])...)
}

func isAlphanumeric(c byte) bool { return isWord(c) && c != '_' }
