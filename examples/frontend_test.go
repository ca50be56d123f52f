//go:build e2e

package examples_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	gosync "sync"
	"testing"
	"time"
)

// frontendPrograms are the programs of the frontend's image: for this machine, and
// depfetch alone for others that a stage may be of.
var frontendPrograms = gosync.OnceValues(func() (dir string, err error) {
	dir = filepath.Join(kit.dir, "frontend")
	make := func(arch, program string) (file string, err error) {
		file = filepath.Join(dir, program+"-linux-"+arch)
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, "depfetch/cmd/"+program)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
		if out, err := cmd.CombinedOutput(); err != nil {
			return file, fmt.Errorf("%w\n%s", err, out)
		}
		return file, nil
	}
	own, err := make(runtime.GOARCH, "depfetch-frontend")
	for _, arch := range []string{"amd64", "arm64", "386"} {
		if err == nil {
			_, err = make(arch, "depfetch")
		}
		if other := filepath.Join(dir, "depfetch-frontend-linux-"+arch); err == nil && other != own {
			err = os.WriteFile(other, []byte("it is not run here"), 0o755)
		}
	}
	return dir, err
})

// layouts are the images of depfetch and the frontend, as make image makes them.
var layouts = gosync.OnceValues(func() (dir string, err error) {
	programs, err := frontendPrograms()
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "run", "depfetch/cmd/internal/release", "image", "-dir", programs, "-version", "1.2.3").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return filepath.Join(programs, "images"), nil
})

// pushImages pushes the images to a registry on loopback as make push does, and returns
// their references.
func pushImages(t *testing.T) (depfetch, frontend string) {
	t.Helper()
	images, err := layouts()
	if err != nil {
		t.Fatal(err)
	}
	host := startRegistry(t)
	out, err := exec.Command("go", "run", "depfetch/cmd/internal/release", "push", "-dir", filepath.Dir(images), "-registry", host).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	refs := regexp.MustCompile(`(?m)^\S+@sha256:[0-9a-f]{64}$`).FindAllString(string(out), -1)
	if len(refs) != 2 {
		t.Fatalf("push has printed %q", out)
	}
	return refs[0], refs[1]
}

// pushFrontend pushes the image of the frontend to a registry on loopback, and returns its
// reference.
func pushFrontend(t *testing.T) (ref string) {
	t.Helper()
	_, ref = pushImages(t)
	return ref
}

// frontendIn has a Dockerfile with a syntax line built by the frontend of these tests.
func frontendIn(t *testing.T, dir string) {
	t.Helper()
	name := filepath.Join(dir, "Dockerfile")
	if rest, ok := strings.CutPrefix(read(t, name), "# syntax=registry.example.com/tools/depfetch-frontend:0.1.0-dev\n"); ok {
		write(t, name, "# syntax="+pushFrontend(t)+"\n"+rest)
	}
}

// startRegistry starts Debian's docker-registry on loopback, and returns its host.
func startRegistry(t *testing.T) (host string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host = l.Addr().String()
	l.Close() // the port is free a moment before the registry takes it
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yml")
	write(t, config, fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: %q}\n", filepath.Join(dir, "data"), host))
	cmd := exec.Command("docker-registry", "serve", config)
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: apt-get install docker-registry", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 600 {
		if answer, err := http.Get("http://" + host + "/v2/"); err == nil {
			answer.Body.Close()
			return host
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("docker-registry does not answer")
	return ""
}

// frontendBuild returns a build of a Dockerfile by the frontend, with a lockfile of what
// it asks for.
func frontendBuild(t *testing.T, deplock, ref, layout, text string) build {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), "# syntax="+ref+"\n"+text)
	write(t, filepath.Join(dir, "context.txt"), "of the context\n")
	synced(t, deplock, dir, "--no-edit")
	return build{dir: dir, bare: true, flags: onBase(t, layout)}
}
