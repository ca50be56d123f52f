//go:build e2e

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPreCommit runs the hooks of this repository by the real pre-commit, in a repository
// that is in order and after a fault for each of them.
func TestPreCommit(t *testing.T) {
	tmp := t.TempDir()
	bin, hooks, dir := filepath.Join(tmp, "bin"), filepath.Join(tmp, "hooks"), filepath.Join(tmp, "own")
	env := append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+tmp, "PRE_COMMIT_HOME="+filepath.Join(tmp, "home"),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	command := func(dir, name string, args ...string) (string, error) {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(dir, name string, args ...string) string {
		t.Helper()
		out, err := command(dir, name, args...)
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
		return out
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "build", "-o", bin+"/", ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(hooks, ".pre-commit-hooks.yaml"), string(text))
	must(hooks, "git", "init", "-q")
	must(hooks, "git", "add", ".")
	must(hooks, "git", "commit", "-qm", "hooks")
	rev := strings.TrimSpace(must(hooks, "git", "rev-parse", "HEAD"))

	const good = "version = 1\n[urls]\n"
	lockfile, dockerfile := filepath.Join(dir, "deps.lock.toml"), filepath.Join(dir, "Dockerfile")
	write(lockfile, good)
	write(dockerfile, "FROM scratch\nCOPY a /\n")
	write(filepath.Join(dir, "a"), "a\n")
	write(filepath.Join(dir, ".pre-commit-config.yaml"), "repos:\n- repo: "+hooks+"\n  rev: "+rev+"\n  hooks:\n  - id: deplock-check\n  - id: deplock-sync\n")
	must(dir, "git", "init", "-q")
	run := func() (string, error) {
		t.Helper()
		must(dir, "git", "add", ".")
		return command(dir, "pre-commit", "run", "--all-files", "--color", "never")
	}
	if out, err := run(); err != nil || strings.Count(out, "Passed") != 2 {
		t.Errorf("what is in order: %v\n%s", err, out)
	}
	write(lockfile, "version = 2\n")
	if out, err := run(); err == nil || !strings.Contains(out, "format version 2 is not known") {
		t.Errorf("a lockfile that is at fault: %v\n%s", err, out)
	}
	write(lockfile, good)
	write(filepath.Join(dir, "--lock=.", "deps.lock.toml"), "version = 2\n")
	if out, err := run(); err == nil || !strings.Contains(out, "--lock=./deps.lock.toml:1:11: ") {
		t.Errorf("a lockfile that is at fault, in a folder with the name of an option: %v\n%s", err, out)
	}
	write(filepath.Join(dir, "--lock=.", "deps.lock.toml"), good)
	write(dockerfile, "FROM debian:bookworm\nRUN curl -fsSLo /a https://example.com/a-1.2.3\n")
	if out, err := run(); err == nil || !strings.Contains(out, "deplock sync") || strings.Count(out, "Passed") != 1 {
		t.Errorf("a download that is not pinned: %v\n%s", err, out)
	}
}
