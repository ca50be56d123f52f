//go:build e2e

package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"depfetch/cmd/internal/registrytest"
	"depfetch/lock/mirror"
)

// programs are the registries that are tried.
var programs = []registrytest.Program{registrytest.V2, registrytest.V3}

// eachRegistry runs a test with each program that serves a registry.
func eachRegistry(t *testing.T, auth registrytest.Auth, test func(t *testing.T, r *registrytest.Registry)) {
	for _, p := range programs {
		t.Run(string(p), func(t *testing.T) {
			_, r := start(t, p, auth)
			config(t, r.Login(registrytest.Password))
			test(t, r)
		})
	}
}

// TestMirrorRegistry copies to real registries that ask for nothing, and reads back what it
// has pushed with other programs.
func TestMirrorRegistry(t *testing.T) {
	eachRegistry(t, registrytest.Open, func(t *testing.T, r *registrytest.Registry) {
		config(t, "{}")
		testMirror(t, "oci://"+r.Host+"/team/deps")
		readBack(t, r.Host+"/team/deps")
	})
}

// readBack reads what has been pushed last, of three files, with skopeo, crane and oras.
func readBack(t *testing.T, target string) {
	t.Helper()
	skopeo, err := exec.LookPath("skopeo")
	if err != nil {
		t.Fatal("no skopeo: apt-get install skopeo")
	}
	crane, oras := registrytest.Built(t, "crane"), registrytest.Built(t, "oras")
	run := func(program string, args ...string) []byte {
		t.Helper()
		var stderr strings.Builder
		cmd := exec.Command(program, args...)
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", filepath.Base(program), args, err, stderr.String())
		}
		return out
	}
	text := run(skopeo, "inspect", "--tls-verify=false", "--raw", "docker://"+target)
	var m v1.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if m.ArtifactType != mirror.ArtifactType || len(m.Layers) != 3 {
		t.Fatalf("skopeo reads %s", text)
	}
	if got := run(crane, "manifest", "--insecure", target); string(got) != string(text) {
		t.Errorf("crane reads %s", got)
	}
	if got := run(oras, "manifest", "fetch", "--plain-http", target+":latest"); string(got) != string(text) {
		t.Errorf("oras reads %s", got)
	}
	copied, pulled := t.TempDir(), t.TempDir()
	run(skopeo, "copy", "--src-tls-verify=false", "docker://"+target, "dir:"+copied)
	run(oras, "pull", "--plain-http", "--output", pulled, target+":latest")
	for _, l := range m.Layers {
		for program, got := range map[string][]byte{
			"skopeo": run("cat", filepath.Join(copied, l.Digest.Hex)),
			"oras":   run("cat", filepath.Join(pulled, l.Annotations["org.opencontainers.image.title"])),
			"crane":  run(crane, "blob", "--insecure", target+"@"+l.Digest.String()),
		} {
			if sum := fmt.Sprintf("%x", sha256.Sum256(got)); sum != l.Digest.Hex || int64(len(got)) != l.Size {
				t.Errorf("%s reads %q, of %s", program, got, l.Digest)
			}
		}
		if a := l.Annotations; !strings.HasPrefix(a["dev.depfetch.address"], "http://127.0.0.1:") || a["dev.depfetch.platform"] != "any" || a["dev.depfetch.name"] == "" {
			t.Errorf("annotations %v", a)
		}
	}
}

func TestMirrorRegistryLogin(t *testing.T) {
	eachRegistry(t, registrytest.Basic, func(t *testing.T, r *registrytest.Registry) {
		testMirror(t, "oci://"+r.Host+"/team/deps")
	})
}

// TestMirrorRegistryToken goes by a token service: with the right login all works, without
// one what is there can be read, and with a wrong one nothing works.
func TestMirrorRegistryToken(t *testing.T) {
	eachRegistry(t, registrytest.Token, func(t *testing.T, r *registrytest.Registry) {
		target := "oci://" + r.Host + "/team/deps"
		testMirror(t, target)
		name, _ := mirrorLock(t, 2)
		run := func(want int, args ...string) string {
			t.Helper()
			code, stdout, stderr := deplock(t, append([]string{"-f", name, "mirror"}, args...)...)
			if code != want || strings.Contains(stdout+stderr, "wrong-one") {
				t.Errorf("%v: exit %d, want %d\n%s%s", args, code, want, stdout, stderr)
			}
			return stdout + stderr
		}
		run(0, "push", target)
		config(t, "{}")
		run(0, "check", "--deep", target)
		run(0, "pull", target, t.TempDir())
		pushed := name
		name, _ = mirrorLock(t, 1)
		if said := run(3, "push", target); !strings.Contains(said, "docker login "+r.Host) {
			t.Error(said)
		}
		name = pushed
		config(t, r.Login("wrong-one"))
		for _, args := range [][]string{{"push", target}, {"check", target}, {"pull", target, t.TempDir()}} {
			if said := run(3, args...); !strings.Contains(said, "401 Unauthorized") || args[0] != "check" && !strings.Contains(said, "docker login "+r.Host) {
				t.Errorf("%v: %s", args, said)
			}
		}
	})
}

// TestMirrorRegistryExpired pushes a second file after the tokens of the first have
// expired: upstream sends it only once the registry refuses them.
func TestMirrorRegistryExpired(t *testing.T) {
	eachRegistry(t, registrytest.Token, func(t *testing.T, r *registrytest.Registry) {
		r.Tokens.SetLife(3 * time.Second)
		sum := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
		upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if q.URL.Path == "/late" {
				if err := r.AwaitExpired(q.Context(), "team/deps", sum("/early")); err != nil {
					t.Error(err)
				}
			}
			fmt.Fprint(w, q.URL.Path)
		}))
		defer upstream.Close()
		name := filepath.Join(t.TempDir(), "deps.lock.toml")
		text := "version = 1\n[urls]\n"
		for _, path := range []string{"/early", "/late"} {
			text += fmt.Sprintf("%q = { sha256 = %q, size = %d }\n", upstream.URL+path, sum(path), len(path))
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		target := "oci://" + r.Host + "/team/deps"
		code, stdout, stderr := deplock(t, "-f", name, "mirror", "push", target)
		if code != 0 || !strings.HasPrefix(stdout, "pushed 2 files") {
			t.Fatalf("push: exit %d\n%s%s", code, stdout, stderr)
		}
		if code, stdout, stderr := deplock(t, "-f", name, "mirror", "check", "--deep", target); code != 0 {
			t.Errorf("check: exit %d\n%s%s", code, stdout, stderr)
		}
	})
}
