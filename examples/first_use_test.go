//go:build e2e

package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFirstUse types into a copy of this repository what its pages say to those who have
// just come: make build, the demos, and what CONTRIBUTING tests with.
func TestFirstUse(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"Makefile", "go.mod", "go.sum", "README.md", ".ci", "cmd", "fetch", "lock", "examples", "testdata"} {
		if out, err := exec.Command("cp", "-a", filepath.Join("..", name), dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if err := os.Symlink(os.Getenv("DEPFETCH_BUILDKIT_BIN"), filepath.Join(dir, ".tools")); err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(read(t, "../README.md"), "\n## Install\n")
	_, block, _ := strings.Cut(section, "\n```sh\n")
	block, _, _ = strings.Cut(block, "\n```\n")
	for _, script := range []string{block, regexp.MustCompile(`(?m)^go test .*$`).FindString(read(t, "../CONTRIBUTING.md"))} {
		cmd := exec.Command("sh", "-ec", script)
		cmd.Dir, cmd.Env = dir, os.Environ()
		if out, err := cmd.CombinedOutput(); err != nil || script == "" {
			t.Errorf("%s\n%v\n%s", script, err, out)
		}
	}
	for _, name := range []string{"bin/depfetch", "bin/deplock", "bin/depfetch-frontend"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}
