//go:build e2e

package examples_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBake builds the example by the real docker buildx, as its README says, after
// deplock has written the stages for the test's own addresses.
func TestBake(t *testing.T) {
	u := newUpstream(t)
	lockfile := u.lockfile(t, "bake")
	dir := stage(t, "bake", lockfile)
	write(t, filepath.Join(dir, "deps.Dockerfile"), deplock(t, dir, "export", "--format", "dockerfile"))

	text := read(t, "bake/README.md")
	_, line, ok := strings.Cut(text, "\ndocker buildx ")
	line, _, _ = strings.Cut(line, "\n")
	if !ok {
		t.Fatal("bake/README.md has no command of docker buildx")
	}
	out := filepath.Join(t.TempDir(), "image.tar")
	buildx := func(args ...string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, kit.buildx, args...)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + kit.dir, "DOCKER_CONFIG=" + kit.dir, "BUILDX_BUILDER=e2e"}
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("buildx %q: %v\n%s", args, err, text)
		}
	}
	buildx("create", "--name", "e2e", "--driver", "remote", kit.daemon.address)
	buildx(append(strings.Fields(line), "--set", "default.output=type=oci,dest="+out, "--allow", "fs.write="+filepath.Dir(out))...)

	images := readImages(t, readBlobs(t, out))
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		im, ok := images[platform]
		if !ok {
			t.Fatalf("no image for %s", platform)
		}
		im.filled(t, pinned(t, lockfile, platform))
	}
	for path, n := range u.served() {
		if n != 1 {
			t.Errorf("%s was downloaded %d times", path, n)
		}
	}
}
