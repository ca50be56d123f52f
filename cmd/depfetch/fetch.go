package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/source"
)

// fetchFlags are the options of fetch.
type fetchFlags struct {
	cache          string
	offline        bool
	mirrors        []string
	jobs           int
	retries        int
	connectTimeout time.Duration
	stallTimeout   time.Duration
	netrc          string
	cacert         []string
	progress       string
}

// fetchCommand makes cmd fetch.
func (c *command) fetchCommand(cmd *cobra.Command) {
	var f fetchFlags
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.cache, "cache", "", "a directory to keep files in by their digest (default $DEPFETCH_CACHE, else none)")
	flags.BoolVar(&f.offline, "offline", false, "take files from the cache only")
	flags.StringArrayVar(&f.mirrors, "mirror", nil, "the URL of a tree of blobs/sha256/<hex> to try when the origin fails; may be given again (default $DEPFETCH_MIRRORS)")
	flags.IntVar(&f.jobs, "jobs", fetch.DefaultJobs, "how many files to fetch at once")
	flags.IntVar(&f.retries, "retries", fetch.DefaultRetries, "how often to try again after a failure that may pass")
	flags.DurationVar(&f.connectTimeout, "connect-timeout", source.DefaultConnectTimeout, "how long connecting may take")
	flags.DurationVar(&f.stallTimeout, "stall-timeout", source.DefaultStallTimeout, "how long no byte may come; there is no limit on the whole")
	flags.StringVar(&f.netrc, "netrc", "", "the file with credentials (default $NETRC, ~/.netrc or /run/secrets/netrc)")
	flags.StringArrayVar(&f.cacert, "cacert", nil, "a PEM file of further certificate authorities; may be given again")
	flags.StringVar(&f.progress, "progress", "auto", "auto, tty, plain, json or quiet")
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, names []string) error { return c.fetch(cmd, f, names) }
}

func (c *command) fetch(cmd *cobra.Command, f fetchFlags, names []string) error {
	progress, err := c.console.NewProgress(f.progress, version, c.terminal)
	if err != nil {
		return err
	}
	summary, err := func() (fetch.Summary, error) {
		client, artifacts, err := c.prepare(f, names)
		if err != nil {
			return fetch.Summary{}, err
		}
		client.Events = progress.Event
		return client.Fetch(cmd.Context(), artifacts)
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
	if err := f.validate(); err != nil {
		return nil, nil, err
	}
	file, artifacts, err := c.selection(names)
	if err != nil {
		return nil, nil, err
	}
	src, err := c.source(f, file.Policy.Hosts)
	if err != nil {
		return nil, nil, err
	}
	mtime, err := c.mtime()
	if err != nil {
		return nil, nil, err
	}
	mirrors, err := c.mirrors(f.mirrors)
	if err != nil {
		return nil, nil, err
	}
	client := &fetch.Client{
		Root: c.rootDir, Source: src, Offline: f.offline, Mirrors: mirrors,
		Jobs: f.jobs, Retries: f.retries, Mtime: mtime,
	}
	if f.cache == "" {
		f.cache = c.getenv("DEPFETCH_CACHE")
	}
	if f.cache != "" {
		client.Cache = &cache.Store{Root: f.cache}
	}
	return client, artifacts, nil
}

func (f fetchFlags) validate() error {
	switch {
	case f.jobs < 1:
		return console.Usagef("", "--jobs %d: at least one is needed", f.jobs)
	case f.retries < 0:
		return console.Usagef("", "--retries %d: write 0 for none", f.retries)
	case f.connectTimeout <= 0 || f.stallTimeout <= 0:
		return console.Usagef("write them as 30s or 2m", "--connect-timeout and --stall-timeout must be more than 0")
	}
	return nil
}

// mirrors returns the addresses of the mirrors asked for, below which the path
// of a blob can be written.
func (c *command) mirrors(asked []string) ([]string, error) {
	if asked == nil {
		asked = words(c.getenv("DEPFETCH_MIRRORS"))
	}
	for _, m := range asked {
		u, err := url.Parse(m)
		if err != nil || u.RawQuery != "" || u.Fragment != "" || u.User != nil ||
			u.Scheme != "file" && (u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
			return nil, console.Usagef("a mirror is the address of a tree that holds blobs/sha256/<hex>, for instance https://mirror.example/deps",
				"mirror %s: not an https, http or file URL without credentials and query", source.Redact(m))
		}
	}
	return asked, nil
}

// source makes the client of the network.
func (c *command) source(f fetchFlags, hosts []source.HostPattern) (*source.Client, error) {
	netrc, err := c.netrc(f.netrc)
	if err != nil {
		return nil, err
	}
	roots, err := c.roots(f.cacert)
	if err != nil {
		return nil, err
	}
	return source.New(source.Config{
		Hosts: hosts, Netrc: netrc, Proxy: http.ProxyFromEnvironment, Roots: roots,
		UserAgent:      "depfetch/" + version,
		ConnectTimeout: f.connectTimeout, StallTimeout: f.stallTimeout, Connections: f.jobs,
	}), nil
}

// netrc reads the first netrc file that there is. One that was asked for has to
// be there.
func (c *command) netrc(name string) (*source.Netrc, error) {
	asked := name != ""
	if !asked {
		name = c.getenv("NETRC")
		asked = name != ""
	}
	names := []string{name}
	if !asked {
		names = []string{"/run/secrets/netrc"}
		if home := c.getenv("HOME"); home != "" {
			names = []string{filepath.Join(home, ".netrc"), "/run/secrets/netrc"}
		}
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) && !asked {
			continue
		}
		if err != nil {
			hint := ""
			if errors.Is(err, fs.ErrPermission) {
				hint = "a secret belongs to root unless its mount says otherwise: RUN --mount=type=secret,id=netrc,uid=…"
			}
			return nil, &console.Error{Err: fmt.Errorf("netrc: %w", err), Hint: hint, Code: exit.Failure}
		}
		netrc, err := source.ParseNetrc(data)
		if err != nil {
			return nil, fmt.Errorf("netrc %s: %w", name, err)
		}
		return netrc, nil
	}
	return nil, nil
}

// roots reads the further certificate authorities.
func (c *command) roots(files []string) (source.Roots, error) {
	var roots source.Roots
	if name := c.getenv("SSL_CERT_FILE"); name != "" {
		// Package x509 would take the file in place of the system's roots,
		// and a scratch image with nothing but a company's CA would lose the
		// embedded ones. It is to come on top.
		os.Unsetenv("SSL_CERT_FILE")
		if data, err := os.ReadFile(name); err != nil {
			c.console.Warnf("SSL_CERT_FILE: %v; going on without it", err)
		} else if err := roots.Add("SSL_CERT_FILE "+name, data); err != nil {
			return roots, err
		}
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err == nil {
			err = roots.Add(name, data)
		}
		if err != nil {
			return roots, fmt.Errorf("--cacert: %w", err)
		}
	}
	return roots, nil
}

// mtime returns the time that placed files get (reproducible-builds.org's
// SOURCE_DATE_EPOCH, in seconds), or zero for the default.
func (c *command) mtime() (time.Time, error) {
	value := strings.TrimSpace(c.getenv("SOURCE_DATE_EPOCH"))
	if value == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, console.Usagef("", "SOURCE_DATE_EPOCH %q is not a number of seconds", value)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
