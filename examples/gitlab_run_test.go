//go:build e2e

package examples_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGitLab has gitlab-ci-local run the pipeline, which it checks with GitLab's schema, in a
// clone and in shells of this machine, with deplock from what looks like a release.
func TestGitLab(t *testing.T) {
	h := newHosted(t, map[string]string{
		"Dockerfile":     "FROM scratch\nARG V=1.0\nRUN curl -fsSLo /x https://dl.example.com/x-$V\n",
		".gitlab-ci.yml": text(t, "gitlab/.gitlab-ci.yml"),
	})
	up := h.upstream()
	bin := programs(t)
	h.released(bin)
	// pipeline runs the jobs that there are for some variables.
	pipeline := func(variables ...string) (log string, err error) {
		t.Helper()
		args := []string{"--home", h.dir, "--force-shell-executor", "--no-color", "--shell-isolation", "--ignore-predefined-vars", "CI_DEFAULT_BRANCH,CI_PIPELINE_SOURCE",
			"--variable", "DEPLOCK_RELEASE=" + h.release, "--variable", "DEPLOCK_SHA256=" + h.sum,
			"--variable", "DEPLOCK_REMOTE=" + filepath.Join(h.dir, "origin"), "--variable", "CI_DEFAULT_BRANCH=main"}
		for _, v := range append(h.env, variables...) {
			if !strings.HasPrefix(v, "HOME=") {
				args = append(args, "--variable", v)
			}
		}
		cmd := fromNPM(t, "gitlab-ci-local/dist/index.js", args...)
		cmd.Dir = filepath.Join(h.dir, "repo")
		cmd.Env = append(cmd.Env, "GIT_CONFIG_NOSYSTEM=1", "NO_PROXY=127.0.0.1")
		out, err := cmd.CombinedOutput()
		t.Logf("%q: %v\n%s", variables, err, out)
		return string(out), err
	}
	deplock := filepath.Join(bin, "deplock")
	h.must("mkdir repo/ci; cp " + script(t) + " repo/ci; cd repo; git remote set-url origin https://gitlab.example.com/team/project.git; git add .; git commit -qm ci; git push -q ../origin main")

	log, err := pipeline("CI_PIPELINE_SOURCE=merge_request_event")
	if err == nil || !strings.Contains(log, "deplock check (2), deplock sync --check (1)") || strings.Contains(log, "deplock-audit") {
		t.Errorf("a merge request with faults: %v", err)
	}
	var report []struct{ Check_name string }
	name, _ := filepath.Glob(filepath.Join(h.dir, "repo", ".gitlab-ci-local", "*", "*", "gl-code-quality-report.json"))
	if len(name) != 1 {
		t.Fatalf("%q are the reports of quality", name)
	}
	if err := json.Unmarshal([]byte(text(t, name[0])), &report); err != nil || len(report) != 2 {
		t.Errorf("the report of quality: %v, %v", report, err)
	}

	h.must("export SSL_CERT_FILE=$PWD/ca.pem DEPFETCH_REWRITE=https://dl.example.com=" + up + "; cd repo; " + deplock + " add a 'https://dl.example.com/a-{version}' --version 1.0 --path /a; " + deplock + " sync; git add .; git commit -qm pinned; git push -q ../origin main")
	if log, err = pipeline("CI_PIPELINE_SOURCE=merge_request_event"); err != nil || !strings.Contains(log, "$ deplock scan") {
		t.Errorf("a merge request in order: %v", err)
	}
	if log, err = pipeline("CI_PIPELINE_SOURCE=schedule"); err != nil || !strings.Contains(log, "$ deplock outdated") || strings.Contains(log, "deplock-check") {
		t.Errorf("a schedule: %v", err)
	}
	h.must("cd repo; git switch -qc renovate/all; sed -i 's/\"1.0\"/\"1.1\"/' deps.lock.toml; sed -i 's/V=1.0/V=1.1/' Dockerfile; git commit -qam raised; git push -q ../origin renovate/all")
	if _, err = pipeline("CI_PIPELINE_SOURCE=push"); err != nil {
		t.Errorf("a bot has raised versions: %v", err)
	}
	if got := h.must("git -C origin log --format='%an %s' main..renovate/all"); got != "deplock Lock again\nme raised" {
		t.Errorf("the branch has the commits\n%s", got)
	}
	if _, err := os.Stat(filepath.Join(h.dir, "repo", ".deplock")); err == nil && h.must("git -C origin ls-tree -r --name-only renovate/all .deplock") != "" {
		t.Error("the programs have been committed")
	}
}
