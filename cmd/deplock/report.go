package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/epoch"
	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch/regular"
	"depfetch/lock"
	"depfetch/lock/advisory"
	"depfetch/lock/pin"
	"depfetch/lock/report"
	"depfetch/lock/update"
)

// reportFlags are the options of report.
type reportFlags struct {
	online
	html                              bool
	output, title, context            string
	platforms, contexts, buildArgs    []string
	outdated, vulnerabilities, images bool
	known                             vulnerabilityFlags
}

const reportLong = `report says what a repository downloads, for those who answer for it: each download by
file, line and platform with what holds it to the bytes that were meant (signed,
published, first use, checked in place, unpinned, unchecked), the images that it starts
from, what its lockfiles pin, and what scan finds. PATH is a file or a directory, as for
scan. It is a report and no check: it exits 0 whatever it finds.

With --html it is one page that holds all that it shows, for a browser: it loads
nothing, can be sorted and printed, and follows the dark mode of its reader. Without,
it is a summary in a few lines.

It runs nothing and asks nobody, and the same files make the same page, unless it is
told to ask what is behind (--outdated), which vulnerabilities are known
(--vulnerabilities) and whether tags of images have moved on (--images). The page says
what was not asked. What cannot be read or asked is said there, too, and then the
command fails once the page is written.`

func (c *command) reportCommand() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report [PATH…]",
		Short: "Say what a repository downloads and what holds it, on a page for a browser",
		Long:  reportLong,
		Example: `  deplock report
  deplock report --html -o report.html
  deplock report --html -o report.html --outdated --vulnerabilities --images`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, paths []string) (err error) {
			if given := f.output; given != "" && !f.html {
				return console.Usagef("deplock report --html -o "+word(given), "--output goes with --html")
			}
			if f.output, err = outputName(cmd); err != nil {
				return err
			}
			return c.writeReport(cmd.Context(), f, paths)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.html, "html", false, "a page of HTML in the place of a summary")
	flags.StringVarP(&f.output, "output", "o", "", "with --html: the file to write (default standard output)")
	flags.StringVar(&f.title, "title", "", "the title of the page")
	flags.BoolVar(&f.outdated, "outdated", false, "ask where versions are listed what is behind")
	flags.BoolVar(&f.vulnerabilities, "vulnerabilities", false, "ask OSV for known vulnerabilities of what is pinned")
	flags.BoolVar(&f.images, "images", false, "ask registries whether the tags of pinned images have moved on")
	flags.StringVar(&f.known.severity, "severity", "low", "with --vulnerabilities: the least severity that counts: low, medium, high or critical")
	flags.StringVar(&f.known.database, "database", "", "with --vulnerabilities: a copy of OSV's database to look into, in the place of its API")
	flags.BoolVar(&f.known.inspect, "inspect", false, "with --vulnerabilities: also ask about what programs of Go were built from; downloads what is not in the cache")
	flags.StringVar(&f.known.api, "osv-api", "", "the base URL of OSV's API, for --vulnerabilities")
	flags.StringArrayVar(&f.platforms, "platform", nil, "a platform to read the files for; may be given again (default those of the lockfile, else linux/amd64 and linux/arm64)")
	flags.StringArrayVar(&f.buildArgs, "build-arg", nil, "NAME=VALUE, as docker build has it; may be given again")
	flags.StringVar(&f.context, "context", "", "the build context (default as sync finds it)")
	flags.StringArrayVar(&f.contexts, "build-context", nil, "the name of a further context, NAME or NAME=WHERE as docker build has it, which is no image; may be given again")
	f.register(cmd)
	return cmd
}

func (c *command) writeReport(ctx context.Context, f reportFlags, paths []string) error {
	in, err := c.reportInput(f, paths)
	if err != nil {
		return err
	}
	errs := c.askForReport(ctx, f, &in)
	r := report.New(in)
	for _, u := range r.Unread {
		errs = append(errs, u.Err)
	}
	if r.Empty() {
		c.console.Warnf("no Dockerfile and no lockfile was found")
	}
	if !f.html {
		c.reportText(r)
		return errors.Join(errs...)
	}
	var page bytes.Buffer
	if err := r.HTML(&page, version); err != nil {
		return err
	}
	if err = c.writeOutput(f.output, page.Bytes()); err == nil && f.output != "" {
		c.reportText(r)
	}
	return errors.Join(append(errs, err)...)
}

// reportText prints the summary.
func (c *command) reportText(r *report.Report) {
	for _, line := range r.Summary() {
		c.printf("%s\n", line)
	}
}

// reportInput reads what a report is about.
func (c *command) reportInput(f reportFlags, paths []string) (in report.Input, err error) {
	in = report.Input{Title: f.title, Contexts: contextNames(f.contexts), Asked: report.Asked{Outdated: f.outdated, Vulnerabilities: f.vulnerabilities, Images: f.images}}
	platforms, err := parsePlatforms(f.platforms)
	if err != nil {
		return in, err
	}
	args, err := buildArgs(f.buildArgs)
	if err != nil {
		return in, err
	}
	names, err := reportFiles(paths)
	if err != nil {
		return in, err
	}
	locks := &lockfiles{command: c}
	if err := locks.start(paths); err != nil {
		return in, err
	}
	for _, name := range names {
		if pin.IsYAML(name) {
			continue
		}
		file, err := readDockerfile(name)
		if err != nil {
			in.Unread = append(in.Unread, report.Unread{Name: name, Err: err})
			continue
		}
		file.BuildArgs = args
		dir, err := c.folders.contextOf(f.context, name, file)
		if err != nil {
			return in, err
		}
		lock, err := locks.of(dir)
		if err != nil {
			return in, err
		}
		d := report.Dockerfile{File: file, Context: dir, Lock: lock, Platforms: platforms}
		if len(platforms) == 0 && lock != nil {
			d.Platforms = lock.Platforms
		}
		in.Dockerfiles = append(in.Dockerfiles, d)
	}
	for _, file := range locks.all {
		in.Locks = append(in.Locks, report.Lock{File: file, Faults: console.Flatten(errors.Join(file.Check(), file.CheckComplete(), file.CheckImages()))})
	}
	return in, c.reportImages(&in, names, locks)
}

// reportFiles returns the Dockerfiles and compose files that the arguments name; a
// directory may have none.
func reportFiles(paths []string) ([]string, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var all []string
	for _, p := range paths {
		names, err := dockerfiles([]string{p}, isCompose)
		if _, none := errors.AsType[noDockerfileError](err); err != nil && !none {
			return nil, err
		}
		for _, name := range names {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all, nil
}

// reportImages adds the images that files name, on each platform.
func (c *command) reportImages(in *report.Input, names []string, locks *lockfiles) error {
	byName := make(map[string]report.Dockerfile)
	for _, d := range in.Dockerfiles {
		byName[d.File.Name] = d
	}
	for _, name := range names {
		d, read := byName[name]
		switch {
		case read:
			if len(d.Platforms) == 0 {
				d.Platforms = update.DefaultPlatforms
			}
			if err := addReferences(in, name, d.File.Data, d.Platforms, d.Lock, d.File.Frontend()); err != nil {
				return err
			}
		case pin.IsYAML(name):
			file, err := locks.of(filepath.Dir(name))
			if err != nil {
				return err
			}
			data, err := regular.Read(name, pin.MaxSize)
			if err == nil {
				err = addReferences(in, name, data, update.DefaultPlatforms[:1], file, false)
			}
			if err != nil {
				in.Unread = append(in.Unread, report.Unread{Name: name, Err: console.Usagef("", "%w", err)})
			}
		}
	}
	return nil
}

// addReferences adds the images that one file names.
func addReferences(in *report.Input, name string, data []byte, platforms []lock.Platform, file *lock.File, frontend bool) error {
	var all []report.Reference
	for _, p := range platforms {
		refs, err := pin.ReferencesFor(name, data, p)
		if err != nil {
			return err
		}
		for _, r := range refs {
			same := func(o report.Reference) bool { return o.Place() == r.Place() && o.Text == r.Text }
			if !slices.ContainsFunc(all, same) {
				all = append(all, report.Reference{Reference: r, Context: r.Context(in.Contexts), Lock: file, Frontend: frontend})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b report.Reference) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	in.References = append(in.References, all...)
	return nil
}

// lockfiles are the lockfiles of a report, each read once.
type lockfiles struct {
	*command
	all    []*lock.File
	byName map[string]*lock.File
}

// start reads the lockfile that is named, or those of the folders that the report is about.
func (l *lockfiles) start(paths []string) error {
	l.byName = make(map[string]*lock.File)
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, dir := range paths {
		if _, err := l.of(dir); err != nil {
			return err
		}
	}
	return nil
}

func (l *lockfiles) read(name string) (*lock.File, error) {
	name = filepath.Clean(name)
	if file, ok := l.byName[name]; ok {
		return file, nil
	}
	file, err := lockfile.Read(name)
	if err != nil {
		return nil, err
	}
	l.byName[name] = file
	l.all = append(l.all, file)
	return file, nil
}

// of returns the lockfile that builds with a context use, or nil if there is none: the
// one that is named, or else that of the context, from which it is mounted.
func (l *lockfiles) of(dir string) (*lock.File, error) {
	if l.lockFile != "" || l.getenv("DEPFETCH_LOCK") != "" {
		return l.read(l.name())
	}
	if own := filepath.Join(dir, lockfile.Default); fileExists(own) {
		return l.read(own)
	}
	return nil, nil
}

// askForReport asks what the options say. An error does not keep the page from being
// written, which says the same.
func (c *command) askForReport(ctx context.Context, f reportFlags, in *report.Input) (errs []error) {
	at, err := epoch.Parse(c.getenv("SOURCE_DATE_EPOCH"))
	if err != nil {
		return []error{err}
	}
	if in.Asked.At = at; at.IsZero() {
		in.Asked.At = time.Now()
	}
	for i := range in.Locks {
		l := &in.Locks[i]
		c.lockFile = l.Name
		if f.outdated {
			l.Newest, l.NewestErr = c.latest(ctx, f.online, l.File, l.Deps)
			errs = append(errs, named(l.Name, l.NewestErr))
			for _, n := range l.Newest {
				if n.Err != nil {
					errs = append(errs, explainNewest(n))
				}
			}
		}
		if f.vulnerabilities {
			l.Advisories, l.AdvisoriesErr = c.knownVulnerabilities(ctx, f, l.File)
			errs = append(errs, named(l.Name, l.AdvisoriesErr))
		}
	}
	if f.images {
		registry, err := c.registry(f.Options)
		if err != nil {
			return append(errs, err)
		}
		images := report.AskFor(in.References, in.Locks)
		end := c.progress.Step("for the digests of " + count(len(images), "image"))
		in.Asked.Digests, in.Asked.Failed = registry.Digests(ctx, images)
		end()
		for _, name := range images {
			errs = append(errs, in.Asked.Failed[name])
		}
	}
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

// knownVulnerabilities asks what is known of what a lockfile pins.
func (c *command) knownVulnerabilities(ctx context.Context, f reportFlags, file *lock.File) (*advisory.Report, error) {
	least, err := advisory.ParseLevel(f.known.severity)
	if err != nil {
		return nil, console.Usagef("", "--severity: %w", err)
	}
	client, err := c.client(f.online, file)
	if err != nil {
		return nil, err
	}
	return c.audited(ctx, client, f.known, f.online, selected{file, file.Deps, file.URLs}, least)
}

// named returns an error with what it is about.
func named(what string, err error) error {
	if err == nil || strings.HasPrefix(err.Error(), what) {
		return err
	}
	return explainOne(fmt.Errorf("%s: %w", what, err))
}
