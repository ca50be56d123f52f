//go:build e2e

package fetch_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/digest"
	"depfetch/fetch/fetchtest"
)

// TestPartialNoRoom holds that the copy for the cache, which is written as the bytes
// arrive, takes no room that the file needs. It needs root.
func TestPartialNoRoom(t *testing.T) {
	content := strings.Repeat(body, 6<<20/len(body))
	for name, call := range map[string]func(context.Context, *fetch.Client, []fetch.Artifact) error{
		"Fetch": func(ctx context.Context, c *fetch.Client, a []fetch.Artifact) error {
			_, err := c.Fetch(ctx, a)
			return err
		},
		"Fill": func(ctx context.Context, c *fetch.Client, a []fetch.Artifact) error {
			_, err := c.Fill(ctx, a)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			mustRun(t, "mount", "-t", "tmpfs", "-o", "size=8m", "none", dir)
			t.Cleanup(func() { mustRun(t, "umount", dir) })
			s := fetchtest.New(t)
			c := client(t)
			c.Root, c.Cache = filepath.Join(dir, "root"), &cache.Store{Root: filepath.Join(dir, "cache")}
			mustRun(t, "mkdir", c.Root)
			a := pin("tool", s.Script("/tool", fetchtest.Ranged(`"one"`, content)), content)
			if err := call(t.Context(), c, []fetch.Artifact{a}); err != nil {
				t.Fatal(err)
			}
			if name == "Fetch" {
				wantFile(t, filepath.Join(c.Root, a.Path), content)
				wantTree(t, c.Cache.Root)
			} else {
				wantTree(t, c.Cache.Root, "blobs/", "blobs/sha256/", "blobs/sha256/"+a.Digest.String())
			}
			if n := len(s.Requests("/tool")); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestPartialNoRoomToResume holds that what a killed run has left is given up where it and
// the file do not both fit on the disk. It needs root.
func TestPartialNoRoomToResume(t *testing.T) {
	content := strings.Repeat(body, 6<<20/len(body))
	dir := t.TempDir()
	mustRun(t, "mount", "-t", "tmpfs", "-o", "size=8m", "none", dir)
	t.Cleanup(func() { mustRun(t, "umount", dir) })
	s := fetchtest.New(t)
	c := client(t)
	c.Root, c.Cache = filepath.Join(dir, "root"), &cache.Store{Root: filepath.Join(dir, "cache")}
	mustRun(t, "mkdir", c.Root)
	a := pin("tool", s.Script("/tool", fetchtest.Ranged(`"one"`, content)), content)
	p, _, err := c.Cache.Claim(a.Digest)
	if err != nil {
		t.Fatal(err)
	}
	p.Record(digest.Of([]byte(a.URL)), `"one"`)
	p.Write([]byte(content[:4<<20]), 0)
	p.Close(true)
	if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(c.Root, a.Path), content)
	if r := s.Requests("/tool"); r[0].Header.Get("Range") == "" || len(r) > 2 {
		t.Errorf("%d requests, the first one for %q", len(r), r[0].Header.Get("Range"))
	}
}

// TestChaosNoRoom is TestChaosShared with a cache on a disk that is full now and then. It
// needs root.
func TestChaosNoRoom(t *testing.T) {
	scenarios(t, 24, 10*time.Second, 4, func(t *testing.T, seed uint64) error {
		dir := filepath.Join(t.TempDir(), "cache")
		mustRun(t, "mkdir", dir)
		mustRun(t, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dk,nr_inodes=%d", 64<<(seed%7), 8+seed%13), "none", dir)
		// Lazily: a process that is just being started has what is open here.
		t.Cleanup(func() { mustRun(t, "umount", "-l", dir) })
		return newSharedChaos(t, seed, dir, true).run()
	})
}

// TestClaimSquashed has a file system that gives the files of root to another user, as NFS
// does: after two of them none is made any more. It needs root.
func TestClaimSquashed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	open(t, filepath.Dir(dir))
	watch, err := unix.InotifyInit1(unix.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(watch)
	if _, err := unix.InotifyAddWatch(watch, dir, unix.IN_CREATE|unix.IN_DELETE); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Setfsuid(stranger); err != nil {
		t.Fatal(err)
	}
	_, _, err = (&cache.Store{Root: dir}).Claim(digest.Of(nil))
	if err := unix.Setfsuid(0); err != nil {
		t.Fatal(err)
	}
	if err == nil {
		t.Error("no error")
	}
	wantTree(t, dir)
	events := make([]byte, 64<<10)
	n, err := unix.Read(watch, events)
	if most := 4 * (unix.SizeofInotifyEvent + 256); err != nil || n <= 0 || n > most {
		t.Errorf("%d bytes of events, %v", n, err)
	}
}
