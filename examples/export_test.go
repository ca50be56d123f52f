//go:build e2e

package examples_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// deplock runs deplock in a folder and returns what it prints.
func deplock(t *testing.T, dir string, args ...string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "deplock")
	if out, err := exec.Command("go", "build", "-o", bin, "depfetch/cmd/deplock").CombinedOutput(); err != nil {
		t.Fatalf("building deplock: %v\n%s", err, out)
	}
	cmd := exec.Command(bin, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("deplock %q: %v", args, err)
	}
	return string(out)
}

// TestExportAdd builds the ADD lines that deplock prints: what they fetch is what
// depfetch would have placed.
func TestExportAdd(t *testing.T) {
	u := newUpstream(t)
	lockfile := u.lockfile(t, "scratch")
	dir := stage(t, "scratch", lockfile)
	write(t, filepath.Join(dir, "Dockerfile"), "FROM scratch\n"+deplock(t, dir, "export", "--format", "add", "--platform", native))
	build{dir: dir, noCache: true}.run(t).image(t).filled(t, pinned(t, lockfile, native))
}

// TestExportPolicy builds a Dockerfile that checks nothing under the source
// policy that deplock prints: the right bytes pass, and swapped ones do not.
func TestExportPolicy(t *testing.T) {
	for _, swapped := range []bool{false, true} {
		u := newUpstream(t) // its own, for BuildKit keeps what has the right digest
		lockfile := u.lockfile(t, "scratch")
		url := pinned(t, lockfile, native)[0].URL
		dir := stage(t, "scratch", lockfile)
		write(t, filepath.Join(dir, "Dockerfile"), "FROM scratch\nADD "+url+" /file\n")
		policy := filepath.Join(t.TempDir(), "policy.json")
		write(t, policy, deplock(t, dir, "export", "--format", "buildx-policy"))
		if swapped {
			u.swapByte(t, url)
		}
		r := build{dir: dir, noCache: true, flags: []string{"--source-policy-file", policy}}.run(t)
		if !swapped {
			if _, ok := r.image(t).files["file"]; !ok {
				t.Error("the image lacks the file")
			}
		} else if r.err == nil || !strings.Contains(r.log, "digest mismatch") {
			t.Errorf("a swapped file passed the policy: %v\n%s", r.err, r.log)
		}
	}
}
