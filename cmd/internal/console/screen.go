package console

import (
	"io"
	"os"
	"strings"
	"sync"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"depfetch/fetch/printable"
)

// screen is the terminal that messages and one line that changes share: what is written
// to it takes that line's place. The cursor is never hidden, and stands at the beginning
// of the line, so that a terminal which becomes narrower and breaks the line leaves
// nothing of it behind, and an interrupt needs to restore nothing.
type screen struct {
	mu      sync.Mutex
	w       io.Writer
	columns func() int
	shown   bool
}

const eraseBelow = "\r\x1b[J"

// Write implements io.Writer, for messages: it erases the line first.
func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	return s.w.Write(b)
}

func (s *screen) erase() {
	if s.shown {
		io.WriteString(s.w, eraseBelow)
		s.shown = false
	}
}

// clear erases the line.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
}

// show replaces the line. It never wraps: its last column stays free.
func (s *screen) show(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	io.WriteString(s.w, eraseBelow+cut(line, s.width()-1)+"\r")
	s.shown = true
}

// width returns the columns of the terminal now.
func (s *screen) width() int {
	if s.columns != nil {
		if n := s.columns(); n > 0 {
			return n
		}
	}
	return 80
}

// cut returns what fits of a line into a number of columns.
func cut(line string, columns int) string {
	line = strings.TrimRight(printable.String(line), " ")
	width, end := 0, 0 // end is where two columns are free for the mark
	for i, r := range line {
		if width <= columns-2 {
			end = i
		}
		if width += runewidth.RuneWidth(r); width > columns {
			if columns < 2 {
				return ""
			}
			return line[:end] + ".."
		}
	}
	return line
}

// Answers returns f if somebody can answer questions there: if it is a terminal; else nil.
func Answers(f *os.File) io.Reader {
	if term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// Columns returns how wide the terminal is that f is, now, or nil if it is none that can
// show a line that changes.
func Columns(f *os.File, getenv func(string) string) func() int {
	if !term.IsTerminal(int(f.Fd())) || getenv("TERM") == "dumb" {
		return nil
	}
	return func() int {
		n, _, _ := term.GetSize(int(f.Fd()))
		return n
	}
}
