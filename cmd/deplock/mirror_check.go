package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/lock/mirror"
)

func (c *command) mirrorCheckCommand() *cobra.Command {
	var (
		f            mirrorFlags
		asJSON, deep bool
	)
	cmd := &cobra.Command{
		Use:   "check TARGET",
		Short: "Say what TARGET lacks of what the lockfile pins",
		Long: `check asks for each file whether TARGET has it, and in the size that is pinned; with
--images also for each part of the images. It does not read the bytes, unless with
--deep. In a registry it also says whether a manifest or a tag keeps them from a garbage
collection. It exits 1 if something is missing or wrong, and 3 if all that is wrong is
that something could not be asked.`,
		Args: arguments(1, 1, "one TARGET (files with images are named as --images=PATH)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := c.mirror(f, args[0], "")
			if err != nil {
				return err
			}
			results, kept, err := m.Check(cmd.Context(), m.blobs, deep)
			if err != nil {
				return err
			}
			images, err := m.CheckImages(cmd.Context(), m.images, deep)
			if err != nil {
				return err
			}
			if asJSON {
				if err := c.mirrorJSON(results); err != nil {
					return err
				}
				if err := c.imagesJSON(m.Target, images); err != nil {
					return err
				}
			} else {
				c.mirrorText(results, deep)
				c.imagesText(images)
			}
			for _, i := range images {
				kept = kept && (i.Status != mirror.Present || i.Kept)
			}
			if !kept {
				c.code = exit.Failure
				c.console.Warnf("no manifest or tag in %s holds all that is pinned here, so a garbage collection may remove it", m.Target)
				c.console.Hintf("deplock mirror push %s", word(m.Target.String()))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "an object a line, for every file and image")
	cmd.Flags().BoolVar(&deep, "deep", false, "read every file and compare its sha256")
	f.register(cmd)
	return cmd
}

func (c *command) mirrorText(results []mirror.Result, deep bool) {
	n := make(map[mirror.Status]int)
	for _, r := range results {
		c.judge(r.Status == mirror.Present, r.Status == mirror.Unreachable)
		n[r.Status]++
		if r.Status == mirror.Present {
			continue
		}
		cause := ""
		if r.Err != nil {
			cause = ": " + r.Err.Error()
		}
		// A file is counted once, and stands in one row, whatever is made of it.
		var lines []string
		for _, a := range r.Lines {
			lines = append(lines, fmt.Sprintf("%s (%s)", a.Name, a.Platform))
		}
		c.printf("%s %s  sha256 %s%s\n", c.markMirror(r.Status), strings.Join(lines, ", "), r.Artifact.Digest, cause)
	}
	how := "; sizes compared, not the bytes: --deep does"
	if deep {
		how = "; bytes compared"
	}
	c.printf("%d present, %d missing, %d wrong, %d unreachable%s\n", n[mirror.Present], n[mirror.Missing], n[mirror.Wrong], n[mirror.Unreachable], how)
}

// markMirror returns the column of a status.
func (c *command) markMirror(s mirror.Status) console.Marked {
	kind := "error"
	if s == mirror.Unreachable {
		kind = "warning"
	}
	return c.console.Mark(kind, fmt.Sprintf("%-12s", s))
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
		c.judge(r.Status == mirror.Present, r.Status == mirror.Unreachable)
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
