package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/fetch"
	"depfetch/lock"
)

func (c *command) listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [NAME…]",
		Short: "Show what is pinned for this platform",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, names []string) error {
			artifacts, err := c.pinned(names)
			if err != nil {
				return err
			}
			if asJSON {
				return listJSON(c.stdout, artifacts)
			}
			return listTable(c.stdout, artifacts)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "an object a line")
	return cmd
}

// pinned returns what is pinned for the platform. A dependency that is not is
// left out with a warning, since the list is of what is.
func (c *command) pinned(names []string) ([]fetch.Artifact, error) {
	_, artifacts, err := c.selection(names)
	for _, e := range console.Flatten(err) {
		var unpinned *lock.NotPinnedError
		if !errors.As(e, &unpinned) {
			return nil, err
		}
		c.console.Warnf("%v", unpinned)
	}
	return artifacts, nil
}

func listTable(w io.Writer, artifacts []fetch.Artifact) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tVERSION\tPLATFORM\tSIZE\tSHA256\tPATH\tURL")
	for _, a := range artifacts {
		size := "-"
		if a.Size != fetch.SizeUnknown {
			size = strconv.FormatInt(a.Size, 10)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Name, dash(a.Version), a.Platform, size, a.Digest, dash(a.Path), a.URL)
	}
	return t.Flush()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// listed is a line of list --json.
type listed struct {
	Name     string `json:"name"`
	Version  string `json:"version,omitempty"`
	Platform string `json:"platform"`
	URL      string `json:"url"`
	SHA256   string `json:"sha256"`
	Size     *int64 `json:"size,omitempty"`
	Path     string `json:"path,omitempty"`
	Mode     string `json:"mode"`
}

func listJSON(w io.Writer, artifacts []fetch.Artifact) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, a := range artifacts {
		l := listed{
			Name: a.Name, Version: a.Version, Platform: a.Platform, URL: a.URL,
			SHA256: a.Digest.String(), Path: a.Path, Mode: fmt.Sprintf("%04o", a.Mode),
		}
		if a.Size != fetch.SizeUnknown {
			l.Size = &a.Size
		}
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return nil
}
