package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/lock"
	"depfetch/lock/export"
)

func (c *command) exportCommand() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print what is locked in the form of other tools",
		Long: `export prints what is locked in the form of other tools:

  sha256sums     lines for sha256sum -c, with the paths of the files; what urls
                 pins has none
  add            ADD --checksum lines for a Dockerfile. Folders that are not there
                 yet get the mode and the owner of the file
  dockerfile     stages of ADD --checksum for each platform, with archives unpacked:
                 COPY --from=deps / / takes what depfetch would have placed, from
                 the file itself or from a target of docker buildx bake
  buildx-policy  a source policy of BuildKit (docker buildx build, buildctl
                 --source-policy-file) that pins every locked URL
  json           an object a line, as of deplock list --json`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			s, err := c.lawfulSelection(nil)
			if err != nil {
				return err
			}
			return c.export(s, o)
		},
		Example: `  deplock export --format dockerfile > deps.Dockerfile`,
	}
	cmd.Flags().StringVar(&o.format, "format", "sha256sums", "sha256sums, add, dockerfile, buildx-policy or json")
	cmd.Flags().StringVar(&o.platform, "platform", "", "the platform to export; sha256sums and add need one if several are locked")
	cmd.Flags().StringVar(&o.syntax, "syntax", "", "the image of a # syntax line for dockerfile, for a BuildKit that is too old by itself")
	return cmd
}

// exportOptions are the options of export.
type exportOptions struct{ format, platform, syntax string }

func (c *command) export(s selected, o exportOptions) error {
	format := o.format
	if o.syntax != "" && (format != "dockerfile" || strings.ContainsFunc(o.syntax, notWord)) {
		return console.Usagef("", "--syntax is the image of a line of --format dockerfile, as docker/dockerfile:1.20")
	}
	lines := export.Lines(s.deps)
	stages := export.StagePlatforms(s.file)
	var only []lock.Platform
	if o.platform != "" {
		p, err := parsePlatforms([]string{o.platform})
		if err != nil {
			return err
		}
		lines = slices.DeleteFunc(lines, func(l export.Line) bool { return l.Platform != p[0] && l.Platform != lock.Any })
		stages, only = p, p
	}
	switch format {
	case "sha256sums", "add", "json", "buildx-policy":
		c.warnUnlocked(s, only)
	}
	switch format {
	case "dockerfile": // says it itself
		d := export.Dockerfile{Lockfile: c.name(), Syntax: o.syntax, Platforms: stages, Deps: s.deps, Pins: s.pins}
		return c.left(d.Write(c.stdout))
	case "json":
		pins, unpinned := splitPins(s.pins)
		return c.console.List(slices.Concat(export.Artifacts(lines), export.PinArtifacts(pins)), unpinned, true)
	case "buildx-policy":
		return c.left(export.Policy(c.stdout, lines, s.pins))
	case "sha256sums", "add":
	default:
		return console.Usagef("", "--format %q: write one of sha256sums, add, dockerfile, buildx-policy, json", format)
	}
	if platforms := export.Platforms(lines); len(platforms) > 1 {
		return console.Usagef(fmt.Sprintf("deplock export --format %s --platform %s", format, platforms[0]),
			"several platforms are locked, and %s can hold one", format)
	}
	if format == "add" {
		return errors.Join(export.Add(c.stdout, lines), export.AddPins(c.stdout, s.pins))
	}
	left, err := export.Sums(c.stdout, lines)
	return c.left(append(left, export.LeftPins(s.pins)...), err)
}

// left warns of what a form has no place for.
func (c *command) left(left []string, err error) error {
	for _, text := range left {
		c.console.Warnf("%s", text)
	}
	return err
}

// notWord reports whether a character cannot stand in a reference of an image.
func notWord(r rune) bool { return r <= ' ' || r >= 0x7f }
