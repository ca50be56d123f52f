package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/release"
	"depfetch/lock/update"
)

// updateFlags are the options of update.
type updateFlags struct {
	lockFlags
	latest           bool
	stale            bool
	requireSignature bool
}

func (c *command) updateCommand() *cobra.Command {
	var f updateFlags
	cmd := &cobra.Command{
		Use:   "update [NAME[@VERSION]|URL…]",
		Short: "Lock again: all dependencies, those named, or one at another version; or an address of urls",
		Long: `update locks dependencies again: all of them, those named, or one at another
version. A line of [urls] is locked again if its address is given, which is for a
file that upstream has replaced on purpose; deplock sync locks addresses that are new.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return c.update(cmd.Context(), f, args) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.latest, "latest", false, "take the latest version of each that says where to find it")
	flags.BoolVar(&f.stale, "stale", false, "lock what is stale or missing and leave all else as it is, as on a branch where a bot has raised a version")
	flags.StringArrayVar(&f.platforms, "platform", nil, "lock this platform alone; may be given again")
	flags.BoolVar(&f.acceptSigner, "accept-signer", false, "lock what was signed, though somebody else signs it now, or nobody")
	flags.BoolVar(&f.requireSignature, "require-signature", false, requireUsage)
	f.register(cmd)
	return cmd
}

func (c *command) update(ctx context.Context, f updateFlags, args []string) error {
	names, addresses := byKind(args)
	if len(addresses) > 0 && (f.latest || len(f.platforms) > 0) {
		return console.Usagef("", "%s: --latest and --platform are about dependencies, not addresses", source.Redact(addresses[0]))
	}
	if len(addresses) > 0 && f.requireSignature {
		return console.Usagef("a dependency (deplock add) can be signed", "%s: --require-signature is about dependencies, not addresses", source.Redact(addresses[0]))
	}
	if named := slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, "@") }); f.stale && (named || f.latest || len(f.platforms) > 0 || len(addresses) > 0) {
		return console.Usagef("", "--stale finds itself what to lock: it goes with names alone, not with versions, --latest, --platform or addresses")
	}
	file, wants, err := c.wanted(names)
	if err != nil {
		return err
	}
	if len(names) == 0 && len(addresses) > 0 {
		wants = nil
	}
	pins, err := pinsOf(file, addresses)
	if err != nil {
		return err
	}
	client, err := c.client(f.online, file)
	if err != nil {
		return err
	}
	client.RequireSignature = f.requireSignature
	entries := c.entriesOf(ctx, f.online, file)
	if f.stale {
		wants = staleOf(file, wants)
	}
	if f.latest {
		if err := c.accept(client, entries, depsOf(wants)); err != nil {
			return err
		}
		if wants, err = c.newest(ctx, client, wants, len(args) > 0); err != nil {
			return err
		}
	}
	without, err := c.revise(entries, file, wants, f.skipMissing)
	if err != nil {
		return err
	}
	for i := range wants {
		if wants[i].Platforms == nil {
			wants[i].Platforms, err = f.platformsOf(file, wants[i])
		}
		if err != nil {
			return err
		}
		wants[i].Platforms = slices.DeleteFunc(wants[i].Platforms, func(p lock.Platform) bool { return slices.Contains(without[wants[i].Dep.Name], p) })
	}
	results, err := client.Lock(ctx, file, wants)
	missing(results, without)
	changes, err2 := client.LockPins(ctx, file, pins)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	return c.write(ctx, f.dryRun, results, func(doc *edit.Document) error {
		return doc.Batch(func(doc *edit.Document) error {
			return errors.Join(update.Apply(doc, results, f.skipMissing), update.ApplyPins(doc, changes))
		})
	}, changes...)
}

// staleOf returns the wants that there is something to lock for, with the platforms of that.
func staleOf(file *lock.File, wants []update.Want) []update.Want {
	var stale []update.Want
	for _, w := range wants {
		platforms := file.Stale(w.Dep)
		switch {
		case len(w.Dep.Locked) == 0 || slices.Contains(platforms, lock.Any):
			w.Platforms = nil // what it is locked for is a question of its templates
		case len(platforms) == 0:
			continue
		default:
			w.Platforms = platforms
		}
		stale = append(stale, w)
	}
	return stale
}

func depsOf(wants []update.Want) []*lock.Dep {
	deps := make([]*lock.Dep, len(wants))
	for i, w := range wants {
		deps[i] = w.Dep
	}
	return deps
}

// wanted reads the lockfile and the arguments, NAME or NAME@VERSION; none are all
// dependencies.
func (c *command) wanted(args []string) (*lock.File, []update.Want, error) {
	versions := make(map[string]string)
	var names []string
	for _, arg := range args {
		name, version, at := strings.Cut(arg, "@")
		if at && version == "" {
			return nil, nil, console.Usagef("write it as "+name+"@1.2.3", "%s: no version behind the @", arg)
		}
		if slices.Contains(names, name) {
			return nil, nil, console.Usagef("", "%s is named twice", name)
		}
		names, versions[name] = append(names, name), version
	}
	file, deps, err := c.dependencies(names)
	if err != nil {
		return nil, nil, err
	}
	wants := make([]update.Want, len(deps))
	var errs []error
	for i, d := range deps {
		wants[i] = update.Want{Dep: d, Version: versions[d.Name]}
		errs = append(errs, onLine(d, versions[d.Name]))
	}
	return file, wants, errors.Join(errs...)
}

// onLine returns an error if a version that somebody has named, or "", comes after the line
// of versions that the dependency stays on: update --latest could never move it again.
func onLine(d *lock.Dep, version string) error {
	if d.Latest == nil || version == "" {
		return nil
	}
	if err := release.CheckLine(*d.Latest, version); err != nil {
		return fmt.Errorf("%s: %w", d.Name, err)
	}
	return nil
}

// newest sets the version of each want to the latest. A dependency that does not
// say where its versions are found is left out, unless it was named.
func (c *command) newest(ctx context.Context, client *update.Client, wants []update.Want, named bool) ([]update.Want, error) {
	var (
		deps []*lock.Dep
		errs []error
	)
	for _, w := range wants {
		switch {
		case w.Version != "":
			return nil, console.Usagef("", "%s@%s: --latest finds the version itself", w.Dep.Name, w.Version)
		case w.Dep.Latest != nil:
			deps = append(deps, w.Dep)
		case named:
			errs = append(errs, console.Usagef(`write for instance latest = { github = "owner/repository" }`,
				"%s does not say where its versions are found", w.Dep.Name))
		}
	}
	c.warnNowhere(wants, named)
	wants = nil
	for _, n := range client.Newest(ctx, deps) {
		c.warnUnordered(n)
		switch {
		case n.Err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", n.Dep.Name, n.Err))
		case n.Newer:
			wants = append(wants, update.Want{Dep: n.Dep, Version: n.Version})
		}
	}
	return wants, errors.Join(errs...)
}

// warnNowhere names the dependencies that do not say where their versions are
// found, unless that is an error since they were named.
func (c *command) warnNowhere(wants []update.Want, named bool) {
	var names []string
	for _, w := range wants {
		if w.Dep.Latest == nil && !named {
			names = append(names, w.Dep.Name)
		}
	}
	if len(names) > 0 {
		c.console.Warnf("no latest, so the newest version is not known: %s", strings.Join(names, ", "))
	}
}

// warnUnordered names what could not be compared with the version of a dependency.
func (c *command) warnUnordered(n update.Newest) {
	const few = 5
	if len(n.Unordered) == 0 {
		return
	}
	names := strings.Join(n.Unordered[:min(few, len(n.Unordered))], ", ")
	if more := len(n.Unordered) - few; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	c.console.Warnf("%s: upstream also has what cannot be compared with %s: %s (latest.prefix leaves out what begins with something else)",
		n.Dep.Name, cmp.Or(n.Dep.Version, "no version"), names)
}

// platformsOf returns the platforms to lock for a want.
func (f updateFlags) platformsOf(file *lock.File, w update.Want) ([]lock.Platform, error) {
	all := update.Platforms(file, w.Templates())
	if len(f.platforms) == 0 {
		return all, nil
	}
	platforms, err := parsePlatforms(f.platforms)
	switch {
	case err != nil:
		return nil, err
	case slices.Equal(all, []lock.Platform{lock.Any}):
		return all, nil // one line stands for every platform
	case w.Version == "" || w.Version == w.Dep.Version:
		return platforms, nil
	}
	// At another version, the lines of all platforms would be stale.
	for _, l := range w.Dep.Locked {
		if !slices.Contains(platforms, l.Platform) {
			return nil, console.Usagef("leave out --platform",
				"%s is locked for %s too, and at %s that line would be stale", w.Dep.Name, l.Platform, w.Version)
		}
	}
	return platforms, nil
}

// write edits the lockfile and prints what has changed, or prints the difference
// that it would make.
func (c *command) write(ctx context.Context, dryRun bool, results []update.Result, change func(*edit.Document) error, pins ...update.PinChange) error {
	checked := func(doc *edit.Document) error {
		if err := change(doc); err != nil {
			return err
		}
		return violations(doc.File(), results)
	}
	t, err := openTarget(c.name())
	if err != nil {
		return err
	}
	if dryRun {
		return c.preview(t, checked)
	}
	// Before the lines that need them.
	if err := c.writeTrees(results); err != nil {
		return err
	}
	changed, err := t.apply(ctx, checked)
	if err != nil {
		return errors.Join(err, c.pruneTrees())
	}
	if t.started {
		c.printf("%s is started\n", t.name)
	}
	c.summary(results)
	c.pinSummary(pins)
	for _, r := range results {
		for _, ch := range r.Changes {
			if !ch.Missing && (ch.Old == nil || ch.Old.URL != ch.New.URL) && c.warnSecret(ch.New.URL) {
				break // the same for the other platforms
			}
		}
	}
	if !changed {
		c.unchanged()
	}
	return c.pruneTrees()
}

// unchanged says that there was nothing to write, and what of the lockfile is not in order
// all the same: lines that were not asked about, or that asking does not change.
func (c *command) unchanged() {
	file, err := lockfile.Read(c.name())
	if err == nil {
		err = errors.Join(file.Check(), file.CheckComplete())
	}
	if err == nil {
		c.printf("%s is up to date\n", c.name())
		return
	}
	c.printf("nothing to change\n")
	for _, e := range console.Flatten(err) {
		c.console.Warnf("%v", e)
		if fault, ok := errors.AsType[*lock.Error](e); ok {
			c.console.Hintf("%s", fault.Hint)
		}
	}
}

// warnSecret warns of an address that has been locked, and has what is called like a secret
// in its query. It reports whether it has.
func (c *command) warnSecret(address string) bool {
	names := lock.SecretParameters(address)
	if len(names) == 0 {
		return false
	}
	c.console.Warnf("%s: %s stands in the lockfile in clear, for all who read the repository", source.Redact(address), strings.Join(names, ", "))
	c.console.Hintf("if it is a secret, revoke it, and lock an address without it: tokens are sent from a file of header fields (--headers FILE) or a netrc (--netrc FILE)")
	return true
}

// violations returns what the lockfile's policy forbids of the dependencies that
// have been locked.
func violations(f *lock.File, results []update.Result) error {
	var errs []error
	for _, err := range console.Flatten(f.Check()) {
		var e *lock.Error
		locked := func(r update.Result) bool { return r.Dep.Name == e.Dep }
		if errors.As(err, &e) && e.Kind == lock.KindPolicy && slices.ContainsFunc(results, locked) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// summary prints what has changed: the version, and each line before and after.
func (c *command) summary(results []update.Result) {
	for _, r := range results {
		if r.Version == r.Dep.Version && !slices.ContainsFunc(r.Changes, func(ch update.Change) bool { return !ch.Same() }) {
			continue
		}
		title := r.Dep.Name
		if r.Version != r.Dep.Version {
			title += " " + r.Dep.Version + " → " + r.Version
		} else if r.Version != "" {
			title += " " + r.Version
		}
		c.printf("%s\n", title)
		c.revised(r)
		for _, ch := range r.Changes {
			switch {
			case ch.Missing:
				if ch.Asked != "" {
					c.printf("  %s: nothing at %s, left out\n", ch.Platform, fetch.ShowAddress(ch.URL, ch.Asked))
					continue
				}
				c.printf("  %s: not published, left out\n", ch.Platform)
			case !ch.Same():
				c.printf("  %s\n", ch.Platform)
				if ch.Old != nil {
					c.printf("    - %s\n", lineText(*ch.Old))
				}
				c.printf("    + %s\n", lineText(ch.New))
			}
		}
	}
}

// pinSummary prints what has changed of lines of urls.
func (c *command) pinSummary(changes []update.PinChange) {
	for _, ch := range changes {
		if ch.Same() {
			continue
		}
		c.printf("%s\n", source.Redact(ch.New.URL))
		if ch.Old.Unpinned != "" {
			c.printf("    - unpinned: %s\n", ch.Old.Unpinned)
		} else {
			c.printf("    - %s\n", pinText(ch.Old))
		}
		c.printf("    + %s\n", pinText(ch.New))
	}
}

func pinText(p lock.Pin) string {
	return lineText(lock.Line{Digest: p.Digest, Size: p.Size, Trust: p.Trust})
}

func lineText(l lock.Line) string {
	text := fmt.Sprintf("sha256 %s  %s  %s", l.Digest, sizeText(l.Size), l.Trust)
	if l.By != "" {
		text += " by " + l.By
	}
	if !l.Unpacked.IsZero() {
		text += fmt.Sprintf("  unpacked %.12s", l.Unpacked)
	}
	return text
}

func sizeText(n int64) string {
	if n == fetch.SizeUnknown {
		return "size unknown"
	}
	return fmt.Sprintf("%d bytes", n)
}
