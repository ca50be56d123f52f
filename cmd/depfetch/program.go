package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"

	"github.com/spf13/pflag"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/lockfile"
	"depfetch/cmd/internal/shim"
	"depfetch/fetch"
	"depfetch/lock"
)

// program is one call of depfetch, with all that it takes from its
// surroundings.
type program struct {
	name    string // it was started by
	args    []string
	getenv  func(string) string
	stdout  io.Writer
	stderr  io.Writer
	columns func() int // of the terminal that stderr is; nil if it is none
}

// run executes the command line and returns the exit code.
func (p program) run(ctx context.Context) int {
	out := &console.Output{Writer: p.stdout}
	c := &command{program: p, console: &console.Console{Program: "depfetch", Stdout: out, Stderr: p.stderr, Columns: p.columns,
		Color: console.Color(p.columns != nil, p.getenv)}}
	if name := shim.ProgramName(p.name); name != "" {
		return c.shim(ctx, name, p.args, true)
	}
	err := c.commandLine().execute(ctx, p.args, out)
	if c.reported || err == nil {
		return out.Finish(c.console, c.code)
	}
	return c.console.Report(err)
}

// command is what the commands share: the console, and the flags that all of
// them have.
type command struct {
	program
	console *console.Console

	lockFile string
	rootDir  string
	platform string
	groups   []string

	reported bool // the error has been printed
	code     int
}

const long = `depfetch puts the files that a lockfile pins in place, and fails if one byte of
one of them differs. Nothing is fetched that is not pinned, nothing is placed
before everything is verified, and no option turns that off.

Without a command, depfetch fetches: all dependencies, or those named. Started by
the name of curl or wget, it takes their command lines for what is pinned, and
ends with their exit codes: curl --help and wget --help list them.`

const example = `  # in a Dockerfile, with the lockfile beside it; build with --build-context depfetch=DIR
  RUN --mount=type=bind,from=depfetch,source=depfetch,target=/depfetch \
      --mount=type=bind,source=deps.lock.toml,target=/deps.lock.toml \
      ["/depfetch", "fetch", "--lock", "/deps.lock.toml"]

  # the tools of the group "ci", for another platform, into ./out
  depfetch fetch --group ci --platform linux/arm64 --root out

  # is everything in place what the lockfile pins?
  depfetch verify`

func (c *command) commandLine() *commandLine {
	global := pflag.NewFlagSet("", pflag.ContinueOnError)
	global.StringArrayVar(&c.groups, "group", nil, "only the dependencies of this group; may be given again")
	global.VarP((*lockfile.Option)(&c.lockFile), "lock", "f", lockfile.Usage)
	global.StringVar(&c.platform, "platform", "", "the platform to fetch for (default $TARGETPLATFORM, else this machine's)")
	global.StringVar(&c.rootDir, "root", "/", "the directory that every destination lies below")
	program := c.fetchCommand() // what depfetch does without a command
	program.name, program.long, program.example = "depfetch", long+"\n\n"+exit.Help, example
	l := &commandLine{subcommand: *program, version: version, global: global, below: []*subcommand{
		c.shimCommand("curl"), c.fetchCommand(), {name: "help", short: "Help about any command"},
		c.listCommand(), c.verifyCommand(), c.shimCommand("wget"),
	}}
	l.run = func(ctx context.Context, flags *pflag.FlagSet, names []string) error {
		err := program.run(ctx, flags, names)
		var unknown *lock.UnknownDepError
		if errors.As(err, &unknown) {
			if near := l.near(unknown.Name); near != "" {
				c.console.Hintf("if a command is meant: depfetch %s", near)
			}
		}
		return err
	}
	return l
}

// load reads the lockfile and refuses one that is bad, stale or against its own
// policy.
func (c *command) load() (*lock.File, error) {
	file, err := lockfile.Read(lockfile.Name(c.lockFile, c.getenv))
	if err != nil {
		return nil, err
	}
	return file, file.Check()
}

// trees returns where the manifests of unpacked trees are.
func (c *command) trees() string { return lockfile.Trees(lockfile.Name(c.lockFile, c.getenv)) }

// target returns the platform to fetch for.
func (c *command) target() (lock.Platform, error) {
	name, from := c.platform, "--platform"
	if name == "" {
		name, from = c.getenv("TARGETPLATFORM"), "TARGETPLATFORM"
	}
	if name == "" {
		name, from = runtime.GOOS+"/"+runtime.GOARCH, "this machine's platform"
	}
	p, err := lock.NormalizePlatform(name)
	if err != nil {
		return p, console.Usagef("write it as Docker does, for instance linux/amd64", "%s: %w", from, err)
	}
	return p, nil
}

// selection reads the lockfile and returns what it pins of the named
// dependencies and the groups asked for, or of all.
func (c *command) selection(names []string) (*lock.File, []fetch.Artifact, error) {
	file, err := c.load()
	if err != nil {
		return nil, nil, err
	}
	platform, err := c.target()
	if err != nil {
		return nil, nil, err
	}
	artifacts, err := file.Artifacts(platform, lock.Selection{Names: names, Groups: c.groups})
	return file, artifacts, err
}

// placed returns those of the artifacts that have a path, unless they were named: a
// lockfile may hold others, for depfetch curl and wget.
func placed(artifacts []fetch.Artifact, names []string) ([]fetch.Artifact, error) {
	if len(names) > 0 || len(artifacts) == 0 {
		return artifacts, nil
	}
	artifacts = slices.DeleteFunc(artifacts, func(a fetch.Artifact) bool { return a.Path == "" })
	if len(artifacts) == 0 {
		return nil, console.Usagef(`add path = "/…" to a dependency that is to be placed; what urls pins is for curl and wget, or a cache: --download-only`, "the lockfile gives no path to anything")
	}
	return artifacts, nil
}
