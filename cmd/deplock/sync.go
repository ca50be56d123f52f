package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch/atomicfile"
	"depfetch/lock"
	"depfetch/lock/dockerfile"
	"depfetch/lock/sync"
	"depfetch/lock/update"
)

// syncFlags are the options of sync.
type syncFlags struct {
	online
	check, dryRun, prune, noEdit, undo, strict bool
	buildArgs                                  []string
	from, context, moving                      string
	vendor                                     string
	binaries                                   string
	bases                                      string
	programs                                   map[lock.Platform][]byte // that --vendor copies
}

const syncLong = `sync takes Dockerfiles over as they are. It locks what their RUNs download with curl
and wget and their ADDs by address, a line of [urls] for each, and mounts depfetch
as curl and wget into those RUNs. The text of the shell stays as it is, and so does
everything else but the flags that are added; the images that are built stay the
same, and what is not pinned fails the build.

A RUN is adopted if all that it asks for is known and would surely reach what is
mounted. Every other one is left, with the reason and the way out, and goes on
building as before. sync may run any number of times: after a version in an ARG or
ENV has changed, it locks what is new.

Each address is asked for as its call asks, with its header fields and with
redirects only where it follows them. Sums that stand in the Dockerfile, that GitHub
publishes of a release's asset, or that lie beside the file (.sha256, .sha256sum,
SHA256SUMS, checksums.txt) are compared: one that differs is an error (exit code 4),
and nothing of that Dockerfile is written. Those of upstream make a line's trust
"published"; one of the Dockerfile does not, since it may have been computed from the
bytes that came. What the policy forbids is left (exit code 5).

An address that moves by its nature (latest, a branch, an API) is left to the
image's own curl or wget (--moving leave): a RUN with nothing else stays as it is;
beside others it gets a line that says unpinned. --moving pin pins it.`

const syncExample = `  deplock sync                                # every Dockerfile below this folder
  deplock sync --dry-run images/api           # the changes, as a diff
  deplock sync --check                        # for CI: offline, exit code 1 if something is to be done
  deplock sync --build-arg VERSION=1.2.4      # another version than the Dockerfile's default, too
  docker buildx build --build-context depfetch=bin .  # and then build, with depfetch in ./bin`

func (c *command) syncCommand() *cobra.Command {
	var f syncFlags
	cmd := &cobra.Command{
		Use:     "sync [PATH…]",
		Short:   "Take Dockerfiles over: lock what they download, and mount depfetch into those RUNs",
		Long:    syncLong,
		Example: syncExample,
		Args:    cobra.ArbitraryArgs,
		RunE:    func(cmd *cobra.Command, args []string) error { return c.sync(cmd.Context(), f, args) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.check, "check", false, "write nothing and ask nobody; exit code 1 if an address is not pinned, an instruction could be adopted, or a line is not asked for")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the changes and do not write them")
	flags.BoolVar(&f.prune, "prune", false, "remove the lines of [urls] that nothing asks for")
	flags.BoolVar(&f.noEdit, "no-edit", false, "lock alone, and leave the Dockerfiles as they are; those whose syntax line names an image called depfetch-frontend are left in any case")
	flags.BoolVar(&f.undo, "undo", false, "take out of the Dockerfiles what sync has put in")
	flags.BoolVar(&f.strict, "strict", false, "fail if an instruction is left")
	flags.StringArrayVar(&f.buildArgs, "build-arg", nil, "NAME=VALUE, as docker build has it; may be given again")
	flags.StringVar(&f.from, "from", "depfetch", "the image or named context that holds /depfetch")
	flags.StringVar(&f.vendor, "vendor", "", "copy depfetch from this folder of the build context, and put its binaries there (default .depfetch)")
	flags.Lookup("vendor").NoOptDefVal = ".depfetch"
	flags.StringVar(&f.binaries, "vendor-from", "", "where --vendor finds depfetch-linux-ARCH, as make dist makes them (default beside deplock)")
	flags.StringVar(&f.context, "context", "", "the build context (default what compose and bake files say, else the nearest folder of the repository, from the Dockerfile's upwards, that holds the sources of its COPY and ADD)")
	flags.StringVar(&f.bases, "bases", "", "ask registries for the PATH and SHELL of base images that are new, for at most 3 seconds, or take what is usual without asking (default $DEPLOCK_BASES, else ask)")
	flags.StringVar(&f.moving, "moving", "leave", "leave or pin: what becomes of addresses that move")
	flags.BoolVar(&f.allowHTTP, "allow-http", false, "lock over plain http")
	f.register(cmd)
	return cmd
}

// unit is one Dockerfile on its way.
type unit struct {
	name    string
	context string
	data    []byte
	reading *sync.Reading
	source  sync.Source
	// blocked is why nothing of it can be adopted, or empty.
	blocked *sync.Reason
	noEdit  bool // it stays as it is, and what it downloads is locked
}

// group is the Dockerfiles that have one lockfile.
type group struct {
	target
	units []*unit
	// others are the Dockerfiles of the lockfile that were not named; they are read to
	// know what is asked for.
	others []*unit
}

func (c *command) sync(ctx context.Context, f syncFlags, paths []string) error {
	if f.moving != "leave" && f.moving != "pin" {
		return console.Usagef("", "--moving %q: write leave or pin", f.moving)
	}
	f.bases = cmp.Or(f.bases, c.getenv("DEPLOCK_BASES"), "ask")
	if err := errors.Join(f.exclusive(), f.checkBases()); err != nil {
		return err
	}
	groups, err := c.groups(f, paths)
	if err != nil {
		return err
	}
	c.unknownArgs(f, groups)
	if f.vendor != "" && !f.noEdit && !f.check && !f.undo {
		if f.programs, err = f.findPrograms(groups); err != nil {
			return err
		}
	}
	var errs []error
	total := &tally{}
	for _, g := range groups {
		if err := c.syncGroup(ctx, f, g, total); err != nil {
			errs = append(errs, err)
		}
	}
	c.syncSummary(f, total)
	switch err := errors.Join(errs...); {
	case err != nil:
		return err
	case total.wrong > 0:
		c.code = exit.WrongBytes
	case total.refused > 0:
		c.code = exit.Refused
	case total.failed > 0:
		c.code = exit.Unavailable
	case f.check && total.findings > 0, f.strict && total.left > 0, total.broken > 0:
		c.code = exit.Failure
	}
	return nil
}

// exclusive reports options that exclude one another.
func (f syncFlags) exclusive() error {
	var set []string
	for name, on := range map[string]bool{"--check": f.check, "--dry-run": f.dryRun, "--undo": f.undo} {
		if on {
			set = append(set, name)
		}
	}
	slices.Sort(set)
	if len(set) > 1 && !slices.Equal(set, []string{"--dry-run", "--undo"}) {
		return console.Usagef("", "%s: give one of them", strings.Join(set, " and "))
	}
	return nil
}

// groups reads the Dockerfiles, and the lockfile of each.
func (c *command) groups(f syncFlags, paths []string) ([]*group, error) {
	args, err := buildArgs(f.buildArgs)
	if err != nil {
		return nil, err
	}
	names, err := dockerfiles(paths, nil)
	if err != nil {
		return nil, err
	}
	var (
		groups []*group
		errs   []error
	)
	for _, name := range names {
		if err := c.addUnit(f, args, name, &groups); err != nil {
			errs = append(errs, err)
		}
	}
	for _, g := range groups {
		if f.check || f.prune {
			errs = append(errs, c.findOthers(f, args, g))
		}
	}
	return groups, errors.Join(errs...)
}

// buildArgs reads NAME=VALUE as docker build does: without a value, it is that of
// the environment.
func buildArgs(list []string) (map[string]string, error) {
	args := make(map[string]string)
	for _, s := range list {
		name, value, ok := strings.Cut(s, "=")
		if name == "" {
			return nil, console.Usagef("write it as --build-arg NAME=VALUE", "--build-arg %q has no name", s)
		}
		if !ok {
			if value, ok = os.LookupEnv(name); !ok {
				continue
			}
		}
		args[name] = value
	}
	return args, nil
}

// unknownArgs warns of build arguments that no ARG declares, as a build does.
func (c *command) unknownArgs(f syncFlags, groups []*group) {
	for _, s := range f.buildArgs {
		name, _, _ := strings.Cut(s, "=")
		declares := func(u *unit) bool { return u.reading.File.Declares(name) }
		if !slices.ContainsFunc(groups, func(g *group) bool { return slices.ContainsFunc(g.units, declares) }) {
			c.console.Warnf("--build-arg %s: no ARG of the Dockerfiles has that name", name)
		}
	}
}

// addUnit reads one Dockerfile into the group of its lockfile.
func (c *command) addUnit(f syncFlags, args map[string]string, name string, groups *[]*group) error {
	file, err := readDockerfile(name)
	if err != nil {
		return err
	}
	data := file.Data
	file.BuildArgs = args
	dir, err := c.folders.contextOf(f.context, name, file)
	if err != nil {
		return err
	}
	lockName := c.lockFile
	if lockName == "" {
		lockName = filepath.Join(dir, lockfile.Default)
	}
	rel, err := relative(dir, lockName)
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return console.Usagef("a lockfile is mounted from the build context: put it there, or name the context with --context",
			"%s lies outside of the build context %s of %s", lockName, dir, name)
	}
	i := slices.IndexFunc(*groups, func(g *group) bool { return g.name == filepath.Clean(lockName) })
	if i < 0 {
		to, err := openTarget(filepath.Clean(lockName))
		if err != nil {
			return err
		}
		*groups, i = append(*groups, &group{target: to}), len(*groups)
	}
	g := (*groups)[i]
	u := &unit{name: name, context: dir, data: data, source: sync.Source{From: f.from, Vendor: f.vendor, Lock: rel}}
	if err := u.read(file, g, f, nil); err != nil {
		return err
	}
	if u.noEdit = f.noEdit || file.Frontend(); !u.noEdit {
		u.blocked = blocked(dir, name, g.mounted(f, u), data)
	}
	g.units = append(g.units, u)
	return nil
}

// read reads what a Dockerfile downloads, by what is known of its bases.
func (u *unit) read(file *dockerfile.File, g *group, f syncFlags, bases map[string]*sync.Base) (err error) {
	if file.Context, err = dockerfile.OpenContext(u.context); err != nil {
		return err
	}
	defer file.Context.Close()
	u.reading = sync.Read(file, sync.Options{
		Platforms: g.platforms(), Stages: f.vendor != "", Each: f.noEdit || file.Frontend(),
		Base: func(image string) *sync.Base { return bases[image] },
	})
	return nil
}

func (g *group) platforms() []lock.Platform {
	if len(g.file.Platforms) > 0 {
		return g.file.Platforms
	}
	return update.DefaultPlatforms
}

// syncGroup does all of one lockfile.
func (c *command) syncGroup(ctx context.Context, f syncFlags, g *group, total *tally) error {
	switch {
	case f.undo:
		return c.undo(f, g)
	case f.check:
		c.checkGroup(f, g, total)
		return nil
	}
	if err := c.askBases(ctx, f, g); err != nil {
		return err
	}
	book := newPins(g.file)
	if err := c.lockAll(ctx, f, g, book); err != nil {
		return err
	}
	total.failed, total.refused, total.wrong = total.failed+book.failed, total.refused+book.refused, total.wrong+len(book.wrong)
	book.drop(g.units)
	if err := c.writePins(ctx, f, g, book); err != nil {
		return err
	}
	if f.vendor != "" && !f.noEdit {
		if err := c.vendor(ctx, f, g); err != nil {
			return err
		}
	}
	for _, u := range g.units {
		if book.spoilt(u) {
			total.files++
			c.printf("%s: left as it is: the bytes of a download are not those that it, or upstream, has the sum of\n", u.name)
			continue
		}
		if err := c.adopt(f, u, book, total); err != nil {
			return err
		}
	}
	return nil
}

// adopt edits one Dockerfile and reports what is left of it.
func (c *command) adopt(f syncFlags, u *unit, book *pins, total *tally) error {
	before := total.adopted
	c.report(u, book, total)
	if u.noEdit || u.blocked != nil {
		return nil
	}
	total.edited += total.adopted - before
	if total.adopted > before {
		if _, file, ok := c.folders.declaredContext(u.name); ok && !slices.Contains(total.declared, file) {
			total.declared = append(total.declared, file)
		}
	}
	text := u.reading.Edit(u.source, book)
	copied := []byte("COPY " + f.vendor + "/")
	if f.vendor != "" && total.adopted == before && bytes.Count(text, copied) > bytes.Count(u.data, copied) {
		c.printf("%s: changed to take depfetch from %s\n", u.name, f.vendor)
	}
	return c.writeDockerfile(f, u, text)
}

// writeDockerfile writes a Dockerfile that has changed, once it has been read again.
func (c *command) writeDockerfile(f syncFlags, u *unit, text []byte) error {
	if string(text) == string(u.data) {
		return nil
	}
	if _, err := dockerfile.Parse(u.name, text); err != nil {
		return fmt.Errorf("this is a bug: the edited Dockerfile would not be valid, so that it is left: %w", err)
	}
	if f.dryRun {
		c.diff(u.name, u.data, text)
		return nil
	}
	if err := atomicfile.Update(u.name, u.data, text); err != nil {
		return fmt.Errorf("%s: %w", u.name, err)
	}
	return nil
}

// undo takes out what sync has put in.
func (c *command) undo(f syncFlags, g *group) error {
	book := newPins(g.file)
	for _, u := range g.units {
		text := u.reading.Undo(book)
		if err := c.writeDockerfile(f, u, text); err != nil {
			return err
		}
		if string(text) != string(u.data) && !f.dryRun {
			c.printf("%s is as it was\n", u.name)
		}
	}
	return nil
}
