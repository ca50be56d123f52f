package main

import (
	"context"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/fetch/unpack"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/update"
)

// addFlags are the options of add.
type addFlags struct {
	lockFlags
	dep     edit.NewDep
	unpack  string
	alias   []string
	latest  string
	line    string
	libc    string
	others  []string // registries
	signing signing
}

// lockFlags are the options of the commands that lock dependencies.
type lockFlags struct {
	online
	platforms   []string
	skipMissing bool
	dryRun      bool
}

func (f *lockFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.skipMissing, "skip-missing", false, "leave out the platforms that upstream does not have, and record that")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the change and do not write it")
	flags.BoolVar(&f.allowHTTP, "allow-http", false, "lock over plain http")
	flags.BoolVar(&f.allowMismatch, "allow-platform-mismatch", false, "lock programs that are for another platform, and record that")
	f.online.register(cmd)
}

func (c *command) addCommand() *cobra.Command {
	var f addFlags
	cmd := &cobra.Command{
		Use:   "add NAME[@VERSION] [URL]",
		Short: "Add a dependency and lock it: by a name of a catalogue, a repository on GitHub, or a URL, which may be a template",
		Long: `add writes a dependency and locks it. With a URL, it is what the options say. Without
one, NAME is looked up in the catalogues: they know where the files of a tool are, for
which platforms, what to take out of an archive, and where the checksums are. Without a
version, it is the latest. Options replace what a catalogue says.

The address of a repository on GitHub, or of one of its releases, or OWNER/REPO, needs no
NAME: the file for each platform is chosen by its name, and the program found in its
archive. Where several files are equally good, add asks, and fails where it cannot; of
several packages in one repository, too. A catalogue that has the repository goes first.
A lockfile that is not there yet is started.`,
		Example: `  deplock add kubectl
  deplock add helm@3.18.4 --path /opt/bin/helm
  deplock add https://github.com/BurntSushi/ripgrep
  deplock add data https://example.com/data-{version}.bin --version 7 --path /srv/data.bin`,
		Args: arguments(1, 2, "a name and a URL, or a name that a catalogue has"),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := c.addAny(cmd.Context(), f, args)
			if err == nil && !f.dryRun {
				c.handOff()
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.dep.Version, "version", "", "the version, which {version} in templates stands for")
	flags.StringVar(&f.dep.Path, "path", "", "where the file lands")
	flags.StringVar(&f.dep.Mode, "mode", "", "its mode, as 0755 (default 0644)")
	flags.StringVar(&f.dep.Owner, "owner", "", "its owner, as uid:gid")
	flags.StringVar(&f.dep.Member, "member", "", "the one file to take out of the archive; a name or a glob")
	flags.StringVar(&f.unpack, "unpack", "", "unpack the archive into the directory --path; strip=N, include=GLOB, modes=GLOB=MODE, replace, absolute_links, absolute_names and drop_special_bits may be given, with commas between")
	flags.Lookup("unpack").NoOptDefVal = "true"
	flags.StringArrayVar(&f.platforms, "platform", nil, "a platform to lock; may be given again (default those of the lockfile)")
	flags.StringArrayVar(&f.alias, "alias", nil, "PLATFORM=NAME, what {alias} stands for there; may be given again")
	flags.StringVar(&f.dep.Sums, "sums", "", "the address of upstream's list of checksums; {url} stands for the file's")
	flags.StringArrayVar(&f.signing.tables, "signature", nil, `what upstream signs, as the lockfile has it: '{ minisign = "{url}.minisig", key = "RW…" }'; may be given again, and all must hold`)
	flags.BoolVar(&f.signing.none, "no-signature", false, "leave out the signatures that a catalogue names, and look for none")
	flags.BoolVar(&f.acceptSigner, "accept-signer", false, acceptUsage)
	flags.BoolVar(&f.signing.require, "require-signature", false, requireUsage)
	flags.StringArrayVar(&f.dep.Mirrors, "mirror", nil, "a further address of the same bytes; may be given again")
	flags.StringArrayVar(&f.dep.Groups, "group", nil, "a group that it is in; may be given again")
	flags.StringVar(&f.libc, "libc", "", "gnu or musl, where a catalogue has builds for both (default gnu)")
	flags.StringArrayVar(&f.others, "catalogue", nil, catalogueUsage)
	flags.StringVar(&f.latest, "latest", "", "OWNER/REPOSITORY on GitHub whose releases are its versions")
	flags.StringVar(&f.line, "line", "", `the line of versions to stay on, as "22" or "3.3"; the newest of it if there is no --version`)
	f.register(cmd)
	return cmd
}

// addAny adds what the arguments of add name.
func (c *command) addAny(ctx context.Context, f addFlags, args []string) error {
	name, where := "", args[0]
	if len(args) == 2 {
		name, where = args[0], args[1]
	}
	page, version, ok := c.parsePage(f, where)
	switch {
	case ok && (name != "" || strings.Count(where, "/") > 1): // OWNER/REPO may be a name of a catalogue
		return c.addPage(ctx, f, name, page, version)
	case name == "":
		return c.addNamed(ctx, f, where)
	}
	return c.add(ctx, f, name, where)
}

func (c *command) add(ctx context.Context, f addFlags, name, url string) error {
	plain, version, at := strings.Cut(name, "@")
	switch {
	case at && (plain == "" || version == ""):
		return console.Usagef("write it as helm@3.18.4", "%q: want NAME or NAME@VERSION", name)
	case at && f.dep.Version != "" && f.dep.Version != version:
		return console.Usagef("", "%s: --version says %s", name, f.dep.Version)
	case at:
		name, f.dep.Version = plain, version
	}
	file, err := c.openAdded()
	if err != nil {
		return err
	}
	if err := isNew(file, name); err != nil {
		return err
	}
	if f.libc != "" || len(f.others) > 0 {
		return console.Usagef("leave out the URL, or these options", "--libc and --catalogue are about names of a catalogue")
	}
	dep := f.dep
	dep.Name, dep.URL = name, url
	if err := f.parse(&dep); err != nil {
		return err
	}
	client, err := c.client(f.online, file)
	if err != nil {
		return err
	}
	results, dep, err := c.lockNew(ctx, f, client, file, dep)
	if err != nil {
		return hintOptions(err)
	}
	return c.write(ctx, f.dryRun, results, func(doc *edit.Document) error { return doc.Add(dep) })
}

// isNew returns an error if the lockfile has a dependency of that name.
func isNew(file *lock.File, name string) error {
	if file.Dep(name) != nil {
		return console.Usagef("deplock update "+name+" locks it again", "%s is in the lockfile already", name)
	}
	return nil
}

// offerGrace is how long signatures are looked for when the file is locked.
const offerGrace = 2 * time.Second

// lockNew locks a dependency that is not in the lockfile, and returns it as it is to be
// written.
func (c *command) lockNew(ctx context.Context, f addFlags, client *update.Client, file *lock.File, dep edit.NewDep) ([]update.Result, edit.NewDep, error) {
	// What is new is parsed as it would stand in a file, by the rules for one.
	client.RequireSignature = f.signing.require
	looking, cancel := context.WithCancel(ctx)
	offers, err := c.offered(looking, f, client, file, dep)
	if err != nil {
		cancel()
		return nil, dep, err
	}
	defer func() { cancel(); offers() }()
	if err := c.sign(f, &dep, offers); err != nil {
		return nil, dep, err
	}
	draft, err := edit.Draft(dep)
	if err != nil {
		return nil, dep, err
	}
	if err := onLine(draft, dep.Version); err != nil {
		return nil, dep, err
	}
	if dep.Version != "" && !draft.URL.HasVersion() {
		c.console.Warnf("%s: the url does not hold {version}, so that its address will be the same for every version", dep.Name)
	}
	want := update.Want{Dep: draft, Platforms: update.Platforms(file, draft)}
	results, err := client.Lock(ctx, file, []update.Want{want})
	if err != nil {
		return nil, dep, err
	}
	if dep.Platforms, dep.Locked, err = lockedOf(results[0], dep.Platforms, f.skipMissing); err != nil {
		return nil, dep, err
	}
	dep.AllowPlatformMismatch = slices.ContainsFunc(results[0].Changes, func(ch update.Change) bool { return ch.Mismatch })
	// What upstream signs is a hint, for which nobody waits much longer than for the file.
	defer time.AfterFunc(offerGrace, cancel).Stop()
	c.hintOffers(f, dep, offers())
	return results, dep, nil
}

// parse reads the options that are not texts of the lockfile as they stand.
func (f addFlags) parse(dep *edit.NewDep) (err error) {
	if dep.Platforms, err = parsePlatforms(f.platforms); err != nil {
		return err
	}
	for _, s := range f.alias {
		platform, name, ok := strings.Cut(s, "=")
		p, err := lock.NormalizePlatform(platform)
		if err != nil || !ok {
			return console.Usagef("write it as linux/amd64=x86_64-unknown-linux-musl", "--alias %q: want PLATFORM=NAME", s)
		}
		if dep.Alias == nil {
			dep.Alias = make(map[lock.Platform]string)
		}
		dep.Alias[p] = name
	}
	if len(f.signing.tables) > 0 {
		dep.Signature = nil
	}
	for _, s := range f.signing.tables {
		table, err := edit.ParseTable(s)
		if err != nil {
			return console.Usagef(`write it as --signature '{ gpg = "{url}.asc", key = "FILE" }'`, "--signature %q: %w", s, err)
		}
		dep.Signature = append(dep.Signature, table)
	}
	if f.latest != "" {
		dep.Latest = []edit.Entry{{Key: "github", Value: f.latest}}
	}
	if f.line != "" {
		if dep.Latest == nil {
			return console.Usagef("give --latest OWNER/REPOSITORY too", "--line %s: it is not known where the versions of %s are listed", f.line, dep.Name)
		}
		dep.Latest = append(dep.Latest, edit.Entry{Key: "line", Value: f.line})
	}
	return parseUnpack(f.unpack, dep)
}

// parseUnpack reads "true" or "strip=1,include=bin/*,replace".
func parseUnpack(s string, dep *edit.NewDep) error {
	if s == "" || s == "false" {
		return nil
	}
	dep.Unpack = &fetch.Unpack{}
	if s == "true" {
		return nil
	}
	for _, word := range strings.Split(s, ",") {
		key, value, _ := strings.Cut(word, "=")
		n, err := strconv.Atoi(value)
		mode, isMode := cutMode(value)
		switch {
		case key == "strip" && err == nil && n >= 0:
			dep.Unpack.Strip = n
		case key == "include" && value != "":
			dep.Unpack.Include = append(dep.Unpack.Include, value)
		case key == "modes" && isMode:
			dep.Unpack.Modes = append(dep.Unpack.Modes, mode)
		case word == "replace":
			dep.Unpack.Replace = true
		case word == "absolute_links":
			dep.Unpack.AbsoluteLinks = true
		case word == "absolute_names":
			dep.Unpack.AbsoluteNames = true
		case word == "drop_special_bits":
			dep.Unpack.DropSpecial = true
		default:
			return console.Usagef("write it as --unpack=strip=1,include=bin/*", "--unpack %q: want strip=N, include=GLOB, modes=GLOB=MODE, replace, absolute_links, absolute_names or drop_special_bits", word)
		}
	}
	return nil
}

// cutMode reads a glob and a mode, "bin/*=0755".
func cutMode(s string) (m unpack.Mode, ok bool) {
	i := strings.LastIndex(s, "=")
	if i < 1 {
		return m, false
	}
	mode, err := strconv.ParseUint(s[i+1:], 8, 9)
	return unpack.Mode{Glob: s[:i], Mode: fs.FileMode(mode)}, err == nil
}

// lockedOf returns the platforms and locked lines to write for a new dependency.
func lockedOf(r update.Result, platforms []lock.Platform, skipMissing bool) ([]lock.Platform, []lock.Line, error) {
	var lines []lock.Line
	for _, ch := range r.Changes {
		if !ch.Missing {
			lines = append(lines, ch.New)
		}
	}
	missing := update.NewMissingError(r)
	if missing == nil {
		return platforms, lines, nil
	}
	if !skipMissing || missing.All {
		return nil, nil, missing
	}
	platforms = nil
	for _, l := range lines {
		platforms = append(platforms, l.Platform)
	}
	return slices.Clip(platforms), lines, nil
}

func (c *command) removeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME|URL…",
		Short: "Remove dependencies, or lines of urls by their addresses",
		Args:  arguments(1, many, "a name of a dependency or an address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			names, _ := byKind(args)
			for i, name := range names {
				if slices.Contains(names[:i], name) {
					return console.Usagef("", "%s is named twice", name)
				}
			}
			s, err := c.selection(args)
			if err != nil {
				return err
			}
			var addresses, shown []string
			for _, p := range s.pins {
				addresses, shown = append(addresses, p.URL), append(shown, source.Redact(p.URL))
			}
			if _, err := ownTrees(c.trees()); err != nil {
				return err
			}
			_, err = edit.Update(cmd.Context(), c.name(), func(doc *edit.Document) error {
				for _, name := range names {
					if err := doc.Remove(name); err != nil {
						return err
					}
				}
				return doc.RemovePins(addresses...)
			})
			if err != nil {
				return err
			}
			c.printf("removed %s\n", strings.Join(slices.Concat(names, shown), ", "))
			return c.pruneTrees()
		},
	}
}
