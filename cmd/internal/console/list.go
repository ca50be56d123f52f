package console

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"depfetch/fetch"
	"depfetch/fetch/printable"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// List prints what is pinned, and behind it the lines of urls that say why they pin
// nothing: a table, or an object a line.
func (c *Console) List(artifacts []fetch.Artifact, unpinned []lock.Pin, asJSON bool) error {
	if asJSON {
		return listJSON(c.Stdout, artifacts, unpinned)
	}
	return listTable(c.Stdout, artifacts, unpinned)
}

func listTable(w io.Writer, artifacts []fetch.Artifact, unpinned []lock.Pin) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tVERSION\tPLATFORM\tSIZE\tSHA256\tPATH\tURL")
	for _, a := range artifacts {
		size := "-"
		if a.Size != fetch.SizeUnknown {
			size = strconv.FormatInt(a.Size, 10)
		}
		if a.Name == source.Redact(a.URL) {
			a.Name = "" // a line of urls
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", dash(a.Name), dash(a.Version), a.Platform, size, a.Digest, dash(a.Path), printable.String(a.URL))
	}
	for _, p := range unpinned {
		fmt.Fprintf(t, "-\t-\t%s\t-\tunpinned: %s\t-\t%s\n", lock.Any, printable.String(p.Unpinned), printable.String(p.URL))
	}
	return t.Flush()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return printable.String(s)
}

func listJSON(w io.Writer, artifacts []fetch.Artifact, unpinned []lock.Pin) error {
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
	for _, p := range unpinned {
		var o object
		o.string("name", source.Redact(p.URL))
		o.string("platform", lock.Any.String())
		o.string("url", p.URL)
		o.string("unpinned", p.Unpinned)
		if err := o.writeTo(w); err != nil {
			return err
		}
	}
	return nil
}
