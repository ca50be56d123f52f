package console

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"depfetch/fetch"
)

// A download that takes longAfter is long: it gets a line then, and one each sayEvery
// from then on; less often where many are under way, so that a log stays readable.
const (
	longAfter = 3 * time.Second
	sayEvery  = 5 * time.Second
)

// underway is what is being downloaded or asked for, in the order of its beginning.
// Events and a ticker change it, so it is guarded by mu.
type underway struct {
	mu    sync.Mutex
	now   func() time.Time
	tasks []*task

	timer  *time.Timer // of the next tick, or nil
	closed bool
}

// task is one download, or one question that is asked.
type task struct {
	artifact *fetch.Artifact // nil for a question
	name     string
	started  fetch.Event // says where the bytes come from
	note     string      // "retry" or "waiting", if that is what it does
	bytes    int64
	base     rate      // what the rate is counted from
	due      time.Time // when the next line is
	first    bool      // no line has been written yet
	fresh    bool      // no byte has come in this attempt yet
}

// rate is how many bytes there were at some time.
type rate struct {
	at    time.Time
	bytes int64
}

// perSecond returns the bytes per second since r.
func (r rate) perSecond(now time.Time, bytes int64) float64 {
	seconds := now.Sub(r.at).Seconds()
	if seconds <= 0 || bytes <= r.bytes {
		return 0
	}
	return float64(bytes-r.bytes) / seconds
}

// left returns the time for a number of bytes, in seconds, or false if it is unknown or
// more than a day, which is said of a download that hardly moves.
func left(bytes int64, perSecond float64) (time.Duration, bool) {
	if bytes < 0 || perSecond <= 0 || float64(bytes)/perSecond > 24*60*60 {
		return 0, false
	}
	return time.Duration(float64(bytes)/perSecond+0.5) * time.Second, true
}

// oneCommit is the most that the first event of an attempt adds to the bytes of a
// download. Where it is more, an earlier attempt is resumed, and that is no rate.
const oneCommit = 1 << 20

// note takes what an event says of a download into the list. It returns by how many bytes
// the download has moved without any that came: those of an attempt that is resumed, or,
// negative, those that have to come again.
func (u *underway) note(e fetch.Event) (moved int64) {
	t := u.find(e.Artifact)
	switch e.Kind {
	case fetch.EventStart, fetch.EventWaiting, fetch.EventSending:
		if t == nil {
			t = &task{artifact: e.Artifact, name: e.Artifact.Name}
			u.begin(t)
		}
		t.started, t.note = e, ""
		t.base, t.fresh = rate{u.now(), t.bytes}, true
		if e.Kind == fetch.EventWaiting {
			t.note = "waiting"
		} else if e.Kind == fetch.EventSending {
			t.note = "sending"
		} else if e.Attempt > 1 {
			t.note = "retry"
		}
	case fetch.EventProgress:
		if t == nil {
			return 0
		}
		if t.fresh && e.Bytes > t.bytes+oneCommit || e.Bytes < t.bytes {
			t.base = rate{u.now(), e.Bytes}
			moved = e.Bytes - t.bytes
		}
		t.bytes, t.fresh = e.Bytes, false
	case fetch.EventFailed:
		switch {
		case t == nil:
		case e.Delay > 0:
			t.note = "retry"
			t.due = u.now().Add(e.Delay + longAfter) // the failure has a line
		default:
			u.end(t)
		}
	case fetch.EventVerified, fetch.EventRead:
		u.end(t)
	}
	return moved
}

func (u *underway) find(a *fetch.Artifact) *task {
	for _, t := range u.tasks {
		if t.artifact == a && a != nil {
			return t
		}
	}
	return nil
}

func (u *underway) begin(t *task) {
	now := u.now()
	t.base, t.due, t.first = rate{now, 0}, now.Add(longAfter), true
	u.tasks = append(u.tasks, t)
}

func (u *underway) end(t *task) {
	if i := slices.Index(u.tasks, t); i >= 0 {
		u.tasks = slices.Delete(u.tasks, i, i+1)
	}
}

// step lists a question until the function returned is called.
func (u *underway) step(what string, d time.Duration, tick func()) (end func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	t := &task{name: what}
	u.begin(t)
	u.every(d, tick)
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.end(t)
	}
}

// lines writes a line for each task that is due for one.
func (u *underway) lines(w io.Writer) {
	now := u.now()
	for _, t := range u.tasks {
		if now.Before(t.due) {
			continue
		}
		t.due = now.Add(sayEvery * time.Duration(1+len(u.tasks)/4))
		switch {
		case t.artifact == nil:
			printLine(w, "asking   %s", t.name)
		case t.note == "waiting":
			printLine(w, "waiting  %s  another process downloads it", title(t.artifact))
		case t.note == "sending":
			printLine(w, "sending  %s  %s", title(t.artifact), t.text(now))
		case t.artifact.Size <= 0 || t.bytes < t.artifact.Size: // else it is being unpacked
			printLine(w, "fetching %s  %s", title(t.artifact), t.text(now))
		}
		t.first, t.base = false, rate{now, t.bytes}
	}
}

// text says how far a download is.
func (t *task) text(now time.Time) string {
	text := "no byte yet"
	if t.bytes > 0 {
		perSecond := t.base.perSecond(now, t.bytes)
		text = Bytes(t.bytes)
		if t.artifact.Size > 0 {
			text += " of " + Bytes(t.artifact.Size)
		}
		text += ", " + Bytes(int64(perSecond)) + "/s"
		if d, ok := left(t.artifact.Size-t.bytes, perSecond); ok && t.artifact.Size > 0 {
			text += fmt.Sprintf(", %s left", d)
		}
	}
	if place := origin(t.started); t.first && place != t.name {
		way := "from"
		if t.started.Kind == fetch.EventSending {
			way = "to"
		}
		text += ", " + way + " " + place
	}
	return text
}

// names lists what is under way, with what is out of the ordinary.
func (u *underway) names() string {
	var all []string
	for _, t := range u.tasks {
		name := t.name
		if _, address, ok := strings.Cut(name, "://"); ok { // of a line of urls
			name = address[strings.LastIndexByte(address, '/')+1:]
		}
		if t.note != "" {
			name += " (" + t.note + ")"
		}
		if !slices.Contains(all, name) { // one of several platforms
			all = append(all, name)
		}
	}
	return strings.Join(all, ", ")
}

// every calls tick at an interval, until close. It is called with mu held, as tick is.
func (u *underway) every(d time.Duration, tick func()) {
	if u.timer != nil {
		return
	}
	u.timer = time.AfterFunc(d, func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if !u.closed {
			tick()
			u.timer.Reset(d)
		}
	})
}

// close ends the ticks: none runs any more when it returns.
func (u *underway) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed = true; u.timer != nil {
		u.timer.Stop()
	}
}
