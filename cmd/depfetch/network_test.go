package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"depfetch/fetch/fetchtest"
)

// pinnedBytes is what the file of each line of a lockfile holds.
func pinnedBytes(i int) string { return fmt.Sprintf("the pinned bytes of file %d\n", i) }

// outcome is what a run of depfetch said, and how it ended.
type outcome struct {
	stdout, stderr string
	code           int
}

// depfetch runs the program as its users do, with no environment but env, in
// the directory of a lockfile. Proxies are taken from the environment once in
// the life of a process, so each run is one.
func depfetch(t *testing.T, lockfile string, env []string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "depfetch", append([]string{"-f", lockfile}, args...)...)
	cmd.Dir = filepath.Dir(lockfile)
	return finish(t, cmd, env)
}

func finish(t *testing.T, cmd *exec.Cmd, env []string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Env = append([]string{}, env...) // nil would be this test's own
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exited *exec.ExitError
	if err != nil && (!errors.As(err, &exited) || !exited.Exited()) {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, stderr.String())
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// want fails the test unless the run ended with a code, and said text.
func (o outcome) want(t *testing.T, code int, text string) {
	t.Helper()
	if o.code != code || !strings.Contains(o.stderr, text) {
		t.Errorf("exit code %d, want %d and %q:\n%s%s", o.code, code, text, o.stdout, o.stderr)
	}
}

// writeLockfile writes a lockfile that pins each of the addresses to what pinned
// returns, as /file0 and so on, into a directory of its own.
func writeLockfile(t *testing.T, policy string, urls ...string) string {
	t.Helper()
	text := "version = 1\n" + policy + "\n"
	for i, url := range urls {
		text += fmt.Sprintf("[deps.file%d]\nurl = %q\npath = \"/file%d\"\nlocked.any = { url = %q, sha256 = \"%x\", size = %d }\n",
			i, url, i, url, sha256.Sum256([]byte(pinnedBytes(i))), len(pinnedBytes(i)))
	}
	name := filepath.Join(t.TempDir(), "deps.lock.toml")
	writeText(t, name, text)
	return name
}

func writeText(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantPlaced fails the test unless the first file of a lockfile is below out,
// and wantNothing unless there is nothing at all.
func wantPlaced(t *testing.T, lockfile string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(filepath.Dir(lockfile), "out", "file0"))
	if err != nil || string(got) != pinnedBytes(0) {
		t.Errorf("placed was %q, %v", got, err)
	}
}

func wantNothing(t *testing.T, lockfile string) {
	t.Helper()
	if entries, err := os.ReadDir(filepath.Join(filepath.Dir(lockfile), "out")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the destination exists: %v, %v", entries, err)
	}
}

// TestHTTP2 lets depfetch and a server that can do both choose HTTP/2.
func TestHTTP2(t *testing.T) {
	s := fetchtest.NewTLS(t)
	var urls []string
	for i := range 20 {
		urls = append(urls, s.Script(fmt.Sprintf("/%d", i), fetchtest.Body(pinnedBytes(i))))
	}
	lockfile := writeLockfile(t, "", urls...)
	writeText(t, filepath.Join(filepath.Dir(lockfile), "ca.pem"), string(s.CA()))
	depfetch(t, lockfile, nil, "--root", "out", "--cacert", "ca.pem").want(t, 0, "done     20 placed")
	wantPlaced(t, lockfile)
	for i := range urls {
		requests := s.Requests(fmt.Sprintf("/%d", i))
		if len(requests) != 1 || requests[0].ProtoMajor != 2 || requests[0].TLS == nil {
			t.Errorf("the server was asked for /%d by %+v, want one request of HTTP/2 over TLS", i, requests)
		}
	}
}

// TestIPv6 fetches from an address, not a name, that a policy allows or not.
func TestIPv6(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatalf("this test needs IPv6 on loopback: %v", err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(fetchtest.Body(pinnedBytes(0))))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	defer s.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, c := range []struct {
		hosts string
		code  int
		text  string
	}{
		{"[::1]", 0, "done     1 placed"},
		{"[0:0::1]:" + port, 0, "done     1 placed"},
		{"[::2]", 5, `host "[::1]:` + port + `" is not one of policy.hosts`},
		{"[::1]:1", 5, `host "[::1]:` + port + `" is not one of policy.hosts`},
	} {
		lockfile := writeLockfile(t, fmt.Sprintf("policy.hosts = [%q]", c.hosts), s.URL+"/file")
		depfetch(t, lockfile, nil, "--root", "out").want(t, c.code, c.text)
		if c.code == 0 {
			wantPlaced(t, lockfile)
		} else {
			wantNothing(t, lockfile)
		}
	}
}
