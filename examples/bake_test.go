package examples_test

import (
	"bytes"
	"os"
	"testing"

	"depfetch/lock/export"
)

// TestBakeStages holds deps.Dockerfile of the example against its lockfile.
func TestBakeStages(t *testing.T) {
	f := readLockfile(t, "bake/deps.lock.toml")
	var b bytes.Buffer
	d := export.Dockerfile{Lockfile: "deps.lock.toml", Platforms: export.StagePlatforms(f), Deps: f.Deps, Pins: f.URLs}
	left, err := d.Write(&b)
	if err != nil || len(left) > 0 {
		t.Fatal(left, err)
	}
	got, err := os.ReadFile("bake/deps.Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, b.Bytes()) {
		t.Errorf("bake/deps.Dockerfile is not what deplock export --format dockerfile writes:\n%s", b.Bytes())
	}
}
