package main

import (
	"context"
	"net/url"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/epoch"
	"depfetch/cmd/internal/network"
	"depfetch/cmd/internal/sbom"
	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/slsa"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// fetchFlags are the options of fetch.
type fetchFlags struct {
	network.Options
	cache        string
	offline      bool
	downloadOnly bool
	mirrors      []string
	mirrorFirst  bool
	sbom         string
	provenance   string
	progress     string
}

func (c *command) fetchCommand() *subcommand {
	var f fetchFlags
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.StringVar(&f.cache, "cache", "", "a directory to keep files in by their digest (default $DEPFETCH_CACHE, else none)")
	flags.BoolVar(&f.offline, "offline", false, "take files from the cache only (default $DEPFETCH_OFFLINE)")
	flags.BoolVar(&f.downloadOnly, "download-only", false, "fill the cache and place nothing")
	flags.StringArrayVar(&f.mirrors, "mirror", nil, "the URL of a tree of blobs/sha256/<hex>, or oci://HOST/REPOSITORY, to try when the origin fails; may be given again (default $DEPFETCH_MIRRORS)")
	flags.BoolVar(&f.mirrorFirst, "mirror-first", false, "ask the mirrors of --mirror before the origin (default $DEPFETCH_MIRROR_FIRST)")
	f.Register(flags)
	flags.StringVar(&f.sbom, "sbom", "", "below --root, the SPDX document that tells what is in place (default $DEPFETCH_SBOM)")
	flags.StringVar(&f.provenance, "provenance", "", "below --root, the in-toto statement (SLSA provenance) that tells what it was made of")
	flags.StringVar(&f.progress, "progress", "auto", "tty (a bar), plain (lines), json, quiet, or auto: a bar on a terminal and lines elsewhere")
	return &subcommand{
		name: "fetch", args: "[NAME…]", short: "Put the pinned files in place: all of them, or those named", flags: flags,
		run: func(ctx context.Context, flags *pflag.FlagSet, names []string) error {
			for _, name := range []string{"sbom", "provenance"} {
				if flag := flags.Lookup(name); flag.Changed && flag.Value.String() == "" {
					return console.Usagef("leave it out for none", "--%s names no file", name)
				}
			}
			return c.fetch(ctx, f, names)
		},
	}
}

func (c *command) fetch(ctx context.Context, f fetchFlags, names []string) error {
	progress, err := c.console.NewProgress(f.progress, version)
	if err != nil {
		return err
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a log that nobody reads stops no fetch
	summary, err := func() (fetch.Summary, error) {
		client, artifacts, err := c.prepare(f, names)
		if err != nil {
			return fetch.Summary{}, err
		}
		client.Events = progress.Event
		if f.downloadOnly {
			for i := range artifacts {
				artifacts[i].Path = "" // nothing is placed
			}
			return client.Fill(ctx, artifacts)
		}
		return client.Fetch(ctx, artifacts)
	}()
	// The bar goes before the error comes, and the last JSON object holds
	// the code.
	c.code = console.ExitCode(err)
	progress.Done(summary, err, c.code)
	c.console.Report(err)
	c.reported = true
	return err
}

// prepare reads the lockfile and the options.
func (c *command) prepare(f fetchFlags, names []string) (*fetch.Client, []fetch.Artifact, error) {
	file, artifacts, err := c.selection(names)
	if err == nil && !f.downloadOnly {
		artifacts, err = placed(artifacts, names)
	}
	if err != nil {
		return nil, nil, err
	}
	cfg, err := f.Config(c.console, c.getenv, version)
	if err != nil {
		return nil, nil, err
	}
	cfg.Hosts = file.Policy.Hosts
	mtime, err := c.mtime()
	if err != nil {
		return nil, nil, err
	}
	mirrors, err := c.mirrors(f.mirrors)
	if err != nil {
		return nil, nil, err
	}
	first, err := network.Enabled(c.getenv, "DEPFETCH_MIRROR_FIRST")
	if err != nil {
		return nil, nil, err
	}
	offline, err := network.Enabled(c.getenv, "DEPFETCH_OFFLINE")
	if err != nil {
		return nil, nil, err
	}
	client := &fetch.Client{
		Root: c.rootDir, Source: source.New(cfg), Offline: f.offline || offline, Mirrors: mirrors, MirrorFirst: f.mirrorFirst || first,
		Trees: c.trees(), Jobs: f.Jobs, Connections: f.Connections, Retries: f.Retries, Mtime: mtime,
	}
	if f.cache == "" {
		f.cache = c.getenv("DEPFETCH_CACHE")
	}
	if f.cache != "" {
		client.Cache = &cache.Store{Root: f.cache}
	}
	if f.sbom == "" && !f.downloadOnly {
		f.sbom = c.getenv("DEPFETCH_SBOM")
	}
	if f.sbom != "" && f.downloadOnly {
		return nil, nil, console.Usagef("", "--sbom is about what is placed, and --download-only places nothing")
	}
	if f.provenance != "" && f.downloadOnly {
		return nil, nil, console.Usagef("", "--provenance is about what is placed, and --download-only places nothing")
	}
	if f.sbom != "" && len(artifacts) > 0 {
		sbom.Add(client, "--sbom", document(f.sbom), version, artifacts, true)
	}
	if f.provenance != "" && len(artifacts) > 0 {
		statement, err := c.statement(file, names, artifacts)
		if err != nil {
			return nil, nil, err
		}
		client.Documents = append(client.Documents, fetch.Document{Name: "--provenance", Path: document(f.provenance), Text: statement.Replace})
	}
	if f.downloadOnly && client.Cache == nil {
		return nil, nil, console.Usagef("name one with --cache DIR or DEPFETCH_CACHE", "--download-only needs a cache to fill")
	}
	return client, artifacts, nil
}

// document returns the path below the root of a document that an option names.
func document(name string) string { return path.Clean("/" + filepath.ToSlash(name)) }

// statement returns what --provenance says.
func (c *command) statement(file *lock.File, names []string, artifacts []fetch.Artifact) (*slsa.Statement, error) {
	platform, err := c.target()
	if err != nil {
		return nil, err
	}
	s := &slsa.Statement{
		Version: version, Lockfile: filepath.Base(file.Name), Digest: file.Digest,
		Platform: platform.String(), Names: names, Groups: c.groups,
	}
	for i := range artifacts {
		if err := artifacts[i].Attest(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// mirrors returns the addresses of the mirrors asked for, below which the path
// of a blob can be written.
func (c *command) mirrors(asked []string) ([]string, error) {
	list := ""
	if asked == nil {
		list = c.getenv("DEPFETCH_MIRRORS")
		asked = network.Words(list)
	}
	for i, m := range asked {
		if len(m) > 3 && strings.EqualFold(m[:4], "oci:") {
			m = strings.TrimSuffix(m, "/") // as the address of another mirror may have one
			asked[i] = m
			if err := source.CheckRepository(m); err != nil {
				return nil, console.Usagef("for instance oci://registry.example/team/deps", "mirror %s: %w", network.ShownWord(m, list), err)
			}
			continue
		}
		u, err := url.Parse(m)
		if err != nil || u.RawQuery != "" || u.Fragment != "" || u.User != nil ||
			u.Scheme != "file" && !named(u) {
			return nil, console.Usagef("a mirror is the address of a tree that holds blobs/sha256/<hex>, for instance https://mirror.example/deps or file:///srv/mirror, or of a registry, oci://registry.example/team/deps",
				"mirror %s: not an https, http or file URL without credentials and query", network.ShownWord(m, list))
		}
	}
	return asked, nil
}

// named reports whether an address is one of a web server.
func named(u *url.URL) bool {
	_, err := source.OriginOf(u)
	return err == nil
}

// mtime returns the time that placed files get (reproducible-builds.org's
// SOURCE_DATE_EPOCH, in seconds), or zero for the default.
func (c *command) mtime() (time.Time, error) { return epoch.Parse(c.getenv("SOURCE_DATE_EPOCH")) }
