package main

import (
	"os"
	"strings"
	"testing"
)

// TestPinToLockfile keeps the digests in the lockfile, which is started for them, and
// follows a tag that moves.
func TestPinToLockfile(t *testing.T) {
	config(t, "{}")
	testPinToLockfile(t, memory(t, ""))
}

// testPinToLockfile does so with the images of a registry.
func testPinToLockfile(t *testing.T, r images) {
	index, single := r.push(t, "tools/go:1.26", true), r.push(t, "debian:12", false)
	t.Chdir(t.TempDir())
	dockerfile := strings.ReplaceAll("FROM HOST/tools/go:1.26 AS build\nFROM HOST/debian:12\nFROM HOST/debian:12@"+single+"\nCOPY --from=HOST/none:1 /a /a\n", "HOST", r.host)
	if err := os.WriteFile("Dockerfile", []byte(dockerfile), 0o644); err != nil {
		t.Fatal(err)
	}
	holds := func(name, want string) {
		t.Helper()
		if got, err := os.ReadFile(name); err != nil || string(got) != strings.ReplaceAll(want, "HOST", r.host) {
			t.Errorf("%s holds\n%s\nwant\n%s%v", name, got, want, err)
		}
	}
	const start = freshLock + "\n# What Dockerfiles start from. deplock pin --to-lockfile keeps it, sorted.\n[images]\n"
	debian := `"HOST/debian:12" = { digest = "` + single + `" }` + "\n"
	line := func(digest string) string { return `"HOST/tools/go:1.26" = { digest = "` + digest + `" }` + "\n" }

	// What is not there fails, and the rest is pinned.
	code, stdout, stderr := deplock(t, "pin", "--to-lockfile")
	if code != 3 || !strings.Contains(stdout, "deps.lock.toml: "+r.host+"/debian:12 → "+single+"\n") ||
		!strings.Contains(stderr, "deplock: error: Dockerfile:4:13: "+r.host+"/none:1: the registry has no such image\n") {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
	holds("deps.lock.toml", start+debian+line(index))
	r.push(t, "none:1", false)
	if code, stdout, stderr = deplock(t, "pin", "--to-lockfile", "--dry-run"); code != 0 || !strings.Contains(stdout, `+"`+r.host+`/none:1" = `) {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
	holds("deps.lock.toml", start+debian+line(index))

	if err := os.WriteFile("Dockerfile", []byte(strings.ReplaceAll(dockerfile, "/none:1", "/debian:12")), 0o644); err != nil {
		t.Fatal(err)
	}
	moved := r.push(t, "tools/go:1.26", true)
	if code, stdout, stderr = deplock(t, "pin", "--to-lockfile"); code != 0 || stdout != "nothing to pin\n" {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr = deplock(t, "pin", "--to-lockfile", "--check", "--update")
	if code != 0 || stdout != "deps.lock.toml: "+r.host+"/tools/go:1.26 has moved on: pinned "+index+", now "+moved+"\n2 images, 0 without a line, 1 moved on\n" {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
	if code, stdout, stderr = deplock(t, "pin", "--to-lockfile", "--update"); code != 0 || !strings.Contains(stdout, index+" → "+moved) {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
	holds("deps.lock.toml", start+debian+line(moved))
	holds("Dockerfile", strings.ReplaceAll(dockerfile, "/none:1", "/debian:12"))
}
