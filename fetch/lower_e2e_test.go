//go:build e2e

package fetch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cache"
)

// mustRun runs a program that has to succeed.
func mustRun(t *testing.T, argv ...string) {
	t.Helper()
	if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", argv, err, out)
	}
}

// lowerTree mounts an overlayfs, of size bytes, whose lower layer has a tree with n
// files at /srv/tree, and returns its root. It needs root.
func lowerTree(t *testing.T, n int, size string) (root string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layers")
	lower := t.TempDir()
	mustRun(t, "mkdir", dir)
	mustRun(t, "mount", "-t", "tmpfs", "-o", "size="+size, "none", dir)
	t.Cleanup(func() { mustRun(t, "umount", dir) })
	for i := range n {
		mustWrite(t, filepath.Join(lower, fmt.Sprintf("srv/tree/d%d/sub/f%d", i%7, i)), fmt.Sprint("old ", i))
	}
	mustWrite(t, filepath.Join(lower, "srv/tree/f"), strings.Repeat("old", 1<<20))
	if err := errors.Join(os.Symlink("d1/sub", filepath.Join(lower, "srv/tree/link")),
		os.Chmod(filepath.Join(lower, "srv/tree/d2"), 0o711), os.Chown(filepath.Join(lower, "srv/tree/d3"), 12, 34),
		os.Chtimes(filepath.Join(lower, "srv/tree/d4"), time.Time{}, time.Unix(1e9, 0))); err != nil {
		t.Fatal(err)
	}
	upper, work, merged := filepath.Join(dir, "upper"), filepath.Join(dir, "work"), filepath.Join(dir, "merged")
	mustRun(t, "mkdir", upper, work, merged)
	mustRun(t, "mount", "-t", "overlay", "-o", "redirect_dir=off,lowerdir="+lower+",upperdir="+upper+",workdir="+work, "overlay", merged)
	t.Cleanup(func() { mustRun(t, "umount", merged) })
	return merged
}

// newTree returns what replaces the tree.
func newTree(t *testing.T, n int) fetch.Artifact {
	t.Helper()
	files := make(map[string]string)
	for i := range n {
		files[fmt.Sprintf("d%d/new%d", i%5, i)] = fmt.Sprint("new ", i)
	}
	content := archive(files)
	origin := filepath.Join(t.TempDir(), "archive")
	mustWrite(t, origin, content)
	a := pin("tree", "file://"+origin, content)
	a.Path, a.Unpack = "/srv/tree", &fetch.Unpack{Replace: true}
	return a
}

func mustSnapshot(t *testing.T, dir string) string {
	t.Helper()
	got, err := snapshot(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range got {
		if e.mode&fs.ModeSymlink != 0 {
			delete(got, name)
		}
	}
	return fmt.Sprint(got)
}

// TestReplaceLower: a tree of a lower layer is replaced, or as it was where that is
// not possible.
func TestReplaceLower(t *testing.T) {
	failures := []struct {
		name, size, says string
		prepare          func(t *testing.T, root string)
	}{
		{name: "nothing", size: "64M"},
		{name: "mounted file", size: "64M", says: "something is mounted at", prepare: func(t *testing.T, root string) {
			at := filepath.Join(root, "srv/tree/d5/sub/f5")
			mustRun(t, "mount", "--bind", "/dev/null", at)
			t.Cleanup(func() { mustRun(t, "umount", at) })
		}},
		{name: "mounted directory", size: "64M", says: "something is mounted at", prepare: func(t *testing.T, root string) {
			at := filepath.Join(root, "srv/tree/d6")
			mustRun(t, "mount", "-t", "tmpfs", "none", at)
			t.Cleanup(func() { mustRun(t, "umount", at) })
		}},
		{name: "full disk", size: "2M", says: "no space left on device"},
	}
	for _, tt := range failures {
		t.Run(tt.name, func(t *testing.T) {
			c := client(t)
			c.Root = lowerTree(t, 200, tt.size)
			if tt.prepare != nil {
				tt.prepare(t, c.Root)
			}
			tree := filepath.Join(c.Root, "srv/tree")
			before := mustSnapshot(t, tree)
			_, err := c.Fetch(t.Context(), []fetch.Artifact{newTree(t, 50)})
			if tt.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := os.Lstat(filepath.Join(tree, "d0/new0")); err != nil {
					t.Error(err)
				}
				if _, err := os.Lstat(filepath.Join(tree, "f")); err == nil {
					t.Error("a file of the old tree is still there")
				}
			} else {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v, want %q", err, tt.says)
				}
				if after := mustSnapshot(t, tree); after != before {
					t.Errorf("the tree was\n%s\nand is\n%s", before, after)
				}
			}
			if names, err := filepath.Glob(filepath.Join(c.Root, "srv/.depfetch*")); err != nil || len(names) > 0 {
				t.Errorf("left: %v, %v", names, err)
			}
		})
	}
}

// killWithout runs p in a process of its own, kills it as soon as a file is gone,
// and reports whether it came to that.
func (p crashPlan) killWithout(t *testing.T, file string) bool {
	plan, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), crashEnv+"="+string(plan))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for ctx.Err() == nil {
		if _, err := os.Lstat(file); err != nil {
			break
		}
	}
	cmd.Process.Kill()
	return cmd.Wait() != nil
}

// TestReplaceLowerKilled kills runs while they replace a tree of a lower layer. The
// next run, even one that cannot download anything, leaves a whole tree, the old or
// the new one; and one that can the new one.
func TestReplaceLowerKilled(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	halves, killed := 0, 0
	for i := range 8 {
		root := lowerTree(t, 1500, "64M")
		tree := filepath.Join(root, "srv/tree")
		old := mustSnapshot(t, tree)
		a := newTree(t, 50)
		p := crashPlan{Root: root, Cache: t.TempDir(), Jobs: 1, Artifacts: []fetch.Artifact{a},
			Kind: "none"}
		trigger := rnd.IntN(1500)
		if !p.killWithout(t, filepath.Join(tree, fmt.Sprintf("d%d/sub/f%d", trigger%7, trigger))) {
			continue
		}
		killed++
		half := mustSnapshot(t, tree)

		gone := a
		gone.URL = "file:///nothing"
		c := client(t)
		c.Root = root
		if _, err := c.Fetch(t.Context(), []fetch.Artifact{gone}); err == nil {
			t.Fatal("what is not there has been fetched")
		}
		after := mustSnapshot(t, tree)
		_, err := os.Lstat(filepath.Join(tree, "d0/new0"))
		if after != old && err != nil {
			t.Fatalf("kill %d: neither the old tree nor the new one:\n%s", i, after)
		}
		if half != after {
			halves++
		}
		c.Cache = &cache.Store{Root: t.TempDir()}
		if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(filepath.Join(tree, "f")); err == nil {
			t.Error("a file of the old tree is still there")
		}
		if names, err := filepath.Glob(filepath.Join(root, "srv/.depfetch*")); err != nil || len(names) > 0 {
			t.Errorf("left: %v, %v", names, err)
		}
	}
	t.Logf("%d kills, %d of them in the middle", killed, halves)
	if halves == 0 {
		t.Error("the kills come too late or too early to show anything")
	}
}
