// Command demo shows the main job of depfetch against a server on loopback, so it needs
// no internet: a Dockerfile is taken over, its download taken as its RUN would, and then
// the server and a file are tampered with. Given "build", it has BuildKit or a Docker
// engine do the same in real builds.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// upstream is the server that the demo downloads from.
type upstream struct {
	*httptest.Server
	tampered atomic.Bool
}

// files is what upstream serves: a large file and two that differ by platform.
var files = map[string][]byte{
	"/geo.bin":           bytes.Repeat([]byte("latitude, longitude\n"), 1<<20),
	"/tool-1.2.3-x86_64": []byte("\x7fELF a tool for x86_64\n"),
	"/tool-1.2.3-arm64":  []byte("\x7fELF a tool for arm64\n"),
}

func newUpstream() *upstream {
	u := &upstream{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if u.tampered.Load() && strings.HasPrefix(r.URL.Path, "/tool") {
			body = bytes.Replace(body, []byte("tool"), []byte("t00l"), 1)
		}
		w.Write(body)
	}))
	return u
}

// lockfile returns a lockfile that says itself what is downloaded.
func (u *upstream) lockfile() string {
	line := func(path string) string {
		return fmt.Sprintf(`{ url = "%s%s", sha256 = "%x", size = %d }`,
			u.URL, path, sha256.Sum256(files[path]), len(files[path]))
	}
	return `version = 1

[deps.tool]
version = "1.2.3"
url     = "` + u.URL + `/tool-{version}-{alias}"
alias   = { "linux/amd64" = "x86_64", "linux/arm64" = "arm64" }
path    = "/usr/local/bin/tool"
mode    = "0755"
[deps.tool.locked]
"linux/amd64" = ` + line("/tool-1.2.3-x86_64") + `
"linux/arm64" = ` + line("/tool-1.2.3-arm64") + `

[deps.geo]
url  = "` + u.URL + `/geo.bin"
path = "/srv/geo.bin"
[deps.geo.locked]
any = ` + line("/geo.bin") + "\n"
}

func run(ctx context.Context, args []string) error {
	dir, err := os.MkdirTemp("", "depfetch-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	u := newUpstream()
	defer u.Close()
	d := &demo{ctx: ctx, dir: dir}
	if d.bin, err = filepath.Abs("bin"); err != nil {
		return err
	}
	if len(args) == 1 && args[0] == "build" {
		return d.build(u)
	}
	if len(args) != 0 {
		return fmt.Errorf("want nothing, or build; got %q", args)
	}
	d.takeOver(u)
	d.fetch(u)
	if d.err == nil {
		say("make demo-build does this in real builds, where root and runc, or a Docker engine, are at hand.")
	}
	return d.err
}

// takeOver shows a Dockerfile before and after sync, and what its RUN then gets.
func (d *demo) takeOver(u *upstream) {
	url := u.URL + "/tool-1.2.3-x86_64"
	say("A Dockerfile downloads what the server has that day.")
	d.write("Dockerfile", `FROM debian:12
ARG VERSION=1.2.3
RUN curl -fsSLo /usr/local/bin/tool "`+u.URL+`/tool-$VERSION-x86_64"
`)
	say("sync locks the bytes that it has today, and mounts depfetch as the curl of that RUN.")
	d.run(0, "deplock", "sync", "--allow-http")
	d.show("Dockerfile")
	d.show("deps.lock.toml")
	d.run(0, "deplock", "sync", "--check")

	say("In a build, its curl gets what is locked.")
	d.run(0, "depfetch", "curl", "-fsSLo", "tool", url)
	d.run(0, "depfetch", "curl", "-fsSI", url)
	say("Upstream swaps a byte: the RUN fails, and the file is as it was.")
	u.tampered.Store(true)
	d.run(4, "depfetch", "curl", "-fsSLo", "tool", url)
	if got, err := os.ReadFile(filepath.Join(d.dir, "tool")); d.err == nil && string(got) != string(files["/tool-1.2.3-x86_64"]) {
		d.err = fmt.Errorf("the file has changed, or is not there: %v", err)
	}
	u.tampered.Store(false)
	say("What is not locked is not downloaded.")
	d.run(5, "depfetch", "curl", "-fsSLO", u.URL+"/geo.bin")
}

// fetch shows a lockfile that says itself what is downloaded, and where it goes.
func (d *demo) fetch(u *upstream) {
	say("For new images, the lockfile says what is downloaded as well, for each platform.")
	d.write("deps.lock.toml", u.lockfile())
	d.run(0, "depfetch", "fetch", "--platform", "linux/amd64", "--root", "image")
	d.run(0, "depfetch", "list", "--platform", "linux/arm64")

	say("Upstream swaps a file: nothing is placed, not even what was right.")
	u.tampered.Store(true)
	d.run(4, "depfetch", "fetch", "--platform", "linux/amd64", "--root", "other")
	if _, err := os.Stat(filepath.Join(d.dir, "other")); d.err == nil && !errors.Is(err, os.ErrNotExist) {
		d.err = fmt.Errorf("something was placed: %v", err)
	}
	u.tampered.Store(false)

	say("Somebody changes a file in the image: verify names it, fetch puts it right.")
	if d.err == nil {
		d.err = os.WriteFile(filepath.Join(d.dir, "image", "srv", "geo.bin"), []byte("nowhere\n"), 0o644)
	}
	d.run(4, "depfetch", "verify", "--platform", "linux/amd64", "--root", "image")
	d.run(0, "depfetch", "fetch", "--platform", "linux/amd64", "--root", "image")
}

// demo runs the programs in a directory. After the first error it does nothing.
type demo struct {
	ctx      context.Context
	dir, bin string
	err      error
}

// write writes a file and shows it.
func (d *demo) write(name, text string) {
	if d.err == nil {
		d.err = os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o644)
	}
	d.show(name)
}

func (d *demo) show(name string) {
	if d.err != nil {
		return
	}
	var text []byte
	if text, d.err = os.ReadFile(filepath.Join(d.dir, name)); d.err == nil {
		fmt.Printf("  # %s\n%s", name, indent(string(text)))
	}
}

// run runs a program, which must end with a certain exit code.
func (d *demo) run(want int, program string, args ...string) {
	if d.err != nil {
		return
	}
	fmt.Printf("  $ %s %s\n", program, strings.Join(args, " "))
	cmd := exec.CommandContext(d.ctx, filepath.Join(d.bin, program), args...)
	cmd.Dir = d.dir
	cmd.Env = append(os.Environ(), "DEPLOCK_BASES=usual") // no registry is asked for the PATH of debian:12
	out, err := cmd.CombinedOutput()
	fmt.Print(indent(string(out)))
	if cmd.ProcessState == nil {
		d.err = err
	} else if code := cmd.ProcessState.ExitCode(); code != want {
		d.err = fmt.Errorf("%s %s: exit code %d, want %d", program, args[0], code, want)
	} else if code != 0 {
		fmt.Printf("    (exit code %d)\n", code)
	}
}

func say(text string) { fmt.Printf("\n== %s\n", text) }

func indent(text string) string {
	if text == "" {
		return ""
	}
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}
