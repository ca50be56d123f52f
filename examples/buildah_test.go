//go:build e2e

package examples_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// buildahCases are the Dockerfiles of testdata/sync that Buildah builds, too. What
// Debian's knows nothing of is left out: heredocs, and --checksum of ADD.
var buildahCases = map[string][]string{
	"shapes": {"plain", "continued", "exec form", "shell instruction", "two runs", "crlf"},
	"calls":  {"times", "piped to tar", "script with a download"},
	"places": {"user", "path of its own"},
	"wild":   {"machine of dpkg, sum in a case", "stages with one argument", "of a user"},
}

// buildah is an installed Buildah with a storage of its own.
type buildah struct{ dir string }

// run runs a command of Buildah and returns what it says.
func (b buildah) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "buildah", append([]string{
		"--root", filepath.Join(b.dir, "root"), "--runroot", filepath.Join(b.dir, "run"), "--storage-driver", "vfs",
	}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir, "TMPDIR=" + b.dir}
	cmd.Dir = b.dir
	out, err := cmd.CombinedOutput()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatalf("%v: apt-get install buildah", err)
	}
	return string(out), err
}

// must is run for a command that has to succeed.
func (b buildah) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := b.run(t, args...)
	if err != nil {
		t.Fatalf("buildah %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// build builds a folder, and returns the layers of the image if that succeeded.
func (b buildah) build(t *testing.T, dir string) (layers [][]string, log string, err error) {
	t.Helper()
	log, err = b.run(t, "bud", "--isolation", "chroot", "--pull-never", "--no-cache", "--build-context", "depfetch="+kit.depfetch, "-t", "case", dir)
	if err != nil {
		return nil, log, err
	}
	archive := filepath.Join(t.TempDir(), "image.tar")
	b.must(t, "push", "case", "oci-archive:"+archive)
	return layersOf(t, archive), log, nil
}

// newBuildah makes a storage in which an image of makeBase is debian:12.
func newBuildah(t *testing.T, layout string) buildah {
	t.Helper()
	b := buildah{dir: t.TempDir()}
	// It makes a name of the path, which may have no capitals then.
	if err := os.Symlink(layout, filepath.Join(b.dir, "layout")); err != nil {
		t.Fatal(err)
	}
	out := b.must(t, "pull", "-q", "oci:layout")
	b.must(t, "tag", strings.TrimSpace(out), "docker.io/library/debian:12")
	return b
}

// TestSyncBuildah builds Dockerfiles before and after sync with Buildah, which
// Podman's users have: to the same layers.
func TestSyncBuildah(t *testing.T) {
	deplock := buildProgram(t, "deplock")
	server := syncUpstream(t)
	b := newBuildah(t, makeBase(t))
	for file, names := range buildahCases {
		archive, err := txtar.ParseFile("../testdata/sync/" + file + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == name })
			if i < 0 {
				t.Errorf("%s.txtar has no %q", file, name)
				continue
			}
			t.Run(file+"/"+name, func(t *testing.T) {
				dir := t.TempDir()
				write(t, filepath.Join(dir, "Dockerfile"), syncText(t, server.URL, string(archive.Files[i].Data)))
				before, log, err := b.build(t, dir)
				if err != nil {
					t.Fatalf("before: %v\n%s", err, log)
				}
				synced(t, deplock, dir)
				after, log, err := b.build(t, dir)
				if err != nil {
					t.Fatalf("after: %v\n%s\n%s", err, read(t, filepath.Join(dir, "Dockerfile")), log)
				}
				if len(before) != len(after) {
					t.Fatalf("%d layers before, %d after", len(before), len(after))
				}
				for i := range before {
					if !slices.Equal(before[i], after[i]) {
						t.Errorf("layer %d holds\n\t%s\nbefore, and after\n\t%s", i, strings.Join(before[i], "\n\t"), strings.Join(after[i], "\n\t"))
					}
				}
			})
		}
	}
}

// TestSyncBuildahLeaves has depfetch mounted where the base has no folder: Buildah
// leaves an empty one there, and nothing else.
func TestSyncBuildahLeaves(t *testing.T) {
	deplock := buildProgram(t, "deplock")
	server := syncUpstream(t)
	b := newBuildah(t, makeBase(t))
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), "FROM debian:12\nRUN rm -rf /usr/local\n")
	b.must(t, "bud", "--isolation", "chroot", "--pull-never", "--squash", "-t", "docker.io/library/debian:13", dir)
	write(t, filepath.Join(dir, "Dockerfile"), "FROM debian:13\nRUN curl -fsSLo /srv/t "+server.URL+"/t-1.0\n")
	before, log, err := b.build(t, dir)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	synced(t, deplock, dir)
	after, log, err := b.build(t, dir)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	var more []string
	for _, line := range after[len(after)-1] {
		if !slices.Contains(before[len(before)-1], line) {
			more = append(more, line)
		}
	}
	// usr/ is there, as every folder is in a layer that changes something in it.
	for i, name := range []string{"usr/", "usr/local/", "usr/local/bin/"} {
		if len(more) != 3 || !strings.HasPrefix(more[i], "5 ") || !strings.Contains(more[i], " "+name+" ") {
			t.Fatalf("it leaves %q", more)
		}
	}
	if len(after[len(after)-1]) != len(before[len(before)-1])+len(more) {
		t.Errorf("something is missing after sync")
	}
}

// TestSyncBuildahRefused holds that what differs from its pin, and what has none,
// ends a build of Buildah as well.
func TestSyncBuildahRefused(t *testing.T) {
	deplock := buildProgram(t, "deplock")
	server := syncUpstream(t)
	b := newBuildah(t, makeBase(t))
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), "FROM debian:12\nRUN curl -fsSLo /tool "+server.URL+"/t-1.0\n")
	synced(t, deplock, dir)
	for name, change := range map[string]struct{ file, old, new, want string }{
		"wrong bytes": {"deps.lock.toml", sumOf([]byte("#!/bin/sh\necho tool \"$@\"\n")), sumOf(nil), "wrong bytes"},
		"not pinned":  {"Dockerfile", "/t-1.0", "/t-2.0", "/t-2.0 is not pinned"},
	} {
		t.Run(name, func(t *testing.T) {
			other := t.TempDir()
			if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			at := filepath.Join(other, change.file)
			write(t, at, strings.ReplaceAll(read(t, at), change.old, change.new))
			if _, log, err := b.build(t, other); err == nil || !strings.Contains(log, change.want) {
				t.Errorf("%v; want %q in\n%s", err, change.want, log)
			}
		})
	}
}
