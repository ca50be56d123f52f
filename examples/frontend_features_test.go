//go:build e2e

package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const featuresDockerfile = `ARG BASE=debian:12
FROM $BASE AS common
SHELL ["/bin/bash", "-e", "-o", "pipefail", "-c"]
ARG VERSION=2.0
RUN --mount=type=secret,id=login,env=LOGIN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch \
    --mount=type=bind,from=extra,target=/extra <<EOF
test -n "$LOGIN"
curl -fsSL $U/t-$VERSION | tee /scratch/t > /tool
cp /scratch/t /cache/t
cat /extra/file >> /tool
EOF
USER 1000:1000
RUN wget -qO /tmp/mine $U/t-1.0

FROM common AS unused
RUN curl -fsSLO https://downloads.example/nobody-builds-this

FROM scratch AS image
COPY --link --chmod=644 --from=common /tool /tmp/mine /
ENV DEPFETCH_TEST=1
`

// TestFrontendFeatures builds for two platforms what uses much of what BuildKit's own
// frontend knows, with an SBOM by a scanner and a lockfile that is elsewhere.
func TestFrontendFeatures(t *testing.T) {
	ref, deplock, server := pushFrontend(t), buildProgram(t, "deplock"), syncUpstream(t)
	text := strings.ReplaceAll(featuresDockerfile, "$U", server.URL)
	layout := makeBase(t, "linux/amd64", "linux/386")
	locked := frontendBuild(t, deplock, ref, layout, strings.Replace(text, "RUN curl -fsSLO https://downloads.example/nobody-builds-this\n", "", 1))
	dir, extra, secret := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "login")
	write(t, filepath.Join(dir, "Dockerfile"), "# syntax="+ref+"\n"+text)
	write(t, filepath.Join(extra, "file"), "of the extra context")
	write(t, secret, "correct-horse")
	b := build{
		dir: dir, bare: true, platforms: []string{"linux/amd64", "linux/386"}, secrets: map[string]string{"login": secret},
		opts: []string{"target=image", "label:is=labelled", "context:extra=local:extra", "context:depfetch-lock=local:locked",
			"attest:sbom=generator=" + pushScanner(t), "attest:provenance=mode=max", "build-arg:SOURCE_DATE_EPOCH=1000000000"},
		flags: append(onBase(t, layout), "--local", "extra="+extra, "--local", "locked="+locked.dir),
	}
	r := b.run(t)
	for p, im := range r.images(t) {
		if got := string(im.files["tool"].body); !strings.HasPrefix(got, "#!/bin/sh\necho tool 2") || !strings.HasSuffix(got, "of the extra context") {
			t.Errorf("%s: /tool is %q", p, got)
		}
		if len(im.files) != 2 || len(im.files["mine"].body) == 0 {
			t.Errorf("%s: the image has\n%s", p, strings.Join(im.listing(), "\n"))
		}
	}
	all := readBlobs(t, r.tarball)
	for text, n := range map[string]int{`"name":"found by the scanner"`: 1, `"in-toto.io/predicate-type": "https://spdx.dev/Document"`: 2, `"is":"labelled"`: 2, `"predicateType":"https://slsa.dev/provenance`: 2, "correct-horse": 0} {
		if found := all.find(text); len(found) != n {
			t.Errorf("%q is in %d blobs; want %d", text, len(found), n)
		}
	}
	for name, body := range all {
		if strings.Contains(string(body), `"rootfs":{`) && strings.Contains(string(body), "DEPFETCH_LOCK") {
			t.Errorf("%s, the configuration of an image, has variables of the frontend", name)
		}
	}
	b.opts = append(b.opts, "build-arg:VERSION=3.0")
	if r := b.run(t); r.err == nil || !strings.Contains(r.log, "Dockerfile:") {
		t.Errorf("another version than the locked one is built\n%s", r.log)
	}
}

// TestFrontendExample holds that sync has nothing to do in the example, and raises a
// version there, which fails as its README shows.
func TestFrontendExample(t *testing.T) {
	deplock := buildProgram(t, "deplock")
	if out, code := deplockIn(t, deplock, "frontend", "sync", "--check"); code != 0 {
		t.Errorf("sync --check: exit code %d\n%s", code, out)
	}
	u := newUpstream(t)
	b := build{dir: stage(t, "frontend", u.lockfile(t, "frontend")), platforms: []string{"linux/amd64"}, args: map[string]string{"YQ_VERSION": "4.42.2"}}
	u.readdress(t, b.dir)
	frontendIn(t, b.dir)
	log := strings.Split(read(t, "frontend/README.md"), "```\n")[1]
	shown := log[strings.LastIndex(log, "error: ")+len("error: ") : len(log)-1]
	b.run(t).refusedAt(t, "Dockerfile", 10, strings.ReplaceAll(shown, "https://", u.URL+"/"))
}

// pushScanner pushes an image that makes SBOMs, and returns its reference.
func pushScanner(t *testing.T) (ref string) {
	t.Helper()
	dir := t.TempDir()
	busybox, err := exec.LookPath("busybox")
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, "bin"), 0o755)
	}
	if err == nil {
		err = copyFile(filepath.Join(dir, "bin/busybox"), busybox, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "statement"), `{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","predicate":{"name":"found by the scanner"}}`)
	write(t, filepath.Join(dir, "Dockerfile"), `FROM scratch
COPY bin /bin
COPY statement /
ENTRYPOINT ["/bin/busybox", "sh", "-c", "/bin/busybox cp /statement $BUILDKIT_SCAN_DESTINATION/sbom.spdx.json"]
`)
	ref = startRegistry(t) + "/scanner:latest"
	if r := (build{dir: dir, bare: true, platforms: []string{"linux/amd64"}, flags: []string{"--output", fmt.Sprintf("type=image,push=true,name=%s", ref)}}).run(t); r.err != nil {
		t.Fatalf("%v\n%s", r.err, r.log)
	}
	return ref
}
