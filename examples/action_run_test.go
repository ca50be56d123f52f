//go:build e2e

package examples_test

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"depfetch/fetch/digest"
)

// hosted is a repository with a remote, whose workflows act runs on this machine: the real
// action of this repository, with stand-ins for those of GitHub.
type hosted struct {
	t   *testing.T
	dir string // of everything; the clone is in repo, and origin is what it is pushed to
	env []string
	// The folder of a release and the sum of its install.sh; if empty, our action builds
	// itself.
	release, sum string
}

func newHosted(t *testing.T, files map[string]string) *hosted {
	t.Helper()
	h := &hosted{t: t, dir: t.TempDir()}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "GONOSUMDB", "GONOSUMCHECK", "GOSUMDB"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		h.env = append(h.env, name+"="+strings.TrimSpace(string(out)))
	}
	h.env = append(h.env, "NO_COLOR=1", "HOME="+h.dir)
	// Stands in for github/codeql-action.
	upload := filepath.Join(h.dir, "codeql", "upload-sarif")
	if err := os.MkdirAll(upload, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(upload, "action.yml"), `name: upload
description: keeps what is uploaded
inputs:
  sarif_file: { description: a file, required: true }
  category: { description: a word }
runs:
  using: composite
  steps:
    - shell: bash
      run: cp "${{ inputs.sarif_file }}" "$HOME/uploaded.sarif"
`)
	h.must("git init -q --bare -b main origin; git init -q -b main repo; mkdir -p repo/.github/workflows")
	for name, text := range files {
		write(t, filepath.Join(h.dir, "repo", name), text)
	}
	h.must("cd repo; git remote add origin $PWD/../origin; git add .; git commit -qm start; git push -q origin main")
	return h
}

// must runs a script where everything is, and returns what it prints.
func (h *hosted) must(script string) string {
	h.t.Helper()
	cmd := exec.Command("bash", "-ec", script)
	cmd.Dir = h.dir
	cmd.Env = append(os.Environ(), "HOME="+h.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=me", "GIT_AUTHOR_EMAIL=me@example.com", "GIT_COMMITTER_NAME=me", "GIT_COMMITTER_EMAIL=me@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		h.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return strings.TrimSpace(string(out))
}

// run has act run the workflow of a file for an event, and returns its log.
func (h *hosted) run(event, file string) (log string, err error) {
	h.t.Helper()
	root, err2 := filepath.Abs("..")
	if err2 != nil {
		h.t.Fatal(err2)
	}
	workflow := text(h.t, filepath.Join("github-actions", file))
	if h.sum != "" {
		with := "- uses: " + ours + "\n        with:\n"
		workflow = strings.ReplaceAll(workflow, with, with+"          release: "+h.release+"\n          sha256: "+h.sum+"\n")
	}
	write(h.t, filepath.Join(h.dir, "repo", ".github", "workflows", file), workflow)
	args := []string{event, "--workflows", ".github/workflows/" + file, "--platform", "ubuntu-latest=-self-hosted",
		"--local-repository", ours + "=" + root,
		"--local-repository", "github/codeql-action@8aad20d150bbac5944a9f9d289da16a4b0d87c1e=" + filepath.Join(h.dir, "codeql")}
	for _, e := range h.env {
		args = append(args, "--env", e)
	}
	cmd := exec.Command(filepath.Join(os.Getenv("DEPFETCH_BUILDKIT_BIN"), "act"), args...)
	cmd.Dir = filepath.Join(h.dir, "repo")
	cmd.Env = append(os.Environ(), "HOME="+h.dir, "XDG_CACHE_HOME="+filepath.Join(h.dir, "cache"))
	out, err := cmd.CombinedOutput()
	h.t.Logf("%s, %s: %v\n%s", event, file, err, out)
	return string(out), err
}

// upstream serves dl.example.com, which has everything but what ends in 1.2, over https.
func (h *hosted) upstream() (address string) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "1.2") {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, r.URL.Path)
	}))
	h.t.Cleanup(server.Close)
	ca := filepath.Join(h.dir, "ca.pem")
	write(h.t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	h.env = append(h.env, "SSL_CERT_FILE="+ca, "DEPFETCH_REWRITE=https://dl.example.com="+server.URL)
	return server.URL
}

// released makes the steps that use our action install it from a folder that looks like that
// of a release, and returns what is served there. An install.sh of a release itself is tried by
// TestRelease.
func (h *hosted) released(bin string) (files map[string]string) {
	files = map[string]string{"/install.sh": `set -eu
while [ $# -gt 0 ]; do case $1 in --to) to=$2 ;; --from) from=$2 ;; esac; shift 2; done
mkdir -p "$to"
for p in depfetch deplock; do curl -fsSo "$to/$p" "$from/$p"; chmod 755 "$to/$p"; done
`}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text, ok := files[r.URL.Path]; ok {
			fmt.Fprint(w, text)
			return
		}
		if strings.HasPrefix(r.URL.Path, "//") {
			http.NotFound(w, r) // as of most that keep files
			return
		}
		http.ServeFile(w, r, filepath.Join(bin, filepath.Base(r.URL.Path)))
	}))
	h.t.Cleanup(server.Close)
	h.release, h.sum = server.URL, digest.Of([]byte(files["/install.sh"])).String()
	return files
}

// TestActionRuns runs the workflows with the action, built from this repository and installed
// from a release.
func TestActionRuns(t *testing.T) {
	h := newHosted(t, map[string]string{"Dockerfile": "FROM scratch\nARG V=1.0\nRUN curl -fsSLo /x https://dl.example.com/x-$V\n"})
	up := h.upstream()
	uploaded := filepath.Join(h.dir, "uploaded.sarif")

	// Nothing is pinned, and there is no lockfile: red, with the findings. Built from source.
	log, err := h.run("pull_request", "deps.yml")
	if err == nil || !strings.Contains(log, "deplock check (2), deplock sync --check (1)") || !strings.Contains(log, "/.github/problem-matcher.json") {
		t.Errorf("a pull request with faults: %v", err)
	}
	if sarif := text(t, uploaded); !strings.Contains(sarif, `"root-user"`) {
		t.Errorf("what was uploaded is\n%s", sarif)
	}

	bin := programs(t)
	served := h.released(bin)
	deplock := filepath.Join(bin, "deplock")
	h.must("rm uploaded.sarif; export SSL_CERT_FILE=$PWD/ca.pem DEPFETCH_REWRITE=https://dl.example.com=" + up + "; cd repo; " + deplock + " add a 'https://dl.example.com/a-{version}' --version 1.0 --path /a; " + deplock + " sync; git add .; git commit -qm pinned; git push -q origin main")
	if log, err = h.run("pull_request", "deps.yml"); err != nil || !strings.Contains(log, "$ deplock scan") {
		t.Errorf("a pull request in order: %v", err)
	}
	text(t, uploaded)
	if log, err = h.run("schedule", "deps.yml"); err != nil || !strings.Contains(log, "$ deplock outdated") || strings.Contains(log, "$ deplock check") {
		t.Errorf("weekly: %v", err)
	}

	// A bot raises both versions. What it gets is one commit, and no other when run again.
	h.must("cd repo; git switch -qc renovate/all; sed -i 's/\"1.0\"/\"1.1\"/' deps.lock.toml; sed -i 's/V=1.0/V=1.1/' Dockerfile; git commit -qam raised; git push -q origin renovate/all")
	for range 2 {
		if _, err = h.run("push", "relock.yml"); err != nil {
			t.Fatalf("a bot has raised versions: %v", err)
		}
		h.must("cd repo; git pull -q origin renovate/all")
	}
	if got := h.must("git -C origin log --format='%an %s' main..renovate/all"); got != "github-actions[bot] Lock again\nme raised" {
		t.Errorf("the branch has the commits\n%s", got)
	}
	if got := h.must("git -C origin diff --stat=200 --format= renovate/all~1 renovate/all"); !strings.Contains(got, "deps.lock.toml") || !strings.Contains(got, "1 file changed, 2 insertions(+), 2 deletions(-)") {
		t.Errorf("the commit changes\n%s", got)
	}

	// What cannot be locked is red, and nothing is pushed.
	h.must("cd repo; sed -i 's/\"1.1\"/\"1.2\"/' deps.lock.toml; git commit -qam more; git push -q origin renovate/all")
	before := h.must("git -C origin rev-parse renovate/all")
	if log, err = h.run("push", "relock.yml"); err == nil || !strings.Contains(log, "deplock update --stale (1), deplock check (2)") {
		t.Errorf("a version that there is not: %v", err)
	}
	if after := h.must("git -C origin rev-parse renovate/all"); after != before {
		t.Errorf("pushed: %s", h.must("git -C origin log --oneline renovate/all"))
	}

	// As the README says to write it.
	command := regexp.MustCompile(`(?m)^sed -i .*$`).FindString(text(t, "github-actions/README.md"))
	written := h.must("cd repo; " + strings.Replace(command, "YOUR-REPOSITORY", ".", 1) + "; cat .github/workflows/relock.yml")
	if !regexp.MustCompile(`(?m)^ +- uses: my-org/depfetch@[0-9a-f]{40}$`).MatchString(written) || strings.Contains(written, "- uses: "+ours) {
		t.Errorf("%s gives\n%s", command, written)
	}

	// Another install.sh than its sum says is not run.
	served["/install.sh"] += "\n"
	if log, err = h.run("schedule", "deps.yml"); err == nil || !strings.Contains(log, "install.sh: wrong bytes, nothing has been installed") || strings.Contains(log, "$ deplock") {
		t.Errorf("another install.sh: %v", err)
	}
	h.release = `""`
	if log, err = h.run("schedule", "deps.yml"); err == nil || !strings.Contains(log, "give release too") {
		t.Errorf("a sum without a release: %v", err)
	}
}

// TestScriptRuns types what ci/README.md says into a repository in which a bot has raised
// versions, and has the script refuse what it must.
func TestScriptRuns(t *testing.T) {
	h := newHosted(t, map[string]string{"Dockerfile": "FROM scratch\nARG V=1.0\nRUN curl -fsSLo /x https://dl.example.com/x-$V\n"})
	h.upstream()
	served := h.released(programs(t))
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(text(t, "ci/README.md"), -1)
	if len(blocks) != 4 {
		t.Fatalf("ci/README.md has %d blocks", len(blocks))
	}
	check, weekly, relock, sum := blocks[0][1], blocks[1][1], blocks[2][1], blocks[3][1]
	environment := "cd repo\n"
	for _, e := range append(h.env, "DEPLOCK_RELEASE="+h.release, "DEPLOCK_SHA256="+h.sum, "BRANCH=bot") {
		name, value, _ := strings.Cut(e, "=")
		environment += "export " + name + "='" + value + "'\n"
	}
	h.must("shellcheck " + script(t) + "; mkdir repo/ci; cp " + script(t) + " repo/ci")
	write(t, filepath.Join(h.dir, "install.sh"), served["/install.sh"])
	if got := h.must("mkdir dist; mv install.sh dist; " + sum); got != h.sum+"  dist/install.sh" {
		t.Errorf("the sum is %s", got)
	}

	if got := h.must(environment + "! sh ci/deplock.sh run check 2>&1"); !strings.Contains(got, "deplock.sh: error: there is no deplock in ") || strings.Contains(got, "$ deplock") {
		t.Errorf("without install: %s", got)
	}
	installed, _, _ := strings.Cut(check, "\n")
	h.must(environment + installed)
	deplock := filepath.Join(h.dir, ".deplock", "bin", "deplock")
	h.must(environment + deplock + " add a 'https://dl.example.com/a-{version}' --version 1.0 --path /a; " + deplock + " sync; " + check + weekly)
	h.must(environment + "git add deps.lock.toml Dockerfile; git commit -qm pinned; sed -i 's/\"1.0\"/\"1.1\"/' deps.lock.toml; sed -i 's/V=1.0/V=1.1/' Dockerfile; git commit -qam raised")
	for range 2 {
		h.must(environment + relock)
	}
	if got := h.must("git -C origin log --format=%s main..bot"); got != "Lock again\nraised\npinned" {
		t.Errorf("the branch has the commits\n%s", got)
	}

	// refused runs the script with another environment.
	refused := func(want string, env string) {
		t.Helper()
		got := h.must(environment + "export DEPLOCK_BIN=$PWD/../bin " + env + "; ! sh ci/deplock.sh install 2>&1; ! test -e ../bin")
		if !strings.Contains(got, "deplock.sh: error: "+want) {
			t.Errorf("%s: %s", env, got)
		}
	}
	refused("DEPLOCK_SHA256 is not set", "DEPLOCK_SHA256=")
	refused("install.sh: wrong bytes, nothing has been installed\n", "DEPLOCK_SHA256="+strings.Repeat("a", 64))
	refused("could not download "+h.release+"/none/install.sh", "DEPLOCK_RELEASE="+h.release+"/none")
	refused("where depfetch comes from is not known", "DEPLOCK_RELEASE=")
	refused("DEPLOCK_SHA256 is \"sha256:"+h.sum+"\"\ndeplock.sh: hint: want 64 digits", "DEPLOCK_SHA256=sha256:"+h.sum)
	host := strings.TrimPrefix(h.release, "http://")
	refused("could not download "+h.release+"/a@b/install.sh", "DEPLOCK_RELEASE=http://me:s3@cret@"+host+"/a@b/")
	h.must(environment + "export DEPLOCK_BIN=$PWD/../bin DEPLOCK_RELEASE=" + h.release + "/; sh ci/deplock.sh install; test -x ../bin/depfetch")
}
