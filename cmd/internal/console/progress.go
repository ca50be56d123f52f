package console

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/source"
)

// Modes returns the values of --progress.
func Modes() []string { return []string{"auto", "tty", "plain", "json", "quiet"} }

// Progress renders the events of a fetch, and questions that are asked before one.
type Progress interface {
	// Event renders an event. Calls may overlap.
	Event(fetch.Event)
	// Step says that something other than an artifact is asked for: "the digest of
	// debian:12". The function returned says that it has come. Calls may overlap.
	Step(what string) (end func())
	// Done ends the rendering. err is the error of the fetch, and code the exit
	// code that belongs to it.
	Done(s fetch.Summary, err error, code int)
	// Close ends the rendering without a result. It may be called again.
	Close()
}

// NewProgress returns the rendering that mode names: "tty" is a bar, "plain" a
// line per file, and more where one takes long, "json" an object per event on standard
// output, "quiet" nothing, and "auto" a bar on a terminal and plain elsewhere.
func (c *Console) NewProgress(mode, version string) (Progress, error) {
	if !slices.Contains(Modes(), mode) {
		return nil, Usagef("", "--progress %q: write one of %s", mode, strings.Join(Modes(), ", "))
	}
	switch {
	case mode == "json":
		return newJSONProgress(c.Stdout, c.Program, version), nil
	case mode == "quiet":
		return quietProgress{}, nil
	}
	return c.progress(mode == "tty" || mode == "auto" && c.Columns != nil, "", fetchLines), nil
}

// Measuring returns the rendering of downloads that are about to be locked: a bar on a
// terminal and lines elsewhere.
func (c *Console) Measuring() Progress { return c.progress(c.Columns != nil, "", c.measureLines) }

// progress returns a bar, or lines that begin with a prefix. The messages of c take turns
// with them from then on.
func (c *Console) progress(bar bool, prefix string, lines func(io.Writer, fetch.Event)) Progress {
	s := &screen{w: c.Stderr, columns: c.Columns}
	c.Stderr = s
	plain := plainLines{prefixed{s, prefix}, lines}
	if !bar {
		return &logProgress{under: underway{now: time.Now}, plain: plain}
	}
	return newBar(s, plain, time.Now)
}

// prefixed writes lines, one at a time, behind a prefix.
type prefixed struct {
	w      io.Writer
	prefix string
}

func (p prefixed) Write(line []byte) (int, error) {
	if _, err := io.WriteString(p.w, p.prefix+string(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

type quietProgress struct{}

func (quietProgress) Event(fetch.Event)              {}
func (quietProgress) Step(string) func()             { return func() {} }
func (quietProgress) Done(fetch.Summary, error, int) {}
func (quietProgress) Close()                         {}

// logInterval is how often is looked whether something takes long.
const logInterval = time.Second

// logProgress writes lines: one for each file, and more for those that take long.
type logProgress struct {
	under underway
	plain plainLines
}

func (p *logProgress) Event(e fetch.Event) {
	p.under.mu.Lock()
	defer p.under.mu.Unlock()
	p.under.note(e)
	p.plain.event(p.plain.w, e)
	if e.Kind == fetch.EventStart || e.Kind == fetch.EventWaiting || e.Kind == fetch.EventSending {
		p.under.every(logInterval, p.tick)
	}
}

// Step implements Progress.
func (p *logProgress) Step(what string) func() { return p.under.step(what, logInterval, p.tick) }

// tick writes the lines that are due.
func (p *logProgress) tick() { p.under.lines(p.plain.w) }

func (p *logProgress) Close() { p.under.close() }

func (p *logProgress) Done(s fetch.Summary, err error, _ int) {
	p.Close()
	p.plain.done(s, err)
}

// plainLines writes a line for each file that has ended, and for each failure.
type plainLines struct {
	w     io.Writer
	event func(io.Writer, fetch.Event)
}

func printLine(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, shown(fmt.Sprintf(format, args...)))
}

// done writes the last line.
func (p plainLines) done(s fetch.Summary, err error) {
	if err == nil {
		placed := "placed"
		if s.InCache {
			placed = "put into the cache"
		}
		printLine(p.w, "done     %d %s, %d already there, %s downloaded", s.Placed, placed, s.Present, Bytes(s.Bytes))
	}
}

// fetchLines writes the line for an event of a fetch.
func fetchLines(w io.Writer, e fetch.Event) {
	switch e.Kind {
	case fetch.EventPresent:
		printLine(w, "present  %s%s", title(e.Artifact), place(e.Artifact))
	case fetch.EventVerified:
		printLine(w, "verified %s%s  %s in %s from %s", title(e.Artifact), place(e.Artifact),
			Bytes(e.Bytes), e.Elapsed.Round(time.Millisecond), origin(e))
	case fetch.EventFailed:
		next := ""
		if e.Delay > 0 {
			next = fmt.Sprintf("; next try in %s", e.Delay.Round(100*time.Millisecond))
		}
		if after := retryAfter(e.Err); after > 0 {
			next += fmt.Sprintf(" (the server asks for %s)", after)
		}
		printLine(w, "failed   %s  %s: %s%s", title(e.Artifact), origin(e), brief(e.Err), next)
	case fetch.EventCacheFailed:
		printLine(w, "warning  %s  the cache cannot be used: %v", title(e.Artifact), e.Err)
	}
}

// measureLines writes the line for an event of a download that is to be locked.
func (c *Console) measureLines(w io.Writer, e fetch.Event) {
	what := e.Artifact.Name + " (" + e.Artifact.Platform + ")"
	switch e.Kind {
	case fetch.EventVerified:
		printLine(w, "downloaded  %s  %s in %s from %s", what,
			Bytes(e.Bytes), e.Elapsed.Round(time.Millisecond), fetch.ShowAddress(e.URL, e.Asked))
	case fetch.EventFailed:
		if e.Delay > 0 {
			printLine(w, "failed      %s  %s: %v; next try in %s", what,
				fetch.ShowAddress(e.URL, e.Asked), e.Err, e.Delay.Round(100*time.Millisecond))
		}
	case fetch.EventCacheFailed:
		c.Warnf("%s: the cache cannot be used: %v", what, e.Err)
	}
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

// place returns where an artifact is to lie, behind what separates it from its title.
func place(a *fetch.Artifact) string {
	if a.Path == "" {
		return ""
	}
	return "  " + a.Path
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
