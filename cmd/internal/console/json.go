package console

import (
	"io"
	"sync"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/source"
)

// jsonProgress writes an object per event. The first one has the version of the
// protocol, which a change that could break readers raises.
type jsonProgress struct {
	mu   sync.Mutex
	w    io.Writer
	now  func() time.Time
	last map[string]rate // as of the last progress event, by dependency
}

const jsonProtocol = 1

// jsonInterval is the least time between two progress events of a dependency.
const jsonInterval = 100 * time.Millisecond

func newJSONProgress(w io.Writer, program, version string) *jsonProgress {
	var o object
	o.Text("event", "protocol")
	o.int("protocol", jsonProtocol)
	o.Text("program", program)
	o.Text("version", version)
	o.writeTo(w)
	return &jsonProgress{w: w, now: time.Now, last: make(map[string]rate)}
}

func (p *jsonProgress) Event(e fetch.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, perSecond := e.Artifact, 0.0
	switch e.Kind {
	case fetch.EventStart:
		p.last[a.Name] = rate{} // the rate is that of one attempt
	case fetch.EventProgress:
		now, last := p.now(), p.last[a.Name]
		if now.Sub(last.at) < jsonInterval {
			return
		}
		if !last.at.IsZero() {
			perSecond = last.perSecond(now, e.Bytes)
		}
		p.last[a.Name] = rate{now, e.Bytes}
	}
	var o object
	o.Text("event", string(e.Kind))
	o.Text("name", a.Name)
	switch e.Kind {
	case fetch.EventPresent, fetch.EventVerified, fetch.EventPlaced:
		o.Text("version", a.Version)
		o.Text("platform", a.Platform)
		o.Text("path", a.Path)
		o.Text("sha256", a.Digest.String())
	}
	o.Text("source", string(e.Source))
	if e.Source == fetch.SourceOrigin || e.Source == fetch.SourceMirror {
		o.Text("url", source.Redact(e.URL))
		o.Text("asked_url", source.Redact(e.Asked))
	}
	if e.Attempt > 0 {
		o.int("attempt", int64(e.Attempt))
	}
	total := fetch.SizeUnknown
	switch e.Kind {
	case fetch.EventPlan:
		o.int("files", int64(e.Files))
		total = e.Bytes
	case fetch.EventProgress:
		o.int("bytes", e.Bytes)
		total = a.Size
	case fetch.EventVerified:
		o.int("bytes", e.Bytes)
	}
	if total != fetch.SizeUnknown {
		o.int("total", total)
	}
	if perSecond >= 1 {
		o.int("bytes_per_second", int64(perSecond))
		if d, ok := left(a.Size-e.Bytes, perSecond); ok && a.Size != fetch.SizeUnknown {
			o.int("seconds_left", int64(d.Seconds()))
		}
	}
	o.float("seconds", e.Elapsed.Seconds())
	o.float("retry_in_seconds", e.Delay.Seconds())
	if e.Err != nil {
		o.float("retry_after_seconds", retryAfter(e.Err).Seconds())
		o.Text("error", shown(e.Err.Error()))
	}
	o.writeTo(p.w)
}

func (*jsonProgress) Step(string) func() { return func() {} }

func (*jsonProgress) Close() {}

func (p *jsonProgress) Done(s fetch.Summary, err error, code int) {
	var o object
	o.Text("event", "result")
	o.int("placed", int64(s.Placed))
	o.int("present", int64(s.Present))
	o.int("bytes", s.Bytes)
	if err != nil {
		o.Text("error", shown(err.Error()))
	}
	o.int("exit_code", int64(code))
	o.writeTo(p.w)
}
