package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/printable"
	"depfetch/fetch/source"
	"depfetch/lock/mirror"
)

const mirrorLong = `mirror keeps copies of what the lockfile pins, for all platforms and of [urls], in
TARGET: a repository of a registry, oci://HOST[:PORT]/REPOSITORY[:TAG], or a directory
that a static web server or a bucket serves as it is (blobs/sha256/…).

  deplock mirror push oci://registry.example.com/team/deps
  deplock mirror check oci://registry.example.com/team/deps     for CI
  deplock mirror push /srv/mirror
  depfetch --mirror https://mirror.example.com                  where /srv/mirror is served

In a registry the files are the layers of one artifact manifest. Each push sets two
tags to it: TAG (default latest), which moves, and lock-…, which is of what this lockfile pins and
does not move, so that a garbage collection keeps what older commits of the lockfile
need. Nothing is ever removed: delete lock- tags that no commit needs any more by the
registry's own means.

Registries are asked with the credentials of docker login, credential helpers
included ($DOCKER_CONFIG, ~/.docker/config.json), else of netrc. The file that
--registry-auth names stands in for those of docker login; helpers that it leaves
credentials to are not started. Plain http is used to this machine alone.`

func (c *command) mirrorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mirror",
		Short: "Keep copies of the pinned bytes in a registry or a directory",
		Long:  mirrorLong,
		Args:  cobra.ArbitraryArgs,
		RunE:  commandsOnly,
	}
	cmd.AddCommand(c.mirrorPushCommand(), c.mirrorPullCommand(), c.mirrorCheckCommand())
	return cmd
}

// mirrorFlags are the options that the commands of mirror share.
type mirrorFlags struct {
	online
	offline bool
}

func (f *mirrorFlags) register(cmd *cobra.Command) {
	cmd.Flags().SortFlags = false
	f.Register(cmd.Flags())
}

func (c *command) mirrorPushCommand() *cobra.Command {
	var f mirrorFlags
	cmd := &cobra.Command{
		Use:   "push TARGET",
		Short: "Copy what TARGET lacks, from the cache or from upstream, verified",
		Args:  arguments(1, 1, "one TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, blobs, err := c.mirror(f, args[0], "pushed")
			if err != nil {
				return err
			}
			done, err := client.Push(cmd.Context(), blobs)
			if err != nil {
				return err
			}
			c.copiedSummary("pushed", done.Results)
			if client.Target.IsRegistry() {
				c.printf("%s holds them; tags %s and %s\n", done.Manifest.Digest, client.Target.Tag(), done.Manifest.Tag())
			}
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.cache, "cache", "", "a directory of what has been downloaded; what is not there joins it (default $DEPFETCH_CACHE, else none)")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "take what is pushed from the cache alone")
	return cmd
}

func (c *command) mirrorPullCommand() *cobra.Command {
	var f mirrorFlags
	cmd := &cobra.Command{
		Use:   "pull TARGET [DIR]",
		Short: "Copy what the lockfile pins from TARGET into the cache, or DIR, verified",
		Args:  arguments(1, 2, "a TARGET, and DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := cmp.Or(f.cache, c.getenv("DEPFETCH_CACHE"))
			if len(args) == 2 {
				dir = args[1]
			}
			if dir == "" {
				return console.Usagef("name DIR, --cache or DEPFETCH_CACHE", "where to?")
			}
			client, blobs, err := c.mirror(f, args[0], "pulled")
			if err != nil {
				return err
			}
			results, err := client.Pull(cmd.Context(), blobs, &cache.Store{Root: dir})
			if err != nil {
				return err
			}
			c.copiedSummary("pulled", results)
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.cache, "cache", "", "the directory of the cache (default $DEPFETCH_CACHE)")
	return cmd
}

func (c *command) mirrorCheckCommand() *cobra.Command {
	var (
		f            mirrorFlags
		asJSON, deep bool
	)
	cmd := &cobra.Command{
		Use:   "check TARGET",
		Short: "Say what TARGET lacks of what the lockfile pins",
		Long: `check asks for each file whether TARGET has it, and in the size that is pinned. It
does not read the bytes, unless with --deep. In a registry it also says whether a
manifest keeps them from a garbage collection. It exits 1 if something is missing or
wrong, and 3 if all that is wrong is that something could not be asked.`,
		Args: arguments(1, 1, "one TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, blobs, err := c.mirror(f, args[0], "")
			if err != nil {
				return err
			}
			results, kept, err := client.Check(cmd.Context(), blobs, deep)
			if err != nil {
				return err
			}
			if asJSON {
				err = c.mirrorJSON(results)
			} else {
				c.mirrorText(results, deep)
			}
			if err == nil && !kept {
				c.code = exit.Failure
				c.console.Warnf("no manifest in %s holds what this lockfile pins, so a garbage collection may remove it", client.Target)
				c.console.Hintf("deplock mirror push %s", client.Target)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "an object a line, for every file")
	cmd.Flags().BoolVar(&deep, "deep", false, "read every file and compare its sha256")
	f.register(cmd)
	return cmd
}

// mirror returns what copies to and from a target, and what the lockfile pins.
func (c *command) mirror(f mirrorFlags, target, verb string) (*mirror.Client, []mirror.Blob, error) {
	t, err := mirror.ParseTarget(target)
	if err != nil {
		return nil, nil, console.Usagef("deplock mirror --help", "%w", err)
	}
	file, err := lockfile.Read(c.name())
	if err == nil {
		err = file.Check()
	}
	if err != nil {
		return nil, nil, err
	}
	blobs, err := mirror.Blobs(file)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := c.config(f.online, file)
	if err != nil {
		return nil, nil, err
	}
	upstream := source.New(cfg)
	client := &mirror.Client{
		Target: t,
		Registry: mirror.Registry{
			Keychain:  registryKeychain(f.Options, upstream),
			Transport: upstream, UserAgent: cfg.UserAgent,
		},
		Fetch: &fetch.Client{Source: upstream, Offline: f.offline, Jobs: f.Jobs, Connections: f.Connections, Retries: f.Retries, Events: c.progress.Event},
		Jobs:  f.Jobs, Retries: f.Retries,
		Copied: func(b mirror.Blob, elapsed time.Duration) { c.copied(verb, b, elapsed) },
	}
	if dir := cmp.Or(f.cache, c.getenv("DEPFETCH_CACHE")); dir != "" {
		client.Fetch.Cache = &cache.Store{Root: dir}
	}
	return client, blobs, nil
}

// mirrorHint says what to do about what could not be copied.
func mirrorHint(e *mirror.Error) string {
	switch {
	case errors.Is(e, mirror.ErrMissing):
		return fmt.Sprintf("deplock mirror push %s", e.Target)
	case mirror.StatusOf(e) == http.StatusUnauthorized:
		return "docker login " + e.Target.Host()
	case mirror.StatusOf(e) == http.StatusForbidden:
		return "the account that docker login has stored for " + e.Target.Host() + " may not do that"
	}
	return ""
}

// copied tells of a blob that has been copied.
func (c *command) copied(verb string, b mirror.Blob, elapsed time.Duration) {
	a := b.Artifact
	// Through the console, whose lines take turns with those of downloads.
	fmt.Fprintf(c.console.Stderr, "%-11s %s (%s)  in %s\n", verb, printable.String(a.Name), a.Platform, elapsed.Round(time.Millisecond))
}

func (c *command) copiedSummary(verb string, results []mirror.Result) {
	var copied, bytes int64
	for _, r := range results {
		if r.Status == mirror.Copied {
			copied++
			bytes += r.Artifact.Size
		}
	}
	c.printf("%s %s, %s; %d there already\n", verb, count(int(copied), "file"), console.Bytes(bytes), int64(len(results))-copied)
}

// judgeMirror sets the exit code of a check.
func (c *command) judgeMirror(r mirror.Result) {
	switch {
	case r.Status == mirror.Present:
	case r.Status == mirror.Unreachable && c.code == exit.OK:
		c.code = exit.Unavailable
	case r.Status != mirror.Unreachable:
		c.code = exit.Failure
	}
}

func (c *command) mirrorText(results []mirror.Result, deep bool) {
	n := make(map[mirror.Status]int)
	for _, r := range results {
		c.judgeMirror(r)
		n[r.Status]++
		if r.Status == mirror.Present {
			continue
		}
		cause := ""
		if r.Err != nil {
			cause = ": " + r.Err.Error()
		}
		for _, a := range r.Lines {
			c.printf("%-12s %s (%s)  sha256 %s%s\n", r.Status, a.Name, a.Platform, a.Digest, cause)
		}
	}
	how := "; sizes compared, not the bytes: --deep does"
	if deep {
		how = "; bytes compared"
	}
	c.printf("%d present, %d missing, %d wrong, %d unreachable%s\n", n[mirror.Present], n[mirror.Missing], n[mirror.Wrong], n[mirror.Unreachable], how)
}

// mirrored is a line of mirror check --json.
type mirrored struct {
	Name     string        `json:"name"`
	Version  string        `json:"version,omitempty"`
	Platform string        `json:"platform"`
	URL      string        `json:"url"`
	Status   mirror.Status `json:"status"`
	SHA256   string        `json:"sha256"`
	Size     *int64        `json:"size,omitempty"`
	Error    string        `json:"error,omitempty"`
}

func (c *command) mirrorJSON(results []mirror.Result) error {
	enc := newEncoder(c.stdout)
	for _, r := range results {
		c.judgeMirror(r)
		for _, a := range r.Lines {
			line := mirrored{Name: a.Name, Version: a.Version, Platform: a.Platform, URL: source.Redact(a.URL), Status: r.Status, SHA256: a.Digest.String()}
			if r.Artifact.Size != fetch.SizeUnknown {
				line.Size = &r.Artifact.Size
			}
			if r.Err != nil {
				line.Error = r.Err.Error()
			}
			if err := enc.Encode(line); err != nil {
				return err
			}
		}
	}
	return nil
}
