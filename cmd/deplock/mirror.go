package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/printable"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/mirror"
	"depfetch/lock/registry"
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

With --images the images come along that Dockerfiles and compose files pin, as deplock
pin does, or the lockfile in [images]: by their digest, so with every platform and attestation of an index. The
image debian:12@sha256:… goes to oci://HOST/REPOSITORY/docker.io/library/debian, which
makes HOST/REPOSITORY/docker.io a mirror of docker.io for BuildKit and containerd. It is
tagged lock-…, and with no tag of its own: what asks for debian:12 without a digest
gets nothing there, and not what was pinned once. A directory becomes an OCI image
layout.

  deplock mirror push --images oci://registry.example.com/team/deps
  deplock mirror check --images=app/Dockerfile oci://registry.example.com/team/deps

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
	offline  bool
	images   []string
	contexts []string
}

// register defines the options, those of one command first.
func (f *mirrorFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&f.images, "images", nil, "the images too that Dockerfiles and compose files pin: those below the working directory, or in PATH, as --images=PATH; may be given again")
	flags.Lookup("images").NoOptDefVal = "."
	flags.StringArrayVar(&f.contexts, "build-context", nil, "the name of a further context, NAME or NAME=WHERE as docker build has it, which is no image; may be given again")
	f.Register(flags)
}

func (c *command) mirrorPushCommand() *cobra.Command {
	var f mirrorFlags
	cmd := &cobra.Command{
		Use:   "push TARGET",
		Short: "Copy what TARGET lacks, from the cache or from upstream, verified",
		Args:  arguments(1, 1, "one TARGET (files with images are named as --images=PATH)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := c.mirror(f, args[0], "pushed")
			if err != nil {
				return err
			}
			c.warnOfHosts(m)
			done, err := m.Push(cmd.Context(), m.blobs)
			if err == nil {
				c.copiedSummary("pushed", done.Results)
				if m.Target.IsRegistry() {
					c.printf("%s holds them; tags %s and %s\n", done.Manifest.Digest, m.Target.Tag(), done.Manifest.Tag())
				}
			}
			// What keeps a file from being copied does not keep images.
			if len(m.images) > 0 && cmd.Context().Err() == nil {
				images, failed := m.PushImages(cmd.Context(), m.images)
				c.copiedImages("pushed", m.Target, images)
				err = errors.Join(err, failed)
			}
			return interrupted(cmd.Context(), err, m.Target.String())
		},
	}
	cmd.Flags().StringVar(&f.cache, "cache", "", "a directory of what has been downloaded; files that are not there join it (default $DEPFETCH_CACHE, else none)")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "take what is pushed from the cache alone")
	f.register(cmd)
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
			if err := noDirectory(dir); err != nil {
				return err
			}
			m, err := c.mirror(f, args[0], "pulled")
			if err != nil {
				return err
			}
			to := &cache.Store{Root: dir}
			results, err := m.Pull(cmd.Context(), m.blobs, to)
			if err == nil {
				c.copiedSummary("pulled", results)
			}
			if len(m.images) > 0 && cmd.Context().Err() == nil {
				images, failed := m.PullImages(cmd.Context(), m.images, to)
				c.copiedImages("pulled", m.Target, images)
				err = errors.Join(err, failed)
			}
			return interrupted(cmd.Context(), err, dir)
		},
	}
	cmd.Flags().StringVar(&f.cache, "cache", "", "the directory of the cache (default $DEPFETCH_CACHE)")
	f.register(cmd)
	return cmd
}

// mirroring is what copies to and from a target, and what is to be there.
type mirroring struct {
	*mirror.Client
	file   *lock.File
	blobs  []mirror.Blob
	images []mirror.Image
}

// likeRepository reports whether what is taken for a directory that is not there is more
// likely the name of a repository, without its oci://.
func likeRepository(target string) bool {
	host, _, more := strings.Cut(target, "/")
	_, err := os.Stat(target)
	return more && err != nil && !strings.HasPrefix(host, ".") && (strings.ContainsAny(host, ".:") || host == "localhost")
}

// noDirectory refuses a name of what is there and is no directory.
func noDirectory(name string) error {
	if info, err := os.Stat(name); err == nil && !info.IsDir() {
		return console.Usagef("name a directory, which need not be there yet, or oci://HOST/REPOSITORY", "%s is no directory", name)
	}
	return nil
}

// mirror reads the options, the lockfile, and the files that pin images.
func (c *command) mirror(f mirrorFlags, target, verb string) (*mirroring, error) {
	t, err := mirror.ParseTarget(target)
	if err != nil {
		return nil, console.Usagef("deplock mirror --help", "%w", err)
	}
	if !t.IsRegistry() && likeRepository(target) {
		target = source.RedactOption(target)
		return nil, console.Usagef("write oci://"+target+" for a registry, or ./"+target+" for a directory", "%s: is it in a registry or a directory?", target)
	}
	if !t.IsRegistry() {
		if err := noDirectory(target); err != nil {
			return nil, err
		}
	}
	file, err := lockfile.Read(c.name())
	if err == nil {
		err = file.Check()
	}
	if err != nil {
		return nil, err
	}
	blobs, err := mirror.Blobs(file)
	if err != nil {
		return nil, err
	}
	c.warnUnlocked(selected{file: file, deps: file.Deps}, nil)
	images, err := c.pinnedImages(f, file)
	if err != nil {
		return nil, err
	}
	cfg, err := c.config(f.online, file)
	if err != nil {
		return nil, err
	}
	upstream := source.New(cfg)
	client := &mirror.Client{
		Target: t,
		Registry: mirror.Registry{
			Keychain:  registryKeychain(f.Options, upstream),
			Transport: upstream, UserAgent: cfg.UserAgent, Stall: cfg.StallTimeout,
		},
		Fetch: &fetch.Client{Source: upstream, Offline: f.offline, Jobs: f.Jobs, Connections: f.Connections, Retries: f.Retries, Events: c.progress.Event},
		Jobs:  f.Jobs, Retries: f.Retries,
		Copied:      func(b mirror.Blob, elapsed time.Duration) { c.copied(verb, b, elapsed) },
		CopiedImage: func(i mirror.ImageResult, elapsed time.Duration) { c.copiedImage(verb, i, elapsed) },
	}
	if dir := cmp.Or(f.cache, c.getenv("DEPFETCH_CACHE")); dir != "" {
		client.Fetch.Cache = &cache.Store{Root: dir}
	}
	return &mirroring{client, file, blobs, images}, nil
}

// interrupted says what a copy that a signal has ended leaves.
func interrupted(ctx context.Context, err error, target string) error {
	if ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("interrupted; what has been copied to %s stays there, and is not copied again", target)
}

// warnOfHosts says that depfetch would not be let to a registry.
func (c *command) warnOfHosts(m *mirroring) {
	host := m.Target.Host()
	if host == name.DefaultRegistry {
		host = "registry-1.docker.io" // that depfetch asks
	}
	if !m.Target.IsRegistry() || m.file.Policy.Allows(&url.URL{Scheme: "https", Host: host}) {
		return
	}
	c.console.Warnf("policy.hosts of the lockfile does not have %s, so that depfetch refuses to ask it", host)
	c.console.Hintf("add %q to policy.hosts, and the hosts that it gets tokens from and redirects to", host)
}

// mirrorHint says what to do about what could not be copied.
func mirrorHint(e *mirror.Error) string {
	host := cmp.Or(e.Origin, e.Target.Host())
	switch {
	case errors.Is(e, mirror.ErrMissing):
		return "deplock mirror push " + word(e.Target.String())
	case registry.Status(e) == http.StatusUnauthorized:
		return "docker login " + host
	case registry.Status(e) == http.StatusForbidden:
		return "the account that docker login has stored for " + host + " may not do that"
	}
	return ""
}

// damagedHint says what to do about a file that is damaged.
func damagedHint(e *mirror.Error) string {
	switch {
	case e.File == "":
		return ""
	case !e.Target.IsRegistry() && strings.HasPrefix(e.File, filepath.Clean(e.Target.String())+string(filepath.Separator)):
		return "it has been damaged; this replaces it: deplock mirror push " + word(e.Target.String())
	}
	return "it has been damaged; remove it, and what it should have is taken from elsewhere, without --offline"
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
