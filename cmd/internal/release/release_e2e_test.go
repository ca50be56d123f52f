//go:build e2e

package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	slsa "github.com/in-toto/attestation/go/predicates/provenance/v1"
	attestation "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

// TestRelease makes a release of every platform in two directories, of programs that do
// nothing: its files are the same, and its packages, script and pages are read by the
// programs that users read them with.
func TestRelease(t *testing.T) {
	t.Chdir("../../..")
	nfpm := os.Getenv("DEPFETCH_NFPM")
	if nfpm == "" {
		t.Fatal("no nfpm: make e2e builds it, and names it in DEPFETCH_NFPM")
	}
	dir, other := fillPrograms(t), fillPrograms(t)
	for _, d := range []string{dir, other} {
		runCommand(t, "files", "-version", "1.2.3-rc.1", "-source", "https://git.example.com/depfetch", "-url", "https://releases.example.com/v1.2.3-rc.1", "-nfpm", nfpm, "-dir", d)
	}
	list := read(t, filepath.Join(dir, sums))
	if again := read(t, filepath.Join(other, sums)); again != list {
		t.Errorf("one directory has\n%s\nand another\n%s", list, again)
	}
	if out := output(t, dir, "sha256sum", "--check", "--strict", sums); strings.Contains(out, "FAILED") {
		t.Error(out)
	}
	for suffix, want := range map[string]int{".tar.gz": 9, ".zip": 2, ".deb": 7, ".rpm": 7, "-oci.tar": 2, ".spdx.json": 3, ".cdx.json": 3, ".provenance.json": 1, "depfetch.rb": 1, "install.sh": 1} {
		if n := strings.Count(list, suffix+"\n"); n != want {
			t.Errorf("%d files end with %s; want %d", n, suffix, want)
		}
	}
	t.Run("packages", func(t *testing.T) { testPackages(t, dir) })
	t.Run("script", func(t *testing.T) { testScript(t, dir) })
	t.Run("pages", func(t *testing.T) { testPages(t, dir) })
	t.Run("documents", func(t *testing.T) { testDocuments(t, dir, list) })
}

// fillPrograms makes a directory as make dist does, of programs that do nothing.
func fillPrograms(t *testing.T) (dir string) {
	t.Helper()
	dir = fill(t, "linux-amd64", "linux-arm64", "linux-armv7", "linux-386", "linux-ppc64le", "linux-s390x", "linux-riscv64",
		"darwin-amd64", "darwin-arm64", "windows-amd64.exe", "windows-arm64.exe")
	source := t.TempDir()
	main := filepath.Join(source, "main.go")
	if err := os.WriteFile(main, []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(source, "program")
	output(t, source, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, main)
	body := read(t, program)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		// They differ at their ends, which nothing looks at.
		if err := os.WriteFile(filepath.Join(dir, e.Name()), []byte(body+e.Name()), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// testPackages installs the package of Debian into a root of its own and removes it again,
// and reads that of Red Hat.
func testPackages(t *testing.T, dir string) {
	root := t.TempDir()
	for _, d := range []string{"info", "updates"} {
		if err := os.MkdirAll(filepath.Join(root, "var/lib/dpkg", d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	dpkg := func(args ...string) {
		t.Helper()
		output(t, dir, "dpkg", append([]string{"--root=" + root, "--log=/dev/null", "--force-not-root", "--force-bad-path", "--force-architecture"}, args...)...)
	}
	dpkg("--install", filepath.Join(dir, "depfetch-1.2.3-rc.1-linux-arm64.deb"))
	for _, name := range []string{"depfetch", "deplock"} {
		if read(t, filepath.Join(root, "usr/bin", name)) != read(t, filepath.Join(dir, name+"-linux-arm64")) {
			t.Errorf("/usr/bin/%s is not the program", name)
		}
	}
	status := read(t, filepath.Join(root, "var/lib/dpkg/status"))
	for _, want := range []string{"Version: 1.2.3~rc.1\n", "Architecture: arm64\n", "Status: install ok installed\n"} {
		if !strings.Contains(status, want) {
			t.Errorf("want %q in\n%s", want, status)
		}
	}
	wanted := []string{"usr/bin/depfetch", "usr/bin/deplock", "usr/share/man/man1/deplock-sync.1", "usr/share/man/man1/depfetch.1",
		"usr/share/bash-completion/completions/depfetch", "usr/share/fish/vendor_completions.d/deplock.fish", "usr/share/doc/depfetch/copyright", "usr/share/doc/depfetch/THIRD-PARTY-LICENSES"}
	for _, name := range append(wanted, "usr/share/zsh/vendor-completions/_deplock") {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Error(err)
		}
	}
	dpkg("--purge", "depfetch")
	if _, err := os.Stat(filepath.Join(root, "usr/bin/depfetch")); err == nil {
		t.Error("it is still there")
	}

	pack := filepath.Join(dir, "depfetch-1.2.3-rc.1-linux-arm64.rpm")
	held := strings.Split(output(t, dir, "rpm", "-qpl", pack), "\n")
	for _, name := range append(wanted, "usr/share/zsh/site-functions/_deplock") {
		if !slices.Contains(held, "/"+name) {
			t.Errorf("the .rpm does not have /%s", name)
		}
	}
	if got, want := output(t, dir, "rpm", "-qp", "--queryformat", "%{name} %{version} %{arch} %{license} %{buildhost}", pack), "depfetch 1.2.3~rc.1 aarch64 Apache-2.0 localhost"; got != want {
		t.Errorf("the .rpm is %q; want %q", got, want)
	}
}

// testScript installs from a server on loopback, by curl in bash and by wget in dash, and
// not if one byte is another.
func testScript(t *testing.T, dir string) {
	script := filepath.Join(dir, "install.sh")
	output(t, dir, "shellcheck", "--shell=sh", script)
	archive := "depfetch-1.2.3-rc.1-linux-riscv64.tar.gz"
	body := []byte(read(t, filepath.Join(dir, archive)))
	swapped := bytes.Clone(body)
	swapped[len(swapped)/2] ^= 1
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/right/" + archive:
			w.Write(body)
		case "/swapped/" + archive:
			w.Write(swapped)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	// A machine of another kind, so that its programs can be told from this one's.
	tools := t.TempDir()
	uname := func(machine string) {
		if err := os.WriteFile(filepath.Join(tools, "uname"), []byte("#!/bin/sh\nif [ \"$1\" = -s ]; then echo Linux; else echo "+machine+"; fi\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	bare := t.TempDir() // of what the script needs, without curl
	for _, name := range strings.Fields("id mktemp wget sha256sum tar gzip mkdir cp chmod mv rm getconf") {
		found, err := exec.LookPath(name)
		if err == nil {
			err = os.Symlink(found, filepath.Join(bare, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	run := func(shell []string, args ...string) (string, error) {
		words := slices.Concat(shell[1:], []string{script}, args)
		cmd := exec.Command(shell[0], words...)
		cmd.Env = []string{"PATH=" + tools + ":" + os.Getenv("PATH"), "HOME=" + tools, "TMPDIR=" + tools}
		if shell[0] == "dash" {
			cmd.Env[0] = "PATH=" + tools + ":" + bare
		}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, shell := range [][]string{{"dash"}, {"bash", "--posix"}} {
		uname("riscv64")
		to := filepath.Join(t.TempDir(), "a folder")
		out, err := run(shell, "--to", to, "--from", server.URL+"/swapped")
		if err == nil || !strings.Contains(out, "install.sh: error: "+archive+": wrong bytes, nothing has been installed") {
			t.Errorf("%q: %v\n%s", shell, err, out)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%q: after wrong bytes there is %s", shell, to)
		}
		out, err = run(shell, "--from", server.URL+"/none", "--to", to)
		if err == nil || !strings.Contains(out, "install.sh: error: could not download "+server.URL+"/none/"+archive) {
			t.Errorf("%q: %v\n%s", shell, err, out)
		}
		if out, err := run(shell, "--to", to, "--from", server.URL+"/right"); err != nil || !strings.Contains(out, "to PATH to find them") {
			t.Errorf("%q: %v\n%s", shell, err, out)
		}
		for _, name := range []string{"depfetch", "deplock"} {
			if read(t, filepath.Join(to, name)) != read(t, filepath.Join(dir, name+"-linux-riscv64")) {
				t.Errorf("%q: %s is not the program", shell, name)
			}
		}
		if left, _ := os.ReadDir(to); len(left) != 2 {
			t.Errorf("%q: it has left %v", shell, left)
		}
		// A login in the address is used, and not shown; a slash at its end is none too many.
		login := strings.Replace(server.URL, "//", "//me:s3@cret@", 1)
		if out, err := run(shell, "--to", to, "--from", strings.Replace(login, "s3@cret", "s3%40cret", 1)+"/right/"); err != nil || !strings.HasPrefix(out, "downloading "+server.URL+"/right/"+archive+"\n") {
			t.Errorf("%q: %v\n%s", shell, err, out)
		}
		if out, err := run(shell, "--to", to, "--from", login+"/none/a@b"); err == nil || strings.Contains(out, "cret") || !strings.Contains(out, "could not download "+server.URL+"/none/a@b/"+archive) {
			t.Errorf("%q: %v\n%s", shell, err, out)
		}
		taken := filepath.Join(t.TempDir(), "deplock")
		if err := os.Mkdir(taken, 0o755); err != nil {
			t.Fatal(err)
		}
		if out, err := run(shell, "--to", filepath.Dir(taken), "--from", server.URL+"/right"); err == nil || !strings.Contains(out, "install.sh: error: "+taken+" is a directory, nothing has been installed\n") {
			t.Errorf("%q: %v\n%s", shell, err, out)
		}
		if left, _ := os.ReadDir(filepath.Dir(taken)); len(left) != 1 {
			t.Errorf("%q: it has left %v", shell, left)
		}
		uname("sparc64")
		if out, err := run(shell, "--from", server.URL+"/right"); err == nil || !strings.Contains(out, "there is no archive for linux-sparc64\ninstall.sh: hint: build it from its source: make build") {
			t.Errorf("%q: %v\n%s", shell, err, out)
		}
	}
	if left, _ := os.ReadDir(tools); len(left) != 1 {
		t.Errorf("it has left %v", left)
	}
}

// testPages shows the manual pages, which man finds no fault in, and completes commands.
func testPages(t *testing.T, dir string) {
	pages, err := filepath.Glob(filepath.Join(dir, "man", "*.1"))
	if err != nil || len(pages) < 30 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		cmd := exec.Command("man", "--warnings", "-l", page)
		cmd.Env = append(os.Environ(), "MANPAGER=cat", "MAN_KEEP_FORMATTING=", "MANWIDTH=100", "LC_ALL=C.UTF-8")
		var said strings.Builder
		cmd.Stderr = &said
		shown, err := cmd.Output()
		if err != nil || said.Len() > 0 {
			t.Errorf("man -l %s: %v\n%s", page, err, said.String())
		}
		if filepath.Base(page) == "deplock-sync.1" && !strings.Contains(string(shown), "--vendor-from=string") {
			t.Errorf("it shows\n%s", shown)
		}
	}
	complete := func(words string) string {
		t.Helper()
		return output(t, dir, "bash", "-c", "source completions/depfetch.bash; COMP_WORDS=("+words+"); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _depfetch; echo ${COMPREPLY[*]}")
	}
	for words, want := range map[string]string{"depfetch ver": "verify", "depfetch --mirror-": "--mirror-first", "depfetch verify --plat": "--platform", "depfetch verify --mirror": "", "depfetch --cache --off": ""} {
		if got := complete(words); got != want {
			t.Errorf("%s: %q; want %q", words, got, want)
		}
	}
}

// testDocuments reads the statement and the SBOMs, and compares the sums of the formula.
func testDocuments(t *testing.T, dir, list string) {
	var s attestation.Statement
	if err := protojson.Unmarshal([]byte(read(t, filepath.Join(dir, "depfetch-1.2.3-rc.1.provenance.json"))), &s); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(list, "\n"); len(s.Subject) != n-1 {
		t.Errorf("%d subjects; want all files but itself, %d", len(s.Subject), n-1)
	}
	for _, subject := range s.Subject {
		if line := subject.Digest["sha256"] + "  " + subject.Name + "\n"; !strings.Contains(list, line) {
			t.Errorf("%s is not in %s", line, sums)
		}
	}
	predicate, err := s.Predicate.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var p slsa.Provenance
	if err := protojson.Unmarshal(predicate, &p); err != nil {
		t.Fatal(err)
	}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"depfetch", "deplock", "depfetch-frontend"} {
		var spdx struct{ Packages []struct{ Name string } }
		var cyclonedx struct{ Components []struct{ Name string } }
		for suffix, v := range map[string]any{".spdx.json": &spdx, ".cdx.json": &cyclonedx} {
			if err := json.Unmarshal([]byte(read(t, filepath.Join(dir, name+"-1.2.3-rc.1"+suffix))), v); err != nil {
				t.Error(err)
			}
		}
		if len(cyclonedx.Components) < 7 || len(spdx.Packages) < 8 {
			t.Errorf("%s: %v, %v", name, spdx, cyclonedx)
		}
	}
	others := read(t, filepath.Join(dir, "THIRD-PARTY-LICENSES"))
	for _, want := range []string{"\n== The Go programming language: LICENSE\n\nCopyright 2009 The Go Authors.", "\n== github.com/spf13/cobra v", "\n== github.com/moby/buildkit v"} {
		if !strings.Contains(others, want) {
			t.Errorf("THIRD-PARTY-LICENSES does not have %q", want)
		}
	}
	formula := read(t, filepath.Join(dir, "depfetch.rb"))
	found := 0
	for line := range strings.Lines(list) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if strings.Contains(formula, "url \"https://releases.example.com/v1.2.3-rc.1/"+name+"\"\n      sha256 \""+sum+"\"\n") {
			found++
		}
	}
	if found != 4 {
		t.Errorf("%d archives of %s are in the formula; want 4\n%s", found, sums, formula)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// output runs a program in a directory, which must succeed, and returns what it prints.
func output(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, said.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// TestReleaseCommit reads the commit of a clone, and of one with changes nothing but its time:
// what is made of it is of no commit. A folder inside another clone has none.
func TestReleaseCommit(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_COMMITTER_DATE", "1700000000 +0200")
	output(t, dir, "git", "init", "--quiet")
	output(t, dir, "git", "add", "a")
	output(t, dir, "git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "a")
	commit := output(t, dir, "git", "rev-parse", "HEAD")
	inside := filepath.Join(dir, "inside")
	if err := os.Mkdir(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	check := func(in, epoch, revision string, seconds int64) {
		t.Helper()
		t.Chdir(in)
		var r release
		if err := r.date(t.Context(), func(string) string { return epoch }); err != nil {
			t.Fatal(err)
		}
		if r.revision != revision || r.time.Unix() != seconds {
			t.Errorf("%q at %d; want %q at %d", r.revision, r.time.Unix(), revision, seconds)
		}
	}
	check(dir, "", commit, 1700000000)
	check(dir, "1600000000", commit, 1600000000)
	check(inside, "", "", 315532800)
	check(t.TempDir(), "1600000000", "", 1600000000)
	if err := os.WriteFile(filepath.Join(dir, "b"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	check(dir, "", "", 1700000000)
}
