package console

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"depfetch/fetch"
	"depfetch/fetch/printable"
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
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", printable.String(a.Name), dash(a.Version), a.Platform, size, a.Digest, dash(a.Path), printable.String(a.URL))
	}
	return t.Flush()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return printable.String(s)
}

func listJSON(w io.Writer, artifacts []fetch.Artifact) error {
	for _, a := range artifacts {
		var o object
		o.string("name", a.Name)
		o.string("version", a.Version)
		o.string("platform", a.Platform)
		o.string("url", a.URL)
		o.string("sha256", a.Digest.String())
		if a.Size != fetch.SizeUnknown {
			o.int("size", a.Size)
		}
		o.string("path", a.Path)
		if a.Unpack == nil {
			o.string("mode", fmt.Sprintf("%04o", a.Mode))
		}
		o.string("member", a.Member)
		o.flag("unpack", a.Unpack != nil)
		if !a.Unpacked.IsZero() {
			o.string("unpacked", a.Unpacked.String())
		}
		if err := o.writeTo(w); err != nil {
			return err
		}
	}
	return nil
}
