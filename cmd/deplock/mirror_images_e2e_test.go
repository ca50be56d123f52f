//go:build e2e

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	reference "github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"depfetch/cmd/internal/registrytest"
)

// TestMirrorRegistryImages copies images between two registries, and another program reads
// them there and in the directory.
func TestMirrorRegistryImages(t *testing.T) {
	config(t, "{}")
	from, _ := start(t, registrytest.V2, registrytest.Open)
	to, _ := start(t, registrytest.V2, registrytest.Open)
	testMirrorImages(t, from, to)
	index, _ := imageFiles(t, from)
	dir := t.TempDir()
	for _, args := range [][]string{{"push", "--images", "oci://" + to.host + "/team/deps"}, {"pull", "--images", "oci://" + to.host + "/team/deps", dir}} {
		if code, stdout, stderr := deplock(t, append([]string{"mirror"}, args...)...); code != 0 {
			t.Fatalf("%v: exit %d\n%s%s", args, code, stdout, stderr)
		}
	}
	skopeo, err := exec.LookPath("skopeo")
	if err != nil {
		t.Fatal("no skopeo: apt-get install skopeo")
	}
	for _, source := range []string{
		"docker://" + to.host + "/team/deps/" + strings.ReplaceAll(from.host, ":", "_") + "/tools/go@" + index,
		"oci:" + dir + ":" + from.host + "/tools/go@" + index,
	} {
		copied := t.TempDir()
		out, err := exec.Command(skopeo, "copy", "--all", "--preserve-digests", "--src-tls-verify=false", source, "dir:"+copied).CombinedOutput()
		if err != nil {
			t.Errorf("skopeo copy %s: %v\n%s", source, err, out)
		}
	}
}

// TestMirrorRegistryBuildKit builds from images by their own names when their registry is
// gone, as the README of lock/mirror says: BuildKit takes them from the mirror.
func TestMirrorRegistryBuildKit(t *testing.T) {
	config(t, "{}")
	to, _ := start(t, registrytest.V2, registrytest.Open)
	dir := t.TempDir()
	var from, ref string
	t.Run("push", func(t *testing.T) {
		r, _ := start(t, registrytest.V2, registrytest.Open)
		from = r.host
		name, _ := mirrorLock(t, 1)
		t.Chdir(filepath.Dir(name))
		img, err := random.Image(64, 2)
		if err != nil {
			t.Fatal(err)
		}
		idx := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: runtime.GOARCH}}})
		tag, err := reference.NewTag(from + "/tools/go:1.26")
		if err == nil {
			err = remote.WriteIndex(tag, idx)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("Dockerfile", []byte("FROM "+tag.String()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"pin"}, {"mirror", "push", "--images", "oci://" + to.host + "/team/deps"}} {
			if code, stdout, stderr := deplock(t, args...); code != 0 {
				t.Fatalf("%v: exit %d\n%s%s", args, code, stdout, stderr)
			}
		}
		text, err := os.ReadFile("Dockerfile")
		if err != nil {
			t.Fatal(err)
		}
		ref = strings.TrimSpace(strings.TrimPrefix(string(text), "FROM "))
	})
	for name, text := range map[string]string{
		"Dockerfile":     "FROM scratch\nCOPY --from=" + ref + " / /got/\n",
		"buildkitd.toml": fmt.Sprintf("[registry.%q]\n  mirrors = [%q]\n[registry.%q]\n  http = true\n", from, to.host+"/team/deps/"+strings.ReplaceAll(from, ":", "_"), to.host),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	address := "unix://" + filepath.Join(dir, "bk.sock")
	daemon := exec.Command(registrytest.Built(t, "buildkitd"), "--addr", address, "--root", filepath.Join(dir, "root"), "--oci-worker-net=host", "--config", filepath.Join(dir, "buildkitd.toml"))
	var log bytes.Buffer
	daemon.Stdout, daemon.Stderr = &log, &log
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, registrytest.Built(t, "buildctl"), "--addr", address, "--wait", "build", "--progress=plain", "--frontend", "dockerfile.v0",
		"--local", "context="+dir, "--local", "dockerfile="+dir, "--output", "type=local,dest="+filepath.Join(dir, "out"))
	out, err := build.CombinedOutput()
	daemon.Process.Signal(os.Interrupt)
	daemon.Wait()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, &log)
	}
	if got, err := filepath.Glob(filepath.Join(dir, "out", "got", "*")); err != nil || len(got) != 2 {
		t.Errorf("the image has %v, %v", got, err)
	}
}
