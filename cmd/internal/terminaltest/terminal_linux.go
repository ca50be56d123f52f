// Package terminaltest runs programs on pseudo terminals, for tests, and reads what a
// person would see there.
package terminaltest

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
	"golang.org/x/sys/unix"
)

// limit is how long a program may take to show what is awaited.
const limit = time.Minute

// Terminal is a terminal with a program that runs on it. Its methods are for one
// goroutine.
type Terminal struct {
	t       *testing.T
	cmd     *exec.Cmd
	control *os.File
	before  unix.Termios

	mu      sync.Mutex
	screen  screen
	changed chan struct{} // has a value when the screen has changed
	ended   chan struct{} // closed when nothing has the terminal open any more
}

// Start runs a program with all its streams on a terminal of some columns.
func Start(t *testing.T, columns int, cmd *exec.Cmd) *Terminal {
	t.Helper()
	control, line := open(t)
	defer line.Close()
	x := &Terminal{t: t, cmd: cmd, control: control, screen: screen{columns: columns},
		changed: make(chan struct{}, 1), ended: make(chan struct{})}
	x.setSize(columns)
	x.before = x.settings()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = line, line, line
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		control.Close()
		<-x.ended
	})
	go x.read()
	return x
}

// open opens a pair of a pseudo terminal.
func open(t *testing.T) (control, line *os.File) {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	number := -1
	var failed error
	raw, err := control.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		if failed = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); failed == nil {
			number, failed = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if failed != nil {
		t.Fatal(failed)
	}
	line, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return control, line
}

// settings returns those of the line discipline.
func (x *Terminal) settings() unix.Termios {
	x.t.Helper()
	var s *unix.Termios
	var failed error
	raw, err := x.control.SyscallConn()
	if err != nil {
		x.t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { s, failed = unix.IoctlGetTermios(int(fd), unix.TCGETS) })
	if failed != nil {
		x.t.Fatal(failed)
	}
	return *s
}

func (x *Terminal) setSize(columns int) {
	x.t.Helper()
	var failed error
	raw, err := x.control.SyscallConn()
	if err != nil {
		x.t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		failed = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)})
	})
	if failed != nil {
		x.t.Fatal(failed)
	}
}

// read shows what the program writes on the screen.
func (x *Terminal) read() {
	defer close(x.ended)
	for r := bufio.NewReader(x.control); ; {
		c, _, err := r.ReadRune()
		if err != nil {
			return // EIO, when the last who had it open is gone
		}
		x.mu.Lock()
		x.screen.put(c)
		x.mu.Unlock()
		if r.Buffered() > 0 {
			continue
		}
		select {
		case x.changed <- struct{}{}:
		default:
		}
	}
}

// Resize makes the terminal wider or narrower, as a person does, and waits until the
// line that changes is one of the new width.
func (x *Terminal) Resize(columns int) {
	x.t.Helper()
	x.mu.Lock()
	x.screen.resize(columns)
	x.mu.Unlock()
	x.setSize(columns)
	x.await("a line for "+strconv.Itoa(columns)+" columns", func(s *screen) bool { return s.fits >= 2 })
}

// Await waits until the screen shows a text.
func (x *Terminal) Await(text string) {
	x.t.Helper()
	x.await(strconv.Quote(text), func(s *screen) bool { return strings.Contains(s.text(), text) })
}

func (x *Terminal) await(what string, ok func(*screen) bool) {
	x.t.Helper()
	timeout := time.After(limit)
	ended := x.ended
	for {
		x.mu.Lock()
		done, text := ok(&x.screen), x.screen.text()
		x.mu.Unlock()
		if done {
			return
		}
		if ended == nil {
			x.t.Fatalf("the program has ended and has not shown %s:\n%s", what, text)
		}
		select {
		case <-x.changed:
		case <-ended:
			ended = nil // look once more
		case <-timeout:
			x.t.Fatalf("%s is not shown:\n%s", what, text)
		}
	}
}

// Type types a line, and Enter.
func (x *Terminal) Type(line string) {
	x.t.Helper()
	if _, err := x.control.WriteString(line + "\n"); err != nil {
		x.t.Fatal(err)
	}
}

// Signal sends a signal to the program.
func (x *Terminal) Signal(s os.Signal) {
	x.t.Helper()
	if err := x.cmd.Process.Signal(s); err != nil {
		x.t.Fatal(err)
	}
}

// Wait waits for the program's end, and returns its exit code and what stands on the
// screen then. The test fails if a line that changes was too long, a sequence is not one
// that every terminal has, or colours or settings of the terminal have stayed changed.
func (x *Terminal) Wait() (code int, text string) {
	x.t.Helper()
	x.cmd.Wait()
	select {
	case <-x.ended:
	case <-time.After(limit):
		x.t.Fatal("the terminal is still in use")
	}
	for _, fault := range x.screen.faults {
		x.t.Error(fault)
	}
	if x.screen.styled {
		x.t.Error("a colour stays")
	}
	return x.cmd.ProcessState.ExitCode(), x.screen.text()
}

// Colored reports whether anything has been written in colour.
func (x *Terminal) Colored() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.screen.colored
}

// screen is what a terminal shows. It knows the sequences that programs here may use.
type screen struct {
	columns  int
	rows     [][]rune
	row, col int
	sequence string // that has begun
	returned bool   // the last character was a carriage return
	first    int    // the row that the line begins in
	wrapped  bool   // the line has been broken since it began
	styled   bool   // characters are coloured
	colored  bool   // some have been
	settling bool   // the width has changed, and no line of the new one has come yet
	fits     int    // how many lines that change have fitted since then
	faults   []string
}

func (s *screen) resize(columns int) { s.columns, s.settling, s.fits = columns, true, 0 }

func (s *screen) put(c rune) {
	if len(s.rows) == 0 {
		s.rows = [][]rune{nil}
	}
	if s.sequence != "" {
		if s.sequence += string(c); c >= '@' && c != '[' {
			s.obey(s.sequence)
			s.sequence = ""
		}
		return
	}
	if s.returned && c != '\n' && c != '\r' {
		s.redrawn()
	}
	s.returned = c == '\r'
	switch {
	case c == '\x1b':
		s.sequence = string(c)
	case c == '\r':
		s.col = 0
	case c == '\n':
		s.newRow()
		s.first, s.wrapped = s.row, false
	case c < ' ':
		s.faults = append(s.faults, "the terminal gets "+strconv.QuoteRune(c))
	default:
		w := runewidth.RuneWidth(c)
		if s.col+w > s.columns {
			s.wrapped = true
			s.newRow()
		}
		for len(s.rows[s.row]) < s.col+w {
			s.rows[s.row] = append(s.rows[s.row], ' ')
		}
		s.rows[s.row][s.col] = c
		s.col += w
	}
}

func (s *screen) newRow() {
	if s.row, s.col = s.row+1, 0; s.row == len(s.rows) {
		s.rows = append(s.rows, nil)
	}
}

// redrawn notes that the cursor has gone back to the beginning of a line, to write it
// again.
func (s *screen) redrawn() {
	if s.wrapped && !s.settling {
		s.faults = append(s.faults, "a line that changes is broken:\n"+s.text())
	}
	if s.wrapped { // it was under way when the width changed
		s.rows, s.row, s.wrapped = s.rows[:s.first+1], s.first, false
	} else if len(s.rows[s.row]) > 0 {
		s.settling = false
		s.fits++
	}
}

// obey does what a sequence says.
func (s *screen) obey(sequence string) {
	switch {
	case sequence == "\x1b[J":
		s.rows = s.rows[:s.row+1]
		s.rows[s.row] = s.rows[s.row][:min(s.col, len(s.rows[s.row]))]
	case strings.HasSuffix(sequence, "m"):
		s.styled = sequence != "\x1b[0m"
		s.colored = s.colored || s.styled
	default:
		s.faults = append(s.faults, "the terminal gets "+strconv.Quote(sequence))
	}
}

// text returns the lines of the screen.
func (s *screen) text() string {
	var lines []string
	for _, r := range s.rows {
		lines = append(lines, strings.TrimRight(string(r), " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}
