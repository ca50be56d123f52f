package console

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"depfetch/fetch"
)

// TestStandInQuiet holds that what a script may read gets no progress: a file, and a pipe
// that standard output is too.
func TestStandInQuiet(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	read, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer pipe.Close()
	for _, test := range []struct {
		name           string
		stdout, stderr *os.File
		quiet          bool
	}{
		{"a pipe of its own", file, pipe, false},
		{"2>&1 |", pipe, pipe, true},
		{"2>log", pipe, file, true},
		{">log 2>&1", file, file, true},
	} {
		c := &Console{Program: "depfetch curl", Stdout: test.stdout, Stderr: test.stderr}
		if _, quiet := c.StandIn().(quietProgress); quiet != test.quiet {
			t.Errorf("%s: quiet %t", test.name, quiet)
		}
	}
	c := &Console{Stdout: pipe, Stderr: pipe, Columns: func() int { return 80 }}
	if _, ok := c.StandIn().(*barProgress); !ok {
		t.Error("no bar on a terminal")
	}
	c = &Console{Stdout: new(bytes.Buffer), Stderr: new(bytes.Buffer)}
	if _, ok := c.StandIn().(quietProgress); !ok {
		t.Error("progress where nothing is known of standard error")
	}
}

// TestStandInLines holds that each line says who speaks, and that what is quick has none.
func TestStandInLines(t *testing.T) {
	var b bytes.Buffer
	c := newClock()
	p := newLog(c, &b)
	p.plain = plainLines{prefixed{&b, "depfetch curl: "}, standInLines}
	quick, pin := sized("quick", 9), artifact("https://example.com/t.tgz")
	for _, kind := range []fetch.EventKind{fetch.EventStart, fetch.EventProgress, fetch.EventRead} {
		p.Event(event(kind, quick, 9))
	}
	start, failed := event(fetch.EventStart, pin, 0), event(fetch.EventFailed, pin, 0)
	start.URL, failed.URL = pin.Name, pin.Name
	failed.Err, failed.Delay = errors.New("reset"), time.Second
	p.Event(start)
	p.Event(failed)
	p.Event(start)
	p.Event(event(fetch.EventProgress, pin, 1e6))
	c.pass(5 * time.Second)
	p.tick()
	failed.Delay = 0 // the error comes at the end
	p.Event(failed)
	c.pass(time.Minute)
	p.tick()
	want := `depfetch curl: failed   https://example.com/t.tgz (any)  reset; next try in 1s
depfetch curl: fetching https://example.com/t.tgz (any)  1.0 MB of 400.0 MB, 200.0 kB/s, 33m15s left
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
