//go:build e2e

package examples_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"depfetch/fetch/fetchtest"
)

// deplockIn runs deplock in a folder and returns what it says and its exit code.
func deplockIn(t *testing.T, deplock, dir string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command(deplock, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEPLOCK_BASES=usual")
	text, err := cmd.CombinedOutput()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// synced runs deplock sync, which has to succeed.
func synced(t *testing.T, deplock, dir string, args ...string) {
	t.Helper()
	out, code := deplockIn(t, deplock, dir, append([]string{"sync", "--allow-http", "--retries", "0"}, args...)...)
	if code != 0 {
		t.Fatalf("deplock sync %s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
}

// onBase are the flags of a build whose debian:12 is an image of makeBase.
func onBase(t *testing.T, layout string) []string {
	t.Helper()
	return []string{"--oci-layout", "base=" + layout, "--opt", "context:debian:12=oci-layout://base@" + layoutDigest(t, layout)}
}

// makePrograms builds depfetch for platforms as make dist names it.
func makePrograms(t *testing.T, architectures ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, arch := range architectures {
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "depfetch-linux-"+arch), "depfetch/cmd/depfetch")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return dir
}

// makeLayout builds a Dockerfile for platforms and returns the image as a folder.
func makeLayout(t *testing.T, b build) (layout string) {
	t.Helper()
	b.output = ",tar=true"
	r := b.run(t)
	if r.err != nil {
		t.Fatalf("%v\n%s", r.err, r.log)
	}
	layout = filepath.Join(t.TempDir(), "layout")
	if err := os.MkdirAll(layout, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("tar", "-xf", r.tarball, "-C", layout).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return layout
}

// The byte of an ELF header that says for which machine a program is.
const machineAt = 18

const platformsDockerfile = `FROM --platform=$BUILDPLATFORM debian:12 AS fetch
ARG TARGETARCH
RUN curl -fsSLo /tool "$U/$TARGETARCH/t-1.0" && head -c 20 "$(command -v curl)" > /shim

FROM debian:12 AS own
RUN wget -qO /tool $U/t-1.0 && head -c 20 "$(command -v wget)" > /shim

FROM scratch AS foreign
COPY --from=fetch /tool /shim /

FROM scratch AS both
COPY --from=fetch /shim /tool /
COPY --from=own /shim /own
`

// TestSyncPlatforms builds for two platforms at once. What a stage of the build
// platform mounts is a program for that, and what another stage mounts is one for
// its own platform. Emulators do not start here, but x86-64 runs programs for 386.
func TestSyncPlatforms(t *testing.T) {
	if native != "linux/amd64" {
		t.Fatalf("this test needs a machine that runs programs for 386; it is %s", native)
	}
	deplock := buildProgram(t, "deplock")
	server := syncUpstream(t)
	programs := makePrograms(t, "amd64", "arm64", "386")
	all := []string{"linux/amd64", "linux/arm64", "linux/386"}
	write(t, filepath.Join(programs, "Dockerfile"), "FROM scratch\nARG TARGETARCH\nCOPY depfetch-linux-$TARGETARCH /depfetch\n")
	image := makeLayout(t, build{dir: programs, platforms: all})
	base := makeBase(t, all...)

	for name, test := range map[string]struct{ args, flags []string }{
		"image":    {nil, []string{"--oci-layout", "programs=" + image, "--opt", "context:depfetch=oci-layout://programs@" + layoutDigest(t, image)}},
		"vendored": {[]string{"--vendor", "--vendor-from", programs}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "Dockerfile"), strings.ReplaceAll(platformsDockerfile, "$U", server.URL))
			write(t, filepath.Join(dir, "deps.lock.toml"), "version = 1\nplatforms = [\"linux/amd64\", \"linux/arm64\", \"linux/386\"]\n")
			synced(t, deplock, dir, test.args...)
			b := build{dir: dir, flags: append(onBase(t, base), test.flags...), bare: true}

			b.platforms, b.opts = []string{"linux/amd64", "linux/arm64"}, []string{"target=foreign"}
			images := b.run(t).images(t)
			for _, p := range b.platforms {
				if tool, want := string(images[p].files["tool"].body), strings.TrimPrefix(p, "linux/"); tool != want {
					t.Errorf("%s has downloaded %q; want %q", p, tool, want)
				}
				if shim := images[p].files["shim"].body; len(shim) != 20 || shim[machineAt] != 62 {
					t.Errorf("%s: the stage of the build platform has run % x", p, shim)
				}
			}

			b.platforms, b.opts = []string{"linux/amd64", "linux/386"}, []string{"target=both"}
			images = b.run(t).images(t)
			for p, machine := range map[string]byte{"linux/amd64": 62, "linux/386": 3} {
				if shim := images[p].files["shim"].body; len(shim) != 20 || shim[machineAt] != 62 {
					t.Errorf("%s: the stage of the build platform has run % x", p, shim)
				}
				if shim := images[p].files["own"].body; len(shim) != 20 || shim[machineAt] != machine {
					t.Errorf("%s: its own stage has run % x", p, shim)
				}
			}
		})
	}
}

// TestSyncVendor builds with nothing but the context, and finds a program that has
// been changed.
func TestSyncVendor(t *testing.T) {
	deplock := buildProgram(t, "deplock")
	server := syncUpstream(t)
	programs := makePrograms(t, "amd64", "arm64")
	dir := t.TempDir()
	dockerfile := filepath.Join(dir, "Dockerfile")
	text := strings.ReplaceAll("FROM debian:12\nRUN curl -fsSLo /tool $U/t-1.0\n", "$U", server.URL)
	write(t, dockerfile, text)

	// A .dockerignore that keeps the programs out is said, and nothing is adopted.
	write(t, filepath.Join(dir, ".dockerignore"), "**/.*\n")
	out, _ := deplockIn(t, deplock, dir, "sync", "--allow-http", "--vendor", "--vendor-from", programs)
	for _, want := range []string{"left: .dockerignore keeps .depfetch/depfetch-linux-amd64 out of the build", "add a line to it: !.depfetch/depfetch-linux-amd64"} {
		if !strings.Contains(out, want) {
			t.Errorf("sync does not say %q:\n%s", want, out)
		}
	}
	if got := read(t, dockerfile); got != text {
		t.Errorf("adopted although the programs do not reach the build:\n%s", got)
	}
	write(t, filepath.Join(dir, ".dockerignore"), "**/.*\n!.depfetch\n")

	synced(t, deplock, dir, "--vendor", "--vendor-from", programs)
	b := build{dir: dir, flags: onBase(t, makeBase(t)), bare: true, noCache: true}
	im := b.run(t).image(t)
	if got := string(im.files["tool"].body); got != "#!/bin/sh\necho tool \"$@\"\n" {
		t.Errorf("the tool is %q", got)
	}
	for name := range im.files {
		if strings.Contains(name, "depfetch") || strings.Contains(name, "deps.lock") {
			t.Errorf("%s is in the image", name)
		}
	}
	if out, code := deplockIn(t, deplock, dir, "sync", "--check", "--allow-http"); code != 0 {
		t.Errorf("sync --check: exit code %d\n%s", code, out)
	}

	name := filepath.Join(dir, ".depfetch/depfetch-linux-arm64")
	program := []byte(read(t, name))
	program[len(program)/2] ^= 1
	write(t, name, string(program))
	out, code := deplockIn(t, deplock, dir, "sync", "--check", "--allow-http")
	if want := ".depfetch/depfetch-linux-arm64 is not what is locked: want sha256 "; code != 1 || !strings.Contains(out, want) {
		t.Errorf("exit code %d; want 1, and %q in\n%s", code, want, out)
	}

	// All of it goes again, and the Dockerfile is what it was.
	if out, code := deplockIn(t, deplock, dir, "sync", "--undo"); code != 0 || read(t, dockerfile) != text {
		t.Errorf("exit code %d\n%s\n%s", code, out, read(t, dockerfile))
	}
}

// TestSyncRefused has a byte differ from what is pinned, and a version that is not
// pinned.
func TestSyncRefused(t *testing.T) {
	deplock := buildProgram(t, "deplock")
	server := fetchtest.New(t)
	server.Script("/t-1", fetchtest.Body("version 1"))
	server.Script("/t-2", fetchtest.Body("version 2"))
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), "FROM debian:12\nARG VERSION=1\nRUN curl -fsSLo /tool "+server.URL+"/t-$VERSION\n")
	synced(t, deplock, dir)
	b := build{dir: dir, flags: onBase(t, makeBase(t)), noCache: true, args: map[string]string{}}
	if got := string(b.run(t).image(t).files["tool"].body); got != "version 1" {
		t.Errorf("the tool is %q", got)
	}

	b.args["VERSION"] = "2"
	b.run(t).refused(t, "22", server.URL+"/t-2 is not pinned", "to pin it: deplock sync, with the --build-arg options of this build")
	if n := len(server.Requests("/t-2")); n != 0 {
		t.Errorf("what is not pinned was asked for %d times", n)
	}
	synced(t, deplock, dir, "--build-arg", "VERSION=2")
	if got := string(b.run(t).image(t).files["tool"].body); got != "version 2" {
		t.Errorf("the tool is %q", got)
	}

	server.Script("/t-2", fetchtest.Body("Version 2"))
	b.run(t).refused(t, "22", "wrong bytes", sumOf([]byte("version 2")), sumOf([]byte("Version 2")))
}

// TestSyncCache has a cache mount serve a RUN that has no network.
func TestSyncCache(t *testing.T) {
	deplock := buildProgram(t, "deplock")
	server := fetchtest.New(t)
	server.Script("/t-1", fetchtest.Body("version 1"))
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), strings.ReplaceAll(`FROM debian:12
ARG DEPFETCH_CACHE=/var/cache/depfetch
RUN --mount=type=cache,target=/var/cache/depfetch \
    curl -fsSLo /one $U/t-1
RUN --mount=type=cache,target=/var/cache/depfetch --network=none \
    curl -fsSLo /two $U/t-1 && wget -qO /three $U/t-1
`, "$U", server.URL))
	synced(t, deplock, dir)
	locking := len(server.Requests("/t-1"))
	im := build{dir: dir, flags: onBase(t, makeBase(t))}.run(t).image(t)
	for _, name := range []string{"one", "two", "three"} {
		if got := string(im.files[name].body); got != "version 1" {
			t.Errorf("/%s is %q", name, got)
		}
	}
	for name := range im.files {
		if strings.HasPrefix(name, "var/cache/depfetch/") && name != "var/cache/depfetch/" {
			t.Errorf("%s of the cache is in the image", name)
		}
	}
	if n := len(server.Requests("/t-1")) - locking; n != 1 {
		t.Errorf("the build has downloaded %d times; want 1", n)
	}

	// Without the cache it cannot be had.
	write(t, filepath.Join(dir, "Dockerfile"), strings.ReplaceAll("FROM debian:12\nRUN --network=none curl -fsSLo /two $U/t-1\n", "$U", server.URL))
	synced(t, deplock, dir)
	if r := (build{dir: dir, flags: onBase(t, makeBase(t))}).run(t); r.err == nil {
		t.Errorf("a RUN without network and cache has passed:\n%s", r.log)
	}
}

// TestSyncExample holds that the example is what sync makes of it, and bumps a version
// in it as a bot does.
func TestSyncExample(t *testing.T) {
	deplock := buildProgram(t, "deplock")
	if out, code := deplockIn(t, deplock, "sync", "sync", "--check"); code != 0 {
		t.Errorf("sync --check: exit code %d\n%s", code, out)
	}
	u := newUpstream(t)
	dir := stage(t, "sync", u.lockfile(t, "sync"))
	u.readdress(t, dir)
	dockerfile, lockfile := filepath.Join(dir, "Dockerfile"), filepath.Join(dir, "deps.lock.toml")
	want := read(t, dockerfile)
	if out, code := deplockIn(t, deplock, dir, "sync", "--undo"); code != 0 || strings.Contains(read(t, dockerfile), "--mount") {
		t.Fatalf("exit code %d\n%s\n%s", code, out, read(t, dockerfile))
	}
	synced(t, deplock, dir)
	if got := read(t, dockerfile); got != want {
		t.Errorf("sync makes of it\n%s\nwant\n%s", got, want)
	}

	before := read(t, lockfile)
	write(t, dockerfile, strings.ReplaceAll(want, "4.42.1", "4.42.2"))
	for _, arch := range []string{"amd64", "arm64"} {
		u.publish(standIn("https://github.com/mikefarah/yq/releases/download/v4.42.2/yq_linux_" + arch))
	}
	if out, code := deplockIn(t, deplock, dir, "sync", "--check", "--allow-http"); code != 1 || !strings.Contains(out, "v4.42.2/yq_linux_amd64 is not pinned") {
		t.Errorf("sync --check: exit code %d\n%s", code, out)
	}
	// As relock.yml does, but that the server is not one of https.
	if !slices.Contains(asDeplock(inputs(t, "relock.yml", "relock")["commands"]), "deplock sync --prune") {
		t.Error("relock.yml does not lock what Dockerfiles ask for")
	}
	synced(t, deplock, dir, "--prune")
	yq := u.URL + "/github.com/mikefarah/yq/releases/download/"
	changed(t, before, read(t, lockfile), `"`+yq+`v4.42.2/yq_linux_amd64" = {`, `"`+yq+`v4.42.2/yq_linux_arm64" = {`)
	if out, code := deplockIn(t, deplock, dir, "sync", "--check", "--allow-http"); code != 0 {
		t.Errorf("sync --check: exit code %d\n%s", code, out)
	}
}
