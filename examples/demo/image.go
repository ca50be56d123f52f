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

// dockerfile is of an image with nothing but the pinned files. Its network is the
// host's, since the demo's server listens on loopback there.
const dockerfile = `FROM scratch
RUN --network=host \
    --mount=type=bind,from=depfetch,target=/depfetch \
    --mount=type=bind,source=deps.lock.toml,target=/deps.lock.toml \
    ["/depfetch/depfetch", "fetch", "--lock", "/deps.lock.toml"]
`

// buildImages builds the Dockerfile with what the machine has, from the right
// files and from swapped ones.
func buildImages(ctx context.Context, dir string, u *upstream) error {
	builder, stop, err := findBuilder(ctx, dir)
	if err != nil {
		return err
	}
	if builder == nil {
		fmt.Println("    left out: neither a Docker engine nor BuildKit is here (make e2e builds BuildKit; it needs root and runc)")
		return nil
	}
	defer stop()
	binary := filepath.Join(dir, "depfetch")
	if err := os.Mkdir(binary, 0o755); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/depfetch")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+runtime.GOARCH)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building depfetch for Linux: %w\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		return err
	}

	fmt.Print(indent(dockerfile))
	out, err := builder(dir, filepath.Join(dir, "rootfs"))
	if err != nil {
		return fmt.Errorf("building the image: %w\n%s", err, out)
	}
	fmt.Print(indent(stepLog(out)))
	fmt.Println("    the image holds:")
	err = filepath.WalkDir(filepath.Join(dir, "rootfs"), func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(filepath.Join(dir, "rootfs"), path)
			fmt.Println("      /" + rel)
		}
		return err
	})
	if err != nil {
		return err
	}

	say("And with the swapped file: the build fails, and no image comes out.")
	u.tampered.Store(true)
	out, err = builder(dir, filepath.Join(dir, "swapped"))
	if err == nil {
		return fmt.Errorf("the build of a swapped file succeeded\n%s", out)
	}
	fmt.Print(indent(stepLog(out)))
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

// findBuilder returns how to build an image here, or nil.
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
	if _, err := os.Stat(buildkitd); err != nil || os.Geteuid() != 0 {
		return nil, nil, nil
	}
	if _, err := exec.LookPath("runc"); err != nil {
		return nil, nil, nil
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
