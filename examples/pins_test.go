package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"depfetch/lock"
)

// published is what a project says about one of its files.
type published struct{ url, sha256 string }

// artifactKey is what a lockfile and known-artifacts.tsv both call a file.
type artifactKey struct{ name, version, platform string }

func readPublished(t *testing.T) map[artifactKey]published {
	t.Helper()
	text, err := os.ReadFile("known-artifacts.tsv")
	if err != nil {
		t.Fatal(err)
	}
	known := map[artifactKey]published{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 {
			t.Fatalf("known-artifacts.tsv: %q: want five columns", line)
		}
		known[artifactKey{f[0], f[1], f[2]}] = published{f[3], f[4]}
	}
	return known
}

// folders returns the examples.
func folders(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*/Dockerfile")
	if err != nil || len(files) == 0 {
		t.Fatalf("no example has a Dockerfile (%v)", err)
	}
	for i, f := range files {
		files[i] = filepath.Dir(f)
	}
	return files
}

// TestPins holds every locked line of the examples, and of the repository's own
// lockfile, against what the projects publish.
func TestPins(t *testing.T) {
	known := readPublished(t)
	used := map[artifactKey]bool{}
	sums := map[string]string{}
	for _, p := range known {
		sums[p.url] = p.sha256
	}
	for _, folder := range append(folders(t), "bake", "..") {
		f := readLockfile(t, filepath.Join(folder, "deps.lock.toml"))
		if err := f.Check(); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		for _, pin := range f.URLs {
			if got := pin.Digest.String(); got != sums[pin.URL] {
				t.Errorf("%s: %s has sha256 %s; published is %q", f.Name, pin.URL, got, sums[pin.URL])
			}
		}
		for _, d := range f.Deps {
			platforms := d.Platforms
			if platforms == nil {
				platforms = f.Platforms
			}
			for _, p := range platforms {
				if _, ok := d.Line(p); !ok {
					t.Errorf("%s: %s is not locked for %s", f.Name, d.Name, p)
				}
			}
			for _, l := range d.Locked {
				key := artifactKey{d.Name, d.Version, l.Platform.String()}
				want, ok := known[key]
				if !ok {
					t.Errorf("%s: nothing is known of %v", f.Name, key)
					continue
				}
				used[key] = true
				if got := l.Digest.String(); got != want.sha256 {
					t.Errorf("%s: %v has sha256 %s; published is %s", f.Name, key, got, want.sha256)
				}
				// The private server is made up, and its bytes are a copy.
				if l.URL != want.url && folder != "private-server" {
					t.Errorf("%s: %v is at %s; published is %s", f.Name, key, l.URL, want.url)
				}
			}
		}
	}
	for key := range known {
		if !used[key] {
			t.Errorf("known-artifacts.tsv: no lockfile pins %v", key)
		}
	}
}

func readLockfile(t *testing.T, name string) *lock.File {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := lock.Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
