package lock

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/digest"
)

// open parses a good lockfile of testdata.
func open(t *testing.T, name string) *File {
	t.Helper()
	data, err := os.ReadFile(testdata + "/good/" + name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestArtifacts(t *testing.T) {
	digest := func(s string) fetch.Digest {
		d, err := digest.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	helm := fetch.Artifact{
		Name: "helm", Version: "3.18.4", Platform: "linux/arm64",
		URL:    "https://get.helm.sh/helm-v3.18.4-linux-arm64.tar.gz",
		Digest: digest("c0a45e67eef0c7416a8a8c9e9d5d2d30d70e4f4d3f7bea5de28241fffa8f3b89"),
		Size:   fetch.SizeUnknown, Path: "/usr/local/bin/helm", Mode: 0o755, Member: "linux-arm64/helm",
	}
	kubectl := fetch.Artifact{
		Name: "kubectl", Version: "1.36.4", Platform: "linux/arm64",
		URL:     "https://dl.k8s.io/release/v1.36.4/bin/linux/arm64/kubectl",
		Mirrors: []string{"https://get.helm.sh/kubectl/1.36.4/arm64", "file:///vendor/kubectl-arm64"},
		Digest:  digest("0ecf44450ee6063bf19dd166a103ee6df4a9034455c2abce626e6eea657d73fb"),
		Size:    fetch.SizeUnknown, Path: "/usr/local/bin/kubectl", Mode: 0o755, Owner: &fetch.Owner{UID: 0, GID: 1000},
	}
	f := open(t, "basic.toml")
	for _, tt := range []struct {
		sel  Selection
		want []fetch.Artifact
	}{
		{Selection{}, []fetch.Artifact{helm, kubectl}},
		{Selection{Names: []string{"kubectl", "helm", "kubectl"}}, []fetch.Artifact{helm, kubectl}},
		{Selection{Names: []string{"kubectl"}}, []fetch.Artifact{kubectl}},
		{Selection{Groups: []string{"charts"}}, []fetch.Artifact{helm}},
		{Selection{Groups: []string{"build"}, Names: []string{"kubectl"}}, []fetch.Artifact{helm, kubectl}},
	} {
		got, err := f.Artifacts("linux/arm64", tt.sel)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Artifacts(%v) = %+v, %v; want %+v", tt.sel, got, err, tt.want)
		}
	}
}

// TestArtifactsAny holds that the line `any` pins a file for every platform.
func TestArtifactsAny(t *testing.T) {
	f := open(t, "platforms.toml")
	got, err := f.Artifacts("plan9/386", Selection{Names: []string{"kubectl"}})
	if err != nil || len(got) != 1 || got[0].Platform != "any" || got[0].Size != 0 || got[0].Mode != 0o644 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestArtifactsErrors(t *testing.T) {
	f := open(t, "platforms.toml")
	got, err := f.Artifacts("linux/s390x", Selection{
		Names:  []string{"yq", "kubectl", "unlocked", "runk"},
		Groups: []string{"build", "buidl"},
	})
	want := `no dependency "runk" in the lockfile; did you mean "runc"?
no group "buidl" in the lockfile; did you mean "build"?
yq is not pinned for linux/s390x; locked: linux/amd64, linux/arm/v7, linux/arm64
unlocked is not pinned: nothing is locked for it`
	if len(got) != 1 || got[0].Name != "kubectl" || err == nil || err.Error() != want {
		t.Errorf("got %v, %v\nwant %s", got, err, want)
	}
	dep, _ := errors.AsType[*UnknownDepError](err)
	if want := (&UnknownDepError{"runk", []string{"yq", "runc", "kubectl", "unlocked"}}); !reflect.DeepEqual(dep, want) {
		t.Errorf("got %+v, want %+v", dep, want)
	}
	group, _ := errors.AsType[*UnknownGroupError](err)
	if want := (&UnknownGroupError{"buidl", []string{"build"}}); !reflect.DeepEqual(group, want) {
		t.Errorf("got %+v, want %+v", group, want)
	}
	pin, _ := errors.AsType[*NotPinnedError](err)
	if want := (&NotPinnedError{"yq", "linux/s390x", []Platform{"linux/amd64", "linux/arm/v7", "linux/arm64"}}); !reflect.DeepEqual(pin, want) {
		t.Errorf("got %+v, want %+v", pin, want)
	}
}

func TestLookup(t *testing.T) {
	f := open(t, "basic.toml")
	if got, want := f.Groups(), []string{"build", "charts"}; !slices.Equal(got, want) {
		t.Errorf("Groups() = %v, want %v", got, want)
	}
	if d := f.Dep("yq"); d != nil {
		t.Errorf(`Dep("yq") = %v, want nil`, d)
	}
	d := f.Dep("helm")
	if l, ok := d.Line("linux/s390x"); ok {
		t.Errorf("a line for linux/s390x: %v", l)
	}
	sums, err := d.Expand(d.Sums, "linux/s390x")
	if want := "https://get.helm.sh/helm-v3.18.4-linux-s390x.tar.gz.sha256sum"; sums != want || err != nil {
		t.Errorf("sums = %q, %v; want %q", sums, err, want)
	}
}
