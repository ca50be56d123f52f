//go:build e2e

package examples_test

import (
	"path/filepath"
	"strings"
	"testing"

	"depfetch/fetch/fetchtest"
)

// TestLineEnds holds what the shell of a RUN gets from a Dockerfile whose lines end with
// CRLF: none of it in the lines of the instruction, and all of it in a heredoc, so that
// sync is right to leave what downloads there.
func TestLineEnds(t *testing.T) {
	deplock := buildProgram(t, "deplock")
	server := fetchtest.New(t)
	server.Script("/t-1", fetchtest.Body("version 1"))
	server.Script("/t-2", fetchtest.Body("version 2"))
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), strings.NewReplacer("\n", "\r\n", "$U", server.URL).Replace(`FROM debian:12
RUN curl -fsSLo /line $U/t-1 && \
    printf '%s' "a\
b" > /folded
RUN <<EOF
printf '%s' x > /script
EOF
RUN cat <<EOF > /data && curl -fsSLo /behind $U/t-1
data
EOF
RUN <<EOF
curl -fsSLo /two $U/t-2 #
EOF
`))
	out, code := deplockIn(t, deplock, dir, "sync", "--allow-http", "--retries", "0")
	if code != 0 || !strings.Contains(out, "Dockerfile:11: left: it cannot be read: it has CRLF line ends, which the shell takes as parts of words") {
		t.Errorf("sync: exit code %d\n%s", code, out)
	}
	if n := len(server.Requests("/t-2")); n != 0 {
		t.Errorf("what the shell may not ask for was asked for %d times", n)
	}
	files := build{dir: dir, flags: onBase(t, makeBase(t))}.run(t).image(t).files
	for name, want := range map[string]string{"line": "version 1", "behind": "version 1", "folded": "ab", "script\r": "x", "data": "data\r\n", "two": "version 2"} {
		if f, ok := files[name]; !ok || string(f.body) != want {
			t.Errorf("%q is %q, %v; want %q", name, f.body, ok, want)
		}
	}
}
