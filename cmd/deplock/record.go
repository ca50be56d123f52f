package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/lockfile"
	"depfetch/cmd/internal/shim"
	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/scratch"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/record"
	"depfetch/lock/update"
)

// The variables by which the shims of a recording find it.
const (
	recordDir  = "DEPLOCK_RECORD"            // the directory with the journal
	recordHTTP = "DEPLOCK_RECORD_ALLOW_HTTP" // not empty if plain http may be locked
)

func (c *command) recordCommand() *cobra.Command {
	var o online
	cmd := &cobra.Command{
		Use:   "record [flags] -- COMMAND…",
		Short: "Run a command, and lock every URL that it asks curl and wget for",
		Long: `record runs a command, an install script for instance, with recording programs in
the place of curl and wget. Each URL is downloaded once and handed to the command
as the real program would, and then added to the lockfile without a path, for
depfetch curl and depfetch wget to fetch. The exit code is the command's.

The recording programs come first in PATH. On Linux, for root and where mounts are
allowed, they also lie over /usr/bin/curl and the like while the command runs, for
what calls these by their full paths. What drops the environment (as su - and sudo
do) or downloads by itself is not recorded. The recording belongs to the user who
runs deplock: what the command runs as another user fails to download, or passes the
recording by where nothing can be mounted; record it as that user.`,
		Example: `  deplock record -- sh install.sh
  deplock record -- sh -c 'curl -fsSL https://example.com/tool.tar.gz | tar -xz'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.record(cmd.Context(), o, args) },
	}
	cmd.Flags().BoolVar(&o.allowHTTP, "allow-http", false, "lock over plain http")
	o.register(cmd)
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// record runs a command and adds what it has asked for to the lockfile.
func (c *command) record(ctx context.Context, o online, args []string) error {
	file, err := lockfile.Read(c.name())
	if err != nil {
		return err
	}
	scratch.Sweep(os.TempDir()) // of what a killed recording has left
	private, err := scratch.NewDir(os.TempDir())
	if err != nil {
		return err
	}
	defer private.Remove()
	dir := private.Path
	if err := makeShims(dir); err != nil {
		return fmt.Errorf("preparing the recording: %w", err)
	}
	env, err := c.recordEnv(o, dir)
	if err != nil {
		return err
	}
	args = overlaid(ctx, filepath.Join(dir, "bin"), args)
	run := exec.CommandContext(ctx, args[0], args[1:]...)
	run.Stdin, run.Stdout, run.Stderr, run.Env = os.Stdin, c.stdout, c.stderr, env
	if path, err := lookPath(args[0], env); err == nil {
		run.Path, run.Err = path, nil
	}
	err = run.Run()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		c.code = max(ended.ExitCode(), exit.Failure)
		c.console.Warnf("the command has failed with exit code %d; what it asked for until then is recorded", c.code)
	case err != nil:
		return err
	}
	journal, err := os.Open(filepath.Join(dir, "journal"))
	if err != nil {
		return err
	}
	defer journal.Close()
	requests, err := record.Read(journal)
	if err != nil {
		return err
	}
	return c.addRecorded(ctx, o, file, requests)
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
	set := func(key, value string) {
		env = slices.DeleteFunc(env, func(s string) bool { return strings.HasPrefix(s, key+"=") })
		env = append(env, key+"="+value)
	}
	set(recordDir, dir)
	set("DEPFETCH_LOCK", name)
	set("PATH", filepath.Join(dir, "bin")+string(os.PathListSeparator)+c.getenv("PATH"))
	if o.allowHTTP {
		set(recordHTTP, "1")
	}
	store := o.cache
	if store == "" {
		store = c.getenv("DEPFETCH_CACHE")
	}
	if store == "" {
		store = filepath.Join(dir, "cache")
	}
	if store, err = filepath.Abs(store); err != nil {
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
	for _, s := range env {
		if list, ok := strings.CutPrefix(s, "PATH="); ok {
			for _, dir := range filepath.SplitList(list) {
				if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
					return path, nil
				}
			}
		}
	}
	return "", exec.ErrNotFound
}

// addRecorded adds what was asked for to the lockfile, and says what is to be known
// of it.
func (c *command) addRecorded(ctx context.Context, o online, file *lock.File, requests []record.Request) error {
	client, err := c.client(o, file)
	if err != nil {
		return err
	}
	var deps []edit.NewDep
	var results []update.Result
	seen := make(map[string]string)
	for _, r := range requests {
		if r.Problem != "" {
			c.console.Warnf("not recorded: %s\n%s", r.Call, r.Problem)
			continue
		}
		if old, ok := seen[r.URL]; ok {
			if old != r.SHA256 {
				c.console.Warnf("%s served other bytes the second time; the first are locked", source.Redact(r.URL))
			}
			continue
		}
		seen[r.URL] = r.SHA256
		advice, unfit := r.Advice()
		if advice != "" {
			c.console.Warnf("%s: %s", source.Redact(r.URL), advice)
		}
		if unfit {
			continue
		}
		name := shim.NameFor(r.URL, func(name string) bool {
			return file.Dep(name) != nil || slices.ContainsFunc(deps, func(d edit.NewDep) bool { return d.Name == name })
		})
		trust := lock.TOFU
		if digest, ok, err := client.Release.AssetDigest(ctx, r.URL); err == nil && ok {
			if digest.String() != r.SHA256 {
				return &console.Error{Err: fmt.Errorf("%s: the bytes are not those that GitHub's API gives the sha256 of", source.Redact(r.URL)), Code: exit.WrongBytes}
			}
			trust = lock.Published
		}
		dep, err := r.Dependency(name, trust)
		if err != nil {
			return err
		}
		deps = append(deps, dep)
		results = append(results, update.Result{Dep: &lock.Dep{Name: name}})
		c.printf("recorded %s  %s  %d bytes  %s\n", name, source.Redact(r.URL), r.Size, trust)
		if r.Final != "" {
			c.printf("  which leads to %s\n", source.Redact(r.Final))
		}
	}
	if len(deps) == 0 {
		fmt.Fprintln(c.stdout, "nothing new was asked for")
		return nil
	}
	_, err = edit.Update(ctx, c.name(), func(doc *edit.Document) error {
		for _, dep := range deps {
			if err := doc.Add(dep); err != nil {
				return err
			}
		}
		return violations(doc.File(), results)
	})
	return err
}

// recordShim is curl or wget within a recording.
func (c *command) recordShim(ctx context.Context, name string, args []string) int {
	var said bytes.Buffer
	c.console.Program = "deplock record: " + name
	c.console.Stderr = io.MultiWriter(c.stderr, &said)
	dir := c.getenv(recordDir)
	if journal, err := os.OpenFile(filepath.Join(dir, "journal"), os.O_WRONLY|os.O_APPEND, 0); err != nil {
		c.console.Errorf("this user cannot add to the recording, which belongs to the one who runs deplock record; nothing is downloaded: %v", err)
		c.console.Hintf("run deplock record as the user that downloads")
		return exit.Failure
	} else if err := journal.Close(); err != nil {
		return c.console.Report(err)
	}
	rec := &recorder{journal: filepath.Join(dir, "journal"), allowHTTP: c.getenv(recordHTTP) != ""}
	code := (&shim.Program{
		Name: name, Args: args, Native: true, Version: version,
		Getenv: c.getenv, Stdin: os.Stdin, Stdout: c.stdout, Console: c.console,
		Pins: func() (shim.Pins, error) {
			file, err := lockfile.Read(c.name())
			if err != nil {
				return shim.Pins{}, err
			}
			rec.file = file
			return shim.Pins{Resolver: rec, Hosts: file.Policy.Hosts, Cache: &cache.Store{Root: c.getenv("DEPFETCH_CACHE")}}, nil
		},
	}).Run(ctx)
	if code != exit.OK && said.Len() > 0 {
		record.Append(rec.journal, record.Request{Call: name + " " + redactArgs(args), Problem: strings.TrimSpace(said.String())})
	}
	return code
}

// redactArgs returns arguments as they may be shown: of the addresses, and nothing
// else, which may be secret.
func redactArgs(args []string) string {
	var shown []string
	for _, a := range args {
		switch {
		case strings.Contains(a, "://"):
			shown = append(shown, source.Redact(a))
		case strings.HasPrefix(a, "-") && !strings.Contains(a, "="):
			shown = append(shown, a)
		}
	}
	return strings.Join(shown, " ")
}

// recorder pins what is asked for by downloading it.
type recorder struct {
	journal   string
	allowHTTP bool
	file      *lock.File
}

// Resolve implements shim.Resolver.
func (r *recorder) Resolve(ctx context.Context, a cmdline.Address, _ bool, client *fetch.Client) (*fetch.Artifact, error) {
	for _, d := range r.file.Deps {
		for _, l := range d.Locked {
			if other, err := cmdline.Normalize(l.URL, "", false); err == nil && other.URL == a.URL {
				return &fetch.Artifact{Name: d.Name, Version: d.Version, Platform: l.Platform.String(), URL: l.URL, Digest: l.Digest, Size: l.Size}, nil
			}
		}
	}
	if known, err := r.known(a.URL); known != nil || err != nil {
		return known, err
	}
	if a.Scheme == "http" && !r.allowHTTP {
		err := fmt.Errorf("%s: will not lock what comes over plain http", source.Redact(a.URL))
		return nil, &console.Error{Err: err, Hint: "use the https address; or, if there is none, deplock record --allow-http", Code: exit.Refused}
	}
	artifact := artifactOf(a.URL)
	measured, err := client.Measure(ctx, []fetch.Artifact{artifact})
	if err != nil {
		return nil, err
	}
	m := measured[0]
	if m.Err != nil {
		return nil, m.Err
	}
	artifact.Digest, artifact.Size = m.Digest, m.Size
	request := record.Request{URL: a.URL, SHA256: m.Digest.String(), Size: m.Size, HTML: m.HTML}
	if m.Response.URL != a.URL {
		request.Final = m.Response.URL
	}
	request.Describe(m.Head)
	return &artifact, record.Append(r.journal, request)
}

// artifactOf returns an address as what fetches takes it, with nothing known of it.
func artifactOf(url string) fetch.Artifact {
	name := shim.NameFor(url, func(string) bool { return false })
	return fetch.Artifact{Name: name, Platform: lock.Any.String(), URL: url, Size: fetch.SizeUnknown}
}

// known returns what the recording has downloaded from an address already, or nil.
func (r *recorder) known(url string) (*fetch.Artifact, error) {
	f, err := os.Open(r.journal)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	requests, err := record.Read(f)
	if err != nil {
		return nil, err
	}
	for _, request := range requests {
		if request.URL == url && request.Problem == "" {
			a := artifactOf(url)
			a.Size = request.Size
			a.Digest, err = fetch.ParseDigest(request.SHA256)
			return &a, err
		}
	}
	return nil, nil
}
