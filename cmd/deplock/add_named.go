package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/catalogue"
	"depfetch/lock/edit"
	"depfetch/lock/update"
)

// addNamed adds what a name of the catalogues stands for.
func (c *command) addNamed(ctx context.Context, f addFlags, arg string) error {
	name, version, at := strings.Cut(arg, "@")
	switch {
	case strings.Contains(arg, "://"):
		arg = source.RedactOption(arg)
		return console.Usagef("deplock add NAME "+arg, "%s: which name is it to have?", arg)
	case name == "" || at && version == "":
		return console.Usagef("write it as helm@3.18.4", "%q: want NAME or NAME@VERSION", arg)
	case f.dep.Version != "" && version != "":
		return console.Usagef("", "%s: --version says %s", arg, f.dep.Version)
	case f.line != "" && !isLine(f.line):
		return console.Usagef("", "--line %s: want the numbers that its versions begin with, as in 22 or 3.3", f.line)
	case version != "":
		f.dep.Version = version
	}
	if err := f.checkLibc(); err != nil {
		return err
	}
	if page, _, ok := c.parsePage(f, name); ok && c.unknown(ctx, f, name) {
		return c.addPage(ctx, f, "", page, version)
	}
	file, err := c.openAdded()
	if err != nil {
		return err
	}
	flags := catalogueFlags{online: f.online, others: f.others}
	entry, err := c.lookup(ctx, flags, &file, name)
	if err != nil {
		return err
	}
	client, err := c.client(f.online, file)
	if err != nil {
		return err
	}
	return c.addEntry(ctx, f, client, file, entry, name)
}

// lookup finds what a name stands for. Where only the built-in catalogue is there, and
// does not have it, the public one is offered; file is then what the lockfile has become.
func (c *command) lookup(ctx context.Context, f catalogueFlags, file **lock.File, name string) (*catalogue.Entry, error) {
	registries, err := c.registries(ctx, f, *file)
	if err != nil {
		return nil, err
	}
	entry, err := catalogue.Lookup(registries, name)
	var unknown *catalogue.UnknownError
	if !errors.As(err, &unknown) || len((*file).Catalogue) > 0 {
		return entry, err
	}
	if !c.confirm(fmt.Sprintf("%s is not in the built-in catalogue; pin the public one (%s) in %s?", name, catalogue.PublicRepository, c.name())) {
		return nil, &console.Error{Err: err, Code: exit.Failure,
			Hint: "deplock catalogue update pins the public catalogue, which knows more; or give the address: deplock add " + name + " URL"}
	}
	if err := errors.Join(c.start(ctx), c.updateCatalogue(ctx, lockFlags{online: f.online}, nil)); err != nil {
		return nil, err
	}
	if *file, err = lockfile.Read(c.name()); err != nil {
		return nil, err
	}
	if registries, err = c.registries(ctx, f, *file); err != nil {
		return nil, err
	}
	return catalogue.Lookup(registries, name)
}

// unknown reports whether no catalogue has a name.
func (c *command) unknown(ctx context.Context, f addFlags, name string) bool {
	file, err := c.openAdded()
	if err != nil {
		return false
	}
	registries, err := c.registries(ctx, catalogueFlags{online: f.online, others: f.others}, file)
	if err != nil {
		return false
	}
	_, err = catalogue.Lookup(registries, name)
	_, unknown := errors.AsType[*catalogue.UnknownError](err)
	return unknown
}

// addEntry adds an entry of a catalogue. A version may be written in several ways
// upstream: the first of which there is something counts.
func (c *command) addEntry(ctx context.Context, f addFlags, client *update.Client, file *lock.File, entry *catalogue.Entry, name string) error {
	want := catalogue.Want{Libc: f.libc, Single: f.dep.Member != "" || f.unpack == "false"}
	var err error
	if want.Platforms, err = parsePlatforms(f.platforms); err != nil {
		return err
	}
	named := len(want.Platforms) > 0
	if !named {
		if want.Platforms = slices.Clone(file.Platforms); len(want.Platforms) == 0 {
			want.Platforms = slices.Clone(update.DefaultPlatforms)
		}
	}
	if slices.Contains(entry.Commands(), name) {
		want.Command = name
		if err := isNew(file, name); err != nil { // before anybody is asked
			return err
		}
	}
	tags, err := c.tagsOf(ctx, client, entry, f.dep.Version, f.line)
	if err != nil {
		return err
	}
	var first error
	for _, tag := range tags {
		want.Tag = tag
		mapping, platforms, err := mapAvailable(entry, want, f.skipMissing)
		if err != nil {
			first = cmp.Or(first, entryError(err, name))
			continue
		}
		dep := f.over(mapping.Dep)
		if err := errors.Join(isNew(file, dep.Name), f.parse(&dep)); err != nil {
			return err
		}
		dep.Catalogue = entry.FullName()
		if named || len(platforms) < len(want.Platforms) {
			dep.Platforms = platforms
		}
		err = c.settle(ctx, f, client, file, &dep, mapping.Unsettled)
		var results []update.Result
		locked := dep
		if err == nil {
			results, locked, err = c.lockNew(ctx, f, client, file, dep)
		}
		err = hintSigned(err, f, entry.FullName())
		if allMissing(err) || len(tags) > 1 && forbidden(err) {
			first = cmp.Or(first, err)
			continue
		}
		if err != nil {
			return hintOptions(err)
		}
		if err := c.write(ctx, f.dryRun, results, func(doc *edit.Document) error { return doc.Add(locked) }); err != nil {
			return err
		}
		if bin := path.Join(locked.Path, mapping.Bin); locked.Unpack != nil && mapping.Bin != "" && bin != "/usr/local/bin" {
			c.console.Hintf("%s: a Dockerfile finds its commands with ENV PATH=%s:$PATH", locked.Name, bin)
		}
		for _, r := range mapping.Remarks {
			c.console.Hintf("%s: %s", locked.Name, r)
		}
		if len(file.Catalogue) == 0 && len(f.others) == 0 && !f.dryRun {
			c.console.Hintf("deplock catalogue update pins the public catalogue, for tools that are not built in")
		}
		return nil
	}
	if isLine(f.dep.Version) && strings.Count(f.dep.Version, ".") < 2 && allMissing(first) {
		return &console.Error{Err: first, Code: exit.Failure, Hint: "deplock add " + name + " --line " + f.dep.Version + " takes the newest version that begins so"}
	}
	return first
}

// forbidden reports whether a server refused, as stores of objects do for what is not
// there.
func forbidden(err error) bool {
	t, ok := errors.AsType[*fetch.TransferError](err)
	if !ok {
		return false
	}
	e, ok := errors.AsType[*source.Error](t.Deciding().Err)
	return ok && e.Status == http.StatusForbidden
}

func isLine(s string) bool {
	_, ok := lock.LineNumbers(s)
	return ok
}

// allMissing reports whether upstream has nothing for any platform.
func allMissing(err error) bool {
	e, ok := errors.AsType[*update.MissingError](err)
	return ok && e.All
}

// tagsOf returns how upstream may write the version that is wanted, or the latest of a
// line, which may be empty.
func (c *command) tagsOf(ctx context.Context, client *update.Client, entry *catalogue.Entry, version, line string) ([]string, error) {
	if version != "" {
		return entry.Tags(version), nil
	}
	query := entry.Query()
	if query == nil {
		return nil, console.Usagef("deplock add "+entry.FullName()+"@VERSION", "%s: the catalogue does not say where its versions are listed; name one", entry.FullName())
	}
	query.Line = line
	found, err := client.Release.LatestAccepted(ctx, *query, "", entry.Accepts)
	if err != nil {
		return nil, unlisted(fmt.Errorf("%s: %w", entry.FullName(), err), entry.FullName())
	}
	return []string{found.Tag}, nil
}

// unlisted adds to the hint of an error, that nobody could be asked for the versions of a
// tool, how to do without.
func unlisted(err error, name string) error {
	explained, ok := errors.AsType[*console.Error](explainOne(err))
	if !ok || explained.Code != exit.Unavailable {
		return err
	}
	hint := "nobody is asked for versions where one is named: deplock add " + name + "@VERSION"
	if explained.Hint != "" {
		hint = explained.Hint + "; " + hint
	}
	return &console.Error{Err: err, Hint: hint, Code: explained.Code}
}

// mapAvailable maps an entry, if that is wanted without the platforms that it lacks. It
// returns those that are left.
func mapAvailable(entry *catalogue.Entry, want catalogue.Want, skipMissing bool) (*catalogue.Mapping, []lock.Platform, error) {
	mapping, err := entry.Map(want)
	lacks, ok := errors.AsType[*catalogue.PlatformError](err)
	if !ok || !skipMissing || len(lacks.Platforms) == len(want.Platforms) {
		return mapping, want.Platforms, err
	}
	want.Platforms = slices.DeleteFunc(slices.Clone(want.Platforms), func(p lock.Platform) bool { return slices.Contains(lacks.Platforms, p) })
	mapping, err = entry.Map(want)
	return mapping, want.Platforms, err
}

// over returns a dependency of a catalogue with what the options say in its place.
func (f addFlags) over(dep edit.NewDep) edit.NewDep {
	set := func(to *string, from string) {
		if from != "" {
			*to = from
		}
	}
	set(&dep.Name, f.dep.Name)
	set(&dep.Path, f.dep.Path)
	set(&dep.Mode, f.dep.Mode)
	set(&dep.Owner, f.dep.Owner)
	set(&dep.Member, f.dep.Member)
	set(&dep.Sums, f.dep.Sums)
	dep.Mirrors, dep.Groups = f.dep.Mirrors, f.dep.Groups
	if f.unpack != "" && f.unpack != "false" {
		dep.Member, dep.Mode = f.dep.Member, f.dep.Mode
	}
	return dep
}

// entryError gives an error about an entry its hint: where it can be known, the command
// that comes nearest.
func entryError(err error, name string) error {
	var (
		template *catalogue.TemplateError
		platform *catalogue.PlatformError
	)
	hint := "deplock add " + name + " URL takes any address"
	switch {
	case errors.As(err, &template) && template.URL != "":
		hint = fmt.Sprintf("deplock add %s '%s' --version %s", name, template.URL, template.Locked)
		for _, p := range template.Platforms {
			hint += " --platform " + p.String()
		}
	case errors.As(err, &platform):
		hint = "--skip-missing leaves these platforms out and records it in the lockfile"
	}
	return &console.Error{Err: err, Hint: hint, Code: exit.Failure}
}
