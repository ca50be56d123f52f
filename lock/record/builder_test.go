package record_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"depfetch/lock/record"
)

func TestParseBuild(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"ctx/Dockerfile", "ctx/sub/x.Dockerfile", "p/Containerfile", "Dockerfile"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		line     string
		file     string // empty if it is no build
		recorded string // with F the folder, and K the kit
	}{
		{"docker build .", "Dockerfile", "docker build --file F/Dockerfile --build-context deplock-record-kit=K ."},
		{"docker buildx build -t a:1 --push --platform linux/amd64,linux/arm64 ctx", "ctx/Dockerfile",
			"docker buildx build --file F/Dockerfile --build-context deplock-record-kit=K -t a:1 --push --platform linux/amd64,linux/arm64 ctx"},
		{"docker --context c buildx --builder b build --network=host --secret id=t,src=t --ssh default --build-arg V=1 -f ctx/sub/x.Dockerfile ctx", "ctx/sub/x.Dockerfile",
			"docker --context c buildx --builder b build --file F/x.Dockerfile --build-context deplock-record-kit=K --network=host --secret id=t,src=t --ssh default --build-arg V=1 ctx"},
		{"docker build --file=ctx/sub/x.Dockerfile ctx --no-cache", "ctx/sub/x.Dockerfile", "docker build --file F/x.Dockerfile --build-context deplock-record-kit=K ctx --no-cache"},
		{"docker build -fctx/sub/x.Dockerfile ctx", "ctx/sub/x.Dockerfile", "docker build --file F/x.Dockerfile --build-context deplock-record-kit=K ctx"},
		{"docker build -q -f - ctx", "-", "docker build --file F/Dockerfile --build-context deplock-record-kit=K -q ctx"},
		{"docker image build ctx", "ctx/Dockerfile", "docker image build --file F/Dockerfile --build-context deplock-record-kit=K ctx"},
		{"/usr/bin/docker build --target final -- ctx", "ctx/Dockerfile", "/usr/bin/docker build --file F/Dockerfile --build-context deplock-record-kit=K --target final -- ctx"},
		{"podman build p", "p/Containerfile", "podman build --file F/Containerfile --build-context deplock-record-kit=K p"},
		{"buildah bud -f sub/x.Dockerfile --isolation chroot ctx", "ctx/sub/x.Dockerfile", "buildah bud --file F/x.Dockerfile --build-context deplock-record-kit=K --isolation chroot ctx"},
		{"buildctl --addr unix:///s build --frontend dockerfile.v0 --local context=. --local dockerfile=ctx --opt filename=sub/x.Dockerfile --opt platform=linux/arm64", "ctx/sub/x.Dockerfile",
			"buildctl --addr unix:///s build --local dockerfile=F --local deplock-record-kit=K --opt context:deplock-record-kit=local:deplock-record-kit" +
				" --frontend dockerfile.v0 --local context=. --opt filename=sub/x.Dockerfile --opt platform=linux/arm64"},
		{"buildctl build --frontend=dockerfile.v0 --local=dockerfile=ctx --no-cache --local=context=.", "ctx/Dockerfile",
			"buildctl build --local dockerfile=F --local deplock-record-kit=K --opt context:deplock-record-kit=local:deplock-record-kit --frontend=dockerfile.v0 --no-cache --local=context=."},
		{"docker run x build .", "", ""},
		{"docker buildx bake", "", ""},
		{"docker build --help", "", ""},
		{"docker --context build ps", "", ""},
		{"sh -c x", "", ""},
		{"buildctl du", "", ""},
	} {
		b, err := record.ParseBuild(strings.Fields(test.line))
		switch {
		case err != nil:
			t.Errorf("%s: %v", test.line, err)
		case (b == nil) != (test.file == ""):
			t.Errorf("%s: got %+v", test.line, b)
		case b == nil:
		default:
			if b.Dockerfile != test.file {
				t.Errorf("%s: the Dockerfile is %s, want %s", test.line, b.Dockerfile, test.file)
			}
			if got := strings.Join(b.Recorded("F", "K"), " "); got != test.recorded {
				t.Errorf("%s: got\n%s, want\n%s", test.line, got, test.recorded)
			}
		}
	}
	for line, want := range map[string]string{
		"docker build https://example.com/r.git": "is no folder of this machine",
		"docker build -":                         "is no folder of this machine",
		"docker build a b":                       "several contexts: a, b",
		"docker build --target 1 ctx":            "name the stage",
		"podman build -f a -f b ctx":             "several Dockerfiles",
		"buildctl build --local dockerfile=.":    "no --frontend dockerfile.v0",
		"buildctl build --frontend dockerfile.v0 --opt context=https://x/r":           "no --local dockerfile=DIR",
		"docker build -qf ctx/Dockerfile ctx":                                         "write -f by itself",
		"buildctl build --frontend=dockerfile.v0 --local dockerfile=. --opt target=0": "name the stage",
	} {
		if _, err := record.ParseBuild(strings.Fields(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", line, err, want)
		}
	}

	b, err := record.ParseBuild(strings.Fields("docker -H x buildx build --builder b --push -t a --platform linux/arm64 ctx"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(b.Collecting("K", "O"), " "), "docker -H x buildx build --builder b --output type=local,dest=O --file K/Dockerfile K"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	b, err = record.ParseBuild(strings.Fields("buildah --root r bud --isolation=chroot -t x --layers ctx"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(b.Collecting("K", "O"), " "), "buildah --root r bud --isolation=chroot --output type=local,dest=O --file K/Dockerfile K"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	b, err = record.ParseBuild(strings.Fields("buildctl --addr a build --frontend dockerfile.v0 --local dockerfile=ctx --output type=image,push=true"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(b.Collecting("K", "O"), " "), "buildctl --addr a build --frontend dockerfile.v0 --local dockerfile=K --local context=K --output type=local,dest=O"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestBuildsBy(t *testing.T) {
	for line, want := range map[string]string{
		"sudo docker build .": "docker", "docker compose build": "docker", "/usr/bin/podman run x": "podman", "sh install.sh": "", "make docker-image": "",
	} {
		if got := record.BuildsBy(strings.Fields(line)); got != want {
			t.Errorf("%s: got %q", line, got)
		}
	}
	if got := record.BuildsBy([]string{"sh", "-c", "cd x && docker build ."}); got != "docker" {
		t.Errorf("got %q", got)
	}
}
