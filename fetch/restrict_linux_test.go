package fetch_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"depfetch/fetch"
	"depfetch/fetch/fetchtest"
)

// canRestrict says that restrict can do all.
const canRestrict = true

// restrict changes this process as p wants.
func (p crashPlan) restrict() error {
	if p.NoLocks {
		return p.withoutLocks()
	}
	if p.User == 0 {
		return nil
	}
	if err := unix.Setgid(p.User); err != nil {
		return err
	}
	return unix.Setuid(p.User)
}

// withoutLocks starts this program anew, so that all of its threads are without locks.
func (p crashPlan) withoutLocks() error {
	runtime.LockOSThread()
	if err := refuseLocks(); err != nil {
		return err
	}
	p.NoLocks = false
	plan, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return unix.Exec("/proc/self/exe", os.Args, []string{crashEnv + "=" + string(plan)})
}

// refuseLocks lets flock(2) fail in this thread, as it does on file systems without locks
// (seccomp(2)).
func refuseLocks() error {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number of the system call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.SYS_FLOCK},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOLCK)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	return nil
}

// TestSharedNoLocks has a cache on a file system without locks: each process downloads by
// itself, and the cache holds the blob alone.
func TestSharedNoLocks(t *testing.T) {
	s := fetchtest.New(t)
	dir := t.TempDir()
	a := pin("tool", s.Script("/tool", fetchtest.Slow(long, 1<<18, 1)), long)
	p := crashPlan{Root: filepath.Join(dir, "root"), Cache: filepath.Join(dir, "cache"), Jobs: 1, NoLocks: true, Artifacts: []fetch.Artifact{a}, Kind: "none"}
	mustWrite(t, filepath.Join(p.Root, "keep"), "")
	first := p.start(t)
	other := p
	other.Root = filepath.Join(dir, "other")
	mustWrite(t, filepath.Join(other.Root, "keep"), "")
	if second := other.start(t); first.Wait() != nil || second.Wait() != nil {
		t.Error("a process has failed")
	}
	for _, root := range []string{p.Root, other.Root} {
		if got := tree(t, root); strings.Join(got, " ") != "keep opt/ opt/tool" {
			t.Errorf("%s holds %q", root, got)
		}
	}
	wantTree(t, p.Cache, "blobs/", "blobs/sha256/", "blobs/sha256/"+a.Digest.String())
}
