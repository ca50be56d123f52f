//go:build e2e

package examples_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// native is the platform of the machine, the one that BuildKit builds for unless
// told otherwise.
var native = "linux/" + runtime.GOARCH

// build is one `docker buildx build`.
type build struct {
	dir       string            // the context, with its Dockerfile
	platforms []string          // none: the machine's own
	secrets   map[string]string // id → file
	args      map[string]string
	opts      []string // further key=value options of the Dockerfile frontend
	output    string   // further options of the exporter, ",key=value"
	flags     []string // of buildctl build
	noCache   bool
	bare      bool // no named contexts but those of flags
}

// result is what came of a build.
type result struct {
	log     string
	err     error  // nil when the build succeeded
	tarball string // an OCI image layout; absent or empty when it failed
}

// run builds b. The named contexts are those of the examples: "depfetch" is the
// folder with the binary, and Debian is a stand-in with a shell.
func (b build) run(t *testing.T) result {
	t.Helper()
	r := result{tarball: filepath.Join(t.TempDir(), "image.tar")}
	args := []string{"--addr", kit.daemon.address, "build", "--progress=plain",
		"--frontend", "dockerfile.v0",
		"--local", "context=" + b.dir, "--local", "dockerfile=" + b.dir,
		"--output", "type=oci,dest=" + r.tarball + b.output,
	}
	if !b.bare {
		args = append(args,
			"--local", "depfetch="+kit.depfetch, "--opt", "context:depfetch=local:depfetch",
			"--local", "debian="+kit.debian, "--opt", "context:debian:bookworm-slim=local:debian")
	}
	if len(b.platforms) > 0 {
		args = append(args, "--opt", "platform="+strings.Join(b.platforms, ","))
	}
	for id, file := range b.secrets {
		args = append(args, "--secret", "id="+id+",src="+file)
	}
	for key, value := range b.args {
		args = append(args, "--opt", "build-arg:"+key+"="+value)
	}
	for _, opt := range b.opts {
		args = append(args, "--opt", opt)
	}
	args = append(args, b.flags...)
	if b.noCache {
		args = append(args, "--no-cache")
	}

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, kit.buildctl, args...)
	// No registry credentials of this machine's user: nothing here is pulled.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + kit.dir, "DOCKER_CONFIG=" + kit.dir}
	out, err := cmd.CombinedOutput()
	r.log, r.err = string(out)+kit.daemon.obituary(), err
	return r
}

// images fails the test if the build failed, and returns the image of each platform.
func (r result) images(t *testing.T) map[string]image {
	t.Helper()
	if r.err != nil {
		t.Fatalf("the build failed: %v\n%s", r.err, r.log)
	}
	return readImages(t, readBlobs(t, r.tarball))
}

// image is images for a build of the machine's own platform.
func (r result) image(t *testing.T) image {
	t.Helper()
	all := r.images(t)
	im, ok := all[native]
	if !ok || len(all) != 1 {
		t.Fatalf("want one image, for %s; got %d\n%s", native, len(all), r.log)
	}
	return im
}

// refused fails the test unless the build failed with the exit code of depfetch
// and the words in its log, and left no image.
func (r result) refused(t *testing.T, code string, words ...string) {
	t.Helper()
	if r.err == nil {
		t.Fatalf("the build succeeded; it should have been refused\n%s", r.log)
	}
	for _, want := range append(words, "did not complete successfully: exit code: "+code) {
		if !strings.Contains(r.log, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	if info, err := os.Stat(r.tarball); err == nil && info.Size() > 0 {
		t.Errorf("an image of %d bytes came out", info.Size())
	}
	if t.Failed() {
		t.Logf("the log:\n%s", r.log)
	}
}

// stage copies an example into a folder of the test's own, with another lockfile
// in the place of its own. The Dockerfile stays as it is.
func stage(t *testing.T, example, lockfile string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(example)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "deps.lock.toml"), lockfile)
	return dir
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
