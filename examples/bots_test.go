package examples_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"depfetch/lock"
	"depfetch/lock/release"
)

// TestRenovateLockfiles looks for versions in every lockfile of the repository.
func TestRenovateLockfiles(t *testing.T) {
	r := readRenovate(t)
	var names []string
	for _, pattern := range []string{"../deps.lock.toml", "*/deps.lock.toml", "../testdata/lock/good/*.toml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no such file (%v)", pattern, err)
		}
		names = append(names, files...)
	}
	for _, name := range names {
		r.check(t, name, text(t, name))
	}

	var found []string
	for _, d := range r.find(text(t, "renovate/deps.lock.toml")) {
		found = append(found, d.Name+" "+d.Value+" "+d.Datasource+" "+d.Package)
	}
	want := []string{
		"kubectl 1.36.4 github-releases kubernetes/kubernetes",
		"helm 3.18.4 github-releases helm/helm",
		"yq 4.42.1 github-releases mikefarah/yq",
		"runc 1.4.3 github-releases opencontainers/runc",
		"cni-plugins 1.9.1 github-tags containernetworking/plugins",
	}
	if !slices.Equal(found, want) {
		t.Errorf("renovate/deps.lock.toml: found %q; want %q", found, want)
	}
	pattern := regexp.MustCompile(strings.Trim(r.ManagerFilePatterns[0], "/"))
	for name, want := range map[string]bool{"deps.lock.toml": true, "a/deps.lock.toml": true, "my-deps.lock.toml": false, "deps.lock.toml.md": false} {
		if pattern.MatchString(name) != want {
			t.Errorf("depfetch.json reads %s: %t; want %t", name, !want, want)
		}
	}
}

// TestRenovatePins is TestPins for the lockfile of an example without an image.
func TestRenovatePins(t *testing.T) {
	f := readLockfile(t, "renovate/deps.lock.toml")
	if err := f.Check(); err != nil {
		t.Error(err)
	}
	if err := f.CheckComplete(); err != nil {
		t.Error(err)
	}
	known := readPublished(t)
	for _, d := range f.Deps {
		for _, l := range d.Locked {
			want := known[artifactKey{d.Name, d.Version, l.Platform.String()}]
			if got := (published{l.URL, l.Digest.String()}); got != want {
				t.Errorf("%s %s (%s): %v; published is %v", d.Name, d.Version, l.Platform, got, want)
			}
		}
	}
}

// TestRenovateVersions reads tags as Renovate does, and as deplock does.
func TestRenovateVersions(t *testing.T) {
	r := readRenovate(t)
	for _, test := range []struct{ version, latest, tag, want string }{
		{"1.2", ``, "v1.3", "1.3"},
		{"1.2", ``, "1.3", "1.3"},
		{"v1.2", ``, "v1.3", "v1.3"},
		{"1.2", `, prefix = "v"`, "v1.3", "1.3"},
		{"v1.2", `, prefix = "v"`, "v1.3", "v1.3"},
		{"1.2", `, prefix = "jq-"`, "jq-1.3", "1.3"},
		{"1.2", `, prefix = "jq-"`, "1.3", ""},
		{"1.2", `, prefix = "cli/v"`, "cli/v1.3", "1.3"},
		{"1.2", `, prefix = "cli/v"`, "v1.3", ""},
		{"v1.2", `, prefix = "cli/"`, "cli/v1.3", "v1.3"},
		{"1.2", `, prefix = "c++-"`, "c++-1.3", "1.3"},
		{"1.2", `, prefix = "a.b-"`, "axb-1.3", ""},
		{"1.2", `, prefix = "x86-"`, "x86-1.3", "1.3"},
		{"22.1.0", `, prefix = "v22."`, "v22.2.0", "22.2.0"},
		{"v22.1.0", `, prefix = "v22."`, "v22.2.0", "v22.2.0"},
		{"22.1.0", `, prefix = "v22."`, "v23.0.0", ""},
		{"22.1.0", `, prefix = "v22."`, "v2230.0.0", ""},
		{"3.1", `, prefix = "cli/3."`, "cli/3.2", "3.2"},
		{"22.1.0", `, line = "22"`, "v22.2.0", "22.2.0"},
		{"v22.1.0", `, line = "22"`, "v22.2.0", "v22.2.0"},
		{"22.1.0", `, line = "22"`, "v23.0.0", ""},
		{"2.1.0", `, line = "2"`, "v22.0.0", ""},
		{"21.1.0", `, line = "22"`, "v22.2.0", "22.2.0"},
		{"21", `, line = "22"`, "22", "22"},
		{"3.3.1", `, line = "3.3"`, "v3.3.2", "3.3.2"},
		{"3.3.1", `, line = "3.3"`, "v3.30.0", ""},
		{"3.3.1", `, line = "3.3"`, "v303.1.0", ""},
		{"1.6", `, line = "1", prefix = "jq-"`, "jq-1.7", "1.7"},
		{"1.6", `, line = "1", prefix = "jq-"`, "jq-2.0", ""},
	} {
		text := fmt.Sprintf("version = 1\n[deps.a]\nurl = \"https://example.com\"\nversion = %q\nlatest = { github = \"o/r\"%s }\n", test.version, test.latest)
		file, err := lock.Parse("deps.lock.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		found := r.find(text)
		if len(found) != 1 || found[0].versioning != "semver-coerced" {
			t.Fatalf("found %+v in\n%s", found, text)
		}
		got := ""
		if m := regexp.MustCompile(found[0].extractVersion).FindStringSubmatch(test.tag); m != nil {
			got = m[1]
		}
		if got != test.want {
			t.Errorf("%s, %s: Renovate reads %q; want %q", strings.TrimSpace(text), test.tag, got, test.want)
		}
		body := fmt.Sprintf(`[{"tag_name": %q, "published_at": "2026-01-01T00:00:00Z"}]`, test.tag)
		github := release.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))}, nil
		})}
		latest, err := github.Latest(context.Background(), *file.Deps[0].Latest, test.version)
		if latest.Version != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%s, %s: deplock reads %q (%v); want %q", strings.TrimSpace(text), test.tag, latest.Version, err, test.want)
		}
	}
}

// roundTripper is a function that answers requests.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRelock raises a version as Renovate does and locks it again in both ways
// that are offered. Nothing else changes, not even what upstream has replaced.
func TestRelock(t *testing.T) {
	bin := programs(t)
	var selfHosted struct {
		AllowedCommands []string
		PackageRules    []struct {
			PostUpgradeTasks struct{ Commands []string }
		}
	}
	readConfig(t, "self-hosted.json", &selfHosted)
	command := strings.NewReplacer("{{{packageFile}}}", "deps.lock.toml", "{{{depName}}}", "b.2").
		Replace(selfHosted.PackageRules[0].PostUpgradeTasks.Commands[0])
	if !regexp.MustCompile(selfHosted.AllowedCommands[0]).MatchString(command) {
		t.Errorf("%s does not allow %s", selfHosted.AllowedCommands[0], command)
	}
	for name, script := range map[string]string{
		"self-hosted.json": command,
		"relock.yml":       strings.Join(asDeplock(strings.Replace(inputs(t, "relock.yml", "relock")["commands"], "sync --prune\n", "", 1)), "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			sh := func(script string) (string, error) {
				cmd := exec.Command("sh", "-ec", script)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			must := func(script string) {
				t.Helper()
				if out, err := sh(script); err != nil {
					t.Fatalf("%s: %v\n%s", script, err, out)
				}
			}
			lockfile := filepath.Join(dir, "deps.lock.toml")
			must(`mkdir -p tools 1.0.0 1.0.1; ln -s ` + bin + `/deplock tools/deplock
for v in 1.0.0 1.0.1; do for f in a-amd64 a-arm64 b-amd64 b-arm64; do echo $v $f > $v/$f; done; done
deplock init
for n in a b.2; do
  deplock add $n "file://$PWD/{version}/${n%.2}-{arch}" --version 1.0.0 --path /usr/bin/$n --latest o/$n
done
echo replaced > 1.0.0/a-amd64`)
			before := text(t, lockfile)
			bumped := readRenovate(t).bump(t, before, 1, "1.0.1")
			if err := os.WriteFile(lockfile, []byte(bumped), 0o666); err != nil {
				t.Fatal(err)
			}
			changed(t, before, bumped, `version = "1.0.1"`)
			for _, refused := range []string{"deplock check", "depfetch fetch a --root . --platform linux/amd64"} {
				out, err := sh(refused)
				if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 2 || !strings.Contains(out, "stale") {
					t.Errorf("%s: %v; want it to refuse a stale file\n%s", refused, err, out)
				}
			}
			must(script)
			must("deplock check")
			changed(t, before, text(t, lockfile), `version = "1.0.1"`, `"linux/amd64" = {`, `"linux/arm64" = {`)
		})
	}
}

// changed fails unless exactly the lines that begin with these differ.
func changed(t *testing.T, before, after string, want ...string) {
	t.Helper()
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	if len(a) != len(b) {
		t.Fatalf("%d lines were %d before:\n%s", len(b), len(a), after)
	}
	for i := range b {
		if a[i] == b[i] {
			continue
		}
		if len(want) == 0 || !strings.HasPrefix(b[i], want[0]) {
			t.Fatalf("line %d is now %s; want changes of %q", i+1, b[i], want)
		}
		want = want[1:]
	}
	if len(want) > 0 {
		t.Errorf("no change of %q:\n%s", want, after)
	}
}

// TestBotCommands has deplock read every command that bots and CI are given.
func TestBotCommands(t *testing.T) {
	bin := programs(t)
	files, err := filepath.Glob("renovate/*.json")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("github-actions/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	files = append(append(files, more...), "renovate/README.md", "github-actions/README.md", "gitlab/README.md", "ci/README.md", "sync/README.md")
	// In code: to the end of the line or of the quotation, or to what a shell
	// does not hand over.
	commands := regexp.MustCompile("(?m)(?:^|[`\"(/ ])deplock (init|add|update|remove|check|audit|outdated|list|export|sync)\\b([^`\"|;)<>\n]*)")
	read := map[string]bool{}
	for _, file := range files {
		source := code(file, text(t, file))
		if filepath.Ext(file) == ".yml" {
			for _, block := range regexp.MustCompile(`(?m)^ +commands: \|\n((?: {12}.*\n)+)`).FindAllStringSubmatch(source, -1) {
				source += strings.Join(asDeplock(block[1]), "\n")
			}
		}
		for _, m := range commands.FindAllStringSubmatch(source, -1) {
			args := append([]string{m[1]}, strings.Fields(regexp.MustCompile(`\d?>.*`).ReplaceAllString(m[2], ""))...)
			if out, err := exec.Command(filepath.Join(bin, "deplock"), append(args, "--help")...).CombinedOutput(); err != nil {
				t.Errorf("%s: deplock %s: %v\n%s", file, strings.Join(args, " "), err, out)
			}
			read[m[1]] = true
		}
	}
	for _, want := range []string{"update", "check", "audit", "outdated", "sync"} {
		if !read[want] {
			t.Errorf("deplock %s is never used", want)
		}
	}
	out, err := exec.Command(filepath.Join(bin, "deplock"), "check", "-f", "renovate/deps.lock.toml").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// asDeplock returns commands of the action as a shell runs them.
func asDeplock(commands string) []string {
	var lines []string
	for line := range strings.Lines(commands) {
		lines = append(lines, "deplock "+strings.TrimSpace(line))
	}
	return lines
}

// code returns what a file has of code: all of it, but of Markdown what is for a shell or
// in backquotes, and of YAML no comments.
func code(file, text string) string {
	switch filepath.Ext(file) {
	case ".yml":
		return regexp.MustCompile(`(?m)^ *#.*$`).ReplaceAllString(text, "")
	case ".md":
		return strings.Join(regexp.MustCompile("(?ms)^```\\w+\n.*?^```$|`[^`]+`").FindAllString(text, -1), "\n")
	}
	return text
}

// TestWorkflows holds the workflows to what their README says of them.
func TestWorkflows(t *testing.T) {
	var config struct{ GitIgnoredAuthors []string }
	readConfig(t, "renovate.json", &config)
	if !strings.Contains(text(t, "../action.yml"), "GIT_COMMITTER_EMAIL: "+config.GitIgnoredAuthors[0]+"\n") {
		t.Errorf("the action commits as another than Renovate ignores, %s", config.GitIgnoredAuthors[0])
	}
	pinned := regexp.MustCompile(`^ *- uses: (\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+|` + ours + `)\n$`)
	for file, writes := range map[string]int{"deps.yml": 1, "relock.yml": 1, "watch.yml": 2, "../../.github/workflows/ci.yml": 0} {
		workflow := text(t, filepath.Join("github-actions", file))
		if strings.Contains(workflow, "\t") || strings.Count(workflow, "\npermissions:") != 1 || strings.Count(workflow, ": write") != writes {
			t.Errorf("%s: want no tabs, permissions, and %d to write", file, writes)
		}
		for line := range strings.Lines(workflow) {
			if strings.Contains(line, "uses:") && !pinned.MatchString(line) {
				t.Errorf("%s: not pinned: %s", file, line)
			}
		}
		for _, asks := range []string{"deplock update", "deplock outdated", "deplock audit"} {
			before, _, ok := strings.Cut(workflow, asks)
			if _, env, _ := strings.Cut(before[max(0, strings.LastIndex(before, "- name:")):], "env:"); ok && !strings.Contains(env, "GITHUB_TOKEN: ${{ github.token }}") {
				t.Errorf("%s: %s is not given GITHUB_TOKEN", file, asks)
			}
		}
	}
}

// TestReleaseTag has the workflow of a release refuse tags that say more than a version, and
// take the notes of the version.
func TestReleaseTag(t *testing.T) {
	dir := t.TempDir()
	notes := filepath.Join(dir, "notes.md")
	run := func(tag string) error {
		changes := "# Changelog\n\n## " + strings.TrimPrefix(tag, "v") + "\n- this\n\n## 0.0.1\n- before\n"
		if err := os.WriteFile(filepath.Join(dir, "CHANGELOG.md"), []byte(changes), 0o666); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("bash", "-e", "-c", step(t, "../../.github/workflows/release.yml", "What is it, and what has changed?"))
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "TAG="+tag, "RUNNER_TEMP="+dir, "GITHUB_OUTPUT="+filepath.Join(dir, "output"))
		return cmd.Run()
	}
	for _, tag := range []string{"v1.2.3", "v10.2.3-rc.1"} {
		if err := run(tag); err != nil || !strings.HasSuffix(text(t, notes), "\n- this\n\n") {
			t.Errorf("%s: %v", tag, err)
		}
	}
	for _, tag := range []string{"v1.2.3$(touch${IFS}x)", "v1.2.3-'$(shell)'", "v1.2.3;x", "v1.2", "v1.2.3-"} {
		if run(tag) == nil {
			t.Errorf("%s makes a release", tag)
		}
	}
}

// step returns the script of a step of a workflow, which is a block of lines.
func step(t *testing.T, file, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text(t, filepath.Join("github-actions", file)), "- name: "+name+"\n")
	_, block, found := strings.Cut(rest, "run: |\n")
	if !ok || !found {
		t.Fatalf("%s has no step %q with a block of lines", file, name)
	}
	var script strings.Builder
	for line := range strings.Lines(block) {
		line, ok := strings.CutPrefix(line, strings.Repeat(" ", 10))
		if !ok {
			break
		}
		script.WriteString(line)
	}
	return script.String()
}

// programs builds depfetch and deplock, and returns the directory they are in.
func programs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir+string(os.PathSeparator), "depfetch/cmd/depfetch", "depfetch/cmd/deplock")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

func text(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
