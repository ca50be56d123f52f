package console

import (
	"io"
	"os"
	"time"

	"depfetch/fetch"
)

// StandIn returns the rendering for a program that takes the place of another, from whose
// standard error a script may read: it shows downloads that take long, and failures that
// are tried again, and nothing of others. It is quiet where standard error is a file, or
// is the same as standard output (2>&1) and not a terminal: what reads it may look for
// something in it.
func (c *Console) StandIn() Progress {
	if c.Columns == nil && !forPeople(c.Stderr, c.Stdout) {
		return quietProgress{}
	}
	return c.progress(c.Columns != nil, c.Program+": ", standInLines)
}

// forPeople reports whether standard error is a pipe or a device of its own.
func forPeople(stderr, stdout io.Writer) bool {
	errFile, ok := stderr.(*os.File)
	outFile, also := stdout.(*os.File)
	if !ok || !also {
		return false
	}
	is, err := errFile.Stat()
	if err != nil || is.Mode().IsRegular() {
		return false
	}
	out, err := outFile.Stat()
	return err != nil || !os.SameFile(is, out)
}

// standInLines writes the line for a try that failed, if there will be another.
func standInLines(w io.Writer, e fetch.Event) {
	if e.Kind != fetch.EventFailed || e.Delay == 0 {
		return
	}
	from := ""
	if o := origin(e); o != e.Artifact.Name { // which is the address, of a line of urls
		from = o + ": "
	}
	printLine(w, "failed   %s  %s%s; next try in %s", title(e.Artifact), from, brief(e.Err), e.Delay.Round(100*time.Millisecond))
}
