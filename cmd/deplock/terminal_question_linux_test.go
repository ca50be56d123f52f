package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"depfetch/cmd/internal/terminaltest"
	"depfetch/fetch/fetchtest"
)

// TestTerminalQuestion holds what add makes of the answers to its question, which of
// several files is meant: Enter, and what is no number of them, choose none.
func TestTerminalQuestion(t *testing.T) {
	s := fetchtest.New(t)
	var files []string
	for _, name := range []string{"client-linux-amd64", "server-linux-amd64", "client-linux-arm64", "server-linux-arm64"} {
		machine := byte(0x3e)
		if strings.HasSuffix(name, "arm64") {
			machine = 0xb7
		}
		elf := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 60)...)
		elf[16], elf[18], elf[20] = 2, machine, 1
		url := s.Script("/o/r/releases/download/v1.0/"+name, fetchtest.Body(string(elf)+name))
		files = append(files, fmt.Sprintf(`{"name": %q, "browser_download_url": %q}`, name, url))
	}
	release := `{"tag_name": "v1.0", "assets": [` + strings.Join(files, ", ") + `]}`
	s.Script("/repos/o/r/releases?per_page=20", fetchtest.Body("["+release+"]"))
	s.Script("/repos/o/r/releases/tags/v1.0", fetchtest.Body(release))
	for _, test := range []struct {
		name    string
		answers []string
		dep     string // that is added; empty if none is
	}{
		{"the second", []string{"2"}, "server"},
		{"the first, at last", []string{"3", "client", " 1 "}, "client"},
		{"Enter", []string{""}, ""},
		{"no number of them", []string{"0", "-1", "2x"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := exec.Command("deplock", "add", s.URL+"/o/r", "--allow-http", "--no-signature")
			cmd.Dir = t.TempDir()
			cmd.Env = append(os.Environ(), "TERM=xterm", "CI=", "DEPFETCH_CACHE=", "GITHUB_API_URL="+s.URL)
			x := terminaltest.Start(t, 120, cmd)
			x.Await("several files of o/r v1.0 may be for linux/amd64; which one?")
			asked := ""
			for _, answer := range test.answers {
				x.Await(asked + "deplock: a number from 1 to 2:")
				asked += "deplock: a number from 1 to 2: " + strings.TrimRight(answer, " ") + "\n"
				x.Type(answer)
			}
			code, text := x.Wait()
			lockfile, err := os.ReadFile(filepath.Join(cmd.Dir, "deps.lock.toml"))
			if test.dep == "" {
				if code != 1 || err == nil || !strings.Contains(text, "deplock add --allow-http server "+s.URL+"/o/r") {
					t.Errorf("exit code %d, %v\n%s", code, err, text)
				}
				return
			}
			// It is asked once: the other platform's file is the one that is like it.
			if code != 0 || strings.Count(text, "which one?") != 1 || !strings.Contains(string(lockfile), "[deps."+test.dep+"]") ||
				!strings.Contains(string(lockfile), "/"+test.dep+"-linux-arm64\"") {
				t.Errorf("exit code %d\n%s\n%s", code, text, lockfile)
			}
		})
	}
}
