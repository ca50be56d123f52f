//go:build e2e

package schema

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// node returns a command of Node.js with the packages of taplo.
func node(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	modules := os.Getenv("DEPFETCH_TAPLO_NPM")
	if modules == "" {
		t.Fatal("DEPFETCH_TAPLO_NPM must be the node_modules folder with taplo: run `make e2e`, which installs it")
	}
	cmd := exec.Command("node", args...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	return cmd
}

// lint returns the names of the files that taplo finds something wrong with, and what.
func lint(t *testing.T, files []string) map[string]string {
	t.Helper()
	schema, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	taplo := filepath.Join(os.Getenv("DEPFETCH_TAPLO_NPM"), "@taplo", "cli", "dist", "cli.js")
	cmd := node(t, append([]string{taplo, "lint", "--colors", "never", "--schema", "file://" + schema}, files...)...)
	out, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	faults := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^ERROR taplo:lint_files: invalid file error=(.*) path="(.*)"$`).FindAllSubmatch(out, -1) {
		faults[filepath.Base(string(m[2]))] = string(m[1])
	}
	if !bytes.Contains(out, []byte("schema validation failed")) && !bytes.Contains(out, []byte("found files")) {
		t.Fatalf("taplo did not run: %s", out)
	}
	return faults
}

// glob returns files, of which there is one at least.
func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	return files
}

// TestTaploGood holds that taplo accepts every valid lockfile there is. It reads TOML 1.0:
// two are in a layout that only 1.1 has, or begin with a byte order mark; they are written
// anew for it.
func TestTaploGood(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../testdata/lock/good/*.toml", "../../deps.lock.toml", "../../examples/*/deps.lock.toml"} {
		files = append(files, glob(t, pattern)...)
	}
	dir := t.TempDir()
	var old []string
	for i, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if base := filepath.Base(name); base == "basic-crlf.toml" || base == "basic-inline.toml" {
			var data map[string]any
			if _, err := toml.Decode(strings.TrimPrefix(string(text), "\ufeff"), &data); err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := toml.NewEncoder(&b).Encode(data); err != nil {
				t.Fatal(err)
			}
			old = append(old, base)
			text = b.Bytes()
		}
		files[i] = filepath.Join(dir, strconv.Itoa(i)+"-"+filepath.Base(name))
		if err := os.WriteFile(files[i], text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if len(old) != 2 {
		t.Errorf("written anew are %q", old)
	}
	if faults := lint(t, files); len(faults) > 0 {
		t.Errorf("taplo refuses %q", faults)
	}
}

// beyond are the bad lockfiles of testdata with faults that no schema can find: whether
// templates expand, what two lines or dependencies do to each other, what policy forbids.
var beyond = []string{
	"expansion.toml", "images-policy.toml", "paths-shared.toml", "policy-violated.toml",
	"signatures-policy.toml", "stale.toml", "urls-policy.toml",
}

// TestTaploBad holds that taplo refuses all other bad lockfiles: those that are no TOML by
// itself, the others by the schema.
func TestTaploBad(t *testing.T) {
	files := glob(t, "../../testdata/lock/bad/*.toml")
	faults := lint(t, files)
	var missed []string
	for _, name := range files {
		base := filepath.Base(name)
		fault, ok := faults[base]
		if !ok {
			missed = append(missed, base)
			continue
		}
		// Nesting is a matter of the parser's, which the keys in it are not.
		if syntax := strings.HasPrefix(base, "syntax") && !strings.HasPrefix(base, "syntax-deep"); syntax == (fault == "schema validation failed") {
			t.Errorf("%s: %s", base, fault)
		}
	}
	if !slices.Equal(missed, beyond) {
		t.Errorf("taplo accepts %q; want %q", missed, beyond)
	}
}

// TestLanguageServer asks the language server that editors have for TOML what it shows of a
// key, and which keys and values it offers.
func TestLanguageServer(t *testing.T) {
	schema, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, hover, offered string }{
		{"[deps.helm]\nurl = \"https://example.com/a\"\nmo|de = \"0755\"", `The mode of the file, as "0755". Default "0644".`, ""},
		{"[deps.helm]\nurl = \"https://example.com/a\"\n|", "", "member"},
		{"[deps.helm]\nunpack = { | }", "", "strip"},
		{"[deps.helm]\nsignature = { | }", "", "minisign"},
		{"[deps.helm.locked]\nany = { | }", "", "sha256"},
		{"[policy]\ntrust = \"|\"", "", `"published"`},
		{"[urls]\n\"https://example.com/a\" = { unpin|ned = \"it moves\" }", "In the place of all others: why the address is not pinned.", ""},
		{"|", "", "catalogue"},
	} {
		dir := t.TempDir()
		name := filepath.Join(dir, "deps.lock.toml")
		before, after, _ := strings.Cut("#:schema ./deps.lock.schema.json\nversion = 1\n"+c.text, "|")
		if err := os.WriteFile(name, []byte(before+after+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "deps.lock.schema.json"), schema, 0o644); err != nil {
			t.Fatal(err)
		}
		line, column := strings.Count(before, "\n"), len(before)-strings.LastIndex(before, "\n")-1
		out, err := node(t, "testdata/language-server.cjs", name, strconv.Itoa(line), strconv.Itoa(column)).CombinedOutput()
		var shown struct {
			Hover   string
			Offered []string
		}
		if err == nil {
			err = json.Unmarshal(out, &shown)
		}
		if err != nil {
			t.Errorf("%q: %v: %s", c.text, err, out)
			continue
		}
		if c.hover != "" && shown.Hover != c.hover || c.offered != "" && !slices.Contains(shown.Offered, c.offered) {
			t.Errorf("%q: shown is %q, offered %q; want %q and %s", c.text, shown.Hover, shown.Offered, c.hover, c.offered)
		}
	}
}
