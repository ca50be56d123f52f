package console

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"depfetch/fetch"
)

// List prints what is pinned: a table, or an object a line.
func (c *Console) List(artifacts []fetch.Artifact, asJSON bool) error {
	if asJSON {
		return listJSON(c.Stdout, artifacts)
	}
	return listTable(c.Stdout, artifacts)
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

// listed is a line of the list in JSON.
type listed struct {
	Name     string `json:"name"`
	Version  string `json:"version,omitempty"`
	Platform string `json:"platform"`
	URL      string `json:"url"`
	SHA256   string `json:"sha256"`
	Size     *int64 `json:"size,omitempty"`
	Path     string `json:"path,omitempty"`
	Mode     string `json:"mode,omitempty"`
	Member   string `json:"member,omitempty"`
	Unpack   bool   `json:"unpack,omitempty"`
	Unpacked string `json:"unpacked,omitempty"`
}

func listJSON(w io.Writer, artifacts []fetch.Artifact) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, a := range artifacts {
		l := listed{
			Name: a.Name, Version: a.Version, Platform: a.Platform, URL: a.URL,
			SHA256: a.Digest.String(), Path: a.Path, Member: a.Member, Unpack: a.Unpack != nil,
		}
		if !l.Unpack {
			l.Mode = fmt.Sprintf("%04o", a.Mode)
		}
		if !a.Unpacked.IsZero() {
			l.Unpacked = a.Unpacked.String()
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
