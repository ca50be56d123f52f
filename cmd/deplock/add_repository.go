package main

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/assets"
	"depfetch/lock/catalogue"
	"depfetch/lock/edit"
	"depfetch/lock/release"
	"depfetch/lock/sums"
	"depfetch/lock/update"
)

// repository is what add makes a dependency of: releases of a repository on GitHub.
type repository struct {
	*command
	flags     addFlags
	client    *update.Client
	file      *lock.File
	name      string // of the dependency, or empty
	page      release.Page
	version   string // that is wanted, or empty
	platforms []lock.Platform
}

// parsePage reads the address of a page of GitHub's, or OWNER/REPO[@VERSION].
func (c *command) parsePage(f addFlags, s string) (release.Page, string, bool) {
	api := &release.Client{API: cmp.Or(f.api, c.getenv("GITHUB_API_URL"))}
	return api.ParsePage(s)
}

// addPage adds what a repository releases: by the entry of a catalogue, if one has it,
// else by the names of the files of a release. name may be NAME@VERSION, or empty.
func (c *command) addPage(ctx context.Context, f addFlags, name string, page release.Page, version string) error {
	name, named, at := strings.Cut(name, "@")
	versions := slices.DeleteFunc([]string{version, named, f.dep.Version, page.Tag}, func(v string) bool { return v == "" })
	switch {
	case at && named == "":
		return console.Usagef("write it as "+name+"@1.2.3", "%s@: no version behind the @", name)
	case len(versions) > 1 && slices.ContainsFunc(versions, func(v string) bool { return v != versions[0] }):
		return console.Usagef("", "%s: two versions are named, %s and %s", page.Repo, versions[0], versions[1])
	}
	if err := f.checkLibc(); err != nil {
		return err
	}
	file, err := c.openAdded()
	if err != nil {
		return err
	}
	if name != "" {
		if err := isNew(file, name); err != nil {
			return err
		}
	}
	registries, err := c.registries(ctx, catalogueFlags{online: f.online, others: f.others}, file)
	if err != nil {
		return err
	}
	entry, err := catalogue.ByFullName(registries, page.Repo)
	if err != nil {
		return err
	}
	client, err := c.client(f.online, file)
	if err != nil {
		return err
	}
	f.dep.Version = ""
	if len(versions) > 0 {
		f.dep.Version = versions[0]
	}
	if entry != nil {
		fmt.Fprintf(c.console.Stderr, "deplock: a catalogue has %s, and its entry is taken\n", entry.FullName())
		f.dep.Name = name
		return c.addEntry(ctx, f, client, file, entry, cmp.Or(name, entry.FullName()))
	}
	if f.line != "" {
		return console.Usagef("deplock add "+page.Repo+"@VERSION takes one version", "%s: --line is about names of a catalogue", page.Repo)
	}
	r := &repository{command: c, flags: f, client: client, file: file, name: name, page: page, version: f.dep.Version}
	if r.platforms, err = parsePlatforms(f.platforms); err != nil {
		return err
	}
	if len(r.platforms) == 0 {
		if r.platforms = slices.Clone(file.Platforms); len(r.platforms) == 0 {
			r.platforms = slices.Clone(update.DefaultPlatforms)
		}
	}
	return r.add(ctx)
}

// checkLibc refuses another libc than those that there are.
func (f addFlags) checkLibc() error {
	if f.libc != "" && f.libc != "gnu" && f.libc != "musl" {
		return console.Usagef("", "--libc %s: want gnu or musl", f.libc)
	}
	return nil
}

// picked is the release that is taken, with the file for each platform.
type picked struct {
	release.Published
	tag       release.Tag
	before    *release.Published // of the same package, or nil
	repo      string             // as GitHub writes it
	platforms []lock.Platform    // that it has files for
	files     []string           // by platform
	missing   []lock.Platform
	tied      bool // several files are equally good for some platform
}

// add finds the release and the files, looks into them, and writes the dependency.
func (r *repository) add(ctx context.Context) error {
	lines, err := r.releases(ctx)
	if err != nil {
		return err
	}
	p, err := r.pick(lines)
	if err != nil {
		return err
	}
	dep, done, err := r.dependency(ctx, p)
	if err != nil {
		return err
	}
	defer done()
	if err := isNew(r.file, dep.Name); err != nil {
		return err
	}
	results, locked, err := r.lockNew(ctx, r.flags, r.client, r.file, dep)
	if err != nil {
		return hintOptions(err)
	}
	if err := r.write(ctx, r.flags.dryRun, results, func(doc *edit.Document) error { return doc.Add(locked) }); err != nil {
		return err
	}
	for i, platform := range p.platforms {
		fmt.Fprintf(r.console.Stderr, "deplock: %s: %s is for %s\n", locked.Name, p.files[i], platform)
	}
	r.compareBefore(p, dep)
	return nil
}

// releases returns the newest release of each package of the repository, or those that
// are named.
func (r *repository) releases(ctx context.Context) ([]release.Line, error) {
	one := func(p release.Published, err error) ([]release.Line, error) {
		return []release.Line{{Newest: p}}, err
	}
	api := r.client.Release
	switch {
	case r.page.Tag != "":
		return one(api.PublishedAs(ctx, r.page.Repo, r.page.Tag))
	case r.page.Latest && r.version == "":
		return one(api.PublishedLatest(ctx, r.page.Repo))
	case r.version == "":
		return api.Newest(ctx, r.page.Repo)
	}
	found, err := api.TagsOf(ctx, r.page.Repo, r.version)
	var lines []release.Line
	for _, p := range found {
		lines = append(lines, release.Line{Newest: p})
	}
	return lines, err
}

// dependency makes the dependency of what is picked, but for what is locked. done is
// called when that has been written.
func (r *repository) dependency(ctx context.Context, p *picked) (dep edit.NewDep, done func(), err error) {
	var artifacts []fetch.Artifact
	addresses := make([]catalogue.Addresses, len(p.platforms))
	for i, platform := range p.platforms {
		a := p.Asset(p.files[i])
		addresses[i] = catalogue.Addresses{Platform: platform, URL: a.URL}
		artifacts = append(artifacts, fetch.Artifact{Name: cmp.Or(r.name, path.Base(p.repo)), Version: p.tag.Version, Platform: platform.String(), URL: a.URL, Size: a.Size})
	}
	looked, done, err := r.client.Look(ctx, artifacts)
	if err != nil {
		return dep, nil, err
	}
	defer func() {
		if err != nil {
			done()
			done = nil
		}
	}()
	if err := r.withoutOthers(p, &addresses, &looked); err != nil {
		return dep, done, err
	}
	name, err := r.members(p, addresses, looked)
	if err != nil {
		return dep, done, err
	}
	r.sums(ctx, p, addresses)
	pattern, err := catalogue.PatternOf(p.tag.Version, addresses)
	if err != nil {
		return dep, done, &console.Error{Err: err, Code: exit.Failure, Hint: "deplock add " + name + " URL takes any address, for some platforms alone too: --platform"}
	}
	dep = edit.NewDep{
		Name: name, Version: p.tag.Version, URL: pattern.URL, Alias: pattern.Alias, Member: pattern.Member, Sums: pattern.Sums,
		Path: "/usr/local/bin/" + name, Mode: "0755", Latest: []edit.Entry{{Key: "github", Value: p.repo}},
	}
	if p.tag.Prefix != "" {
		dep.Latest = append(dep.Latest, edit.Entry{Key: "prefix", Value: p.tag.Prefix})
	}
	dep = r.flags.over(dep)
	if err := r.flags.parse(&dep); err != nil {
		return dep, done, err
	}
	if len(r.flags.platforms) > 0 || len(p.missing) > 0 {
		dep.Platforms = p.platforms
	}
	return dep, done, nil
}

// sums sets the list of checksums that names all files, if the release has one.
func (r *repository) sums(ctx context.Context, p *picked, addresses []catalogue.Addresses) {
	if r.flags.dep.Sums != "" {
		return
	}
	lists := make(map[string]*sums.List)
	read := func(name string) *sums.List {
		if l, ok := lists[name]; ok {
			return l
		}
		const largest = 1 << 20
		asset := p.Asset(name)
		text, err := r.client.Fetch.Read(ctx, fetch.Artifact{Name: name, URL: asset.URL}, largest)
		lists[name] = nil
		if err == nil {
			if l, err := sums.Parse(text); err == nil {
				lists[name] = l
			}
		}
		return lists[name]
	}
	for _, names := range assets.Lists(p.Names(), p.files) {
		holds := true
		for i, name := range names {
			l := read(name)
			if l == nil {
				holds = false
				break
			}
			_, err := l.Lookup(addresses[i].URL)
			holds = holds && err == nil
		}
		if holds {
			for i, name := range names {
				addresses[i].Sums = p.Asset(name).URL
			}
			return
		}
	}
}

// compareBefore says so if the release before has no files by these templates.
func (r *repository) compareBefore(p *picked, dep edit.NewDep) {
	if p.before == nil {
		return
	}
	tag, ok := release.SplitTag(p.before.Tag)
	if !ok {
		return
	}
	dep.Version = tag.Version
	draft, err := edit.Draft(dep)
	if err != nil {
		return
	}
	for _, platform := range p.platforms {
		url, err := draft.Expand(draft.URL, platform)
		if err == nil && !slices.ContainsFunc(p.before.Assets, func(a release.Asset) bool { return a.URL == url }) {
			r.console.Hintf("%s: the release before, %s, has no file of that name for %s; the url may have to change for other versions: %s",
				dep.Name, p.before.Tag, platform, source.Redact(url))
			return
		}
	}
}
