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

// TestPushed builds with the image of depfetch by each line that tells a build where it is:
// a stage that is the image, the image in each mount, and a named context that is the
// image, in a registry or as make image has left it.
func TestPushed(t *testing.T) {
	ref, _ := pushImages(t)
	images, err := layouts()
	if err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(images, "depfetch")
	deplock, server, base := buildProgram(t, "deplock"), syncUpstream(t), makeBase(t)
	for name, test := range map[string]struct{ first, from, context string }{
		"stage":    {first: "FROM " + ref + " AS depfetch\n"},
		"mounts":   {from: ref},
		"registry": {context: "docker-image://" + ref},
		"layout":   {context: "oci-layout://depfetch@" + layoutDigest(t, image)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			dockerfile := filepath.Join(dir, "Dockerfile")
			write(t, dockerfile, test.first+strings.ReplaceAll("FROM debian:12\nRUN curl -fsSLo /one $U/t-1.0 && wget -qO /two $U/t-2.0\n", "$U", server.URL))
			args, flags := []string{}, onBase(t, base)
			if test.from != "" {
				args = append(args, "--from", test.from)
			}
			if test.context != "" {
				flags = append(flags, "--oci-layout", "depfetch="+image, "--opt", "context:depfetch="+test.context)
			}
			synced(t, deplock, dir, args...)
			if !strings.Contains(read(t, dockerfile), "--mount=") {
				t.Fatalf("not adopted:\n%s", read(t, dockerfile))
			}
			im := build{dir: dir, bare: true, flags: flags}.run(t).image(t)
			for name, path := range map[string]string{"one": "/t-1.0", "two": "/t-2.0"} {
				if sumOf(im.files[name].body) != bodySum(t, server.URL+path) {
					t.Errorf("/%s is not what was pinned", name)
				}
			}
		})
	}
}

// TestPushedPlatforms takes depfetch and its shims out of the image for two platforms, and
// mounts a shim by its own name.
func TestPushedPlatforms(t *testing.T) {
	ref, _ := pushImages(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), "FROM scratch\nCOPY --from="+ref+" /depfetch /curl /wget /\n")
	images := build{dir: dir, bare: true, platforms: []string{"linux/amd64", "linux/arm64"}}.run(t).images(t)
	for p, machine := range map[string]byte{"linux/amd64": 62, "linux/arm64": 183} {
		for _, name := range []string{"depfetch", "curl", "wget"} {
			if body := images[p].files[name].body; len(body) < 20 || body[machineAt] != machine {
				t.Errorf("%s: /%s has %d bytes and is no program for it", p, name, len(body))
			}
		}
	}

	write(t, filepath.Join(dir, "Dockerfile"), "FROM debian:12\nRUN --mount=type=bind,from="+ref+",source=wget,target=/usr/bin/wget wget --version > /version\n")
	if got := string(build{dir: dir, bare: true, flags: onBase(t, makeBase(t))}.run(t).image(t).files["version"].body); !strings.Contains(got, "depfetch") {
		t.Errorf("wget says that it is %q", got)
	}
}

// TestPushedBuildx has the real docker buildx build by the lines that make image and make
// push print, and by the shorter ones of the README.
func TestPushedBuildx(t *testing.T) {
	ref, _ := pushImages(t)
	images, err := layouts()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), "FROM scratch\nCOPY --from=depfetch /depfetch /curl /\n")
	if err := os.MkdirAll(filepath.Join(dir, "dist"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "dist/images"), os.DirFS(images)); err != nil {
		t.Fatal(err)
	}
	digest := layoutDigest(t, filepath.Join(images, "depfetch"))
	buildx := func(args ...string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, kit.buildx, args...)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + kit.dir, "DOCKER_CONFIG=" + kit.dir, "BUILDX_BUILDER=pushed"}
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("buildx %q: %v\n%s", args, err, text)
		}
	}
	buildx("create", "--name", "pushed", "--driver", "remote", kit.daemon.address)
	for _, from := range []string{"oci-layout://dist/images/depfetch", "oci-layout://dist/images/depfetch@" + digest, "docker-image://" + ref} {
		out := filepath.Join(t.TempDir(), "image.tar")
		buildx("build", "--build-context", "depfetch="+from, "--platform", "linux/amd64,linux/arm64", "--output", "type=oci,dest="+out, ".")
		images := readImages(t, readBlobs(t, out))
		for p, machine := range map[string]byte{"linux/amd64": 62, "linux/arm64": 183} {
			if body := images[p].files["curl"].body; len(body) < 20 || body[machineAt] != machine {
				t.Errorf("%s, for %s: /curl has %d bytes and is no program for it", from, p, len(body))
			}
		}
	}
}
