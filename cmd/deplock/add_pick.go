package main

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/lock"
	"depfetch/lock/assets"
	"depfetch/lock/catalogue"
	"depfetch/lock/edit"
	"depfetch/lock/release"
)

// pick finds the package that is meant, and its files. Releases without a file for any
// platform, such as those of charts, do not count.
func (r *repository) pick(lines []release.Line) (*picked, error) {
	var (
		found []*picked
		errs  []error
	)
	for _, l := range lines {
		p, err := r.read(l)
		if err == nil {
			err = r.choose(p)
		}
		if _, tie := errors.AsType[*assets.AmbiguousError](err); err != nil && !tie {
			errs = append(errs, err)
			continue
		}
		found = append(found, p)
	}
	if len(found) == 0 {
		return nil, errs[0]
	}
	// A chart or a library beside programs names no platform.
	named := slices.DeleteFunc(slices.Clone(found), func(p *picked) bool { return !p.namesPlatform() })
	if len(named) > 0 {
		found = named
	}
	if r.name != "" {
		if i := slices.IndexFunc(found, func(p *picked) bool { return packageOf(p.tag) == r.name }); i >= 0 {
			found = found[i : i+1]
		}
	}
	p := found[0]
	if len(found) > 1 {
		i, err := r.askPackage(found)
		if err != nil {
			return nil, err
		}
		p = found[i]
	}
	return p, r.settle(p)
}

// namesPlatform reports whether a file that is certain, or one of several that are equally
// good, says for which platform it is.
func (p *picked) namesPlatform() bool {
	return p.tied || slices.ContainsFunc(p.files, func(f string) bool { return assets.NamesPlatform(f, p.tag.Version) })
}

// packageOf returns the name of what a tag is a release of, or "".
func packageOf(t release.Tag) string { return strings.Trim(t.Prefix, "-_/@.") }

// askPackage asks which of several packages is meant.
func (r *repository) askPackage(found []*picked) (int, error) {
	var options []string
	hint := "name the release of the one that is meant:"
	for _, p := range found {
		options = append(options, p.Tag)
		hint += "\n" + r.command.addLine(r.name, word(p.home()+"/releases/tag/"+p.Tag))
	}
	if i, ok := r.command.choose(r.page.Repo+" releases several packages; which one?", options); ok {
		return i, nil
	}
	return 0, &console.Error{Code: exit.Failure, Hint: hint,
		Err: fmt.Errorf("%s releases several packages:\n%s", r.page.Repo, strings.Join(options, "\n"))}
}

// home returns the address of the repository of p.
func (p *picked) home() string {
	home, _, _ := strings.Cut(p.Assets[0].URL, "/releases/download/")
	return home
}

// addLine returns a command line of add, of words that are not empty.
func (c *command) addLine(words ...string) string {
	line := "deplock add"
	for _, w := range words {
		if w != "" {
			line += " " + w
		}
	}
	return line
}

// read takes a release apart.
func (r *repository) read(l release.Line) (*picked, error) {
	p := &picked{Published: l.Newest, before: l.Before}
	var ok bool
	if p.tag, ok = release.SplitTag(p.Tag); !ok {
		return nil, console.Usagef("deplock add NAME URL takes any address, without a version too", "%s: the tag %s holds no version", r.page.Repo, p.Tag)
	}
	if len(p.Assets) == 0 {
		return nil, &console.Error{Err: fmt.Errorf("%s: the release %s has no files", r.page.Repo, p.Tag), Code: exit.Failure}
	}
	for _, a := range p.Assets {
		repo, ok := r.client.Release.RepoOf(a.URL)
		if !ok || p.repo != "" && repo != p.repo {
			return nil, &release.AnswerError{URL: a.URL, Err: errors.New("the API says that this is a file of the release, and it is no address of one")}
		}
		p.repo = repo
	}
	return p, nil
}

// want says what is looked for.
func (r *repository) want(p *picked, platform lock.Platform, stem string) assets.Want {
	names := slices.DeleteFunc([]string{stem, r.name, packageOf(p.tag), path.Base(p.repo)}, func(n string) bool { return n == "" })
	return assets.Want{Platform: platform, Libc: r.flags.libc, Names: names, Version: p.tag.Version}
}

// choose sets the files of p that are certain. Its error is of package assets: that of
// the first platform for which several are equally good, or that no platform has one.
func (r *repository) choose(p *picked) error {
	var tie, none error
	p.platforms, p.files, p.missing = nil, nil, nil
	for _, platform := range r.platforms {
		file, err := assets.Choose(p.Names(), r.want(p, platform, ""))
		switch _, ambiguous := errors.AsType[*assets.AmbiguousError](err); {
		case ambiguous:
			tie = cmp.Or(tie, err)
		case err != nil:
			none = cmp.Or(none, err)
			p.missing = append(p.missing, platform)
		default:
			p.platforms, p.files = append(p.platforms, platform), append(p.files, file)
		}
	}
	if p.tied = tie != nil; p.tied {
		return tie
	}
	if len(p.files) == 0 {
		return r.lacks(p, none)
	}
	return nil
}

// lacks returns the error that p has no file for a platform.
func (r *repository) lacks(p *picked, err error) error {
	hint := ""
	if len(p.files) > 0 {
		hint = "--skip-missing leaves these platforms out and records it in the lockfile"
	}
	return &console.Error{Err: fmt.Errorf("%s %s: %w", r.page.Repo, p.Tag, err), Hint: hint, Code: exit.Failure}
}

// settle asks for what is ambiguous, and sets the files of p for all platforms.
func (r *repository) settle(p *picked) error {
	var (
		platforms []lock.Platform
		files     []string
		missing   []lock.Platform
		none      error
		stem      string
	)
	for _, platform := range r.platforms {
		file, err := assets.Choose(p.Names(), r.want(p, platform, stem))
		if tie, ok := errors.AsType[*assets.AmbiguousError](err); ok {
			i, ok := r.command.choose(fmt.Sprintf("several files of %s %s may be for %s; which one?", r.page.Repo, p.Tag, platform), tie.Files)
			if !ok {
				return r.ambiguous(p, tie)
			}
			file, err = tie.Files[i], nil
			stem = assets.Stem(file, p.tag.Version)
		}
		if err != nil {
			none = cmp.Or(none, err)
			missing = append(missing, platform)
			continue
		}
		platforms, files = append(platforms, platform), append(files, file)
	}
	p.platforms, p.files, p.missing = platforms, files, missing
	if none != nil && (!r.flags.skipMissing || len(files) == 0) {
		return r.lacks(p, none)
	}
	return nil
}

// ambiguous returns the error that several files are equally good, with a command line
// for each.
func (r *repository) ambiguous(p *picked, tie *assets.AmbiguousError) error {
	hint := "name the one that is meant:"
	for _, file := range tie.Files[:min(len(tie.Files), maxOffered)] {
		hint += "\n" + r.commandLine(p, tie.Platform, file)
	}
	return &console.Error{Err: fmt.Errorf("%s %s: %w", r.page.Repo, p.Tag, tie), Hint: hint, Code: exit.Failure}
}

// maxOffered is how many command lines a hint has.
const maxOffered = 6

// commandLine returns the command that adds a file, and those like it for the other
// platforms: by the name of its program if that is enough, else by its address.
func (r *repository) commandLine(p *picked, platform lock.Platform, file string) string {
	stem := assets.Stem(file, p.tag.Version)
	if name := dependencyName(stem); name != "" {
		if f, err := assets.Choose(p.Names(), r.want(p, platform, name)); err == nil && f == file {
			return r.command.addLine(name, word(r.where(p)))
		}
	}
	all := []catalogue.Addresses{{Platform: platform, URL: p.Asset(file).URL}}
	for _, other := range r.platforms {
		if other == platform {
			continue
		}
		if f, err := assets.Choose(p.Names(), r.want(p, other, stem)); err == nil && assets.Stem(f, p.tag.Version) == stem {
			all = append(all, catalogue.Addresses{Platform: other, URL: p.Asset(f).URL})
		}
	}
	pattern, err := catalogue.PatternOf(p.tag.Version, all)
	if err != nil {
		all = all[:1]
		if pattern, err = catalogue.PatternOf(p.tag.Version, all); err != nil {
			pattern = catalogue.Pattern{URL: all[0].URL}
		}
	}
	line := r.command.addLine(cmp.Or(r.name, dependencyName(stem), path.Base(p.repo)), quoted(pattern.URL), "--version "+word(p.tag.Version), "--latest "+p.repo)
	for _, a := range all {
		if alias, ok := pattern.Alias[a.Platform]; ok {
			line += " --alias " + quoted(a.Platform.String()+"="+alias)
		}
		if len(all) < len(r.platforms) {
			line += " --platform " + a.Platform.String()
		}
	}
	return line
}

// where returns the address that leads to p again: the repository's, or that of the
// release, if that was named or there are other packages.
func (r *repository) where(p *picked) string {
	if r.version == "" && p.tag.Prefix == "" {
		return p.home()
	}
	return p.home() + "/releases/tag/" + p.Tag
}

// quoted returns a word as a shell reads it.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// word returns a word as a shell reads it, in quotes only if it needs them.
func word(s string) string {
	plain := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-._~:/@%+=,", c)
	}
	if s != "" && strings.TrimFunc(s, plain) == "" {
		return s
	}
	return quoted(s)
}

// dependencyName returns a name as that of a dependency, or "" if it cannot be one.
func dependencyName(s string) string {
	if _, err := edit.Draft(edit.NewDep{Name: s, URL: "https://example.com/"}); err != nil {
		return ""
	}
	return s
}
