package console

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"depfetch/fetch"
	"depfetch/fetch/source"
)

// Modes are the values of --progress.
var Modes = []string{"auto", "tty", "plain", "json", "quiet"}

// Progress renders the events of a fetch.
type Progress interface {
	// Event renders an event. Calls do not overlap.
	Event(fetch.Event)
	// Done ends the rendering. err is the error of the fetch, and code the exit
	// code that belongs to it.
	Done(s fetch.Summary, err error, code int)
}

// NewProgress returns the rendering that mode names: "tty" is a bar, "plain" a
// line per file, "json" an object per event on standard output, "quiet" nothing,
// and "auto" a bar on a terminal and plain elsewhere.
func (c *Console) NewProgress(mode, version string, terminal bool) (Progress, error) {
	if !slices.Contains(Modes, mode) {
		return nil, Usagef("", "--progress %q: write one of %s", mode, strings.Join(Modes, ", "))
	}
	switch {
	case mode == "json":
		return newJSONProgress(c.Stdout, c.Program, version), nil
	case mode == "quiet":
		return quietProgress{}, nil
	case mode == "tty" || mode == "auto" && terminal:
		return &barProgress{plain: plainProgress{c.Stderr}, done: make(map[string]int64)}, nil
	}
	return plainProgress{c.Stderr}, nil
}

type quietProgress struct{}

func (quietProgress) Event(fetch.Event)              {}
func (quietProgress) Done(fetch.Summary, error, int) {}

// plainProgress writes a line per file.
type plainProgress struct{ w io.Writer }

func (p plainProgress) line(format string, args ...any) {
	fmt.Fprintln(p.w, shown(fmt.Sprintf(format, args...)))
}

func (p plainProgress) Event(e fetch.Event) {
	switch e.Kind {
	case fetch.EventPresent:
		p.line("present  %s  %s", title(e.Artifact), e.Artifact.Path)
	case fetch.EventVerified:
		p.line("verified %s  %s  %s in %s from %s", title(e.Artifact), e.Artifact.Path,
			Bytes(e.Bytes), e.Elapsed.Round(time.Millisecond), origin(e))
	case fetch.EventFailed:
		next := ""
		if e.Delay > 0 {
			next = fmt.Sprintf("; next try in %s", e.Delay.Round(100*time.Millisecond))
		}
		if after := retryAfter(e.Err); after > 0 {
			next += fmt.Sprintf(" (the server asks for %s)", after)
		}
		p.line("failed   %s  %s: %s%s", title(e.Artifact), origin(e), brief(e.Err), next)
	case fetch.EventCacheFailed:
		p.line("warning  %s  the cache cannot be used: %v", title(e.Artifact), e.Err)
	}
}

func (p plainProgress) Done(s fetch.Summary, err error, _ int) {
	if err != nil {
		return
	}
	p.line("done     %d placed, %d already there, %s downloaded", s.Placed, s.Present, Bytes(s.Bytes))
}

// retryAfter returns the server's Retry-After, which may exceed the actual delay.
func retryAfter(err error) time.Duration {
	var e *source.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.RetryAfter
}

// brief returns an error without the details that the report at the end of the fetch
// repeats.
func brief(err error) string {
	var wrong *fetch.MismatchError
	switch {
	case !errors.As(err, &wrong):
		return err.Error()
	case wrong.GotDigest.IsZero():
		return "wrong bytes: more than was pinned"
	}
	return fmt.Sprintf("wrong bytes: sha256 %s, %d bytes", wrong.GotDigest, wrong.GotSize)
}

// title returns the name, version and platform of an artifact.
func title(a *fetch.Artifact) string {
	s := a.Name
	if a.Version != "" {
		s += " " + a.Version
	}
	return s + " (" + a.Platform + ")"
}

// origin returns the source of an event's bytes.
func origin(e fetch.Event) string {
	switch e.Source {
	case fetch.SourceCache:
		return "the cache"
	case fetch.SourceMirror:
		return "mirror " + fetch.ShowAddress(e.URL, e.Asked)
	}
	return fetch.ShowAddress(e.URL, e.Asked)
}

// barProgress draws one bar for all files together, and prints a line above it for each
// failure.
type barProgress struct {
	plain plainProgress
	bar   *progressbar.ProgressBar
	files int
	ready int
	total int64
	done  map[string]int64 // bytes so far, by dependency
}

func (p *barProgress) Event(e fetch.Event) {
	switch e.Kind {
	case fetch.EventPlan:
		p.start(e)
	case fetch.EventProgress:
		p.done[e.Artifact.Name] = e.Bytes
		p.draw()
	case fetch.EventVerified:
		p.ready++
		p.done[e.Artifact.Name] = e.Bytes
		p.describe()
		p.draw()
	case fetch.EventFailed, fetch.EventCacheFailed:
		p.clear()
		p.plain.Event(e)
	}
}

func (p *barProgress) start(e fetch.Event) {
	if e.Files == 0 || e.Bytes == 0 {
		return
	}
	p.files, p.total = e.Files, e.Bytes
	p.bar = progressbar.NewOptions64(p.total,
		progressbar.OptionSetWriter(p.plain.w),
		progressbar.OptionShowBytes(true),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionThrottle(65*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionFullWidth(),
		progressbar.OptionSetDescription(p.description()),
		progressbar.OptionSetRenderBlankState(true),
	)
}

func (p *barProgress) describe() {
	if p.bar != nil {
		p.bar.Describe(p.description())
	}
}

func (p *barProgress) description() string { return fmt.Sprintf("%d/%d files", p.ready, p.files) }

func (p *barProgress) draw() {
	if p.bar == nil {
		return
	}
	var sum int64
	for _, n := range p.done {
		sum += n
	}
	if p.total > 0 {
		sum = min(sum, p.total-1) // a full bar ends itself, which is left to Done
	}
	p.bar.Set64(sum)
}

func (p *barProgress) clear() {
	if p.bar != nil {
		p.bar.Clear()
	}
}

func (p *barProgress) Done(s fetch.Summary, err error, code int) {
	p.clear()
	p.plain.Done(s, err, code)
}

// jsonProgress writes an object per event. The first one has the version of the
// protocol, which a change that could break readers raises.
type jsonProgress struct {
	w    io.Writer
	last map[string]time.Time // of the progress events, by dependency
}

const jsonProtocol = 1

// jsonInterval is the least time between two progress events of a dependency.
const jsonInterval = 100 * time.Millisecond

func newJSONProgress(w io.Writer, program, version string) *jsonProgress {
	var o object
	o.string("event", "protocol")
	o.int("protocol", jsonProtocol)
	o.string("program", program)
	o.string("version", version)
	o.writeTo(w)
	return &jsonProgress{w: w, last: make(map[string]time.Time)}
}

func (p *jsonProgress) Event(e fetch.Event) {
	a := e.Artifact
	if e.Kind == fetch.EventProgress {
		now := time.Now()
		if now.Sub(p.last[a.Name]) < jsonInterval {
			return
		}
		p.last[a.Name] = now
	}
	var o object
	o.string("event", string(e.Kind))
	o.string("name", a.Name)
	switch e.Kind {
	case fetch.EventPresent, fetch.EventVerified, fetch.EventPlaced:
		o.string("version", a.Version)
		o.string("platform", a.Platform)
		o.string("path", a.Path)
		o.string("sha256", a.Digest.String())
	}
	o.string("source", string(e.Source))
	if e.Source == fetch.SourceOrigin || e.Source == fetch.SourceMirror {
		o.string("url", source.Redact(e.URL))
		o.string("asked_url", source.Redact(e.Asked))
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
	o.float("seconds", e.Elapsed.Seconds())
	o.float("retry_in_seconds", e.Delay.Seconds())
	if e.Err != nil {
		o.float("retry_after_seconds", retryAfter(e.Err).Seconds())
		o.string("error", shown(e.Err.Error()))
	}
	o.writeTo(p.w)
}

func (p *jsonProgress) Done(s fetch.Summary, err error, code int) {
	var o object
	o.string("event", "result")
	o.int("placed", int64(s.Placed))
	o.int("present", int64(s.Present))
	o.int("bytes", s.Bytes)
	if err != nil {
		o.string("error", shown(err.Error()))
	}
	o.int("exit_code", int64(code))
	o.writeTo(p.w)
}
