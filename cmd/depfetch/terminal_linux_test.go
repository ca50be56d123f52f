package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"depfetch/cmd/internal/terminaltest"
	"depfetch/fetch/fetchtest"
)

// slowFiles returns a lockfile of alpha, whose first try fails, beta, which is quick, and
// gamma; alpha and gamma hardly move from half way on, until ready is closed.
func slowFiles(t *testing.T, ready <-chan struct{}) (lockfile, gamma string) {
	t.Helper()
	s := fetchtest.New(t)
	text := "version = 1\n"
	for _, name := range []string{"alpha", "beta", "gamma"} {
		body := strings.Repeat(name+"             "[len(name)-3:], 100_000)
		steps := []fetchtest.Step{fetchtest.Truncated(body, 16), s.Trickle(ready, body)}
		switch name {
		case "beta":
			steps = []fetchtest.Step{fetchtest.Body(body)}
		case "gamma":
			steps = steps[1:]
		}
		url := s.Script("/"+name, steps...)
		text += fmt.Sprintf("[deps.%s]\nurl = %q\npath = \"/%[1]s\"\nlocked.any = { url = %[2]q, sha256 = \"%x\", size = %d }\n",
			name, url, sha256.Sum256([]byte(body)), len(body))
	}
	lockfile = filepath.Join(t.TempDir(), "deps.lock.toml")
	writeText(t, lockfile, text)
	return lockfile, s.URL + "/gamma"
}

// TestTerminal holds what a person sees of slow downloads on terminals of several widths.
func TestTerminal(t *testing.T) {
	for _, test := range []struct {
		columns int
		want    []string // while alpha and gamma are under way
	}{
		{20, []string{"1/3"}},
		{80, []string{"1/3 files", "alpha (retry)", "gamma"}},
		{200, []string{"1/3 files", " MB ", "alpha (retry)", "gamma"}},
	} {
		t.Run(strconv.Itoa(test.columns), func(t *testing.T) {
			t.Parallel()
			ready := make(chan struct{})
			lockfile, _ := slowFiles(t, ready)
			root := t.TempDir()
			cmd := exec.Command("depfetch", "-f", lockfile, "--root", root)
			cmd.Env = []string{"TERM=xterm"}
			x := terminaltest.Start(t, test.columns, cmd)
			for _, text := range test.want {
				x.Await(text)
			}
			for _, columns := range []int{120, 30, test.columns} {
				x.Resize(columns)
			}
			close(ready)
			code, text := x.Wait()
			if code != 0 || strings.Contains(text, "%") {
				t.Errorf("exit code %d, and on the screen stands\n%s", code, text)
			}
			for _, want := range []string{
				"failed   alpha (any)  http://HOST/alpha: ", "verified alpha (any)  /alpha  1.6 MB in TIME from http://HOST/alpha",
				"verified beta (any)", "verified gamma (any)", "done     3 placed, 0 already there, 4.8 MB downloaded",
			} {
				if !strings.Contains(shown(text), strings.ReplaceAll(want, " ", "")) {
					t.Errorf("%q is not in\n%s", want, text)
				}
			}
		})
	}
}

// shown returns a text of progress without what differs from run to run, and without the
// blanks and breaks of lines, which depend on the width.
func shown(text string) string {
	text = strings.Join(strings.Fields(text), "")
	text = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(text, "HOST")
	return regexp.MustCompile(`in\d+(\.\d+)?m?sfrom`).ReplaceAllString(text, "inTIMEfrom")
}

// TestTerminalInterrupted holds that an interrupt leaves a terminal as it was, and no file,
// also if it comes twice at once, as from timeout(1).
func TestTerminalInterrupted(t *testing.T) {
	lockfile, _ := slowFiles(t, make(chan struct{}))
	root := t.TempDir()
	cmd := exec.Command("depfetch", "-f", lockfile, "--root", root)
	cmd.Env = []string{"TERM=xterm"}
	x := terminaltest.Start(t, 80, cmd)
	x.Await("gamma")
	x.Await("%")
	x.Signal(os.Interrupt)
	x.Signal(os.Interrupt)
	code, text := x.Wait()
	if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
	if code != 1 || strings.Contains(text, "%") || !strings.Contains(text, "depfetch: error: interrupted") {
		t.Errorf("exit code %d, and on the screen stands\n%s", code, text)
	}
}

// TestStandIn holds that curl and wget say of a long download how far it is, on standard
// error alone, and remove it from a terminal before the bytes come.
func TestStandIn(t *testing.T) {
	for _, args := range [][]string{{"curl", "-fL"}, {"wget", "-O-"}} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			ready := make(chan struct{})
			lockfile, url := slowFiles(t, ready)
			cmd := exec.CommandContext(t.Context(), args[0], append(args[1:], url)...)
			cmd.Env = []string{"DEPFETCH_LOCK=" + lockfile}
			var out strings.Builder
			cmd.Stdout = &out
			said, err := cmd.StderrPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(said)
			if !lines.Scan() {
				t.Fatalf("%s says nothing: %v", args[0], cmd.Wait())
			}
			want := "depfetch " + args[0] + ": fetching gamma (any)  800.0 kB of 1.6 MB, "
			if !strings.HasPrefix(lines.Text(), want) || !strings.HasSuffix(lines.Text(), ", from "+url) {
				t.Errorf("got %s, want %s", lines.Text(), want)
			}
			close(ready)
			for lines.Scan() {
				if !strings.HasPrefix(lines.Text(), want[:20]) {
					t.Errorf("%s says %s", args[0], lines.Text())
				}
			}
			if err := cmd.Wait(); err != nil || out.Len() != 1_600_000 {
				t.Errorf("%s: %v, %d bytes", args[0], err, out.Len())
			}
		})
	}
}

// TestStandInTerminal holds that nothing of the bar of curl stays on a terminal.
func TestStandInTerminal(t *testing.T) {
	ready := make(chan struct{})
	lockfile, url := slowFiles(t, ready)
	cmd := exec.Command("curl", "-fLo", filepath.Join(t.TempDir(), "f"), "-w", "status %{http_code}\n", url)
	cmd.Env = []string{"TERM=xterm", "DEPFETCH_LOCK=" + lockfile}
	x := terminaltest.Start(t, 80, cmd)
	x.Await("800.0 kB of 1.6 MB")
	x.Await("gamma")
	close(ready)
	if code, text := x.Wait(); code != 0 || text != "status 200" {
		t.Errorf("exit code %d, and on the screen stands\n%s", code, text)
	}
}
