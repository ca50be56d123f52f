//go:build e2e

package examples_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var updateRecording = flag.Bool("update", false, "write pictures/swapped.txt from what was run")

const recordedDockerfile = `FROM debian:bookworm-slim
ARG VERSION=1.2.3
RUN curl -fsSLo /usr/local/bin/tool "https://dl.example.com/tool-$VERSION"
`

// TestRecording holds that the terminal recording of the pages, pictures/swapped.txt, is
// what its commands print: sync, a build, and a build of a file of which upstream has
// swapped a byte, by real programs. With -update, it writes it.
//
// The server of the test stands in for the host that the Dockerfile names, with
// --allow-http, and is shown under that name. Every download takes 12 ms. The times and
// numbers of BuildKit's steps are left out, and so is what BuildKit says of itself.
func TestRecording(t *testing.T) {
	u := newUpstream(t)
	tool := []byte("#!/bin/sh\necho 'tool 1.2.3'\n")
	u.files["/dl.example.com/tool-1.2.3"] = tool
	u.files["/dl.example.com/tool-1.2.3.sha256"] = fmt.Appendf(nil, "%x  tool-1.2.3\n", sha256.Sum256(tool))
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), recordedDockerfile)
	u.readdress(t, dir)
	r := &recorder{t: t, u: u, dir: dir, deplock: buildProgram(t, "deplock")}
	r.buildx(t.Output(), "create", "--name", "recording", "--driver", "remote", kit.daemon.address)

	r.say("$ cat Dockerfile")
	r.print(read(t, filepath.Join(dir, "Dockerfile")))
	r.say("", "$ deplock sync")
	out, code := deplockIn(t, r.deplock, dir, "sync", "--allow-http")
	if code != 0 {
		t.Fatalf("deplock sync: exit code %d\n%s", code, out)
	}
	r.print(out)
	r.say("", "$ grep tool deps.lock.toml")
	for line := range strings.Lines(read(t, filepath.Join(dir, "deps.lock.toml"))) {
		if strings.Contains(line, "tool") {
			r.print(line)
		}
	}
	r.say("", "$ docker buildx build --build-context depfetch=bin -t app .")
	if !r.build() {
		t.Fatal("the build of what is locked has failed")
	}
	r.say("", "# upstream swaps one byte of tool-1.2.3", "$ docker buildx build --build-context depfetch=bin -t app .")
	u.swapByte(t, u.URL+"/dl.example.com/tool-1.2.3")
	if r.build() {
		t.Fatal("the build of a swapped byte has succeeded")
	}

	const name = "pictures/swapped.txt"
	got := r.text.String()
	if *updateRecording {
		write(t, name, got)
	}
	if want := read(t, name); got != want {
		t.Errorf("%s is not what the commands print: make pictures\ngot:\n%s\nwant:\n%s", name, got, want)
	}
}

// recorder writes down what commands print.
type recorder struct {
	t       *testing.T
	u       *upstream
	dir     string
	deplock string
	text    strings.Builder
}

func (r *recorder) say(lines ...string) { r.text.WriteString(strings.Join(lines, "\n") + "\n") }

var duration = regexp.MustCompile(` in \d+(\.\d+)?m?s\b`)

// print writes what a command has printed, under the name of the host.
func (r *recorder) print(out string) {
	out = strings.ReplaceAll(out, r.u.URL+"/", "https://")
	out = strings.ReplaceAll(out, r.u.Listener.Addr().String(), "dl.example.com")
	out = strings.ReplaceAll(out, " --allow-http", "") // which the hint has for the same reason
	out = duration.ReplaceAllString(out, " in 12ms")
	r.text.WriteString(strings.TrimRight(out, "\n") + "\n")
}

// buildx runs docker buildx, and reports whether it succeeds.
func (r *recorder) buildx(out interface{ Write([]byte) (int, error) }, args ...string) bool {
	ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, kit.buildx, args...)
	cmd.Dir = r.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + kit.dir, "DOCKER_CONFIG=" + kit.dir, "BUILDX_BUILDER=recording"}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd.Run() == nil
}

// build builds the image and prints what the step that downloads says.
func (r *recorder) build() bool {
	var out bytes.Buffer
	ok := r.buildx(&out, "build", "--progress=plain", "--no-cache",
		"--build-context", "depfetch="+kit.depfetch, "--build-context", "debian:bookworm-slim="+kit.debian, "--output", "type=cacheonly", ".")
	r.t.Logf("docker buildx build:\n%s", out.String())
	r.print(stepOf(out.String()))
	return ok
}

var (
	stepStart = regexp.MustCompile(`^#(\d+) (\[[^\]]*\] RUN .*)$`)
	stepTime  = regexp.MustCompile(`^\d+\.\d+ `)
	stepDone  = regexp.MustCompile(`^DONE \d+\.\d+s$`)
)

// stepOf returns what BuildKit prints of the RUN of a build, without its number and times.
func stepOf(log string) string {
	var lines []string
	number := ""
	log, _, _ = strings.Cut(log, "\n------\n") // then it is repeated
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\n")
		if m := stepStart.FindStringSubmatch(line); m != nil {
			number = "#" + m[1] + " "
			lines = append(lines, m[2])
			continue
		}
		text, ok := strings.CutPrefix(line, number)
		if number == "" || !ok || text == "" {
			continue
		}
		if text = stepTime.ReplaceAllString(text, ""); stepDone.MatchString(text) {
			text = "DONE"
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n")
}
