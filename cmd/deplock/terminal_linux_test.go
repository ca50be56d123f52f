package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"depfetch/cmd/internal/terminaltest"
	"depfetch/fetch/fetchtest"
)

// TestTerminalFindings holds when what scan finds is coloured.
func TestTerminalFindings(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM debian:12\nRUN curl -O https://example.com/a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for env, want := range map[string]bool{
		"TERM=xterm":                          true,
		"TERM=dumb":                           false,
		"TERM=xterm NO_COLOR=1":               false,
		"TERM=xterm NO_COLOR=1 FORCE_COLOR=1": false,
		"TERM=xterm CLICOLOR=0":               false,
		"TERM=dumb FORCE_COLOR=1":             true,
		"TERM=dumb CLICOLOR_FORCE=1":          true,
	} {
		cmd := exec.Command("deplock", "scan", dir)
		cmd.Env = strings.Fields(env)
		x := terminaltest.Start(t, 200, cmd)
		code, text := x.Wait()
		if x.Colored() != want || code != 1 || !strings.Contains(text, ":1:6: warning: ") {
			t.Errorf("%s: coloured %t, exit code %d\n%s", env, x.Colored(), code, text)
		}
	}
	cmd := exec.Command("sh", "-c", `deplock scan "$0" | cat`, dir)
	cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=", "FORCE_COLOR=", "CLICOLOR_FORCE=")
	x := terminaltest.Start(t, 200, cmd)
	if _, text := x.Wait(); x.Colored() || !strings.Contains(text, ":1:6: warning: ") {
		t.Errorf("coloured in a pipe:\n%s", text)
	}
}

// TestTerminalProgress holds what a person sees while deplock downloads from a slow
// server, on terminals of several widths.
func TestTerminalProgress(t *testing.T) {
	for _, test := range []struct {
		name    string
		columns []int
		args    []string // URL is the file's address, DIR an empty directory
		shows   string   // beside how much has come
		want    string   // on the screen at the end
	}{
		{"add", []int{20, 80, 200}, []string{"add", "tool", "URL", "--allow-http", "--path", "/t"}, "tool", "downloaded  tool"},
		{"update", []int{20, 80, 200}, []string{"update", "file", "--allow-http"}, "file", "downloaded  file"},
		{"mirror push", []int{20, 80, 200}, []string{"mirror", "push", "DIR/mirror"}, "file", "pushed"},
		{"audit", []int{80}, []string{"audit"}, "file", "1 same"},
		{"sync", []int{80}, []string{"sync", "DIR/Dockerfile", "--allow-http", "--bases=usual"}, "slow", "locked"},
		{"record", []int{80}, []string{"record", "--allow-http", "--", "curl", "-fLo", "DIR/out", "URL"}, "slow", "recorded"},
	} {
		for _, columns := range test.columns {
			t.Run(test.name+" "+strconv.Itoa(columns), func(t *testing.T) {
				t.Parallel()
				ready := make(chan struct{})
				s := fetchtest.New(t)
				body := strings.Repeat("0123456789abcdef", 100_000)
				url := s.Script("/slow", s.Trickle(ready, body))
				dir := t.TempDir()
				lockfile := "version = 1\nplatforms = [\"linux/amd64\"]\n"
				if test.shows == "file" {
					lockfile += fmt.Sprintf("[deps.file]\nurl = %q\npath = \"/f\"\n[deps.file.locked]\nany = { url = %[1]q, sha256 = \"%x\", size = %d }\n",
						url, sha256.Sum256([]byte(body)), len(body))
				}
				for name, text := range map[string]string{
					"deps.lock.toml": lockfile,
					"Dockerfile":     "FROM debian:12\nRUN curl -fO " + url + "\n",
				} {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				var args []string
				for _, a := range test.args {
					args = append(args, strings.NewReplacer("URL", url, "DIR", dir).Replace(a))
				}
				cmd := exec.Command("deplock", args...)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=", "CI=", "DEPFETCH_CACHE=")
				x := terminaltest.Start(t, columns, cmd)
				for _, text := range []string{"800.", test.shows} {
					x.Await(text)
				}
				x.Resize(120)
				x.Resize(columns)
				close(ready)
				code, text := x.Wait()
				flat := strings.Join(strings.Fields(text), "")
				if code != 0 || !strings.Contains(flat, strings.ReplaceAll(test.want, " ", "")) || strings.Contains(flat, "800.") {
					t.Errorf("exit code %d, and on the screen stands\n%s", code, text)
				}
			})
		}
	}
}
