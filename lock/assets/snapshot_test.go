package assets_test

import (
	"errors"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"depfetch/lock"
	"depfetch/lock/assets"
	"depfetch/lock/catalogue"
	"depfetch/lock/edit"
)

// snapshotVariable names the file of a whole registry, by which choices are measured.
const snapshotVariable = "DEPFETCH_AQUA_REGISTRY"

// measured are the platforms whose choices are compared.
var measured = []lock.Platform{"linux/amd64", "linux/arm64"}

// TestSnapshot measures how often the file that is chosen of a release is the one that a
// registry says: of releases that hold what the registry names for any platform, and what
// projects commonly publish beside that. It holds that hardly any is another one.
func TestSnapshot(t *testing.T) {
	file := os.Getenv(snapshotVariable)
	if file == "" {
		t.Skipf("%s names no registry", snapshotVariable)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := catalogue.Parse("snapshot", data)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := r.Entries()
	if err != nil {
		t.Fatal(err)
	}
	count := make(map[string]int)
	for _, e := range entries {
		if e.Page() == "" || e.Type != "github_release" {
			continue
		}
		compareEntry(t, e, count)
	}
	total := count["right"] + count["wrong"] + count["ambiguous"] + count["none"]
	share := func(what string) float64 { return 100 * float64(count[what]) / float64(total) }
	t.Logf("%d files: %.2f %% right, %.2f %% wrong, %.2f %% ambiguous, %.2f %% none; of %d platforms without one, %d get one", total,
		share("right"), share("wrong"), share("ambiguous"), share("none"), count["without"], count["given"])
	if share("wrong") > 0.5 || share("right") < 90 {
		t.Error("that is not enough")
	}
}

func compareEntry(t *testing.T, e *catalogue.Entry, count map[string]int) {
	const version = "4.17.9"
	tag := e.Tags(version)[0]
	want := make(map[lock.Platform]string)
	var files []string
	add := func(name string) {
		if !slices.Contains(files, name) {
			files = append(files, name)
		}
	}
	libcs := []string{"", "musl"}
	for _, libc := range libcs {
		for _, p := range e.Platforms() {
			m, err := e.Map(catalogue.Want{Tag: tag, Platforms: []lock.Platform{p}, Libc: libc})
			if err != nil {
				continue
			}
			d, err := edit.Draft(m.Dep)
			if err != nil {
				continue
			}
			url, err := d.Expand(d.URL, p)
			if err != nil || !strings.Contains(url, "/releases/download/") {
				continue
			}
			if libc == "" {
				want[p] = path.Base(url)
			}
			add(path.Base(url))
		}
	}
	if want["linux/amd64"] == "" && want["linux/arm64"] == "" {
		return
	}
	repo := path.Base(e.Page())
	for _, f := range slices.Clone(files) {
		for _, ext := range []string{".sha256", ".asc", ".sbom.json", ".sigstore.json"} {
			add(f + ext)
		}
	}
	for _, f := range []string{"checksums.txt", "multiple.intoto.jsonl", "install.sh", repo + "_" + version + "_amd64.deb", repo + "_" + version + "_arm64.deb",
		repo + "-" + version + "-1.x86_64.rpm", repo + "_" + version + "_x86_64.apk", repo + "-" + version + "-src.tar.gz", repo + "-" + version + "-vendor.tar.xz"} {
		add(f)
	}
	for _, p := range measured {
		got, err := assets.Choose(files, assets.Want{Platform: p, Names: []string{repo}, Version: version})
		_, ambiguous := errors.AsType[*assets.AmbiguousError](err)
		what := "right"
		switch {
		case want[p] == "":
			count["without"]++
			if what = ""; got != "" {
				what = "given"
			}
		case got == want[p]:
		case ambiguous:
			what = "ambiguous"
		case err != nil:
			what = "none"
		default:
			what = "wrong"
		}
		count[what]++
		if what != "right" && what != "" {
			t.Logf("%s: %s, %s: want %q, got %q; %q", what, e.FullName(), p, want[p], got, files[:min(len(files), 7)])
		}
	}
}
