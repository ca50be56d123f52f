package console

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"depfetch/fetch"
	"depfetch/fetch/printable"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// List prints the pinned artifacts, and after them the unpinned lines of urls with
// their reasons: as a table, or as a JSON object a line.
func (c *Console) List(artifacts []fetch.Artifact, unpinned []lock.Pin, asJSON bool) error {
	if asJSON {
		return listJSON(c.Stdout, artifacts, unpinned)
	}
	return listTable(c.Stdout, artifacts, unpinned)
}

// listTable prints a line for each artifact, with columns as wide as their content.
// Package text/tabwriter would make depfetch larger by 12 kB.
func listTable(w io.Writer, artifacts []fetch.Artifact, unpinned []lock.Pin) error {
	rows := [][]string{{"NAME", "VERSION", "PLATFORM", "SIZE", "SHA256", "PATH", "URL"}}
	for i := range artifacts {
		a := &artifacts[i]
		name, size := a.Name, "-"
		if name == source.Redact(a.URL) {
			name = "" // a line of urls has none
		}
		if a.Size != fetch.SizeUnknown {
			size = strconv.FormatInt(a.Size, 10)
		}
		rows = append(rows, []string{dash(name), dash(a.Version), a.Platform, size, a.Digest.String(), dash(a.Path), a.URL})
	}
	for _, p := range unpinned {
		rows = append(rows, []string{"-", "-", lock.Any.String(), "-", "unpinned: " + p.Unpinned, "-", p.URL})
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			row[i] = printable.String(cell)
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	last := len(widths) - 1
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row[:last] {
			fmt.Fprintf(&b, "%-*s  ", widths[i], cell)
		}
		b.WriteString(row[last] + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func listJSON(w io.Writer, artifacts []fetch.Artifact, unpinned []lock.Pin) error {
	for _, a := range artifacts {
		var o object
		o.Text("name", a.Name)
		o.Text("version", a.Version)
		o.Text("platform", a.Platform)
		o.Text("url", a.URL)
		o.Text("sha256", a.Digest.String())
		if a.Size != fetch.SizeUnknown {
			o.int("size", a.Size)
		}
		o.Text("path", a.Path)
		if a.Unpack == nil && a.Path != "" { // what has no path is placed by whoever asks for it
			o.Text("mode", fmt.Sprintf("%04o", a.Mode))
		}
		o.Text("member", a.Member)
		o.flag("unpack", a.Unpack != nil)
		if !a.Unpacked.IsZero() {
			o.Text("unpacked", a.Unpacked.String())
		}
		if err := o.writeTo(w); err != nil {
			return err
		}
	}
	for _, p := range unpinned {
		var o object
		o.Text("name", source.Redact(p.URL))
		o.Text("platform", lock.Any.String())
		o.Text("url", p.URL)
		o.Text("unpinned", p.Unpinned)
		if err := o.writeTo(w); err != nil {
			return err
		}
	}
	return nil
}
