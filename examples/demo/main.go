// Command demo shows the main job of depfetch against a server on loopback, so
// it needs no internet: a lockfile is fetched, verified, and then both the
// server and a file are tampered with. Where Docker or BuildKit is at hand, it
// builds an image too.
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
	if err := run(ctx); err != nil {
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

// lockfile returns the lockfile of the demo.
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

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "depfetch-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	u := newUpstream()
	defer u.Close()
	d := demo{ctx: ctx, dir: dir}
	if d.depfetch, err = filepath.Abs("bin/depfetch"); err != nil {
		return err
	}

	say("A lockfile pins what a build may download: the sha256 of each file, per platform.")
	lockfile := u.lockfile()
	if err := os.WriteFile(filepath.Join(dir, "deps.lock.toml"), []byte(lockfile), 0o644); err != nil {
		return err
	}
	fmt.Print(indent(lockfile))

	say("Fetch for one platform, then look at it.")
	d.succeed("fetch", "--platform", "linux/amd64", "--root", "image")
	d.succeed("verify", "--platform", "linux/amd64", "--root", "image")
	d.succeed("list", "--platform", "linux/arm64")

	say("Upstream swaps a file: the fetch fails, and nothing is placed, not even what was right.")
	u.tampered.Store(true)
	d.fail(4, "fetch", "--platform", "linux/amd64", "--root", "other")
	if _, err := os.Stat(filepath.Join(dir, "other")); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("something was placed: %v", err)
	}
	u.tampered.Store(false)

	say("Somebody changes a file in the image: verify names it, fetch puts it right.")
	geo := filepath.Join(dir, "image", "srv", "geo.bin")
	if err := os.WriteFile(geo, []byte("nowhere\n"), 0o644); err != nil {
		return err
	}
	d.fail(4, "verify", "--platform", "linux/amd64", "--root", "image")
	d.succeed("fetch", "--platform", "linux/amd64", "--root", "image")
	if d.err != nil {
		return d.err
	}

	say("The same in a Docker build, FROM scratch: no shell, no curl, no CA bundle.")
	return buildImages(ctx, dir, u)
}

// demo runs depfetch in a directory. After the first error it does nothing.
type demo struct {
	ctx      context.Context
	dir      string
	depfetch string
	err      error
}

func (d *demo) succeed(args ...string)        { d.run(0, args) }
func (d *demo) fail(code int, args ...string) { d.run(code, args) }

func (d *demo) run(want int, args []string) {
	if d.err != nil {
		return
	}
	fmt.Printf("  $ depfetch %s\n", strings.Join(args, " "))
	cmd := exec.CommandContext(d.ctx, d.depfetch, args...)
	cmd.Dir = d.dir
	out, err := cmd.CombinedOutput()
	fmt.Print(indent(string(out)))
	if cmd.ProcessState == nil {
		d.err = err
	} else if code := cmd.ProcessState.ExitCode(); code != want {
		d.err = fmt.Errorf("depfetch %s: exit code %d, want %d", args[0], code, want)
	} else if code != 0 {
		fmt.Printf("    (exit code %d)\n", code)
	}
}

func say(text string) { fmt.Printf("\n== %s\n", text) }

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}
