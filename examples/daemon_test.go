//go:build e2e

package examples_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// daemon is a running buildkitd that shares nothing with any other on the
// machine: its own socket, state, configuration and environment.
type daemon struct {
	address string
	log     string // a file
	process *os.Process
	exited  chan struct{}
	once    sync.Once
}

// startDaemon starts buildkitd below dir and returns when it accepts builds.
func startDaemon(buildkitd, dir string) (*daemon, error) {
	path, err := trapEmulators(filepath.Join(dir, "emulators"))
	if err != nil {
		return nil, err
	}
	d := &daemon{
		address: "unix://" + filepath.Join(dir, "buildkit.sock"),
		log:     filepath.Join(dir, "buildkit.log"),
		exited:  make(chan struct{}),
	}
	log, err := os.Create(d.log)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(buildkitd,
		"--addr", d.address,
		"--root", filepath.Join(dir, "buildkit"),
		"--config", os.DevNull,
		"--otel-socket-path", filepath.Join(dir, "otel.sock"),
		"--cdi-disabled",
		"--containerd-worker=false",
		"--oci-worker-net=host") // a RUN reaches servers on 127.0.0.1
	cmd.Env = []string{"PATH=" + path, "HOME=" + dir, "TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true,            // Ctrl-C is for the tests: they end the daemon
		Pdeathsig: syscall.SIGTERM, // and so does the death of the tests
		// Mounts of its own go with it, however it ends.
		Unshareflags: syscall.CLONE_NEWNS,
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}

	started := make(chan error, 2) // one for the process, one for its readiness
	go func() {
		defer close(d.exited)
		defer log.Close()
		// Pdeathsig is sent when the thread that started the process ends.
		runtime.LockOSThread()
		err := cmd.Start()
		d.process = cmd.Process
		started <- err
		if err == nil {
			d.readLog(io.TeeReader(stderr, log), started)
			cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting buildkitd: %w", err)
	}
	select {
	case err = <-started:
	case <-time.After(time.Minute):
		err = fmt.Errorf("buildkitd was not ready within a minute")
	}
	if err != nil {
		d.stop()
		return nil, err
	}
	return d, nil
}

// readLog reads the log to its end and reports once to ready: nil when the daemon
// serves, or its log if it never did.
func (d *daemon) readLog(log io.Reader, ready chan<- error) {
	lines := bufio.NewReader(log)
	for {
		line, err := lines.ReadString('\n')
		if strings.Contains(line, "running server on") {
			ready <- nil
			io.Copy(io.Discard, lines)
			return
		}
		if err != nil {
			text, _ := os.ReadFile(d.log)
			ready <- fmt.Errorf("buildkitd ended early:\n%s", text)
			return
		}
	}
}

// obituary returns the log of a daemon that is gone, and nothing of a live one.
func (d *daemon) obituary() string {
	select {
	case <-d.exited:
		text, _ := os.ReadFile(d.log)
		return "buildkitd has ended; its log:\n" + string(text)
	default:
		return ""
	}
}

// stop ends the daemon and returns when it is gone.
func (d *daemon) stop() {
	d.once.Do(func() {
		d.process.Signal(syscall.SIGTERM)
		select {
		case <-d.exited:
		case <-time.After(30 * time.Second):
			d.process.Kill()
			<-d.exited
		}
	})
}

// trapEmulators returns a PATH on which every emulator that BuildKit knows is
// there and cannot start. A step that BuildKit takes for another platform's then
// fails, as it would where a real emulator is handed the build machine's binary:
// in the BuildKit images, which bring them. Without, it would quietly pass here.
func trapEmulators(dir string) (path string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, arch := range []string{"aarch64", "arm", "i386", "ppc64le", "riscv64", "s390x", "x86_64"} {
		if err := os.WriteFile(filepath.Join(dir, "buildkit-qemu-"+arch), nil, 0o755); err != nil {
			return "", err
		}
	}
	return dir + string(os.PathListSeparator) + os.Getenv("PATH"), nil
}
