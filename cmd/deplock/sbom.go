package main

import (
	"context"
	"errors"
	"runtime/debug"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/epoch"
	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/release"
	"depfetch/lock/sbom"
	"depfetch/lock/update"
)

func (c *command) sbomCommand() *cobra.Command {
	var (
		o                 online
		format, platform  string
		inspect, licences bool
	)
	cmd := &cobra.Command{
		Use:   "sbom",
		Short: "Write an SPDX or CycloneDX document of what is locked",
		Long: `sbom writes a document of what the lockfile pins, for programs that look for
licences and known vulnerabilities: dependencies for every platform, [urls] and
[images]. It asks nobody, and says nothing that is not known; its time is
SOURCE_DATE_EPOCH, else 1980-01-01, so the same lockfile makes the same document.

  spdx        SPDX 2.3, as JSON
  cyclonedx   CycloneDX 1.6, as JSON

With --inspect it holds what programs of Go were built from: their modules and
the standard library, as the build information in each file says. Files come out of
the cache or are downloaded, and verified as always. With --licences GitHub's API
is asked whose a repository is, and under which licence it is now.`,
		Example: `  deplock sbom --platform linux/amd64 -o deps.spdx.json
  deplock sbom --inspect --format cyclonedx | grype`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "spdx" && format != "cyclonedx" {
				return console.Usagef("", "--format %q: write one of spdx, cyclonedx", format)
			}
			output, err := outputName(cmd)
			if err != nil {
				return err
			}
			created, err := epoch.Parse(c.getenv("SOURCE_DATE_EPOCH"))
			if err != nil {
				return err
			}
			if created.IsZero() {
				created = fetch.DefaultMtime
			}
			s, pinned, err := c.documented(platform)
			if err != nil {
				return err
			}
			client, err := c.client(o, s.file)
			if err != nil {
				return err
			}
			if inspect {
				if err := inspectBuilds(cmd.Context(), client, pinned); err != nil {
					return err
				}
			}
			if licences {
				if err := c.askLicences(cmd.Context(), client.Release, pinned); err != nil {
					return err
				}
			}
			d := sbom.Document{Tool: "deplock", Version: version, Created: created}
			write := d.SPDX
			if format == "cyclonedx" {
				write = d.CycloneDX
			}
			text, err := write(pinned)
			if err != nil {
				return err
			}
			return c.writeOutput(output, text)
		},
	}
	flags := cmd.Flags()
	o.register(cmd)
	flags.StringVar(&format, "format", "spdx", "spdx or cyclonedx")
	flags.StringVar(&platform, "platform", "", "the platform that it is about (default all)")
	flags.StringP("output", "o", "", "the file to write (default standard output)")
	flags.BoolVar(&inspect, "inspect", false, "also say what programs of Go were built from; downloads what is not in the cache")
	flags.BoolVar(&licences, "licences", false, "ask GitHub for licences and owners")
	return cmd
}

// documented returns what the lockfile pins, for one platform or for all. It warns of what is
// left out.
func (c *command) documented(platform string) (selected, []*sbom.Pinned, error) {
	var platforms []lock.Platform
	if platform != "" {
		var err error
		if platforms, err = parsePlatforms([]string{platform}); err != nil {
			return selected{}, nil, err
		}
	}
	s, err := c.lawfulSelection(nil)
	if err != nil {
		return selected{}, nil, err
	}
	all := sbom.List(s.file, platforms...)
	if len(all) == 0 {
		about, hint := "", "deplock add NAME adds a dependency"
		if platform != "" {
			about, hint = " for "+platforms[0].String(), "deplock list shows what is locked"
		}
		return selected{}, nil, console.Usagef(hint, "%s: nothing is pinned%s", c.name(), about)
	}
	c.warnUnlocked(s, platforms)
	_, unpinned := splitPins(s.pins)
	for _, p := range unpinned {
		c.console.Warnf("%s: left out: it is unpinned: %s", source.Redact(p.URL), p.Unpinned)
	}
	return s, all, nil
}

// inspectBuilds finds out what programs of Go were built from.
func inspectBuilds(ctx context.Context, client *update.Client, pinned []*sbom.Pinned) error {
	var (
		files     []*sbom.Pinned
		artifacts []fetch.Artifact
	)
	for _, p := range pinned {
		if p.Artifact != nil {
			files, artifacts = append(files, p), append(artifacts, *p.Artifact)
		}
	}
	builds, err := client.Builds(ctx, artifacts)
	if err != nil {
		return err
	}
	for i, p := range files {
		var infos []*debug.BuildInfo
		for _, b := range builds[i] {
			infos = append(infos, b.Info)
		}
		p.Build(infos...)
	}
	return nil
}

// askLicences asks GitHub about each repository once. One that is not there is warned of.
func (c *command) askLicences(ctx context.Context, client *release.Client, pinned []*sbom.Pinned) error {
	asked := make(map[string]release.About)
	for _, p := range pinned {
		if p.Repository == "" {
			continue
		}
		about, ok := asked[p.Repository]
		if !ok {
			var err error
			about, err = client.About(ctx, p.Repository)
			var absent *release.NotFoundError
			if errors.As(err, &absent) {
				c.console.Warnf("%v", err)
			} else if err != nil {
				return err
			}
			asked[p.Repository] = about
		}
		p.Tell(about)
	}
	return nil
}
