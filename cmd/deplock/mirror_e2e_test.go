//go:build e2e

package main

import (
	"encoding/json"
	"os/exec"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"depfetch/lock/mirror"
)

func TestMirrorRegistry(t *testing.T) {
	config(t, "{}")
	r := start(t, false)
	target := r.host + "/team/deps"
	testMirror(t, "oci://"+target)
	// Another program reads the artifact.
	skopeo, err := exec.LookPath("skopeo")
	if err != nil {
		t.Fatal("no skopeo: apt-get install skopeo")
	}
	out, err := exec.Command(skopeo, "inspect", "--tls-verify=false", "--raw", "docker://"+target).Output()
	if err != nil {
		t.Fatal(err)
	}
	var m v1.Manifest
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	if m.ArtifactType != mirror.ArtifactType || len(m.Layers) != 3 || m.Layers[0].Annotations["org.opencontainers.image.title"] == "" {
		t.Errorf("skopeo reads %s", out)
	}
	if out, err := exec.Command(skopeo, "copy", "--src-tls-verify=false", "docker://"+target, "dir:"+t.TempDir()).CombinedOutput(); err != nil {
		t.Errorf("skopeo copy: %v\n%s", err, out)
	}
}

func TestMirrorRegistryLogin(t *testing.T) {
	r := start(t, true)
	config(t, r.login(password))
	testMirror(t, "oci://"+r.host+"/team/deps")
}
