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

// TestFrontendCheck has docker buildx build --check say what a build would refuse and what
// it would leave, at its line, beside what BuildKit finds, without a download.
func TestFrontendCheck(t *testing.T) {
	ref, deplock, layout, server := pushFrontend(t), buildProgram(t, "deplock"), makeBase(t), syncUpstream(t)
	text := strings.ReplaceAll("FROM debian:12\nMAINTAINER me\nRUN curl -fsSLo /one $U/t-1.0\nRUN /usr/bin/curl -fsSLo /two $U/t-2.0\n", "$U", server.URL)
	b := frontendBuild(t, deplock, ref, layout, text)
	check := func() (out string, code int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, kit.buildx, "build", "--builder", "check", "--check",
			"--build-context", "debian:12=oci-layout://"+layout+"@"+layoutDigest(t, layout), b.dir)
		cmd.Env = append(os.Environ(), "BUILDX_CONFIG="+filepath.Join(kit.dir, "buildx-check"))
		text, _ := cmd.CombinedOutput()
		return string(text), cmd.ProcessState.ExitCode()
	}
	cmd := exec.Command(kit.buildx, "create", "--name", "check", "--driver", "remote", kit.daemon.address)
	cmd.Env = append(os.Environ(), "BUILDX_CONFIG="+filepath.Join(kit.dir, "buildx-check"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server.Close() // a check downloads nothing
	out, code := check()
	for _, want := range []string{"MaintainerDeprecated", "WARNING: DepfetchLeft\n", "/usr/bin/curl is called by its path, past depfetch (call it as curl)"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if code != 1 || strings.Contains(out, "DepfetchNotPinned") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	dockerfile := filepath.Join(b.dir, "Dockerfile")
	write(t, dockerfile, read(t, dockerfile)+"RUN curl -fsSLO https://downloads.example/x\n")
	out, code = check()
	if code != 1 || !strings.Contains(out, "WARNING: DepfetchNotPinned\nDockerfile:6:5: https://downloads.example/x is not pinned (deplock sync)\n") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}
