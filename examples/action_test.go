package examples_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// ours is how the workflows name the action of this repository, until somebody puts the
// owner and the commit in.
const ours = "OWNER/depfetch@COMMIT"

// use is a step of a workflow or action that uses another action.
type use struct {
	Uses string
	With map[string]string
}

// readYAML reads a file of YAML into v.
func readYAML(t *testing.T, file string, v any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text(t, file)), v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// inputs returns what a job of a workflow gives our action.
func inputs(t *testing.T, file, job string) map[string]string {
	t.Helper()
	var workflow struct {
		Jobs map[string]struct{ Steps []use }
	}
	readYAML(t, filepath.Join("github-actions", file), &workflow)
	for _, step := range workflow.Jobs[job].Steps {
		if step.Uses == ours {
			return step.With
		}
	}
	t.Fatalf("%s: job %s does not use %s", file, job, ours)
	return nil
}

// TestAction holds the workflows to the inputs that the action has, and the action to what it
// uses itself.
func TestAction(t *testing.T) {
	var action struct {
		Inputs map[string]struct{ Description, Default string }
		Runs   struct{ Steps []use }
	}
	readYAML(t, "../action.yml", &action)
	for name, input := range action.Inputs {
		if input.Description == "" {
			t.Errorf("the input %s has no description", name)
		}
	}
	pinned := regexp.MustCompile(`\S+@[0-9a-f]{40}$`)
	for _, step := range action.Runs.Steps {
		if step.Uses != "" && !pinned.MatchString(step.Uses) {
			t.Errorf("not pinned: %s", step.Uses)
		}
	}
	for file, jobs := range map[string][]string{"deps.yml": {"check", "audit"}, "relock.yml": {"relock"}, "watch.yml": {"watch"}} {
		for _, job := range jobs {
			for name := range inputs(t, file, job) {
				if _, ok := action.Inputs[name]; !ok {
					t.Errorf("%s: the action has no input %s", file, name)
				}
			}
		}
	}
	if commands := inputs(t, "deps.yml", "check")["commands"]; commands != action.Inputs["commands"].Default {
		t.Errorf("the default is\n%s\nand deps.yml has\n%s", action.Inputs["commands"].Default, commands)
	}
}

// TestScript runs commands with ci/deplock.sh in a repository with faults of each kind: all
// are run, the first that fails says how it ends, and GitHub's problem matcher reads the rest.
func TestScript(t *testing.T) {
	bin, dir := programs(t), t.TempDir()
	for name, text := range map[string]string{
		"Dockerfile": "FROM debian:bookworm\nRUN curl -fsSLo /x https://dl.example.com/x-1.2\n",
		"deps.lock.toml": `version = 1
[deps.a]
url = "https://dl.example.com/a-{version}"
version = "1.1"
path = "/a"
[deps.a.locked]
any = { url = "https://dl.example.com/a-1.0", sha256 = "` + strings.Repeat("a", 64) + `" }
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (string, int) {
		cmd := exec.Command("sh", append([]string{script(t)}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "DEPLOCK_BIN="+bin, "DEPLOCK_SARIF="+filepath.Join(dir, "scan.sarif"))
		out, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	out, code := run("run", "--version\n\n# a comment\n  scan Dockerfile --level error  \n", "deplock sync --check", "check")
	if code != 1 || !strings.Contains(out, "\n$ deplock --version\ndeplock version ") ||
		!strings.HasSuffix(out, "exit codes in brackets: deplock scan Dockerfile --level error (1), deplock sync --check (1), deplock check (2)\n") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	want := []string{
		"deplock-scan warning Dockerfile 1 6: FROM debian:bookworm has no digest [unpinned-image]",
		"deplock-scan error Dockerfile 2 5: curl downloads https://dl.example.com/x-1.2, and nothing checks what arrives [unverified]",
		"deplock-sync  Dockerfile 2 : https://dl.example.com/x-1.2 is not pinned",
		"deplock error deps.lock.toml 7 15: deps.a.locked.any.url: stale: locked is https://dl.example.com/a-1.0, but url and version now give https://dl.example.com/a-1.1",
	}
	if got := annotations(t, out); !slices.Equal(got, want) {
		t.Errorf("GitHub reads\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	const blanks = "my app/Dockerfile:1:6: warning: a\ndeplock: error: my app/deps.lock.toml:7:15: b\ndownloaded at 10:20:30: c\n"
	if got, want := annotations(t, blanks), []string{"deplock-scan warning my app/Dockerfile 1 6: a", "deplock error my app/deps.lock.toml 7 15: b"}; !slices.Equal(got, want) {
		t.Errorf("GitHub reads %q, want %q", got, want)
	}
	var sarif struct {
		Runs []struct{ Results []struct{ RuleID string } }
	}
	if err := json.Unmarshal([]byte(text(t, filepath.Join(dir, "scan.sarif"))), &sarif); err != nil || len(sarif.Runs) != 1 || len(sarif.Runs[0].Results) != 3 {
		t.Errorf("SARIF: %v, %+v", err, sarif)
	}
	if out, code := run("run", "--version"); code != 0 || strings.Contains(out, "error") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	// A report is of one scan, and of this job.
	out, code = run("run", "scan Dockerfile", "scan Dockerfile --level error", "--version")
	if code != 1 || !strings.Contains(out, "deplock.sh: error: what this scan has found is in no report, which is that of deplock scan Dockerfile\n") || !strings.Contains(out, "\n$ deplock --version\n") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	run("run", "scan nothing")
	if _, err := os.Stat(filepath.Join(dir, "scan.sarif")); err == nil {
		t.Error("a scan that could not be done has the report of another")
	}
	if out, code := run("lock"); code != 1 || out != "deplock.sh: error: unknown command lock\ndeplock.sh: hint: install, run or push\n" {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// TestScriptPush has ci/deplock.sh commit, in a folder of a repository, what deplock has begun
// or changed anywhere in it, under names that git would take for patterns, and nothing else.
func TestScriptPush(t *testing.T) {
	dir := t.TempDir()
	in := func(sub, name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = filepath.Join(dir, sub)
		cmd.Env = append(os.Environ(), "DEPLOCK_BIN="+dir, "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=me", "GIT_AUTHOR_EMAIL=me@example.com", "GIT_COMMITTER_NAME=me", "GIT_COMMITTER_EMAIL=me@example.com")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, "repo", name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	in("", "git", "init", "--quiet", "--bare", "origin")
	in("", "git", "init", "--quiet", "repo")
	in("repo", "git", "remote", "add", "origin", filepath.Join(dir, "origin"))
	write("deps.lock.toml", "")
	in("repo", "git", "add", ".")
	in("repo", "git", "commit", "--quiet", "--message", "start")
	want := []string{":(top)a/deps.lock.trees/x", "[b] c/deps.lock.toml", "deps.lock.toml", "deps.lock.trees/x"}
	for _, name := range append(want, "sub/other") {
		write(name, "new")
	}
	const branch = "bot/-x;$(touch${IFS}y)"
	in("repo/sub", "sh", script(t), "push", "-m $(touch y)", branch)
	if got := in("origin", "git", "log", "-1", "--format=%s", branch); got != "-m $(touch y)" {
		t.Errorf("the message is %q", got)
	}
	if got := strings.Split(in("origin", "git", "ls-tree", "-r", "--name-only", branch), "\n"); !slices.Equal(got, want) {
		t.Errorf("pushed were %q; want %q", got, want)
	}
	if got := in("repo/sub", "sh", script(t), "push", "again", branch); got != "nothing has changed" {
		t.Error(got)
	}
}

// annotations returns what the problem matcher reads: owner, severity, file, line, column and
// message.
func annotations(t *testing.T, out string) (read []string) {
	t.Helper()
	var file struct {
		ProblemMatcher []struct {
			Owner   string
			Pattern []struct {
				Regexp                                string
				File, Line, Column, Severity, Message int
			}
		}
	}
	if err := json.Unmarshal([]byte(text(t, "../.github/problem-matcher.json")), &file); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out) {
		for _, matcher := range file.ProblemMatcher {
			p := matcher.Pattern[0]
			m := regexp.MustCompile(p.Regexp).FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil {
				continue
			}
			m[0] = "" // there is no such group
			read = append(read, strings.Join([]string{matcher.Owner, m[p.Severity], m[p.File], m[p.Line], m[p.Column] + ":", m[p.Message]}, " "))
		}
	}
	return read
}

// script returns the absolute name of ci/deplock.sh.
func script(t *testing.T) string {
	t.Helper()
	name, err := filepath.Abs("ci/deplock.sh")
	if err != nil {
		t.Fatal(err)
	}
	return name
}
