//go:build e2e

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"depfetch/fetch/fetchtest"
)

// TestDifferential runs the command lines of testdata/shim/differential.txt with the
// real curl and wget and with depfetch under their names, in an empty directory each:
// they leave the same files, with bytes, modes and times, the same standard output
// and the same exit code. Where they differ on purpose, the reason stands above the
// line, and they do differ.
func TestDifferential(t *testing.T) {
	real := make(map[string]string)
	for _, name := range []string{"curl", "wget"} {
		for _, dir := range []string{"/usr/bin", "/usr/local/bin", "/bin", "/opt/homebrew/bin"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil && real[name] == "" {
				real[name] = filepath.Join(dir, name)
			}
		}
		if real[name] == "" {
			t.Fatalf("no %s to compare with: apt-get install curl wget", name)
		}
	}
	ours, theirs := t.TempDir(), t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(ours, "depfetch"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, path := range real {
		if err := errors.Join(os.Symlink("depfetch", filepath.Join(ours, name)), os.Symlink(path, filepath.Join(theirs, name))); err != nil {
			t.Fatal(err)
		}
	}

	s, secure := fetchtest.New(t), fetchtest.NewTLS(t)
	lockfile := new(strings.Builder)
	fmt.Fprintln(lockfile, "version = 1")
	n := 0
	serve := func(uri, body string, steps ...fetchtest.Step) {
		if steps == nil {
			steps = []fetchtest.Step{fetchtest.Body(body)}
		}
		for _, s := range []*fetchtest.Server{s, secure} {
			s.Script(uri, dated(steps)...)
			n++
			fmt.Fprintf(lockfile, "[deps.d%d]\nurl = %q\nlocked.any = { url = %[2]q, sha256 = %q, size = %d }\n", n, s.URL+uri, sumOf(body), len(body))
		}
	}
	serve("/a.txt", "a\n")
	serve("/", "index\n")
	serve("/b.txt", "b\n")
	serve("/d/c.txt", "c\n")
	serve("/d/", "directory\n")
	serve("/q?x=1&y=a/b", "query\n")
	serve("/sp%20ace.txt", "space\n")
	serve("/big", strings.Repeat("0123456789abcdef", 1<<16))
	serve("/huge", strings.Repeat("0123456789abcdef", 1<<18))
	serve("/empty", "")
	serve("/install.sh", "echo installed \"$@\"\n")
	serve("/moved", "a\n", fetchtest.Redirect(302, "/a.txt"))
	serve("/auth", "private\n", fetchtest.BasicAuth("me", "se:cret", fetchtest.Body("private\n")))
	serve("/token", "token\n", fetchtest.Token("X-Token", "t o k", fetchtest.Body("token\n")))
	serve("/cookie", "cookie\n", fetchtest.Token("Cookie", "a=b; c=d", fetchtest.Body("cookie\n")))
	serve("/agent", "agent\n", fetchtest.Token("User-Agent", "Mozilla/5.0", fetchtest.Body("agent\n")))
	serve("/referer", "referer\n", fetchtest.Token("Referer", "http://x/", fetchtest.Body("referer\n")))
	serve("/bearer", "bearer\n", fetchtest.Token("Authorization", "Bearer b", fetchtest.Body("bearer\n")))
	serve("/d/e/f.bin", "deep\n")
	serve("/A%2FB", "slash\n")
	serve("/%C3%BC%C2%85", "letters\n")
	serve("/q?a=%01%7f%2f~%20%3A", "query of all sorts\n")
	serve("/q?a:b%7Cc", "query for Windows\n")
	serve("/"+strings.Repeat("n", 250), "long\n")
	serve("/.hidden", "hidden\n")
	serve("/a.txt?", "empty query\n")
	serve("//dd//a.txt", "slashes\n")
	serve("/twice", "a\n", fetchtest.Redirect(302, "/moved"))
	serve("/named", "named\n", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="other"`)
		fetchtest.Body("named\n")(w, r)
	})
	cookies := func(location string, lines ...string) fetchtest.Step {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Set-Cookie"] = lines
			fetchtest.Redirect(302, location)(w, r)
		}
	}
	serve("/login", "in\n", cookies("/inside", "s=1; Path=/; HttpOnly"))
	serve("/d/login", "in\n", cookies("/inside", "s=1"))
	serve("/d/e/login", "in\n", cookies("/d/e/inside", "s=2", "s=1"))
	inside := fetchtest.Token("Cookie", "s=1", fetchtest.Body("in\n"))
	serve("/inside", "in\n", inside)
	serve("/d/e/inside", "in\n", inside)
	serve("/blank", "blank\n", fetchtest.Redirect(302, "/b k?x=My File&y=<>"))
	serve("/b%20k?x=My%20File&y=<>", "blank\n")
	serve("/b%20k?x=My+File&y=<>", "blank\n")
	serve("/b%20k?x=My%20File&y=%3C%3E", "blank\n")
	serve("/gone", "gone", fetchtest.Status(404))
	serve("/broken", "broken", fetchtest.Status(500))
	serve("/loop", "loop", fetchtest.Redirect(302, "/loop"))
	fmt.Fprintf(lockfile, "[deps.closed]\nurl = %q\nlocked.any = { url = %[1]q, sha256 = %q }\n", "http://127.0.0.1:1/a", sumOf("a"))
	tgz := archive(t)
	serve("/t.tar.gz", tgz, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/gzip")
		fetchtest.Body(tgz)(w, r)
	})
	shared := t.TempDir()
	fmt.Fprintf(lockfile, "[deps.local]\nurl = \"file://%s/dated\"\nlocked.any = { url = \"file://%[1]s/dated\", sha256 = %q }\n", shared, sumOf("local\n"))
	for name, text := range map[string]string{
		"deps.lock.toml": lockfile.String(), "ca.pem": string(secure.CA()),
		"dated": "local\n", "netrc": "machine 127.0.0.1 login me password se:cret\n",
	} {
		if err := os.WriteFile(filepath.Join(shared, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}

	local := filepath.Join(shared, "dated")
	at := time.Date(2019, 5, 6, 7, 8, 9, 0, time.UTC)
	if err := errors.Join(os.Chmod(filepath.Dir(shared), 0o755), os.Chtimes(local, at, at)); err != nil {
		t.Fatal(err)
	}

	run := func(t *testing.T, bin, line string) string {
		dir := t.TempDir()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, "sh", "-c", "umask 022\n"+line)
		cmd.WaitDelay = time.Second
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + bin + ":/usr/sbin:/usr/bin:/sbin:/bin", "URL=" + s.URL, "HOST=" + s.Host(), "TLS=" + secure.URL,
			"HOME=" + dir, "SHARED=" + shared, "DEPFETCH_LOCK=" + filepath.Join(shared, "deps.lock.toml"), "NETRC=/dev/null"}
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		var ended *exec.ExitError
		if err != nil && !errors.As(err, &ended) || ctx.Err() != nil {
			t.Errorf("%s: %v: %s", line, err, &stderr)
		}
		report := fmt.Sprintf("exit code %d\nstdout %.300q\n", cmd.ProcessState.ExitCode(), stdout.String())
		err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || path == dir || e.Name() == ".wget-hsts" {
				return err
			}
			rel, _ := filepath.Rel(dir, path)
			named := strings.NewReplacer(s.Host(), "HOST", secure.Host(), "TLS", dir, "DIR")
			rel = named.Replace(rel)
			info, err := e.Info()
			if err != nil || !info.Mode().IsRegular() {
				link, _ := os.Readlink(path)
				report += fmt.Sprintf("%s %s %s\n", info.Mode(), rel, named.Replace(link))
				return err
			}
			data, err := os.ReadFile(path)
			age := "now"
			if time.Since(info.ModTime()) > time.Hour {
				age = info.ModTime().UTC().Format(time.DateOnly)
			}
			report += fmt.Sprintf("file %q %s %s %d bytes %.8s\n", rel, info.Mode(), age, len(data), sumOf(string(data)))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "shim", "differential.txt"))
	if err != nil {
		t.Fatal(err)
	}
	reason, count := "", 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if r, ok := strings.CutPrefix(line, "! "); ok {
			reason = r
		}
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		why := reason
		reason, count = "", count+1
		// Which failure it is that wget has a code for is not compared in these.
		line, anyFailure := strings.CutPrefix(line, "~ ")
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			want, got := run(t, theirs, line), run(t, ours, line)
			if anyFailure {
				want, got = failure.ReplaceAllString(want, "a failure"), failure.ReplaceAllString(got, "a failure")
			}
			switch {
			case why == "" && got != want:
				t.Errorf("%s\nreal:\n%s\ndepfetch:\n%s", line, want, got)
			case why != "" && got == want:
				t.Errorf("%s\nno difference any more: %s\n%s", line, why, got)
			}
		})
	}
	if count < 400 {
		t.Errorf("only %d command lines", count)
	}
}

// failure is an exit code that is not 0.
var failure = regexp.MustCompile("exit code [1-9][0-9]*")

// dated makes answers say when what they hold was changed.
func dated(steps []fetchtest.Step) (all []fetchtest.Step) {
	for _, step := range steps {
		all = append(all, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Last-Modified", "Mon, 06 May 2019 07:08:09 GMT")
			step(w, r)
		})
	}
	return all
}

func sumOf(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }

// archive returns a small .tar.gz.
func archive(t *testing.T) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range []string{"t/one", "t/two"} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(name))}); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, name)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
