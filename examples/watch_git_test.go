//go:build e2e

package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestWatchPullRequest runs the last steps of watch.yml in a clone, with git, and with a
// stand-in for gh that knows one pull request at most. It opens one, and brings it up to date.
func TestWatchPullRequest(t *testing.T) {
	dir := t.TempDir()
	gh := `#!/bin/sh
echo "gh $1 $2" >>"$HOME/asked"
case "$1 $2" in
"pr list") cat "$HOME/open" 2>/dev/null || true ;;
"pr create") [ ! -e "$HOME/open" ] && echo 7 >"$HOME/open" && cp "$RUNNER_TEMP/body.md" "$HOME/body" ;;
"pr edit") [ "$3" = deplock/watch ] && cp "$RUNNER_TEMP/body.md" "$HOME/body" ;;
*) exit 1 ;;
esac
`
	if err := os.WriteFile(filepath.Join(dir, "gh"), []byte(gh), 0o777); err != nil {
		t.Fatal(err)
	}
	sh := func(script string) string {
		t.Helper()
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "HOME="+dir, "RUNNER_TEMP="+dir, "GIT_CONFIG_NOSYSTEM=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	sh(`git init -q --bare --initial-branch main origin
git clone -q origin first 2>/dev/null
cd first; git checkout -q -b main; echo one >deps.lock.toml; git add .
git -c user.name=me -c user.email=me@example.com commit -qm start; git push -q origin main`)
	// run is the step in a fresh clone in which the lockfile says something.
	run := func(lockfile, report string) (asked string) {
		t.Helper()
		sh("rm -rf clone asked; git clone -q --depth 1 file://$PWD/origin clone; echo '" + lockfile + "' >clone/deps.lock.toml; echo '" + report + "' >report.md; : >asked")
		sh("cd clone\n" + step(t, "watch.yml", "Open one pull request, or bring it up to date"))
		return sh("cat asked")
	}
	branch := func(want string) (commit string) {
		t.Helper()
		if got := sh("git -C origin show deplock/watch:deps.lock.toml"); got != want {
			t.Errorf("the branch has %q, want %q", got, want)
		}
		return sh("git -C origin rev-parse deplock/watch")
	}

	if asked := run("one", "nothing"); asked != "" || sh("git -C origin branch --list deplock/watch") != "" {
		t.Errorf("nothing has changed: %s", asked)
	}
	if asked := run("two", "a report"); asked != "gh pr list\ngh pr create" || sh("cat body") != "a report" {
		t.Errorf("the first change: %s", asked)
	}
	first := branch("two")
	if asked := run("two", "again"); asked != "gh pr list\ngh pr edit" || branch("two") != first || sh("cat body") != "again" {
		t.Errorf("the same change: %s", asked)
	}
	if asked := run("three", "more"); asked != "gh pr list\ngh pr edit" || branch("three") == first || sh("cat body") != "more" {
		t.Errorf("another change: %s", asked)
	}
	if n := sh("git -C origin rev-list --count main..deplock/watch"); n != "1" {
		t.Errorf("the branch has %s commits", n)
	}
}
