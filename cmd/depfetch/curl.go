package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/lockfile"
	"depfetch/cmd/internal/network"
	"depfetch/cmd/internal/shim"
	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// shimCommand makes curl or wget, pinned. The program may be started under that
// name too.
func (c *command) shimCommand(name string) *subcommand {
	return &subcommand{
		name: name, args: "…", raw: true, flags: pflag.NewFlagSet("", pflag.ContinueOnError),
		short: "The command lines of " + name + ", for pinned files alone; also when started under that name",
		run: func(ctx context.Context, _ *pflag.FlagSet, args []string) error {
			c.code, c.reported = c.shim(ctx, name, args, false), true
			return nil
		},
	}
}

// shim runs the command line of curl or wget. Native exit codes are those of that
// program.
func (c *command) shim(ctx context.Context, name string, args []string, native bool) int {
	// Writing to a pipe that nobody reads is an error with a code of its own.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	c.console.Program = "depfetch " + name
	c.console.Stdout = c.stdout // the program has an exit code of its own for it
	file, created := c.getenv("DEPFETCH_SBOM"), time.Time{}
	if file != "" {
		var err error
		if created, err = c.mtime(); err != nil {
			return c.console.Report(err)
		}
	}
	return (&shim.Program{
		SBOM: file, Created: created,
		Name: name, Args: args, Native: native, Version: version,
		Getenv: c.getenv, Stdin: os.Stdin, Stdout: c.stdout, Console: c.console, Progress: c.console.StandIn(), Pins: c.pins,
	}).Run(ctx)
}

// pins reads what the lockfile pins, and where else it may be had.
func (c *command) pins() (p shim.Pins, err error) {
	c.lockFile = cmp.Or(c.getenv("DEPFETCH_LOCK"), rootLock())
	file, err := c.load()
	if errors.Is(err, fs.ErrNotExist) {
		return p, console.Usagef("copy it to /"+lockfile.Default+", or name it in DEPFETCH_LOCK; deplock sync makes one", "%w", err)
	}
	if err != nil {
		return p, err
	}
	platform, err := c.target()
	if err != nil {
		return p, err
	}
	if p.Mirrors, err = c.mirrors(nil); err != nil {
		return p, err
	}
	if dir := c.getenv("DEPFETCH_CACHE"); dir != "" {
		p.Cache = &cache.Store{Root: dir}
	}
	if p.Offline, err = network.Enabled(c.getenv, "DEPFETCH_OFFLINE"); err != nil {
		return p, err
	}
	if p.MirrorFirst, err = network.Enabled(c.getenv, "DEPFETCH_MIRROR_FIRST"); err != nil {
		return p, err
	}
	// What is not locked for this platform is not pinned, and no fault here.
	artifacts, _ := file.Artifacts(platform, lock.Selection{})
	p.Resolver, p.Hosts = &pinned{file, platform, artifacts, c.getenv("DEPFETCH_LOCK") == "" && passedBy(c.lockFile, lockfile.Default)}, file.Policy.Hosts
	p.Unpinned = file.Unpinned
	return p, nil
}

// rootLock returns the lockfile at the root of the file system, if there is one, or
// else the one in the working directory.
func rootLock() string {
	if _, err := os.Stat("/" + lockfile.Default); err == nil {
		return "/" + lockfile.Default
	}
	return lockfile.Default
}

// pinned finds addresses in a lockfile.
type pinned struct {
	file      *lock.File
	platform  lock.Platform
	artifacts []fetch.Artifact
	passed    bool // a lockfile in the working directory, for the one at the root
}

// passedBy reports whether the lockfile here says something else than the one that has
// been read in its place. A copy of that, as COPY . . leaves in a stage, does not.
func passedBy(read, here string) bool {
	a, err := os.ReadFile(read)
	b, err2 := os.ReadFile(here)
	return err == nil && err2 == nil && !bytes.Equal(a, b)
}

// Resolve implements shim.Resolver. Mirrors count where no url does.
func (p *pinned) Resolve(_ context.Context, a cmdline.Address, asIs bool, _ *fetch.Client) (*fetch.Artifact, error) {
	is := func(address string) bool {
		other, err := cmdline.Normalize(address, "", asIs)
		return err == nil && other.URL == a.URL
	}
	for i := range p.artifacts {
		if is(p.artifacts[i].URL) {
			return &p.artifacts[i], nil
		}
	}
	for i := range p.artifacts {
		if slices.ContainsFunc(p.artifacts[i].Mirrors, is) {
			return &p.artifacts[i], nil
		}
	}
	for _, d := range p.file.Deps {
		for i := range d.Locked {
			if is(d.Locked[i].URL) {
				return nil, &console.Error{
					Err:  cmdline.Bad(source.Redact(a.URL), " is not pinned for ", p.platform.String(), ", but for another platform"),
					Hint: "to pin it: deplock update " + d.Name + " --platform " + p.platform.String(), Code: exit.Refused,
				}
			}
		}
	}
	err := shim.Unpinned(a, len(p.file.URLs) > 0 || len(p.file.Deps) == 0, func(name string) bool { return p.file.Dep(name) != nil })
	if e := (*console.Error)(nil); p.passed && errors.As(err, &e) {
		e.Hint += "; " + p.file.Name + " has been read, and not ./" + lockfile.Default + ", which DEPFETCH_LOCK=" + lockfile.Default + " names"
	}
	return nil, err
}
