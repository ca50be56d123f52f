//go:build e2e

package fetch_test

import (
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/cache"
)

// TestFetchClones: on a file system that can, cache and destination share blocks,
// and what is written to one later does not reach the other. It needs root, and
// mkfs.btrfs of btrfs-progs.
func TestFetchClones(t *testing.T) {
	dir := mountBtrfs(t)
	const size = 64 << 20
	content := strings.Repeat("blocks to share\n", size/16)
	mustWrite(t, filepath.Join(dir, "origin"), content)
	a := pin("tool", "file://"+filepath.Join(dir, "origin"), content)
	c := client(t)
	c.Cache = &cache.Store{Root: filepath.Join(dir, "cache")}

	before := used(t, dir)
	for _, root := range []string{"first", "second"} {
		c.Root = filepath.Join(dir, root)
		if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
			t.Fatal(err)
		}
	}
	// The origin was read, so one copy is made: the first one, which the cache
	// and the second share.
	if more := used(t, dir) - before; more > size+size/2 {
		t.Errorf("two files and a blob of %d bytes took %d", size, more)
	}

	placed, err := os.OpenFile(filepath.Join(c.Root, a.Path), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := placed.WriteString("changed"); err != nil {
		t.Fatal(err)
	}
	placed.Close()
	blob, err := os.ReadFile(c.Cache.File(a.Digest))
	if err != nil || fetch.Digest(sha256.Sum256(blob)) != a.Digest {
		t.Errorf("a change of the placed file has reached the cache (%v)", err)
	}
}

func mountBtrfs(t *testing.T) string {
	t.Helper()
	image, dir := filepath.Join(t.TempDir(), "btrfs"), filepath.Join(t.TempDir(), "mounted")
	for _, argv := range [][]string{
		{"truncate", "-s", "512M", image},
		{"mkfs.btrfs", "-q", image},
		{"mkdir", dir},
		{"mount", "-o", "loop", image, dir},
	} {
		if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", argv, err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v\n%s", err, out)
		}
	})
	return dir
}

// used returns how many bytes of a file system are in use.
func used(t *testing.T, dir string) int64 {
	t.Helper()
	if out, err := exec.Command("sync", "-f", dir).CombinedOutput(); err != nil {
		t.Fatalf("sync: %v\n%s", err, out)
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return int64(s.Blocks-s.Bfree) * int64(s.Bsize)
}
