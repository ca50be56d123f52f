package update

import (
	"context"
	"errors"

	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// Status says what the origin of a locked line serves now.
type Status string

// The statuses.
const (
	Same        Status = "same"        // the locked bytes
	Moved       Status = "moved"       // the locked bytes, through a permanent redirect
	Changed     Status = "changed"     // other bytes
	Gone        Status = "gone"        // nothing (404 or 410), as the origin itself says
	Unreachable Status = "unreachable" // unknown: it could not be asked
	Unverified  Status = "unverified"  // the locked bytes, and a signature does not hold now
)

// Finding is the status of one locked line or line of urls.
type Finding struct {
	Dep     *lock.Dep // nil for a line of urls
	Line    lock.Line
	Status  Status
	Asked   string            // where a rule has sent the request in the place of Line.URL, or empty
	Got     fetch.Measurement // if Changed
	NewURL  string            // if Moved
	Members []MemberChange    // if Changed and both archives could be read
	Err     error             // if Gone, Unreachable or Unverified
	By      string            // who has signed, if that was verified

	mirrors []string
}

// Name returns the name of the dependency, or the redacted address of a line of urls.
func (f Finding) Name() string {
	if f.Dep == nil {
		return source.Redact(f.Line.URL)
	}
	return f.Dep.Name
}

// Audit downloads every locked line of the dependencies and every line of urls that is
// pinned, from the origins alone, and compares. With signatures, it verifies those of the
// dependencies once more. Its error is the cause with which ctx ended, or one of the keys.
func (c *Client) Audit(ctx context.Context, deps []*lock.Dep, pins []lock.Pin, signatures bool) ([]Finding, error) {
	var (
		findings  []Finding
		artifacts []fetch.Artifact
	)
	add := func(f Finding, version string) {
		findings = append(findings, f)
		artifacts = append(artifacts, fetch.Artifact{
			Name: f.Name(), Version: version, Platform: f.Line.Platform.String(), URL: f.Line.URL, Size: f.Line.Size,
		})
	}
	for _, d := range deps {
		for _, l := range d.Locked {
			f := Finding{Dep: d, Line: l}
			for _, t := range d.Mirrors {
				if m, err := d.Expand(t, l.Platform); err == nil {
					f.mirrors = append(f.mirrors, m)
				}
			}
			add(f, d.Version)
		}
	}
	for _, p := range pins {
		if p.Unpinned == "" {
			line := lock.Line{Platform: lock.Any, URL: p.URL, Digest: p.Digest, Size: p.Size, Trust: p.Trust}
			add(Finding{Line: line, mirrors: p.Mirrors}, "")
		}
	}
	client := c.Fetch
	if signatures {
		with, done, err := c.Keep()
		if err != nil {
			return nil, err
		}
		defer done()
		client = with
	}
	measured, err := measure(ctx, client, artifacts)
	if err != nil {
		return nil, err
	}
	for i := range findings {
		f := &findings[i]
		f.judge(measured[f.Line.URL])
		if f.Status == Changed && c.Fetch.Cache != nil {
			c.recover(ctx, f)
			f.Members = c.compareMembers(ctx, c.Fetch.Cache, f.Line.Digest, f.Got.Digest)
		}
	}
	if signatures {
		err = c.auditSignatures(ctx, client.Cache, findings, measured)
	}
	return findings, err
}

func (f *Finding) judge(m fetch.Measurement) {
	size := f.Line.Size
	f.Asked = m.Asked
	if t, ok := errors.AsType[*fetch.TransferError](m.Err); ok {
		f.Asked = t.Deciding().Asked
	}
	asked, none := missing(m.Err)
	switch {
	case none && asked == "":
		f.Status, f.Err = Gone, m.Err
	case m.Err != nil:
		f.Status, f.Err = Unreachable, m.Err
	case m.Digest != f.Line.Digest || size != fetch.SizeUnknown && size != m.Size:
		f.Status, f.Got = Changed, m
	case m.Response.Moved != "":
		f.Status, f.NewURL = Moved, m.Response.Moved
	default:
		f.Status = Same
	}
}

// recover fills the cache with the locked bytes of f from its mirrors, unless it has
// them. They are for a comparison only, so it is not an error if no mirror has them.
func (c *Client) recover(ctx context.Context, f *Finding) {
	if old, err := c.Fetch.Cache.Open(f.Line.Digest); err == nil {
		old.Close()
		return
	}
	if len(f.mirrors) == 0 {
		return
	}
	c.Fetch.Fill(ctx, []fetch.Artifact{{
		Name: f.Name(), Platform: f.Line.Platform.String(), URL: f.mirrors[0], Mirrors: f.mirrors[1:],
		Digest: f.Line.Digest, Size: f.Line.Size,
	}})
}
