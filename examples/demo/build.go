package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// dockerfile returns a Dockerfile that needs no other image. Its RUN has the form without
// a shell, since there is none, and the host's network, where the demo's server listens.
func (u *upstream) dockerfile() string {
	return `FROM scratch
RUN --network=host ["curl", "-fsSLo", "/tool", "` + u.URL + `/tool-1.2.3-x86_64"]
`
}

// build has a Dockerfile taken over, and builds it from the right file and from a swapped
// one.
func (d *demo) build(u *upstream) error {
	builder, stop, err := findBuilder(d.ctx, d.dir)
	if err != nil {
		return err
	}
	defer stop()
	binary := filepath.Join(d.dir, "depfetch")
	if err := os.Mkdir(binary, 0o755); err != nil {
		return err
	}
	compile := exec.CommandContext(d.ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/depfetch")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+runtime.GOARCH)
	if out, err := compile.CombinedOutput(); err != nil {
		return fmt.Errorf("building depfetch for Linux: %w\n%s", err, out)
	}

	say("A Dockerfile that downloads a file, in an image of nothing else.")
	d.write("Dockerfile", u.dockerfile())
	d.run(0, "deplock", "sync", "--allow-http")
	d.show("Dockerfile")
	if d.err != nil {
		return d.err
	}
	say("It is built, with depfetch as its curl.")
	rootfs := filepath.Join(d.dir, "rootfs")
	out, err := builder(d.dir, rootfs)
	if err != nil {
		return fmt.Errorf("building the image: %w\n%s", err, out)
	}
	fmt.Print(indent(stepLog(out)))
	got, err := os.ReadFile(filepath.Join(rootfs, "tool"))
	if err != nil || string(got) != string(files["/tool-1.2.3-x86_64"]) {
		return fmt.Errorf("/tool of the image is not what was locked: %v", err)
	}
	fmt.Println("    /tool of the image is what was locked")

	say("Upstream swaps a byte: the build fails, and no image comes out.")
	u.tampered.Store(true)
	out, err = builder(d.dir, filepath.Join(d.dir, "swapped"))
	if err == nil || !strings.Contains(out, "wrong bytes") {
		return fmt.Errorf("the build of a swapped file did not fail as it should\n%s", out)
	}
	fmt.Print(indent(stepLog(out)))
	if _, err := os.Stat(filepath.Join(d.dir, "swapped", "tool")); err == nil {
		return fmt.Errorf("the swapped file is in an image")
	}
	return nil
}

// stepLog returns what depfetch said in a build's log. Behind the dashes, the log
// of a step that failed is repeated.
func stepLog(log string) string {
	log, _, _ = strings.Cut(log, "\n------\n")
	var lines []string
	for line := range strings.Lines(log) {
		_, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		if stamp, rest, ok := strings.Cut(text, " "); ok && strings.Trim(stamp, "0123456789.") == "" {
			lines = append(lines, rest)
		}
	}
	return strings.Join(lines, "\n")
}

// builder builds the context dir, exports the image's files to dest, and returns
// the log.
type builder func(dir, dest string) (log string, err error)

// findBuilder returns how to build an image here.
func findBuilder(ctx context.Context, dir string) (b builder, stop func(), err error) {
	if exec.CommandContext(ctx, "docker", "info").Run() == nil && exec.CommandContext(ctx, "docker", "buildx", "version").Run() == nil {
		return func(dir, dest string) (string, error) {
			out, err := exec.CommandContext(ctx, "docker", "buildx", "build", "--progress=plain", "--no-cache", "--network=host",
				"--allow=network.host", "--build-context", "depfetch="+filepath.Join(dir, "depfetch"),
				"--output", "type=local,dest="+dest, dir).CombinedOutput()
			return string(out), err
		}, func() {}, nil
	}
	buildkitd, _ := filepath.Abs(".tools/buildkitd")
	buildctl, _ := filepath.Abs(".tools/buildctl")
	if _, err := os.Stat(buildkitd); err != nil {
		return nil, nil, fmt.Errorf("neither a Docker engine nor BuildKit is here; make demo-build brings BuildKit")
	}
	if os.Geteuid() != 0 {
		return nil, nil, fmt.Errorf("without a Docker engine, BuildKit builds here, which wants root: sudo make demo-build")
	}
	if _, err := exec.LookPath("runc"); err != nil {
		return nil, nil, fmt.Errorf("without a Docker engine, BuildKit builds here, which wants runc: on Debian, apt-get install runc")
	}
	address := "unix://" + filepath.Join(dir, "buildkit.sock")
	daemon := exec.Command(buildkitd, "--addr", address, "--root", filepath.Join(dir, "buildkit"), "--config", os.DevNull,
		"--otel-socket-path", filepath.Join(dir, "otel.sock"), "--oci-worker-net=host", "--allow-insecure-entitlement=network.host",
		"--containerd-worker=false")
	if err := daemon.Start(); err != nil {
		return nil, nil, err
	}
	stop = func() {
		daemon.Process.Signal(os.Interrupt)
		daemon.Wait()
	}
	for range 100 {
		if exec.CommandContext(ctx, buildctl, "--addr", address, "debug", "workers").Run() == nil {
			return func(dir, dest string) (string, error) {
				out, err := exec.CommandContext(ctx, buildctl, "--addr", address, "build", "--progress=plain", "--no-cache",
					"--frontend", "dockerfile.v0", "--local", "context="+dir, "--local", "dockerfile="+dir,
					"--local", "depfetch="+filepath.Join(dir, "depfetch"), "--opt", "context:depfetch=local:depfetch",
					"--allow", "network.host", "--output", "type=local,dest="+dest).CombinedOutput()
				return string(out), err
			}, stop, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	return nil, nil, fmt.Errorf("buildkitd did not start")
}
