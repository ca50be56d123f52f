package main

import (
	"cmp"
	"context"
	"io"
	"math"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/lockfile"
	"depfetch/cmd/internal/network"
	"depfetch/cmd/internal/shim"
	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/osfile"
	"depfetch/fetch/regular"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/record"
	"depfetch/lock/release"
	"depfetch/lock/signature"
	"depfetch/lock/update"
)

// program is one call of deplock, with all that it takes from its surroundings.
type program struct {
	name    string // it was started by
	args    []string
	getenv  func(string) string
	stdin   io.Reader // nil if it is no terminal, where nobody answers questions
	stdout  io.Writer
	stderr  io.Writer
	columns func() int // of the terminal that stderr is; nil if it is none
	shown   bool       // stdout is a terminal
}

// run executes the command line and returns the exit code.
func (p program) run(ctx context.Context) int {
	c := &command{program: p, console: &console.Console{Program: "deplock", Stdout: p.stdout, Stderr: p.stderr, Columns: p.columns,
		Color: console.Color(p.columns != nil, p.getenv), ColorFindings: console.Color(p.shown, p.getenv)}}
	if name := shim.ProgramName(p.name); name != "" && (p.getenv(recordDir) != "" || fileExists(record.Here)) {
		return c.recordShim(ctx, name, p.args)
	}
	out := &console.Output{Writer: p.stdout}
	c.stdout, c.console.Stdout = out, out
	c.progress = c.console.Measuring()
	root := c.root()
	root.SetArgs(p.args)
	root.SetOut(out)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	c.progress.Close()
	if err != nil {
		return c.console.Report(explain(err))
	}
	return out.Finish(c.console, c.code)
}

// command is what the commands share.
type command struct {
	program
	console   *console.Console
	progress  console.Progress // of what is asked for upstream
	lockFile  string           // that the command is about now
	lockFiles []string         // that the options name
	code      int              // of findings, which are no error
	folders   reader           // of what describes builds
	network   *source.Config   // once it has been read
	printing  sync.Mutex       // guards the console while upstream is asked
}

const long = `deplock keeps deps.lock.toml, the lockfile of depfetch. A person writes what is
wanted; deplock downloads it for every platform, compares it with what upstream
publishes, and writes the locked lines. Whatever else stands in the file, comments
and layout included, stays as it is.`

const example = `  deplock add kubectl@1.31.0
  deplock add helm 'https://get.helm.sh/helm-v{version}-{os}-{arch}.tar.gz' \
      --version 3.18.4 --sums '{url}.sha256sum' \
      --member '{os}-{arch}/helm' --path /usr/local/bin/helm --mode 0755
  deplock update helm@3.18.5 --dry-run
  deplock check`

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "deplock",
		Short:         "Keep the lockfile of depfetch",
		Long:          long + "\n\n" + exit.Help,
		Example:       example,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          commandsOnly,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return console.OptionError(err, cmd.CommandPath(), cmd.Flags())
	})
	root.PersistentFlags().StringArrayVarP(&c.lockFiles, "lock", "f", nil, lockfile.Usage+"; check, list, trust list, audit, outdated and cache prune take several")
	root.PersistentPreRunE = c.oneLockfile
	root.AddCommand(c.initCommand(), c.schemaCommand(), c.addCommand(), c.recordCommand(), c.updateCommand(), c.removeCommand(), c.searchCommand(), c.catalogueCommand(), c.several(c.checkCommand()),
		c.several(c.auditCommand()), c.several(c.outdatedCommand()), c.several(c.listCommand()), c.trustCommand(), c.exportCommand(), c.sbomCommand(), c.cacheCommand(), c.mirrorCommand(), c.scanCommand(), c.reportCommand(), c.syncCommand(), c.pinCommand(), c.collectCommand())
	c.complete(root)
	return root
}

// commandsOnly is what a command does that has no use of its own: it prints its help,
// and knows no other commands than those listed there.
func commandsOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	cmd.SuggestionsMinimumDistance = 2
	hint := cmd.CommandPath() + " --help lists the commands"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + cmd.CommandPath() + " " + near[0] + "?"
	}
	return console.Usagef(hint, "unknown command %q", args[0])
}

// many is a number of arguments that has no limit.
const many = math.MaxInt

// arguments refuses fewer or more arguments than are wanted, which are what.
func arguments(least, limit int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if least <= len(args) && len(args) <= limit {
			return nil
		}
		return console.Usagef("usage: "+cmd.UseLine(), "want %s, got %s", what, count(len(args), "argument"))
	}
}

// name returns the lockfile's name.
func (c *command) name() string { return lockfile.Name(c.lockFile, c.getenv) }

// dependencies reads the lockfile, and returns it with the dependencies of the
// names, or all.
func (c *command) dependencies(names []string) (*lock.File, []*lock.Dep, error) {
	file, err := lockfile.Read(c.name())
	if err != nil {
		return nil, nil, err
	}
	deps, err := file.Select(lock.Selection{Names: names})
	return file, deps, err
}

// online are the options of the commands that ask upstream.
type online struct {
	network.Options
	allowHTTP bool
	// acceptSigner permits that something is signed by somebody else than before.
	acceptSigner bool
	// allowMismatch permits to lock programs for other platforms.
	allowMismatch bool
	cache         string
	api           string
}

func (o *online) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	o.Register(flags)
	flags.StringVar(&o.cache, "cache", "", "a directory to keep what is downloaded in (default $DEPFETCH_CACHE, else none)")
	flags.StringVar(&o.api, "github-api", "", "the base URL of GitHub's API (default $GITHUB_API_URL, else "+release.DefaultAPI+"); GITHUB_TOKEN is sent to it")
}

// config returns what clients are made of that keep to a lockfile's policy. Options and
// environment are read once, so that what is wrong with them is said once.
func (c *command) config(o online, f *lock.File) (source.Config, error) {
	if c.network == nil {
		cfg, err := o.Config(c.console, c.getenv, version)
		if err != nil {
			return cfg, err
		}
		c.network = &cfg
	}
	cfg := *c.network
	cfg.Hosts = f.Policy.Hosts
	return cfg, nil
}

// keyFile reads a file with a key, which stands below the lockfile's folder.
func (c *command) keyFile(path string) ([]byte, error) {
	data, err := regular.Read(filepath.Join(filepath.Dir(c.name()), filepath.FromSlash(path)), signature.MaxSize)
	if err != nil {
		return nil, osfile.Cause(err)
	}
	return data, nil
}

// client makes what asks upstream.
func (c *command) client(o online, f *lock.File) (*update.Client, error) {
	cfg, err := c.config(o, f)
	if err != nil {
		return nil, err
	}
	// Versions may be asked for where the policy lets no file come from.
	anywhere := cfg
	anywhere.Hosts = nil
	api := source.New(anywhere)
	client := &update.Client{
		Fetch: &fetch.Client{Source: source.New(cfg), Jobs: o.Jobs, Connections: o.Connections, Retries: o.Retries, Events: c.progress.Event},
		Release: &release.Client{
			API:       cmp.Or(o.api, c.getenv("GITHUB_API_URL")),
			Token:     c.getenv("GITHUB_TOKEN"),
			Transport: api, UserAgent: "deplock/" + version,
			Rewrites: cfg.Rewrites, Authorize: api.Authorize,
		},
		AllowHTTP:             o.allowHTTP,
		AllowPlatformMismatch: o.allowMismatch,
		AcceptSigner:          o.acceptSigner,
		Keys:                  c.keyFile,
		Warn:                  c.warn,
	}
	if dir := cmp.Or(o.cache, c.getenv("DEPFETCH_CACHE")); dir != "" {
		client.Fetch.Cache = &cache.Store{Root: dir}
	}
	return client, nil
}
