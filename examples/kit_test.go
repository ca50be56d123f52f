//go:build e2e

package examples_test

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// kit is what all tests share: the programs, and one BuildKit. TestMain makes it.
var kit struct {
	dir      string // of everything below, and gone after the tests
	buildctl string
	buildx   string // what docker buildx runs
	depfetch string // a folder that holds the binary alone: the named context
	debian   string // a root file system that stands in for Debian's: a shell
	daemon   *daemon
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	fail := func(err error) int {
		fmt.Fprintf(os.Stderr, "examples: the end-to-end tests cannot run here:\n%v\n", err)
		return 1
	}
	if err := missing(); err != nil {
		return fail(err)
	}
	os.Setenv("DEPLOCK_BASES", "usual") // no registry is asked
	dir, err := os.MkdirTemp("", "depfetch-e2e-")
	if err != nil {
		return fail(err)
	}
	kit.dir = dir
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintf(os.Stderr, "examples: cleaning up: %v\n", err)
			code = 1
		}
	}()
	if err := makeKit(); err != nil {
		return fail(err)
	}
	defer kit.daemon.stop()

	// An interrupted run leaves no daemon and no gigabytes behind either.
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		kit.daemon.stop()
		os.RemoveAll(dir)
		os.Exit(1)
	}()
	return m.Run()
}

// missing names everything these tests need and the machine lacks. Nothing is
// skipped for the want of it: a test that did not run is not a test that passed.
func missing() error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("  - "+format, args...))
		}
	}
	need(os.Geteuid() == 0, "BuildKit needs root: run as root")
	bin := os.Getenv("DEPFETCH_BUILDKIT_BIN")
	need(bin != "", "DEPFETCH_BUILDKIT_BIN must be the folder of buildkitd and buildctl: run `make e2e`, which builds them")
	if bin != "" {
		for _, name := range []string{"buildkitd", "buildctl", "buildx", "act"} {
			_, err := exec.LookPath(filepath.Join(bin, name))
			need(err == nil, "no %s in DEPFETCH_BUILDKIT_BIN: run `make e2e`, which builds it (%v)", name, err)
		}
	}
	_, err := exec.LookPath("runc")
	need(err == nil, "no runc: apt-get install runc, or `depfetch fetch runc` with the lockfile at the top of the repository")
	_, err = exec.LookPath("docker-registry")
	need(err == nil, "no docker-registry: apt-get install docker-registry")
	_, err = exec.LookPath("apt-get")
	need(err == nil, "no apt-get: one test fetches a Debian package by the sum that apt knows")
	_, err = exec.LookPath("buildah")
	need(err == nil, "no buildah: apt-get install buildah")
	busybox, err := exec.LookPath("busybox")
	need(err == nil && static(busybox), "no static busybox: apt-get install busybox-static")
	return errors.Join(errs...)
}

// static reports whether the program runs with no libc beside it.
func static(program string) bool {
	f, err := elf.Open(program)
	if err != nil {
		return false
	}
	defer f.Close()
	return !slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

func makeKit() error {
	bin := os.Getenv("DEPFETCH_BUILDKIT_BIN")
	kit.buildctl = filepath.Join(bin, "buildctl")
	kit.buildx = filepath.Join(bin, "buildx")
	kit.depfetch = filepath.Join(kit.dir, "bin")
	kit.debian = filepath.Join(kit.dir, "debian")

	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w",
		"-o", filepath.Join(kit.depfetch, "depfetch"), "depfetch/cmd/depfetch")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building depfetch: %w\n%s", err, out)
	}
	if err := makeDebian(kit.debian); err != nil {
		return fmt.Errorf("making the stand-in for Debian: %w", err)
	}
	var err error
	kit.daemon, err = startDaemon(filepath.Join(bin, "buildkitd"), kit.dir)
	return err
}

// makeDebian fills dir with busybox under all of its names.
func makeDebian(dir string) error {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return err
	}
	names, err := exec.Command(busybox, "--list").Output()
	if err != nil {
		return err
	}
	for _, d := range []string{"bin", "etc", "tmp", "usr/local/bin"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	if err := copyFile(filepath.Join(dir, "bin/busybox"), busybox, 0o755); err != nil {
		return err
	}
	for _, name := range strings.Fields(string(names)) {
		err := os.Symlink("busybox", filepath.Join(dir, "bin", name))
		if err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "etc/debian_version"), []byte("a stand-in\n"), 0o644)
}

func copyFile(to, from string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
