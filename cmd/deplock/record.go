package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch/tempfile"
	"depfetch/lock/record"
)

// The variables by which the shims of a recording find it.
const (
	recordDir  = "DEPLOCK_RECORD"            // the directory with the journal
	recordHTTP = "DEPLOCK_RECORD_ALLOW_HTTP" // not empty if plain http may be locked
)

// recordFlags are the options of record.
type recordFlags struct {
	online
	programs string
}

func (c *command) recordCommand() *cobra.Command {
	var o recordFlags
	cmd := &cobra.Command{
		Use:   "record [flags] -- COMMAND…",
		Short: "Run a command or an image build, and lock every URL that it asks curl and wget for",
		Long: `record runs a command, an install script for instance, with recording programs in
the place of curl and wget. Each URL is downloaded once and handed to the command
as the real program would, and then added to the lockfile as a line of [urls], for
the curl and wget of depfetch to fetch. A lockfile that is not there yet is started.
The exit code is the command's.

The recording programs come first in PATH. On Linux, for root and where mounts are
allowed, they also lie over /usr/bin/curl and the like while the command runs, for
what calls these by their full paths. What drops the environment (as su - and sudo
do) or downloads by itself is not recorded. The recording belongs to the user who
runs deplock: what the command runs as another user fails to download, or passes the
recording by where nothing can be mounted; record it as that user.

A build is recorded as a whole: docker build, docker buildx build, podman build,
buildah build and buildctl build with a Dockerfile of this machine. The builder is
given a copy of the Dockerfile that mounts deplock as curl and wget into every RUN,
of every stage and platform that is built; your files stay as they are, and so do
the other options of the command line. Nothing is taken from the builder's cache.
What the RUNs have asked for is brought out by a second, small build; then deplock
asks for each address itself, with the Accept, Accept-Language, Referer and
User-Agent of the call but no secrets of it (--netrc and --headers give those), and
locks what gives it the same bytes. What ADD downloads is locked by deplock sync. Stages of other
platforms need deplock-linux-ARCH beside deplock, or where --programs says.
Build again afterwards: the image of a recorded build is not one to publish.`,
		Example: `  deplock record -- sh install.sh
  deplock record -- sh -c 'curl -fsSL https://example.com/tool.tar.gz | tar -xz'
  deplock record -- docker buildx build --build-arg VERSION=1.2.4 .`,
		Args: arguments(1, many, "a command"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.record(cmd.Context(), o, args) },
	}
	cmd.Flags().BoolVar(&o.allowHTTP, "allow-http", false, "lock over plain http")
	cmd.Flags().StringVar(&o.programs, "programs", "", "where deplock-linux-ARCH of other platforms are, as make dist makes them, for builds (default beside deplock)")
	o.register(cmd)
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// record runs a command and adds what it has asked for to the lockfile.
func (c *command) record(ctx context.Context, o recordFlags, args []string) error {
	to, err := openTarget(c.name())
	if err != nil {
		return err
	}
	if build, err := record.ParseBuild(args); err != nil {
		return console.Usagef("give a build of a Dockerfile of this machine", "this build cannot be recorded: %w", err)
	} else if build != nil {
		return c.recordBuild(ctx, o, to, build)
	} else if name := record.BuildsBy(args); name != "" {
		c.console.Warnf("what %s builds or runs is not recorded this way; record a build by itself, as in deplock record -- docker buildx build …", name)
	}
	tempfile.Sweep(os.TempDir()) // of what a killed recording has left
	private, err := tempfile.NewDir(os.TempDir())
	if err != nil {
		return err
	}
	defer private.Remove()
	dir := private.Path
	if err := makeShims(dir); err != nil {
		return fmt.Errorf("preparing the recording: %w", err)
	}
	env, err := c.recordEnv(o.online, dir)
	if err != nil {
		return err
	}
	args = overlaid(ctx, filepath.Join(dir, "bin"), args)
	if err := c.runRecorded(ctx, args, env); err != nil {
		return err
	}
	requests, err := readJournal(filepath.Join(dir, "journal"))
	if err != nil {
		return err
	}
	return c.addRecorded(ctx, o.online, to, requests)
}

// runRecorded runs a command line. That it fails is only said.
func (c *command) runRecorded(ctx context.Context, args, env []string) error {
	run := exec.CommandContext(ctx, args[0], args[1:]...)
	run.Stdin, run.Stdout, run.Stderr, run.Env = os.Stdin, c.stdout, c.stderr, env
	if out, ok := c.stdout.(*console.Output); ok {
		run.Stdout = out.Writer // a file, which may be a terminal, is the command's own
	}
	if path, err := lookPath(args[0], env); err == nil {
		run.Path, run.Err = path, nil
	}
	err := run.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		c.code = max(ended.ExitCode(), exit.Failure)
		c.console.Warnf("the command has failed with exit code %d; what it asked for until then is recorded", c.code)
		return nil
	}
	return err
}

// overlay mounts the shims, which are in the directory $0, over the real programs,
// and runs a command.
const overlay = `for name in curl wget; do
	for at in /usr/local/bin/$name /usr/bin/$name /bin/$name; do
		if [ -e "$at" ]; then mount --bind "$0/$name" "$at"; fi
	done
done
exec "$@"`

// overlaid returns the command line that runs args where the shims in bin lie over
// the real programs, in a mount namespace of its own; args themselves where there
// can be none.
func overlaid(ctx context.Context, bin string, args []string) []string {
	unshare := []string{"unshare", "--mount", "--propagation", "private", "sh", "-euc"}
	try := exec.CommandContext(ctx, unshare[0], slices.Concat(unshare[1:], []string{overlay, bin, "true"})...)
	if runtime.GOOS != "linux" || os.Geteuid() != 0 || try.Run() != nil {
		return args
	}
	return slices.Concat(unshare, []string{overlay, bin}, args)
}

// makeShims fills the directory of a recording, which nobody else may look into:
// what stands in the journal is locked.
func makeShims(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, d := range []string{"bin", "cache"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			return err
		}
	}
	for _, name := range []string{"curl", "wget"} {
		if err := os.Symlink(self, filepath.Join(dir, "bin", name)); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "journal"), nil, 0o600)
}

// recordEnv returns the environment of a recorded command.
func (c *command) recordEnv(o online, dir string) ([]string, error) {
	name, err := filepath.Abs(c.name())
	if err != nil {
		return nil, err
	}
	env := os.Environ()
	set := func(key, value string) { env = append(env, key+"="+value) } // the last one counts
	set(recordDir, dir)
	set("DEPFETCH_LOCK", name)
	set("PATH", filepath.Join(dir, "bin")+string(os.PathListSeparator)+c.getenv("PATH"))
	if o.allowHTTP {
		set(recordHTTP, "1")
	}
	for key, value := range o.Rewriting() {
		set(key, value)
	}
	store, err := filepath.Abs(cmp.Or(o.cache, c.getenv("DEPFETCH_CACHE"), filepath.Join(dir, "cache")))
	if err != nil {
		return nil, err
	}
	set("DEPFETCH_CACHE", store)
	return env, nil
}

// lookPath finds a program in the PATH of env.
func lookPath(name string, env []string) (string, error) {
	if strings.ContainsRune(name, filepath.Separator) {
		return name, nil
	}
	list := ""
	for _, s := range env {
		if value, ok := strings.CutPrefix(s, "PATH="); ok {
			list = value
		}
	}
	for _, dir := range filepath.SplitList(list) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}
