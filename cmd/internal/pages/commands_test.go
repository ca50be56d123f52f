package pages

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// elsewhere are the commands of pages that no script of testdata/script runs: what runs
// them in its place, a test by its file and name, or why nothing can.
var elsewhere = []struct{ pages, command, test, reason string }{
	{"README.md", "make", "examples/first_use_test.go TestFirstUse", ""},
	{"README.md", "deplock sync", "examples/readme_test.go TestReadmeSync", ""},
	{"README.md", "docker buildx build", "examples/readme_test.go TestReadmeSync", ""},
	{"README.md", "git", "examples/readme_test.go TestReadmeSync", ""},
	{"cmd/deplock/README.md", "deplock record -- docker", "examples/record_test.go TestRecordBuild", ""},
	{"fetch/source/README.md", "", "cmd/deplock/readme_test.go TestReadmeCompany", ""},
	{"lock/mirror/README.md", "", "cmd/deplock/readme_test.go TestReadmeCompany", ""},
	{"examples/README.md", "make build", "examples/first_use_test.go TestFirstUse", ""},
	{"examples/*/README.md", "make build", "examples/first_use_test.go TestFirstUse", ""},
	{"examples/README.md", "docker buildx build", "examples/readme_test.go TestReadmes", ""},
	{"examples/*/README.md", "docker buildx build", "examples/readme_test.go TestReadmes", ""},
	{"examples/*/README.md", "docker run", "", "it wants a Docker engine; TestReadmes looks into the image"},
	{"examples/bake/README.md", "docker buildx bake", "examples/bake_build_test.go TestBake", ""},
	{"examples/bake/README.md", "deplock export --format dockerfile", "examples/bake_test.go TestBakeStages", ""},
	{"examples/github-actions/README.md", "sed -i", "examples/action_run_test.go TestActionRuns", ""},
	{"examples/ci/README.md", "", "examples/action_run_test.go TestScriptRuns", ""},
	{"examples/devcontainer/README.md", "cp", "examples/devcontainer_test.go TestFeature", ""},
	{"examples/devcontainer/README.md", "devcontainer", "", "it wants a Docker engine; TestFeature runs the script that it runs"},
	{"cmd/internal/release/README.md", "make release", "cmd/internal/release/release_e2e_test.go TestRelease", ""},
	{"cmd/internal/release/README.md", "make push", "examples/pushed_test.go TestPushed", ""},
	{"examples/frontend/README.md", "make image", "examples/pushed_test.go TestPushed", ""},
	{"examples/frontend/README.md", "make push", "examples/pushed_test.go TestPushed", ""},
	{"cmd/internal/release/README.md", "cosign verify-blob", "", "nothing has been signed yet"},
	{"cmd/internal/release/README.md", "sha256sum", "cmd/internal/release/release_e2e_test.go TestRelease", ""},
	{"CONTRIBUTING.md", "make build", "examples/first_use_test.go TestFirstUse", ""},
	{"CONTRIBUTING.md", "make demo", "examples/first_use_test.go TestFirstUse", ""},
	{"CONTRIBUTING.md", "make test", "", "it would run itself"},
	{"CONTRIBUTING.md", "go test", "examples/first_use_test.go TestFirstUse", ""},
}

// TestCommands holds that every command that a page tells people to run is run by a test,
// or that there is a reason why it is not.
func TestCommands(t *testing.T) {
	all := read(t)
	run := map[string]map[int]bool{} // lines of commands, by page
	mark := func(name string, c Command) {
		if run[name] == nil {
			run[name] = map[int]bool{}
		}
		run[name][c.Line] = true
	}

	scripts, err := filepath.Glob(filepath.Join(root, "testdata", "script", "page_*.txtar"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^(?:! )?page (\S+) '(.*)'$`).FindAllStringSubmatch(string(text), -1) {
			found := all[m[1]].Find(strings.ReplaceAll(m[2], "''", "'"))
			if len(found) != 1 {
				t.Errorf("%s: %s has %d commands that begin with %q", filepath.Base(script), m[1], len(found), m[2])
				continue
			}
			mark(m[1], found[0])
		}
	}

	for _, e := range elsewhere {
		if (e.test == "") == (e.reason == "") {
			t.Errorf("%s: %s: a test or a reason is wanted, and not both", e.pages, e.command)
		}
		if file, name, _ := strings.Cut(e.test, " "); e.test != "" {
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), "\nfunc "+name+"(t *testing.T) {") {
				t.Errorf("%s has no %s", file, name)
			}
		}
		used := false
		for name, page := range all {
			if ok, err := path.Match(e.pages, name); err != nil || !ok {
				continue
			}
			for _, c := range page.Commands() {
				if e.command == "" || c.Text == e.command || strings.HasPrefix(c.Text, e.command+" ") {
					used = true
					mark(name, c)
				}
			}
		}
		if !used {
			t.Errorf("no page %s has a command that begins with %q", e.pages, e.command)
		}
	}

	for name, page := range all {
		for _, c := range page.Commands() {
			if !run[name][c.Line] {
				t.Errorf("%s:%d: no test runs %s", name, c.Line, c.Text)
			}
		}
	}
}

// TestOptions holds that the options are there of which pages speak within a line: each
// piece of code there that begins with deplock or depfetch is understood by it.
func TestOptions(t *testing.T) {
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "../../deplock", "../../depfetch")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	helps := map[string]string{}
	help := func(t *testing.T, words []string) string {
		key := strings.Join(words, " ")
		if _, ok := helps[key]; !ok {
			out, err := exec.Command(filepath.Join(bin, words[0]), slices.Concat(words[1:], []string{"--help"})...).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", key, err, out)
			}
			helps[key] = string(out)
		}
		return helps[key]
	}
	tried := map[string]bool{}
	option := regexp.MustCompile(`^--?[a-z][a-z-]*`)
	for name, page := range read(t) {
		if name == "CHANGELOG.md" { // which speaks of what was
			continue
		}
		for _, span := range page.Spans() {
			words := strings.Fields(span)
			if len(words) < 2 || words[0] != "deplock" && words[0] != "depfetch" || strings.HasSuffix(words[1], ":") || tried[span] {
				continue
			}
			if words[1] == "curl" || words[1] == "wget" {
				continue // whose options are the real programs'
			}
			tried[span] = true
			if i := slices.Index(words, "--"); i > 0 {
				words = words[:i]
			}
			command := words[:1]
			if words[1][0] != '-' && words[1] != "COMMAND" {
				command = words[:2]
				if slices.Contains([]string{"cache", "catalogue", "mirror", "trust"}, words[1]) && len(words) > 2 {
					command = words[:3]
				}
			}
			text := help(t, command)
			if len(command) > 1 && !strings.Contains(text, strings.Join(command, " ")) {
				t.Errorf("%s: %s: there is no %s", name, span, strings.Join(command, " "))
			}
			for _, word := range words[len(command):] {
				if o := option.FindString(word); o != "" && o != "--help" && !regexp.MustCompile(`(^|\s)`+o+`\b`).MatchString(text) {
					t.Errorf("%s: %s: there is no %s", name, span, o)
				}
			}
		}
	}
	if len(tried) < 40 {
		t.Errorf("only %d pieces of code", len(tried))
	}
}
