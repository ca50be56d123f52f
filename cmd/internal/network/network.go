// Package network makes the configuration of downloads from options and environment:
// timeouts, credentials, certificate authorities, proxies. Both programs use it.
package network

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"depfetch/cmd/internal/console"
	"depfetch/fetch"
	"depfetch/fetch/source"
)

// Options are the options of the network.
type Options struct {
	Jobs        int
	Connections int
	Retries     int

	connectTimeout time.Duration
	stallTimeout   time.Duration
	netrc          string
	headers        string
	registryAuth   string
	cacert         []string
	rewrites       []string
	originFallback bool
}

// Register defines the flags of o.
func (o *Options) Register(flags *pflag.FlagSet) {
	flags.IntVar(&o.Jobs, "jobs", fetch.DefaultJobs, "how many files to download at once")
	flags.IntVar(&o.Connections, "connections", fetch.DefaultConnections, "how many connections there may be in all when large files come in segments, 8 at most to one host; 1 turns segments off")
	flags.IntVar(&o.Retries, "retries", fetch.DefaultRetries, "how often to try again after a failure that may pass")
	flags.DurationVar(&o.connectTimeout, "connect-timeout", source.DefaultConnectTimeout, "how long connecting may take")
	flags.DurationVar(&o.stallTimeout, "stall-timeout", source.DefaultStallTimeout, "how long no byte may come; there is no limit on the whole")
	flags.StringVar(&o.netrc, "netrc", "", "the file with credentials (default $NETRC, ~/.netrc or /run/secrets/netrc)")
	flags.StringVar(&o.headers, "headers", "", "a TOML file with header fields for each origin (default $DEPFETCH_HEADERS or /run/secrets/headers.toml)")
	flags.StringVar(&o.registryAuth, "registry-auth", "", "docker's config.json with logins to registries (default /run/secrets/config.json, $DOCKER_CONFIG/config.json or ~/.docker/config.json)")
	flags.StringArrayVar(&o.rewrites, "rewrite", nil, "FROM=TO: ask for addresses that begin with FROM at TO instead, with the credentials for TO; may be given again, the longest FROM counts (default $DEPFETCH_REWRITE)")
	flags.BoolVar(&o.originFallback, "origin-fallback", false, "ask for an address itself when TO of --rewrite has failed (default $DEPFETCH_ORIGIN_FALLBACK)")
	flags.StringArrayVar(&o.cacert, "cacert", nil, "a PEM file of further certificate authorities; may be given again")
}

// RegisterLogins defines the flags that commands have which ask registries and download
// nothing, and gives the others their defaults.
func (o *Options) RegisterLogins(flags *pflag.FlagSet) {
	var all pflag.FlagSet
	o.Register(&all)
	for _, name := range []string{"connect-timeout", "netrc", "registry-auth", "cacert"} {
		flags.AddFlag(all.Lookup(name))
	}
}

func (o Options) validate() error {
	switch {
	case o.Jobs < 1:
		return console.Usagef("", "--jobs %d: at least one is needed", o.Jobs)
	case o.Connections < 1:
		return console.Usagef("", "--connections %d: at least one is needed", o.Connections)
	case o.Retries < 0:
		return console.Usagef("", "--retries %d: write 0 for none", o.Retries)
	case o.connectTimeout <= 0 || o.stallTimeout <= 0:
		return console.Usagef("write them as 30s or 2m", "--connect-timeout and --stall-timeout must be more than 0")
	}
	return nil
}

// Config returns the configuration for source.Client. It reads the environment, once.
// The caller adds the hosts that the lockfile's policy allows.
func (o Options) Config(c *console.Console, getenv func(string) string, version string) (source.Config, error) {
	if err := o.validate(); err != nil {
		return source.Config{}, err
	}
	netrc, err := readNetrc(c, o.netrc, getenv)
	if err != nil {
		return source.Config{}, err
	}
	headers, err := readHeaders(c, o.headers, getenv)
	if err != nil {
		return source.Config{}, err
	}
	logins, err := readLogins(c, o.registryAuth, getenv)
	if err != nil {
		return source.Config{}, err
	}
	proxy, err := environmentProxy(getenv)
	if err != nil {
		return source.Config{}, err
	}
	roots, err := readRoots(c, o.cacert, getenv)
	if err != nil {
		return source.Config{}, err
	}
	rewrites, err := o.readRewrites(getenv)
	if err != nil {
		return source.Config{}, err
	}
	return source.Config{
		Rewrites: rewrites,
		Netrc:    netrc, Headers: headers, Logins: logins, Proxy: proxy, Roots: roots,
		UserAgent:      c.Program + "/" + version,
		ConnectTimeout: o.connectTimeout, StallTimeout: o.stallTimeout, Connections: o.Jobs,
	}, nil
}

// netrcSecret is where a secret with the id "netrc" is mounted.
const netrcSecret = "/run/secrets/netrc"

// readNetrc reads the netrc file, if there is one. A file that an option or $NETRC names
// must exist and be valid. Faults of any other are warnings, since it may be meant for
// other programs.
func readNetrc(c *console.Console, option string, getenv func(string) string) (*source.Netrc, error) {
	usual := []string{netrcSecret}
	if home := getenv("HOME"); home != "" {
		usual = []string{filepath.Join(home, ".netrc"), netrcSecret}
	}
	var netrc *source.Netrc
	err := readSecret(c, "netrc", option, getenv("NETRC"), usual, func(name string, data []byte) (err error) {
		if netrc, err = source.ParseNetrc(data); err != nil {
			err = fmt.Errorf("netrc %s: %w", name, err)
		}
		return err
	})
	return netrc, err
}

// readRoots reads the further certificate authorities. $SSL_CERT_FILE is added
// and does not replace the system's: a scratch image with nothing but a company's CA
// would lose the embedded ones.
func readRoots(c *console.Console, files []string, getenv func(string) string) (source.Roots, error) {
	var roots source.Roots
	if dirs := getenv("SSL_CERT_DIR"); dirs != "" {
		roots.SystemDirs = filepath.SplitList(dirs)
	}
	if name := getenv("SSL_CERT_FILE"); name != "" {
		if data, err := readFile(name); err != nil {
			c.Warnf("SSL_CERT_FILE: %v; going on without it", err)
		} else if err := roots.Add("SSL_CERT_FILE "+name, data); err != nil {
			return roots, err
		}
	}
	for _, name := range files {
		data, err := readFile(name)
		if err == nil {
			err = roots.Add(name, data)
		}
		if err != nil {
			return roots, fmt.Errorf("--cacert: %w", err)
		}
	}
	return roots, nil
}
