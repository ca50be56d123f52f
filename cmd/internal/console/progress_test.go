package console

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"depfetch/fetch"
)

// clock is a time that tests set.
type clock struct{ t time.Time }

func newClock() *clock                  { return &clock{time.Unix(1e9, 0)} }
func (c *clock) now() time.Time         { return c.t }
func (c *clock) pass(d time.Duration)   { c.t = c.t.Add(d) }
func artifact(n string) *fetch.Artifact { return sized(n, 400e6) }
func event(k fetch.EventKind, a *fetch.Artifact, n int64) fetch.Event {
	return fetch.Event{Kind: k, Artifact: a, Source: fetch.SourceOrigin, URL: "https://example.com/" + a.Name, Bytes: n, Attempt: 1}
}

func sized(n string, size int64) *fetch.Artifact {
	return &fetch.Artifact{Name: n, Platform: "any", Path: "/" + n, Size: size}
}

// newLog returns lines whose ticker the test plays.
func newLog(c *clock, w *bytes.Buffer) *logProgress {
	p := &logProgress{under: underway{now: c.now}, plain: plainLines{w, fetchLines}}
	p.under.timer = time.NewTimer(time.Hour) // there is a ticker already
	return p
}

func TestLogOfLongDownloads(t *testing.T) {
	var b bytes.Buffer
	c := newClock()
	p := newLog(c, &b)
	long, quick := artifact("long"), sized("quick", 9)
	p.Event(event(fetch.EventStart, long, 0))
	p.Event(event(fetch.EventStart, quick, 0))
	p.Event(event(fetch.EventVerified, quick, 9))
	for range 12 {
		c.pass(time.Second)
		p.Event(event(fetch.EventProgress, long, p.under.tasks[0].bytes+1e6))
		p.tick()
	}
	failed := event(fetch.EventFailed, long, 0)
	failed.Err, failed.Delay = errors.New("reset"), 20*time.Second
	p.Event(failed)
	c.pass(19 * time.Second)
	p.tick() // the failure has said when the next try is
	p.Event(event(fetch.EventStart, long, 0))
	p.Event(event(fetch.EventProgress, long, 300e6)) // resumed: that is no rate
	c.pass(5 * time.Second)
	p.Event(event(fetch.EventProgress, long, 301e6))
	p.tick()
	p.Event(event(fetch.EventProgress, long, 400e6))
	c.pass(time.Minute)
	p.tick() // it is unpacked
	p.Event(event(fetch.EventVerified, long, 400e6))
	c.pass(time.Minute)
	p.tick()
	want := `verified quick (any)  /quick  9 B in 0s from https://example.com/quick
fetching long (any)  3.0 MB of 400.0 MB, 1.0 MB/s, 6m37s left, from https://example.com/long
fetching long (any)  8.0 MB of 400.0 MB, 1.0 MB/s, 6m32s left
failed   long (any)  https://example.com/long: reset; next try in 20s
fetching long (any)  301.0 MB of 400.0 MB, 200.0 kB/s, 8m15s left
verified long (any)  /long  400.0 MB in 0s from https://example.com/long
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestLogOfWaiting(t *testing.T) {
	var b bytes.Buffer
	c := newClock()
	p := newLog(c, &b)
	p.Event(event(fetch.EventWaiting, artifact("a"), 0))
	unknown := sized("b", fetch.SizeUnknown)
	p.Event(event(fetch.EventStart, unknown, 0))
	end := p.Step("the digest of debian:12")
	c.pass(3 * time.Second)
	p.tick()
	p.Event(event(fetch.EventProgress, unknown, 5e5))
	end()
	c.pass(5 * time.Second)
	p.tick()
	want := `waiting  a (any)  another process downloads it
fetching b (any)  no byte yet, from https://example.com/b
asking   the digest of debian:12
waiting  a (any)  another process downloads it
fetching b (any)  500.0 kB, 100.0 kB/s
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// TestLogOfSending: what is sent has a line as what is downloaded has, until it is there.
func TestLogOfSending(t *testing.T) {
	var b bytes.Buffer
	c := newClock()
	p := newLog(c, &b)
	a := artifact("a")
	p.Event(event(fetch.EventSending, a, 0))
	c.pass(3 * time.Second)
	p.tick()
	p.Event(event(fetch.EventProgress, a, 8e5))
	c.pass(5 * time.Second)
	p.tick()
	p.Event(event(fetch.EventRead, a, 400e6))
	c.pass(5 * time.Second)
	p.tick()
	if want := "sending  a (any)  no byte yet, to https://example.com/a\nsending  a (any)  800.0 kB of 400.0 MB, 160.0 kB/s, 41m35s left\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// TestLogOfMany holds that a log stays readable: with 16 long downloads a line for each
// comes in 25 seconds, and not in 5.
func TestLogOfMany(t *testing.T) {
	var b bytes.Buffer
	c := newClock()
	p := newLog(c, &b)
	for i := range 16 {
		p.Event(event(fetch.EventStart, artifact(fmt.Sprint(i)), 0))
	}
	for range 60 {
		c.pass(time.Second)
		p.tick()
	}
	if n := strings.Count(b.String(), "\n"); n != 16*3 {
		t.Errorf("%d lines in a minute", n)
	}
}

// screenText returns what a terminal of some width shows after text: of the escape
// sequences it knows the one that is used.
func screenText(t *testing.T, text string, columns int) string {
	t.Helper()
	rows, row, col := [][]rune{nil}, 0, 0
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "\x1b[J"); ok {
			rows = rows[:row+1]
			rows[row] = rows[row][:min(col, len(rows[row]))]
			text = rest
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		switch {
		case r == '\r':
			col = 0
		case r == '\n':
			row, col = row+1, 0
			if row == len(rows) {
				rows = append(rows, nil)
			}
		case r < ' ':
			t.Fatalf("%q reaches the terminal", r)
		default:
			w := runewidth.RuneWidth(r)
			if col+w > columns {
				row, col = row+1, 0
				rows = append(rows, nil)
			}
			for len(rows[row]) < col+w {
				rows[row] = append(rows[row], 0)
			}
			rows[row][col] = r
			col += w
		}
	}
	var lines []string
	for _, r := range rows {
		lines = append(lines, strings.TrimRight(strings.ReplaceAll(string(r), "\x00", ""), " "))
	}
	return strings.Join(lines, "\n")
}

func TestBar(t *testing.T) {
	for _, test := range []struct {
		columns int
		want    string
	}{
		{20, `verified quick (any)
  /quick  9 B in 0s
from https://example
.com/quick
  25% [   ]  1/302`},
		{40, `verified quick (any)  /quick  9 B in 0s
from https://example.com/quick
  25% [=>      ]  1/302 files  20.0 M..`},
		{80, `verified quick (any)  /quick  9 B in 0s from https://example.com/quick
  25% [===>              ]  1/302 files  20.0 MB/s  15s left  日本語の道具 (r..`},
		{200, `verified quick (any)  /quick  9 B in 0s from https://example.com/quick
  25% [======>                       ]  1/302 files  100.0 MB  20.0 MB/s  15s left  日本語の道具 (retry), a\x1b[2J (waiting), tool.tgz, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,..`},
		{1, ""},
	} {
		var b bytes.Buffer
		c := newClock()
		p := newBar(&screen{w: &b, columns: func() int { return test.columns }}, plainLines{nil, fetchLines}, c.now)
		p.plain.w = p.screen
		p.under.timer = time.NewTimer(time.Hour) // the test draws
		p.Event(fetch.Event{Kind: fetch.EventPlan, Artifact: new(fetch.Artifact), Files: 302, Bytes: 400e6})
		quick, first := sized("quick", 9), artifact("日本語の道具")
		for _, a := range []*fetch.Artifact{quick, first} {
			p.Event(event(fetch.EventStart, a, 0))
		}
		retry := event(fetch.EventStart, first, 0)
		retry.Attempt = 2
		p.Event(retry)
		p.Event(event(fetch.EventWaiting, artifact("a\x1b[2J"), 0))
		for i := range 299 {
			name := fmt.Sprint(i + 3)
			if i == 0 {
				name = "https://example.com/x/tool.tgz"
			}
			p.Event(event(fetch.EventStart, artifact(name), 0))
		}
		p.Event(event(fetch.EventProgress, first, 1e5))
		c.pass(5 * time.Second)
		p.Event(event(fetch.EventProgress, first, 1e8))
		p.draw()
		p.Event(event(fetch.EventVerified, quick, 9))
		p.draw()
		if got := screenText(t, b.String(), test.columns); test.want != "" && got != test.want {
			t.Errorf("%d columns:\n%s\nwant\n%s", test.columns, got, test.want)
		}
		p.Done(fetch.Summary{}, errors.New("interrupted"), 1)
		if got := screenText(t, b.String(), test.columns); test.want != "" && strings.Contains(got, "%") {
			t.Errorf("the bar stays: %s", got)
		}
	}
}

// TestBarResumed: bytes that were there already are no rate, be it with a plan or without
// one, and neither are those that have to come again.
func TestBarResumed(t *testing.T) {
	for _, planned := range []bool{true, false} {
		var b bytes.Buffer
		c := newClock()
		p := newBar(&screen{w: &b, columns: func() int { return 80 }}, plainLines{nil, fetchLines}, c.now)
		p.under.timer = time.NewTimer(time.Hour)
		a := sized("big", 40e6)
		if planned {
			p.Event(fetch.Event{Kind: fetch.EventPlan, Artifact: new(fetch.Artifact), Files: 1, Bytes: a.Size})
		}
		for _, there := range []int64{8e6, 32e6, 0} {
			p.Event(event(fetch.EventStart, a, 0))
			p.draw()
			p.Event(event(fetch.EventProgress, a, there+1e5))
			c.pass(100 * time.Millisecond)
			p.draw()
			for range 10 {
				c.pass(500 * time.Millisecond)
				p.Event(event(fetch.EventProgress, a, p.done[a]+5e5))
				p.draw()
				if p.speed > 1e6 || p.speed < 7e5 {
					t.Errorf("a plan: %t, %d bytes were there: %.0f bytes per second, and 1000000 come", planned, there, p.speed)
				}
			}
		}
	}
}

// TestBarBelowMessages holds that a message takes the bar's place, and that nothing is
// left on the screen when nothing is under way.
func TestBarBelowMessages(t *testing.T) {
	var b bytes.Buffer
	c := &Console{Program: "deplock", Stderr: &b, Columns: func() int { return 80 }}
	p := c.Measuring().(*barProgress)
	p.under.timer = time.NewTimer(time.Hour)
	a := sized("tool", 0)
	p.Event(event(fetch.EventStart, a, 0))
	p.draw()
	c.Warnf("its list is odd")
	if got, want := screenText(t, b.String(), 80), "deplock: warning: its list is odd\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.Event(event(fetch.EventProgress, a, 1e6))
	p.draw()
	if got, want := screenText(t, b.String(), 80), "deplock: warning: its list is odd\n1.0 MB  "; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	p.Event(event(fetch.EventVerified, a, 1e6))
	want := "deplock: warning: its list is odd\ndownloaded  tool (any)  1.0 MB in 0s from https://example.com/tool\n"
	if got := screenText(t, b.String(), 80); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestBarPlans holds that a bar which has shown one plan shows the next one from its
// beginning, and nothing between them.
func TestBarPlans(t *testing.T) {
	var b bytes.Buffer
	c := &Console{Program: "deplock", Stderr: &b, Columns: func() int { return 80 }}
	p := c.Measuring().(*barProgress)
	p.under.timer = time.NewTimer(time.Hour)
	for _, plan := range []struct {
		bytes int64
		want  string
	}{
		{2e6, "50% [========>         ]  1/2 files  "}, {fetch.SizeUnknown, "1/2 files  1.0 MB  "}, {4e6, "25% [===>              ]  1/2 files  "},
	} {
		p.Event(fetch.Event{Kind: fetch.EventPlan, Artifact: new(fetch.Artifact), Files: 2, Bytes: plan.bytes})
		one, two := sized("one", 0), sized("two", 0)
		p.Event(event(fetch.EventStart, one, 0))
		p.Event(event(fetch.EventProgress, one, 1e6))
		p.Event(event(fetch.EventVerified, one, 1e6))
		p.Event(event(fetch.EventStart, two, 0))
		p.draw()
		lines := strings.Split(screenText(t, b.String(), 80), "\n")
		if got := lines[len(lines)-1]; !strings.HasPrefix(strings.TrimSpace(got), plan.want) {
			t.Errorf("got %q, want %q", got, plan.want)
		}
		p.Event(event(fetch.EventFailed, two, 0))
		p.Event(fetch.Event{Kind: fetch.EventPlan, Artifact: new(fetch.Artifact)})
		if got := screenText(t, b.String(), 80); strings.Contains(got, "files") {
			t.Errorf("the bar stays: %q", got)
		}
	}
}

func TestJSONRate(t *testing.T) {
	var b bytes.Buffer
	c := newClock()
	p := newJSONProgress(&b, "depfetch", "1")
	p.now = c.now
	b.Reset()
	a := artifact("a")
	p.Event(event(fetch.EventWaiting, a, 0))
	p.Event(event(fetch.EventProgress, a, 1e6))
	c.pass(time.Second)
	p.Event(event(fetch.EventProgress, a, 101e6))
	want := `{"event":"waiting","name":"a","source":"origin","url":"https://example.com/a","attempt":1}
{"event":"progress","name":"a","source":"origin","url":"https://example.com/a","attempt":1,"bytes":1000000,"total":400000000}
{"event":"progress","name":"a","source":"origin","url":"https://example.com/a","attempt":1,"bytes":101000000,"total":400000000,"bytes_per_second":100000000,"seconds_left":3}
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestColor(t *testing.T) {
	for _, test := range []struct {
		env      string // names that are set, each to 1 unless it says another
		terminal bool
		want     bool
	}{
		{"", true, true},
		{"", false, false},
		{"NO_COLOR", true, false},
		{"NO_COLOR FORCE_COLOR", true, false},
		{"FORCE_COLOR", false, true},
		{"FORCE_COLOR=0", false, false},
		{"CLICOLOR_FORCE", false, true},
		{"CLICOLOR=0", true, false},
		{"CLICOLOR=0 FORCE_COLOR", false, true},
	} {
		getenv := func(name string) string {
			for _, v := range strings.Fields(test.env) {
				if n, value, ok := strings.Cut(v, "="); n == name && ok {
					return value
				} else if n == name {
					return "1"
				}
			}
			return ""
		}
		if got := Color(test.terminal, getenv); got != test.want {
			t.Errorf("%s, terminal %t: %t", test.env, test.terminal, got)
		}
	}
	var b bytes.Buffer
	c := &Console{Program: "depfetch", Stderr: &b}
	c.Errorf("a\x1b[2Jb")
	c.Color = true
	c.Errorf("a\nb")
	c.Hintf("c")
	want := "depfetch: error: a\\x1b[2Jb\ndepfetch: \x1b[1;31merror:\x1b[0m a\n  b\ndepfetch: \x1b[1;36mhint:\x1b[0m c\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestMark(t *testing.T) {
	c := &Console{Color: true}
	if got := c.Mark("error", "a\x1b[2J"); got != `a\x1b[2J` {
		t.Errorf("got %q", got)
	}
	c.ColorFindings = true
	for kind, want := range map[string]Marked{
		"error": "\x1b[1;31ma\x1b[0m", "warning": "\x1b[1;33ma\x1b[0m", "note": "\x1b[1;36ma\x1b[0m",
	} {
		if got := c.Mark(kind, "a"); got != want {
			t.Errorf("%s: got %q, want %q", kind, got, want)
		}
	}
}
