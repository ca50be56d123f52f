//go:build e2e

package examples_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRecordBuild records a build: of a script that is copied in, which no reading of
// the Dockerfile follows to the end, and of an address that a server names.
func TestRecordBuild(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "deplock")
	compile := exec.Command("go", "build", "-o", bin, "depfetch/cmd/deplock")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	layout := makeBase(t)
	files := map[string]string{"/t-1.0": "one\n", "/t-2.0": "two\n", "/newest": "BASE/t-2.0\n", "/t-3.0": "three\n", "/asset": "asset\n"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := files[r.URL.Path]
		if !ok || r.URL.Path == "/asset" && r.Header.Get("Accept") != "application/octet-stream" {
			http.NotFound(w, r)
			return
		}
		w.Write([]byte(strings.ReplaceAll(body, "BASE", "http://"+r.Host)))
	}))
	defer server.Close()

	dir, lockDir := t.TempDir(), t.TempDir()
	tree := map[string]string{
		"Dockerfile": strings.ReplaceAll(`# syntax is the builder's own
ARG V=0
FROM debian:12 AS first
ARG V
COPY get.sh /
RUN sh /get.sh $V
FROM --platform=$BUILDPLATFORM debian:12 AS again
RUN chmod 1777 /tmp
USER app
RUN cd /tmp && curl -fsS $U/t-3.0 >t 2>/dev/null && curl -fsS -o t $U/t-3.0 && curl -fsSH "Accept: application/octet-stream" -o a $U/asset
FROM debian:12
COPY --from=0 /opt /opt
COPY --from=again /tmp/t /opt/three
RUN --mount=type=secret,id=token \
    # the newest
    --mount=type=bind,from=first,source=/opt,target=/mnt \
    test "$(cat /run/secrets/token)" = hush && test -f /mnt/t && wget -qO /opt/newest "$(curl -fsSL $U/newest 2>/dev/null)"
`, "$U", server.URL),
		"get.sh":        "set -e\nfor tool in curl; do $tool -fsSL -o /opt/t " + server.URL + "/t-$1; done\n",
		".dockerignore": "ignored\n",
		"ignored":       "",
	}
	for name, text := range tree {
		write(t, filepath.Join(dir, name), text)
	}
	token := filepath.Join(t.TempDir(), "token")
	write(t, token, "hush")
	image := filepath.Join(t.TempDir(), "image.tar")
	record := func(opts ...string) (string, error) {
		cmd := exec.Command(bin, slices.Concat([]string{"record", "--allow-http", "--", kit.buildctl, "--addr", kit.daemon.address, "build", "--progress=plain",
			"--frontend=dockerfile.v0", "--local", "context=" + dir, "--local", "dockerfile=" + dir, "--secret", "id=token,src=" + token,
			"--oci-layout", "base=" + layout, "--opt", "context:debian:12=oci-layout://base@" + layoutDigest(t, layout),
			"--opt", "build-arg:V=1.0", "--output", "type=oci,tar=true,dest=" + image}, opts)...)
		cmd.Dir = lockDir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + kit.dir, "DOCKER_CONFIG=" + kit.dir, "TMPDIR=" + t.TempDir()}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	lines := func() (urls []string) {
		for line := range strings.Lines(read(t, filepath.Join(lockDir, "deps.lock.toml"))) {
			if url, _, ok := strings.Cut(strings.TrimPrefix(line, `"`+server.URL), `" = { sha256 = "`); ok {
				urls = append(urls, url)
			}
		}
		return urls
	}
	want := []string{"/asset", "/newest", "/t-1.0", "/t-2.0", "/t-3.0"}
	for i := range 2 { // nothing is taken from the builder's cache
		out, err := record()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if got := lines(); !slices.Equal(got, want) {
			t.Fatalf("locked are %q, want %q\n%s", got, want, out)
		}
		if i == 0 {
			remove(t, filepath.Join(lockDir, "deps.lock.toml"))
		}
	}
	got := layersOf(t, image)
	for name, text := range map[string]string{"opt/t": "one\n", "opt/three": "three\n", "opt/newest": "two\n"} {
		if !slices.ContainsFunc(slices.Concat(got...), func(line string) bool {
			return strings.Contains(line, " "+name+" ") && strings.Contains(line, sumOf([]byte(text))[:12])
		}) {
			t.Errorf("the image that was built has no right %s", name)
		}
	}
	for _, line := range slices.Concat(got...) {
		if strings.Contains(line, "deplock") || strings.Contains(line, "local/bin/curl") {
			t.Errorf("the recording left %s", line)
		}
	}

	recordedLines(t, dir, read(t, filepath.Join(lockDir, "deps.lock.toml")), layout, server.URL, files)
	remove(t, filepath.Join(lockDir, "deps.lock.toml"))

	// A build for another machine, with a RUN of this one alone, needs this one's program.
	write(t, filepath.Join(dir, "Dockerfile"), "FROM --platform=$BUILDPLATFORM debian:12 AS tools\nRUN curl -fsS -o /opt/t "+server.URL+"/t-3.0\nFROM scratch\nCOPY --from=tools /opt/t /\n")
	if out, err := record("--opt", "platform=linux/riscv64"); err != nil || !slices.Equal(lines(), []string{"/t-3.0"}) {
		t.Errorf("for another machine: %v, locked are %q\n%s", err, lines(), out)
	}
	write(t, filepath.Join(dir, "Dockerfile"), tree["Dockerfile"])
	remove(t, filepath.Join(lockDir, "deps.lock.toml"))

	// A build that fails is recorded until then, and its code is kept.
	write(t, token, "other")
	out, err := record()
	if err == nil || !strings.Contains(out, "the command has failed with exit code 1") || !slices.Equal(lines(), []string{"/asset", "/t-1.0", "/t-3.0"}) {
		t.Errorf("a build that fails: %v, locked are %q\n%s", err, lines(), out)
	}

	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(tree) {
		t.Errorf("the tree holds %v, %v", entries, err)
	}
	for name, text := range tree {
		if read(t, filepath.Join(dir, name)) != text {
			t.Errorf("%s has changed", name)
		}
	}
}

// recordedLines builds with what has been locked: the script and the server's answer
// get it, and bytes that have changed since are refused.
func recordedLines(t *testing.T, dir, lockfile, layout, upstream string, files map[string]string) {
	pinned := t.TempDir()
	if err := os.CopyFS(pinned, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(pinned, "deps.lock.toml"), lockfile)
	mounts := "--mount=type=bind,from=depfetch,source=depfetch,target=/usr/local/bin/curl --mount=type=bind,from=depfetch,source=depfetch,target=/usr/local/bin/wget" +
		" --mount=type=bind,source=deps.lock.toml,target=/deps.lock.toml "
	write(t, filepath.Join(pinned, "Dockerfile"), "FROM debian:12\nCOPY get.sh /\nRUN "+mounts+"sh /get.sh 1.0\nRUN "+mounts+
		"wget -qO /opt/newest \"$(curl -fsSL "+upstream+"/newest)\"\n")
	run := func() result {
		return build{dir: pinned, noCache: true, flags: []string{"--oci-layout", "base=" + layout, "--opt", "context:debian:12=oci-layout://base@" + layoutDigest(t, layout)}}.run(t)
	}
	if r := run(); r.err != nil {
		t.Errorf("the recorded build fails with depfetch: %v\n%s", r.err, r.log)
	}
	files["/t-2.0"] = "TWO\n"
	defer func() { files["/t-2.0"] = "two\n" }()
	run().refused(t, "8", "/t-2.0")
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}
