//go:build e2e

package main

import (
	"os/exec"
	"strings"
	"testing"

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
